"""Create the table that takes the rows where there is none: a new one beside the live one, or a dropped one again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import CleanupIncomplete, Refused
from rdsrestore.domain.facts import Dumped, Fact, Loaded, Standing, TargetTableMade
from rdsrestore.domain.ids import RunId, TableRef
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import ROOM, Survey
from rdsrestore.domain.tables.dump_file import DumpFile
from rdsrestore.ports.production import Catalog
from rdsrestore.steps.sessions import production, target_of
from rdsrestore.workflow.step import Impact, Run, Step


@written("MakeLanding")
@dataclass(frozen=True)
class MakeTargetTable(Step):
    """Create empty tables from the restored definition; `tables` are the ones to restore, `beside` another name."""

    name: ClassVar[str] = "landing"
    impact: ClassVar[Impact] = Impact.PRODUCTION
    usual: ClassVar[timedelta] = timedelta(seconds=1)
    afresh: ClassVar[bool] = True
    on_production: ClassVar[bool] = True

    tables: tuple[TableRef, ...]
    beside: str | None
    database: str = ""
    """The database that is made again before its tables; empty where it is there."""

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Wanted for a new table beside, and for dropped tables."""
        del run
        if request.into:
            return cls(request.refs, request.into)
        dropped = tuple(table.ref for table in survey.tables if table.definition is None)
        gone = request.database if survey.database_gone else ""
        return cls(dropped, None, gone) if dropped else None

    def describe(self) -> str:
        """Name the new tables."""
        if self.beside:
            return f"create {self.beside} beside {self.tables[0]}"
        database = f"database {self.database} and " if self.database else ""
        return f"create {database}{', '.join(map(str, self.tables))} again, as it was defined then"

    def apply(self, run: Run) -> Fact:
        """Create them, parents first."""
        dumps = [dump for dump in run.facts.get(Dumped).dumps if dump.definition.ref in self.tables]
        refuse_full(dumps, run.survey)
        with production(run) as database:
            refuse_orphans(self, dumps, database)
            for dump in dumps:
                target = target_of(run, dump.definition.ref)
                database.create_target_table(run.id.schema, dump, target, with_foreign_keys=self.beside is None)
        return TargetTableMade(tuple(target_of(run, dump.definition.ref) for dump in dumps))

    def undo(self, run: Run) -> None:
        """Drop those that are still empty, unless the load came to its end; filled ones stay."""
        if filled(run):
            return
        with production(run) as database:
            for ref in self.places(run):
                database.drop_target_table(run.id.schema, ref)

    def places(self, run: Run) -> tuple[TableRef, ...]:
        """Name the tables that this run makes."""
        return tuple(target_of(run, ref) for ref in self.tables)

    def prove_gone(self, run: Run) -> str:
        """Look which of them are there; CleanupIncomplete where one is that has none of its rows."""
        loaded = run.facts.find(Loaded)
        rows = {load.target: load.rows for load in loaded.loads} if loaded else {}
        with production(run) as database:
            there = tuple(ref for ref in self.places(run) if database.definition(ref))
            empty = [ref for ref in there if not filled(run) and not rows.get(ref) and not database.count(ref)]
        run.facts.put(Standing(there))
        if empty:
            names = ", ".join(map(str, empty))
            raise CleanupIncomplete(names, "made by this run, empty, and still there; look at it, then DROP TABLE")
        return ""

    def changed(self, run: Run) -> bool:
        """As long as one of them is there, or nobody could look."""
        standing = run.facts.find(Standing)
        return standing is None or bool(standing.tables)

    def undo_text(self) -> str:
        """Say what happens to what was made."""
        return f"drop new tables that are still empty{', and their database with them' if self.database else ''}"

    def result(self, fact: Fact | None) -> str:
        """Name what was made."""
        return f"created {', '.join(map(str, fact.tables))}" if isinstance(fact, TargetTableMade) else "created"


def filled(run: Run) -> bool:
    """Whether the load came to its end: then a table without rows is as it was."""
    loaded = run.facts.find(Loaded)
    return loaded is not None and loaded.complete


def refuse_full(dumps: Sequence[DumpFile], survey: Survey) -> None:
    """Refuse to make a table that production's storage has no room for: by the copy's size, which is known by now."""
    for dump in dumps:
        if why := survey.short_of(dump.definition):
            raise Refused("landing", f"{dump.definition.ref}: {why}", ROOM, code="disk.production")


def refuse_orphans(step: MakeTargetTable, dumps: Sequence[DumpFile], database: Catalog) -> None:
    """Refuse to make a table whose foreign keys would point to tables that are not there."""
    if step.beside:
        return
    for dump in dumps:
        for parent in dict.fromkeys(key.parent for key in dump.definition.references):
            if parent not in step.tables and database.definition(parent) is None:
                raise Refused(
                    "landing",
                    f"{dump.definition.ref} points to {parent}, which is not there",
                    f"restore {parent.table} in the same run, with --recreate",
                    code="table.no-parent",
                )
