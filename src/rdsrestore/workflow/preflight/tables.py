"""Whether a table's rows can be put back, and who else suffered."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.outcome.load_result import SavedTable
from rdsrestore.domain.request.merge_policy import Merge, Triggers
from rdsrestore.domain.request.merge_verdict import may
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment, RowsFrom
from rdsrestore.domain.survey import Survey, TableSurvey
from rdsrestore.domain.tables.definition import TAKES_CHILDREN, TableDefinition
from rdsrestore.domain.tables.rows import BACK, Act
from rdsrestore.domain.tables.target import Role
from rdsrestore.workflow.preflight.finding import Finding, Severity, blocks, warns

MOST_COLUMNS = 1_011
"""Columns of InnoDB's 1,017 (manual, "InnoDB Limits") that a table may have for one of ours to hold them all."""


def table_findings(request: Request, table: TableSurvey, coming: Collection[TableRef]) -> Iterator[Finding]:
    """Whether a table's rows can be put back, and who else suffered; `coming` are all tables of the run."""
    found = table.definition
    if found is None:
        yield from absent(request, table)
        return
    if found.kind != "BASE TABLE" or found.engine.lower() != "innodb":
        kind = found.kind.lower() if found.kind != "BASE TABLE" else f"{found.engine} table"
        yield blocks("table.kind", f"{table.ref} is a {kind}", "only InnoDB tables come back whole from a backup")
    for hindrance in found.hindrances:
        yield blocks("table.type", f"{table.ref}: {hindrance}", "restore this table by hand")
    if not request.into:
        yield from in_place(request, table)
    if found.versioned:
        yield history(request, table.ref)
    for key in found.referenced_by:
        if key.on_delete in TAKES_CHILDREN and key.child not in coming and not logged(request, key.child):
            effect = "deletes" if key.on_delete == "CASCADE" else "unlinks"
            named = f"rdsrestore table {' '.join(request.tables)} {key.child.table}"
            along = f"add --with-children, or the table: {named}"
            alone = f"they come back with {FROM_BACKUP[request.transaction is not None]}: {named}"
            yield warns(
                "table.children",
                f"deleting from {table.ref.table} also {effect} rows of {key.child} ({key.name}, {key.on_delete})",
                along if request.rows_from is RowsFrom.BACKUP else alone,
            )


def history(request: Request, ref: TableRef) -> Finding:
    """Name the statement by which a table that keeps its own history shows the rows of the moment.

    Its times are those of the session's zone (MariaDB's documents, "System-Versioned Tables").
    """
    if not isinstance(request.point, Moment):
        hint = f"SELECT … FROM {ref.table} FOR SYSTEM_TIME AS OF may be all you need"
        return warns("table.versioned", f"{ref} keeps its own history", hint)
    database, table = (name.replace("`", "``") for name in (ref.database, ref.table))
    then = f"TIMESTAMP '{request.point.utc:%Y-%m-%d %H:%M:%S}'"
    sql = f"SELECT * FROM `{database}`.`{table}` FOR SYSTEM_TIME AS OF {then}"
    return warns(
        "table.versioned",
        f"{ref} keeps its own history: where that goes back to the moment, no restore is needed",
        f"SET time_zone = '+00:00'; {sql}; then: rdsrestore help system-versioned",
    )


FROM_BACKUP = {False: "--rows-from backup", True: "--before, without --transaction"}
"""What brings rows back that row events do not tell of, also where one transaction was asked for."""


def logged(request: Request, child: TableRef) -> bool:
    """Whether the log shows what a transaction did to a child: then that is said of it as of any other table."""
    return request.transaction is not None and request.transaction.of(child) in request.transaction.tables


def keyless_children(survey: Survey) -> Iterator[Finding]:
    """Whether a child that comes along has rows that can be told apart."""
    children = {relative.ref for relative in survey.relatives if relative.role is Role.CHILD}
    for table in survey.tables:
        if table.ref in children and table.definition and not table.definition.key:
            yield blocks(
                "table.no-key",
                f"{table.ref} has no primary or unique key, by which its lost rows could be found",
                f"leave out --with-children, and name {table.ref.table} beside the others",
            )


def unfit(request: Request, survey: Survey) -> dict[TableRef, str]:
    """Name the tables asked for that can't be restored, and those tied to them by foreign keys, each with why."""
    asked = {table.ref: table for table in survey.tables if table.ref in request.refs}
    coming = {*request.refs, *(relative.ref for relative in survey.relatives)}
    found = {
        ref: finding.message.removeprefix(f"{ref}: ")
        for ref, table in asked.items()
        for finding in reversed([*table_findings(request, table, coming)])
        if finding.severity is Severity.BLOCKS
    }
    todo = list(found)
    while todo:
        definition = asked[todo.pop()].definition
        if definition is None:
            continue
        near = {key.parent for key in definition.references} | {key.child for key in definition.referenced_by}
        for other in sorted((near & asked.keys()) - found.keys(), key=str):
            found[other] = f"it is tied by a foreign key to {definition.ref}"
            todo.append(other)
    return found


