"""Put the rows back: the only step that writes to live rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.facts import Approved, Fact, Loaded, Staged
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.outcome.load_result import TableLoad
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.request.merge_verdict import may
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.throttle_rules import GENTLE, PAUSE, ThrottleRules
from rdsrestore.domain.survey import Survey
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.in_place import InPlace, tied
from rdsrestore.domain.tables.rows import Act
from rdsrestore.steps.sessions import counted, production
from rdsrestore.workflow.step import Impact, Run, Step

EXCHANGED = (
    "where it has lost all rows, they go into a table beside it, which takes its place (CREATE TABLE, ALTER TABLE,"
    " LOCK TABLES, RENAME TABLE) with what was written since; production needs its size again meanwhile"
)
SAID = {Act.INSERT: "insert missing rows", Act.UPDATE: "change changed rows back", Act.DELETE: "DELETE newer rows"}


@written("Load")
@dataclass(frozen=True)
class Load(Step):
    """Carry out the approved plan, in small transactions that leave alone what others wrote meanwhile."""

    name: ClassVar[str] = "load"
    impact: ClassVar[Impact] = Impact.PRODUCTION
    usual: ClassVar[timedelta] = timedelta(minutes=2)

    schema: str
    policy: Policy
    way: str = ""
    pace: str = ""

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self:
        """Follow the policy."""
        return cls(run.schema, request.policy, way(request, survey), request.limits.pace)

    def describe(self) -> str:
        """Say what is written."""
        acts = [said for act, said in SAID.items() if act in may(self.policy)]
        pace = f", {self.pace}" if self.pace else ""
        return f"{', '.join(acts)}, in small transactions{pace}; no other row is touched{self.way}"

    def apply(self, run: Run) -> Fact:
        """Load; what was written is known even where it fails half-way."""
        targets = run.facts.get(Staged).targets
        with production(run) as database:
            for target, approved in zip(targets, run.facts.get(Approved).prints, strict=True):
                unchanged(database.plan_digest(self.schema, target), approved)
            run.facts.put(Loaded((), complete=False))
            rested = 0.0
            try:
                rested = database.load(self.schema, targets, run.folder, throttle_rules(run), run.progress)
            finally:
                loads = tuple(database.loaded(self.schema, target) for target in targets)
                run.facts.put(Loaded(loads, complete=False))
        return Loaded(loads, rested=round(rested, 1))

    def halfway(self, run: Run) -> Fact | None:
        """What was counted when it failed."""
        return run.facts.find(Loaded)

    def interrupted(self) -> Fact:
        """Rows may have been written."""
        return Loaded((), complete=False)

    def changed(self, run: Run) -> bool:
        """Any row written, or a load of which that is not known."""
        loaded = run.facts.find(Loaded)
        return loaded is not None and (not loaded.loads or any(load.rows for load in loaded.loads))

    def result(self, fact: Fact | None) -> str:
        """Count what was written and what was not."""
        if not isinstance(fact, Loaded):
            return "loaded"
        rested = [f"rested {fact.rested:g} s for others at work there"] if fact.rested else []
        return "; ".join([*map(counts, fact.loads), *rested])


def way(request: Request, survey: Survey) -> str:
    """Say which tables may have another one put in their place, and why others may not, where that is asked for."""
    if request.in_place is InPlace.ROWS or request.into or request.undoes:
        return ""
    known = [table.definition for table in survey.tables if table.definition]
    return "".join(f"; {each.ref.table}: {against(request, survey, each) or EXCHANGED}" for each in known)


def against(request: Request, survey: Survey, table: TableDefinition) -> str:
    """Say why rows go into the table itself, as far as that is known before anything is made."""
    why = tied(table) or ("" if request.limits.none else "the load is to hold back")
    why = why or survey.short_of(table)
    return f"into the table itself, since {why}" if why else ""


def unchanged(found: str, approved: str) -> None:
    """Refuse a plan that is not the one that was approved."""
    if found != approved:
        raise Refused(
            "load",
            "the plan in the scratch schema is not the one that was approved",
            "nothing was written; find out who writes to rdsrestore_* schemas, then run again",
            code="plan.changed",
        )


def throttle_rules(run: Run) -> ThrottleRules:
    """Say when to hold back: what the operator asked for, and the run's own files, which pause it or slow it down."""
    flags = [run.folder / PAUSE] + ([Path(run.request.flag)] if run.request.flag else [])
    slow = run.folder / GENTLE
    return ThrottleRules(run.request.limits, tuple(flags), run.survey.source.replicas, run.id.value, slow)


def counts(load: TableLoad) -> str:
    """Count one table's load in a line."""
    unfit = sum(conflict.rows for conflict in load.conflicts)
    done = ((load.inserted, "inserted"), (load.updated, "changed back"), (load.deleted, "deleted"))
    parts = [f"{counted(rows, 'row')} {word}" for rows, word in done if rows] or ["nothing written"]
    parts += [f"{counted(unfit, 'row')} left alone"] if unfit else []
    return f"{load.target.table}: {', '.join(parts)}{f', {load.how}' if load.how else ''}"
