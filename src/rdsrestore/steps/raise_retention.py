"""Have production keep its binlog until the run ends: the one change to it before the approval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import CleanupIncomplete, DatabaseError
from rdsrestore.domain.facts import Fact, RetentionRaised
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.domain.survey import Survey
from rdsrestore.steps.sessions import production
from rdsrestore.workflow.step import Impact, Run, Step

SETTING = "binlog retention hours"
LEAST, MOST = 24, 168
"""Hours; RDS takes no more (User Guide, `mysql.rds_set_configuration`)."""


@written("RaiseRetention")
@dataclass(frozen=True)
class RaiseRetention(Step):
    """Raise it, and put back what it was: `former`, None where it was not set.

    `raised` is what another run has made of it, that has not ended; what was before that one is what comes back.
    """

    name: ClassVar[str] = "raise-retention"
    impact: ClassVar[Impact] = Impact.PRODUCTION
    usual: ClassVar[timedelta] = timedelta(seconds=1)
    on_production: ClassVar[bool] = True
    sets: ClassVar[bool] = True

    hours: int
    former: int | None
    raised: int | None = None

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Wanted where the binlog is kept for less than the job may take."""
        del run
        binlog, point = survey.binlog, request.point
        if not binlog or not binlog.files or binlog.fixed or not isinstance(point, Moment):
            return None
        needed = (binlog.at - point.utc + timedelta(seconds=request.wait)) / timedelta(hours=1)
        hours = min(max(math.ceil(needed) + 1, LEAST), MOST)
        raised = binlog.hours if binlog.raised_by else None
        return cls(hours, binlog.former, raised) if (binlog.hours or 0) < hours else None

    def describe(self) -> str:
        """Name what changes on production."""
        now = f"{self.raised} now by another run, {shown(self.former)} before" if self.raised else ""
        return (
            f"have production keep its binlog {self.hours} hours until this run ends ({SETTING},"
            f" {now or f'{shown(self.former)} now'}): the one change to production before you approve"
        )

    def apply(self, run: Run) -> Fact:
        """Raise it, unless somebody has set it since it was read; a login that may not is no reason to stop."""
        try:
            with production(run) as database:
                now, read = database.retention(), self.raised or self.former
                if now not in {read, self.hours}:  # our own, where this run was killed here before
                    return RetentionRaised(self.hours, f"somebody has set it to {shown(now)} since")
                database.retain(self.hours)
        except DatabaseError as error:
            return RetentionRaised(self.hours, error.what)
        return RetentionRaised(self.hours)

    def undo(self, run: Run) -> None:
        """Put it back, unless somebody else has set it since."""
        with production(run) as database:
            if database.retention() == self.hours:
                database.retain(self.former)

    def prove_gone(self, run: Run) -> str:
        """Read it again."""
        with production(run) as database:
            now = database.retention()
        if now == self.hours:
            raise CleanupIncomplete(SETTING, f"production still keeps its binlog {now} hours")
        since = " again" if now == self.former else f", set by somebody since; before this run: {shown(self.former)}"
        return f"{SETTING} of production is {shown(now)}{since}"

    def undo_text(self) -> str:
        """Name what is put back."""
        return f"set {SETTING} of production back: {shown(self.former)}"

    def result(self, fact: Fact | None) -> str:
        """Say what holds until the end, or why nothing does."""
        if isinstance(fact, RetentionRaised) and fact.problem:
            return f"not set, and nothing changed: {fact.problem}; the binlog is copied all the same"
        return f"{SETTING} of production is {self.hours}, was {shown(self.former)}"


def shown(hours: int | None) -> str:
    """Write a number of hours as the setting has it."""
    return "not set" if hours is None else str(hours)
