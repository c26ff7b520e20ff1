"""Restore the backup a second time, as of the incident's end: so what it did is told from what was done since."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar, Self

from rdsrestore.domain.cloud.instance import RestoreSpec
from rdsrestore.domain.codec import written
from rdsrestore.domain.facts import AfterInstance, Fact, OwnGroupMade
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.steps.restore_instance import RestoreInstance, first_spec
from rdsrestore.workflow.step import Impact, Run, Step


@written("RestoreAfter")
@dataclass(frozen=True)
class RestoreAfter(RestoreInstance):
    """Start the second temporary instance; it is restored while the first one is."""

    name: ClassVar[str] = "restore-after"
    impact: ClassVar[Impact] = Impact.TEMPORARY
    usual: ClassVar[timedelta] = timedelta(seconds=5)

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Wanted where the incident's end was given."""
        spec = after_spec(request, survey, run)
        return cls(spec, request.wait) if spec else None

    def apply(self, run: Run) -> Fact:
        """Start it, and wait for it later."""
        run.world.restores.restore(replace(self.spec, group=run.facts.get(OwnGroupMade).id), run.id.value)
        return AfterInstance(self.spec.name)

    def result(self, fact: Fact | None) -> str:
        """Say that it is under way."""
        del fact
        return "started, side by side with the first"


def after_spec(request: Request, survey: Survey, run: RunId) -> RestoreSpec | None:
    """Describe the copy as of the incident's end; None where that was not given."""
    if request.incident_end is None:
        return None
    first = first_spec(request, replace(survey, snapshot=None), run)
    return replace(first, name=run.after, moment=request.incident_end.utc, snapshot=None)


@written("AwaitAfter")
@dataclass(frozen=True)
class AwaitAfter(Step):
    """Wait until the second temporary instance answers."""

    name: ClassVar[str] = "await-after"
    impact: ClassVar[Impact] = Impact.READS
    usual: ClassVar[timedelta] = timedelta(minutes=1)

    instance: str
    wait: int

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Wanted where there is a second one."""
        del survey
        return cls(run.after, request.wait) if request.incident_end else None

    def describe(self) -> str:
        """Name it."""
        return f"wait for {self.instance}"

    def apply(self, run: Run) -> Fact:
        """Wait."""
        return AfterInstance(self.instance, run.world.restores.await_available(self.instance, self.wait, run.progress))

    def result(self, fact: Fact | None) -> str:
        """Say where it answers."""
        return f"available at {fact.endpoint}" if isinstance(fact, AfterInstance) else "available"
