"""Make the instance of a restored cluster of Aurora, which comes without any: rows are read through it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Self

from rdsrestore.domain.cloud.instance import RestoreSpec
from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import CleanupIncomplete
from rdsrestore.domain.facts import AfterInstance, Fact, TempInstance
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.steps.restore_instance import first_spec, priced
from rdsrestore.steps.restore_second_instance import after_spec
from rdsrestore.workflow.step import Impact, Run, Step


@written("MakeInstance")
@dataclass(frozen=True)
class MakeInstance(Step):
    """Make an instance of the same name in the cluster, and wait until it answers."""

    name: ClassVar[str] = "make-instance"
    impact: ClassVar[Impact] = Impact.TEMPORARY
    usual: ClassVar[timedelta] = timedelta(minutes=8)
    keeps: ClassVar[bool] = True

    spec: RestoreSpec
    wait: int

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Wanted where the copy is a cluster without instances."""
        spec = first_spec(request, survey, run)
        return cls(spec, request.wait) if spec.comes_empty else None

    def describe(self) -> str:
        """Name the instance and its class."""
        return f"make instance {self.spec.name} ({self.spec.instance_class}) in the cluster of that name"

    def apply(self, run: Run) -> Fact:
        """Make it and wait."""
        resource_id = run.world.restores.create_instance(self.spec, run.id.value)
        endpoint = run.world.restores.await_available(self.spec.name, self.wait, run.progress)
        return TempInstance(self.spec.name, resource_id, endpoint)

    def undo(self, run: Run) -> None:
        """Delete it; the cluster goes after it."""
        run.world.restores.delete_instance(self.spec.name, run.progress)

    def keep(self, run: Run, until: datetime) -> str:
        """Name it, with what an hour costs."""
        del until
        return f"instance {self.spec.name}{priced(run)}"

    def prove_gone(self, run: Run) -> str:
        """Look for it by its tags."""
        for each in run.world.restores.leftovers(run.id.value):
            if each.kind == "instance" and each.id == self.spec.name:
                raise CleanupIncomplete(self.spec.name, f"instance is still {each.status}")
        return f"instance {self.spec.name} is gone"

    def undo_text(self) -> str:
        """Name what goes."""
        return f"delete instance {self.spec.name}"

    def result(self, fact: Fact | None) -> str:
        """Say where it answers."""
        return f"available at {fact.endpoint}" if isinstance(fact, TempInstance) else "available"


@written("MakeAfter")
@dataclass(frozen=True)
class MakeAfter(MakeInstance):
    """Make the instance of the second cluster; it is made while the first one's is."""

    name: ClassVar[str] = "make-after"
    impact: ClassVar[Impact] = Impact.TEMPORARY
    usual: ClassVar[timedelta] = timedelta(minutes=1)

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Wanted where there is a second copy, and it is a cluster without instances."""
        spec = after_spec(request, survey, run)
        return cls(spec, request.wait) if spec and spec.comes_empty else None

    def apply(self, run: Run) -> Fact:
        """Start it once its cluster is there, and wait for it later."""
        run.world.restores.await_available(self.spec.name, self.wait, run.progress)
        run.world.restores.create_instance(self.spec, run.id.value)
        return AfterInstance(self.spec.name)

    def result(self, fact: Fact | None) -> str:
        """Say that it is under way."""
        del fact
        return "started, side by side with the first"
