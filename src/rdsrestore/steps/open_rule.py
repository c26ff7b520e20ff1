"""Let this host, and nobody else, reach the copy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Self

from rdsrestore.core.codec import written
from rdsrestore.core.errors import CleanupIncomplete
from rdsrestore.core.facts import AfterInstance, Fact, OwnGroupMade, RuleOpened, TempInstance
from rdsrestore.core.model import Request, RunId
from rdsrestore.core.step import Impact, Run, Step
from rdsrestore.core.survey import Survey


@written("OpenRule")
@dataclass(frozen=True)
class OpenRule(Step):
    """Open one ingress rule in the run's own group."""

    name: ClassVar[str] = "open-rule"
    impact: ClassVar[Impact] = Impact.TEMPORARY
    usual: ClassVar[timedelta] = timedelta(seconds=2)

    group: str
    cidr: str

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self:
        """Concern this caller's address alone."""
        return cls(run.resource, request.caller or survey.caller or "")

    def describe(self) -> str:
        """Name who gets in."""
        return f"let {self.cidr}, and nobody else, reach {self.group}"

    def apply(self, run: Run) -> Fact:
        """Open it, on the one port where the copy answers; a second copy as a rule answers on the same."""
        group, port = run.facts.get(OwnGroupMade).id, run.facts.get(TempInstance).endpoint.port
        rule = run.world.cloud.open_rule(group, self.cidr, port, run.id.value)
        after = run.facts.find(AfterInstance)
        if after and after.endpoint and after.endpoint.port != port:
            run.world.cloud.open_rule(group, self.cidr, after.endpoint.port, run.id.value)
        return RuleOpened(rule, self.cidr, port)

    def undo(self, run: Run) -> None:
        """Revoke it."""
        close_rule(run, self.group)

    def prove_gone(self, run: Run) -> str:
        """Look for a rule of the run."""
        left = run.world.cloud.leftovers(run.id.value)
        found = [each for each in left if each.kind == "rule" or (each.kind == "group" and each.status == "open")]
        if found:
            raise CleanupIncomplete(self.group, f"{found[0].kind} {found[0].id} still lets somebody in")
        return f"no rule of {self.group} is left"

    def undo_text(self) -> str:
        """Name who is shut out."""
        return f"close {self.group} to {self.cidr}"

    def result(self, fact: Fact | None) -> str:
        """Give its id."""
        return f"opened {fact.id}" if isinstance(fact, RuleOpened) else "opened"


def close_rule(run: Run, group: str) -> None:
    """Revoke every rule of the run's own group; no group, no rule."""
    found = run.world.cloud.find_group(group)
    if found:
        run.world.cloud.close_rules(found)