def in_place(request: Request, table: TableSurvey) -> Iterator[Finding]:
    """Whether rows can be added to the live table."""
    found = table.definition
    if found is None:
        return
    acts = {act.value.upper() for act in may(request.policy)}
    firing = [trigger for trigger in found.triggers if trigger.event in acts]
    if firing and request.triggers is Triggers.REFUSE:
        names = ", ".join(f"{trigger.name} ({trigger.timing} {trigger.event})" for trigger in firing)
        yield blocks(
            "table.triggers",
            f"{table.ref} has triggers that would fire for restored rows: {names}",
            "add --triggers fire if they may, or --into NEW_TABLE to load beside",
        )
    if len(found.base_columns) > MOST_COLUMNS:
        yield blocks(
            "table.columns",
            f"{table.ref} has {len(found.base_columns):,} columns, which leaves an undo file no room for its own",
            "use --into NEW_TABLE to load beside",
        )
    if not found.key and (request.policy.merge is Merge.EXACT or request.policy.three_way):
        yield blocks(
            "table.no-key",
            f"{table.ref} has no primary or unique key to tell changed and newer rows by",
            "use --merge missing, which puts back as many of each row as there are too few, or --into NEW_TABLE",
        )
    if table.rows and request.policy.merge is Merge.NONE:
        yield blocks(
            "merge.not-empty",
            f"{table.ref} has {table.rows:,} rows and --merge none wants it empty",
            "use --merge missing to keep them and add what is missing",
        )


def absent(request: Request, table: TableSurvey) -> Iterator[Finding]:
    """Tell a slip of the pen from a dropped table that production does not have."""
    if request.recreate and table.similar:
        near = " or ".join(table.similar)
        yield warns("table.near", f"production has no table {table.ref}, but {near}", "stop if that was meant")
    if request.recreate:
        yield warns(
            "recreate.triggers",
            f"triggers that {table.ref} may have had are not made again with it",
            "the preview names them; their statements are kept in the run's folder",
        )
    if request.recreate or request.into:
        return
    near = f"did you mean {' or '.join(table.similar)}? " if table.similar else ""
    yield blocks(
        "table.unknown",
        f"production has no table {table.ref}",
        f"{near}If it was dropped, add --recreate to create it again as it was",
    )


@dataclass(frozen=True)
class LeftOut:
    """A table that an undo can't take back: why, and what can be done."""

    saved: SavedTable
    code: str
    why: str
    hint: str = "take its rows back by hand: the undo file in the run's folder names them"


def undo_findings(request: Request, survey: Survey) -> Iterator[Finding]:
    """Name the tables that can't be taken back; none of them stands in the way of another one."""
    left = left_out(request, survey)
    say = blocks if left and len(left) == len(survey.saved) else warns
    for each in left:
        yield say(each.code, f"{each.saved.target} can't be taken back: {each.why}", each.hint)
    for ref in survey.made:
        yield warns(
            "undo.made",
            f"{ref} was made by that run and stays, without the rows that the run wrote",
            f"DROP TABLE {ref.table}, once it is empty and nobody needs it",
        )


def left_out(request: Request, survey: Survey) -> tuple[LeftOut, ...]:
    """Choose the tables of an undo that can't be taken back."""
    tables = {table.ref: table.definition for table in (*survey.tables, *([survey.target] if survey.target else []))}
    saved = () if survey.swapped else survey.saved
    return tuple(found for each in saved for found in hindering(request, each, tables.get(each.target)))


def hindering(request: Request, saved: SavedTable, found: TableDefinition | None) -> Iterator[LeftOut]:
    """Say what stands in the way of taking one table back, first things first."""
    if found is None:
        yield LeftOut(saved, "table.unknown", "production does not have it any more", "nothing of it is left to undo")
        return
    known = {column.name for column in found.base_columns}
    lacking, added = (", ".join(sorted(names)) for names in (set(saved.columns) - known, known - set(saved.columns)))
    events = {BACK[act].upper() for act in saved.acts or (Act.INSERT, Act.UPDATE, Act.DELETE)}
    firing = [trigger for trigger in found.triggers if trigger.event in events]
    if lacking:
        yield LeftOut(saved, "db.schema-drift", f"column {lacking} is gone since the restore")
    elif firing and request.triggers is Triggers.REFUSE:
        names = ", ".join(f"{trigger.name} ({trigger.timing} {trigger.event})" for trigger in firing)
        yield LeftOut(saved, "table.triggers", f"triggers would fire: {names}", "add --triggers fire if they may")
    elif not saved.key and added:
        yield LeftOut(saved, "table.no-key", f"it has no key, and column {added} was not part of the restore")
    elif not saved.key and not saved.tells_copies:
        yield LeftOut(saved, "table.no-key", "it has no key, and its undo file does not say how many copies there were")
    elif not saved.key and any(key.parent == found.ref for key in found.references):
        yield LeftOut(saved, "table.no-key", "it has no key, and its rows point to each other")
