"""Wait until the backups reach the moment asked for: an incident is usually minutes old."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.facts import Fact, Reached
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.step import Impact, Run, Step


@written("ReachMoment")
@dataclass(frozen=True)
class ReachMoment(Step):
    """Wait for the restore window."""

    name: ClassVar[str] = "reach-moment"
    impact: ClassVar[Impact] = Impact.READS
    usual: ClassVar[timedelta] = timedelta(minutes=5)

    instance: str
    moment: datetime

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Wanted only where the window ends before the moment."""
        del run
        latest = survey.backed_up.latest
        moments = [each.utc for each in (request.point, request.incident_end) if isinstance(each, Moment)]
        if not moments or (latest and latest >= max(moments)):
            return None
        return cls(survey.backups.name if survey.backups else request.instance, max(moments))

    def describe(self) -> str:
        """Name the moment that the backups have to reach."""
        return f"wait until the backups of {self.instance} reach {self.moment:%H:%M:%SZ}"

    def apply(self, run: Run) -> Fact:
        """Wait."""
        return Reached(run.world.sources.await_restorable(self.instance, self.moment, run.progress))

    def result(self, fact: Fact | None) -> str:
        """Say how far the backups reach now."""
        return f"backups reach {fact.latest:%H:%M:%SZ}" if isinstance(fact, Reached) else "reached"
