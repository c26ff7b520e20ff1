"""A security group of our own for the copy, so that letting us in never opens production."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Self

from rdsrestore.domain.cloud.instance import GroupSpec
from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import CleanupIncomplete
from rdsrestore.domain.facts import Fact, OwnGroupMade
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.step import Impact, Run, Step

GRACE = timedelta(hours=2)


@written("OwnGroup")
@dataclass(frozen=True)
class OwnGroup(Step):
    """Make the group; it lets nobody in until the rule is opened."""

    name: ClassVar[str] = "own-group"
    impact: ClassVar[Impact] = Impact.TEMPORARY
    usual: ClassVar[timedelta] = timedelta(seconds=2)
    keeps: ClassVar[bool] = True

    group: GroupSpec

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self:
        """Name the group after the run, in the source's network."""
        expires = survey.at + timedelta(seconds=request.wait) + GRACE
        return cls(GroupSpec(run.resource, survey.source.vpc, expires, request.attributes.all_tags(survey.source.tags)))

    def describe(self) -> str:
        """Name the group."""
        return f"make security group {self.group.name}, closed to everybody"

    def apply(self, run: Run) -> Fact:
        """Make it."""
        return OwnGroupMade(run.world.firewall.create_group(self.group, run.id.value))

    def undo(self, run: Run) -> None:
        """Delete it once nothing uses it; an instance that stays is not waited for."""
        holding = [each.id for each in run.world.restores.leftovers(run.id.value) if each.holds]
        if holding:
            raise CleanupIncomplete("security group", f"{self.group.name} is in use by {', '.join(holding)}")
        run.world.firewall.delete_group(self.group.name, run.progress)

    def keep(self, run: Run, until: datetime) -> str:
        """Name it."""
        del run, until
        return f"security group {self.group.name}, closed"

    def prove_gone(self, run: Run) -> str:
        """Look for it by name."""
        found = run.world.firewall.find_group(self.group.name)
        if found:
            raise CleanupIncomplete(self.group.name, f"security group {found} is still there")
        return f"security group {self.group.name} is gone, and its rule with it"

    def undo_text(self) -> str:
        """Name what goes."""
        return f"delete security group {self.group.name}"

    def result(self, fact: Fact | None) -> str:
        """Give its id."""
        return f"made {fact.id}" if isinstance(fact, OwnGroupMade) else "made"
