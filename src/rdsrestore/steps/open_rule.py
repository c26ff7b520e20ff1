"""Let this host, or who was named, and nobody else reach the copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Self

from rdsrestore.domain.cloud import admission
from rdsrestore.domain.codec import written
from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import CleanupIncomplete, DatabaseError
from rdsrestore.domain.facts import Fact, OwnGroupMade, RuleOpened
from rdsrestore.domain.ids import Endpoint, RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.steps.reset_password import accepts, endpoints, one_time, production_s
from rdsrestore.workflow.step import Impact, Run, Step

UNREACHABLE = "db.unreachable"


@written("OpenRule")
@dataclass(frozen=True)
class OpenRule(Step):
    """Open an ingress rule in the run's own group, and one more for each of `others`.

    `beside` are production's own groups that the copy is in. Where these let us in already, and nobody was `named` to
    be let in, no rule is opened.
    """

    name: ClassVar[str] = "open-rule"
    impact: ClassVar[Impact] = Impact.TEMPORARY
    usual: ClassVar[timedelta] = timedelta(seconds=2)

    group: str
    cidr: str
    others: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    named: bool = True

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self:
        """Concern who was named, else this caller's address alone."""
        first, *others = survey.let_in(request) or ("",)
        named = bool(request.caller or request.allow)
        return cls(request.holder(run).resource, first, tuple(others), survey.shared(request), named)

    def describe(self) -> str:
        """Name who gets in."""
        if not self.beside:
            return f"let {self.who}, and nobody else, reach {self.group}"
        own = f"reach the copy as production's own groups ({', '.join(self.beside)}) let us in"
        if not self.who:
            return own
        return f"{own}; " + (f"let {self.who} in too" if self.named else f"where they don't, let {self.who} in")

    @property
    def who(self) -> str:
        """Those who are let in."""
        return ", ".join(map(admission.described, filter(None, (self.cidr, *self.others))))

    def apply(self, run: Run) -> Fact:
        """Open it on the port where each copy answers, as a rule one for both, and wait until they answer us."""
        group, copies = run.facts.get(OwnGroupMade).id, endpoints(run)
        ports = dict.fromkeys(endpoint.port for endpoint in copies)
        owner = run.request.holder(run.id).value

        def let_in(source: str) -> list[str]:
            return [run.world.firewall.open_rule(group, source, port, owner) for port in ports]

        if not self.needed(run, copies):
            return RuleOpened("", "", copies[0].port, 0)
        opened = [rule for source in filter(None, (self.cidr, *self.others)) for rule in let_in(source)]
        added: list[str] = []
        for endpoint in copies:
            while trouble := unreachable(run, endpoint):
                source = run.world.operator.let_in(trouble.what)
                if source is None:
                    raise trouble
                opened += let_in(source)
                added.append(source)
        return RuleOpened(opened[0] if opened else "", self.cidr, copies[0].port, len(opened), tuple(added))

    def needed(self, run: Run, copies: Sequence[Endpoint]) -> bool:
        """Whether somebody was named, or production's own groups do not let us in."""
        if self.named or not self.beside:
            return True
        return any(unreachable(run, endpoint, USUAL.own_groups) for endpoint in copies)

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
        return f"close {self.group} to {self.who or 'everybody'}"

    def result(self, fact: Fact | None) -> str:
        """Give its id, or how many they are."""
        if not isinstance(fact, RuleOpened):
            return "opened"
        said = f", as you said also to {', '.join(map(admission.described, fact.added))}" if fact.added else ""
        if not fact.rules:
            return "production's own groups let us in; no rule was opened"
        return f"opened {fact.id if fact.rules == 1 else f'{fact.rules} rules'}{said}; we are let in"


def unreachable(run: Run, endpoint: Endpoint, within: float = USUAL.first_login) -> DatabaseError | None:
    """Wait until a copy answers; returns the error of one that never can be reached, another one is raised.

    It may refuse the password as well: whoever is refused was let in to ask.
    """
    try:
        accepts(run, endpoint, production_s(run) or one_time(), within)
    except DatabaseError as error:
        if error.code != UNREACHABLE:
            raise
        return error
    return None


def close_rule(run: Run, group: str) -> None:
    """Revoke every rule of the run's own group; no group, no rule."""
    found = run.world.firewall.find_group(group)
    if found:
        run.world.firewall.close_rules(found)
