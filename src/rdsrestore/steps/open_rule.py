"""Let this host, and nobody else, reach the copy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import CleanupIncomplete
from rdsrestore.domain.facts import AfterInstance, Fact, OwnGroupMade, RuleOpened, TempInstance
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.steps.reset_password import COPY
from rdsrestore.workflow.step import Impact, Run, Step


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
        return cls(request.holder(run).resource, request.caller or survey.caller or "")

    def describe(self) -> str:
        """Name who gets in."""
        return f"let {self.cidr}, and nobody else, reach {self.group}"

    def apply(self, run: Run) -> Fact:
        """Open it on the port where each copy answers, as a rule one for both, and wait until they let us in."""
        group, after = run.facts.get(OwnGroupMade).id, run.facts.find(AfterInstance)
        endpoints = [run.facts.get(TempInstance).endpoint, *([after.endpoint] if after and after.endpoint else [])]
        ports = dict.fromkeys(endpoint.port for endpoint in endpoints)
        owner = run.request.holder(run.id).value
        first, *_others = [run.world.firewall.open_rule(group, self.cidr, port, owner) for port in ports]
        within = min(USUAL.first_login, float(run.request.wait))
        for endpoint in endpoints:
            user, password = run.survey.copied.master_user, run.secrets[COPY]
            run.databases.reach(endpoint, user, password, within, run.progress)
        return RuleOpened(first, self.cidr, endpoints[0].port)

    def undo(self, run: Run) -> None:
        """Revoke it."""
        close_rule(run, self.group)

    def prove_gone(self, run: Run) -> str:
        """Look for a rule of the run."""
        left = run.world.restores.leftovers(run.request.holder(run.id).value)
        found = [each for each in left if each.kind == "rule" or (each.kind == "group" and each.status == "open")]
        if found:
            raise CleanupIncomplete(self.group, f"{found[0].kind} {found[0].id} still lets somebody in")
        return f"no rule of {self.group} is left"

    def undo_text(self) -> str:
        """Name who is shut out."""
        return f"close {self.group} to {self.cidr}"

    def result(self, fact: Fact | None) -> str:
        """Give its id."""
        return f"opened {fact.id}; we are let in" if isinstance(fact, RuleOpened) else "opened"


def close_rule(run: Run, group: str) -> None:
    """Revoke every rule of the run's own group; no group, no rule."""
    found = run.world.firewall.find_group(group)
    if found:
        run.world.firewall.close_rules(found)
