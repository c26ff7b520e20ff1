"""Use the temporary instance that an earlier run has kept, instead of another restore; it stays that run's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import CloudError
from rdsrestore.domain.facts import Fact, OwnGroupMade, TempInstance
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.step import Impact, Run, Step


@written("UseGroup")
@dataclass(frozen=True)
class UseGroup(Step):
    """Find the security group of the kept instance; it lets nobody in until the rule is opened."""

    name: ClassVar[str] = "use-group"
    impact: ClassVar[Impact] = Impact.READS

    group: str

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self:
        """Name it after the run that made it."""
        del survey
        return cls(request.holder(run).resource)

    def describe(self) -> str:
        """Name the group."""
        return f"find security group {self.group}, closed to everybody"

    def apply(self, run: Run) -> Fact:
        """Find it; CloudError with code `from.no-instance` where it is gone."""
        found = run.world.firewall.find_group(self.group)
        if found is None:
            raise gone("use-group", f"security group {self.group}")
        return OwnGroupMade(found)

    def result(self, fact: Fact | None) -> str:
        """Give its id."""
        return f"found {fact.id}" if isinstance(fact, OwnGroupMade) else "found"


@written("UseInstance")
@dataclass(frozen=True)
class UseInstance(Step):
    """Wait until the kept instance answers."""

    name: ClassVar[str] = "use-instance"
    impact: ClassVar[Impact] = Impact.READS

    instance: str
    wait: int

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self:
        """Name it after the run that made it."""
        del survey
        return cls(request.holder(run).resource, request.wait)

    def describe(self) -> str:
        """Name the instance, and who removes it."""
        return f"use instance {self.instance} as it was kept; it stays as long as its own run keeps it"

    def apply(self, run: Run) -> Fact:
        """Find it; CloudError with code `from.no-instance` where it is gone."""
        if not any(each.id == self.instance for each in run.world.restores.leftovers(run.request.instance_of)):
            raise gone("use-instance", f"instance {self.instance}")
        endpoint = run.world.restores.await_available(self.instance, self.wait, run.progress)
        return TempInstance(self.instance, "", endpoint)

    def result(self, fact: Fact | None) -> str:
        """Say where it answers."""
        return f"available at {fact.endpoint}" if isinstance(fact, TempInstance) else "available"


def gone(where: str, what: str) -> CloudError:
    """Say that what was kept is not there any more."""
    return CloudError(
        where, f"{what} is gone", "leave out --from, and give --before: it is restored anew", code="from.no-instance"
    )
