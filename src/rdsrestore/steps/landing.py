"""Create the table that takes the rows where there is none: a new one beside the live one, or a dropped one again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Self

from rdsrestore.core.facts import Dumped, Fact, LandingMade, Loaded
from rdsrestore.core.model import Request, RunId, TableRef
from rdsrestore.core.step import Impact, Run, Step
from rdsrestore.core.survey import Survey
from rdsrestore.steps.sessions import landing, production


@dataclass(frozen=True)
class MakeLanding(Step):
    """Create empty tables from the restored definition; `tables` are the ones to restore, `beside` another name."""

    name: ClassVar[str] = "landing"
    impact: ClassVar[Impact] = Impact.PRODUCTION
    usual: ClassVar[timedelta] = timedelta(seconds=1)
    afresh: ClassVar[bool] = True
    on_production: ClassVar[bool] = True

    tables: tuple[TableRef, ...]
    beside: str | None

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Wanted for a new table beside, and for dropped tables."""
        del run
        if request.into:
            return cls(request.refs, request.into)
        dropped = tuple(table.ref for table in survey.tables if table.definition is None)
        return cls(dropped, None) if dropped else None

    def describe(self) -> str:
        """Name the new tables."""
        if self.beside:
            return f"create {self.beside} beside {self.tables[0]}"
        return f"create {', '.join(map(str, self.tables))} again, as it was defined then"

    def apply(self, run: Run) -> Fact:
        """Create them, parents first."""
        dumps = [dump for dump in run.facts.get(Dumped).dumps if dump.definition.ref in self.tables]
        with production(run) as database:
            for dump in dumps:
                target = landing(run, dump.definition.ref)
                database.create_landing(run.id.schema, dump, target, with_foreign_keys=self.beside is None)
        return LandingMade(tuple(landing(run, dump.definition.ref) for dump in dumps))

    def undo(self, run: Run) -> None:
        """Drop them while they are still empty and nothing was loaded; filled ones stay."""
        if run.facts.find(Loaded) is not None:
            return
        with production(run) as database:
            for ref in self.tables:
                database.drop_landing(run.id.schema, landing(run, ref))

    def undo_text(self) -> str:
        """Say what happens to what was made."""
        return "drop new tables that are still empty"

    def result(self, fact: Fact | None) -> str:
        """Name what was made."""
        return f"created {', '.join(map(str, fact.tables))}" if isinstance(fact, LandingMade) else "created"
