"""Dump the tables from the copy into the run's folder, each file checked to its last byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import DatabaseError, Refused
from rdsrestore.domain.facts import Dumped, Fact
from rdsrestore.domain.ids import RunId, TableRef
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.domain.tables.definition import TAKES_CHILDREN, TableDefinition, lost_triggers, triggers_file
from rdsrestore.domain.tables.dump_file import DumpFile
from rdsrestore.domain.tables.selection import Selection
from rdsrestore.domain.tables.target import AFTER, Located, rows_then
from rdsrestore.ports.restored_database import RestoredDatabase
from rdsrestore.steps.locate import differing_tables
from rdsrestore.steps.sessions import after, copy, counted
from rdsrestore.workflow.step import Impact, Run, Step
from rdsrestore.workflow.table_order import parents_first


@written("Dump")
@dataclass(frozen=True)
class Dump(Step):
    """Dump rows only, over verified TLS."""

    name: ClassVar[str] = "dump"
    impact: ClassVar[Impact] = Impact.LOCAL
    usual: ClassVar[timedelta] = timedelta(minutes=2)

    tables: tuple[TableRef, ...]
    policy: Policy

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self:
        """Concern the tables asked for."""
        del run
        return cls((*request.refs, *(each.ref for each in survey.relatives)), request.policy)

    def describe(self) -> str:
        """Name the tables and the filter."""
        names = ", ".join(ref.table for ref in self.tables)
        return f"dump {names} from the copy" + (f" where {self.filter}" if self.filter else "")

    @property
    def filter(self) -> str | None:
        """The filter for the dump.

        None where rows that it leaves out are needed to tell that others are not newer than they.
        """
        whole = self.policy.three_way or self.policy.merge is Merge.EXACT
        return None if whole else self.policy.where

    def apply(self, run: Run) -> Fact:
        """Read the definitions as of then, and dump parents before children."""
        located = differing_tables(run)
        made = {table.ref for table in run.survey.tables if run.request.into or table.definition is None}
        with copy(run) as database:
            definitions = {ref: existing(database, ref) for ref in self.tables}
            parents = {
                ref: tuple(key.parent for key in definition.references) for ref, definition in definitions.items()
            }
            ordered = parents_first(self.tables, parents)
            asked = run.request.refs
            selections = {
                ref: self.selection(definitions[ref], located.get(ref), asked=ref in asked) for ref in ordered
            }
            for ref in ordered:
                database.check(definitions[ref], selections[ref], made=ref in made)
            dumps = tuple(database.dump(definitions[ref], selections[ref], run.folder, run.progress) for ref in ordered)
            keep_triggers(run, database, definitions.values())
            values = tuple(database.read(run.request.database, run.request.invariants))
        if not any(rows_then(dump, located.get(dump.definition.ref)) for dump in dumps):
            raise Refused(
                "dump",
                f"{', '.join(ref.table for ref in self.tables)} had no rows to restore as of {run.request.point}",
                "choose a --before that lies before the incident, and check --where and --keys-from",
                code="copy.empty",
            )
        return Dumped(dumps, self.dump_after(run, selections) if self.policy.three_way else (), values)

    def selection(self, definition: TableDefinition, located: Located | None, *, asked: bool) -> Selection:
        """Say which rows of a table are needed; the filter is not for tables that only come along."""
        where = Path(located.path) if located else None
        return Selection(self.filter if asked else None, where, lost_with(definition, self.tables))

    def dump_after(self, run: Run, selections: Mapping[TableRef, Selection]) -> tuple[DumpFile, ...]:
        """Dump the same rows as the incident left them."""
        folder = run.folder / AFTER
        folder.mkdir(mode=0o700, exist_ok=True)
        with after(run) as database:
            jobs = [
                (existing(database, ref), Selection(None, selection.chunks)) for ref, selection in selections.items()
            ]
            for definition, selection in jobs:
                database.check(definition, selection, made=False)
            return tuple(database.dump(*job, folder, run.progress) for job in jobs)

    def result(self, fact: Fact | None) -> str:
        """Count rows and bytes."""
        if not isinstance(fact, Dumped):
            return "dumped"
        parts = (f"{dump.definition.ref.table} {counted(dump.rows, 'row')}" for dump in fact.dumps)
        size = sum(dump.bytes for dump in fact.dumps)
        return f"{', '.join(parts)}; {size / 1e6:,.1f} MB, complete and checked"


def keep_triggers(run: Run, database: RestoredDatabase, definitions: Iterable[TableDefinition]) -> None:
    """Keep the statements of triggers that production has not now, or a new table would not have: none is made."""
    known = {table.ref: table.definition for table in run.survey.tables}
    for definition in definitions:
        live = None if run.request.into else known.get(definition.ref)
        if names := [each.name for each in lost_triggers(definition, live)]:
            path = run.folder / triggers_file(definition.ref)
            path.touch(mode=0o600)
            path.write_text(database.trigger_statements(definition, names), "utf-8")


def existing(database: RestoredDatabase, ref: TableRef) -> TableDefinition:
    """Read a table's definition on the copy; DatabaseError with code `db.no-table` where it did not exist then."""
    definition = database.definition(ref)
    if definition is None:
        near = ", ".join(database.similar(ref))
        raise DatabaseError(
            "dump",
            f"{ref} did not exist at that moment",
            "choose another --before" + (f", or one of: {near}" if near else ""),
            code="db.no-table",
        )
    if definition.kind != "BASE TABLE":
        raise DatabaseError(
            "dump",
            f"{ref} was a {definition.kind.lower()} at that moment, which has no rows of its own",
            "choose another --before, or restore the tables that it shows",
            code="db.no-rows",
        )
    return definition


def lost_with(definition: TableDefinition, asked: tuple[TableRef, ...]) -> tuple[TableRef, ...]:
    """Name the tables whose rows go when this one's are deleted, and that were not asked for."""
    children = (key.child for key in definition.referenced_by if key.on_delete in TAKES_CHILDREN)
    return tuple(dict.fromkeys(child for child in children if child not in asked))
