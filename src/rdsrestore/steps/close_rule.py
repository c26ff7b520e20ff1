"""Shut the copy again as soon as the dump is verified, not only at the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.facts import Fact
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.steps.open_rule import close_rule
from rdsrestore.workflow.step import Impact, Run, Step


@written("CloseRule")
@dataclass(frozen=True)
class CloseRule(Step):
    """Revoke the run's rule early; the teardown revokes it again, which changes nothing."""

    name: ClassVar[str] = "close-rule"
    impact: ClassVar[Impact] = Impact.TEMPORARY
    usual: ClassVar[timedelta] = timedelta(seconds=2)

    group: str
    beside: tuple[str, ...] = ()

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self:
        """Concern the run's own group; what the copy has of production's stays as it is."""
        return cls(request.holder(run).resource, survey.shared(request))

    def describe(self) -> str:
        """Name the group, and those that stay as they are."""
        return f"close {self.group} to everybody{self.still}"

    @property
    def still(self) -> str:
        """Who reaches the copy all the same."""
        return "; whoever production's own groups let in still reaches the copy" if self.beside else ""

    def apply(self, run: Run) -> None:
        """Revoke."""
        close_rule(run, self.group)

    def result(self, fact: Fact | None) -> str:
        """Say what it means."""
        del fact
        return "closed" + (self.still or "; the copy can't be reached any more")
