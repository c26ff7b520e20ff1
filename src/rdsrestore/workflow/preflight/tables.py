"""Whether a table's rows can be put back, and who else suffered."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.request.merge_policy import Merge, Triggers
from rdsrestore.domain.request.merge_verdict import may
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import TableSurvey
from rdsrestore.domain.tables.definition import TAKES_CHILDREN
from rdsrestore.workflow.preflight.finding import Finding, blocks, warns


def table_findings(request: Request, table: TableSurvey, coming: Collection[TableRef]) -> Iterator[Finding]:
    """Whether a table's rows can be put back, and who else suffered; `coming` are all tables of the run."""
    found = table.definition
    if found is None:
        yield from absent(request, table)
        return
    if request.undoes:
        yield from in_place(request, table)
        return
    if found.kind != "BASE TABLE" or found.engine.lower() != "innodb":
        kind = found.kind.lower() if found.kind != "BASE TABLE" else f"{found.engine} table"
        yield blocks("table.kind", f"{table.ref} is a {kind}", "only InnoDB tables come back whole from a backup")
    for hindrance in found.hindrances:
        yield blocks("table.type", f"{table.ref}: {hindrance}", "restore this table by hand")
    if not request.into:
        yield from in_place(request, table)
    if found.versioned:
        yield warns(
            "table.versioned",
            f"{table.ref} keeps its own history",
            f"SELECT … FROM {table.ref.table} FOR SYSTEM_TIME AS OF may be all you need",
        )
    for key in found.referenced_by:
        if key.on_delete in TAKES_CHILDREN and key.child not in coming:
            effect = "deletes" if key.on_delete == "CASCADE" else "unlinks"
            yield warns(
                "table.children",
                f"deleting from {table.ref.table} also {effect} rows of {key.child} ({key.name}, {key.on_delete})",
                f"add --with-children, or the table: rdsrestore table {' '.join(request.tables)} {key.child.table}",
            )


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
    if not found.key and (request.policy.merge is Merge.EXACT or request.policy.three_way):
        yield blocks(
            "table.no-key",
            f"{table.ref} has no primary or unique key to tell changed and newer rows by",
            "take back by hand what the run wrote: report.md in its folder says how many rows of which table"
            if request.undoes
            else "use --merge missing, which puts back as many of each row as there are too few, or --into NEW_TABLE",
        )
    if table.rows and request.policy.merge is Merge.NONE:
        yield blocks(
            "merge.not-empty",
            f"{table.ref} has {table.rows:,} rows and --merge none wants it empty",
            "use --merge missing to keep them and add what is missing",
        )


def absent(request: Request, table: TableSurvey) -> Iterator[Finding]:
    """Tell a slip of the pen from a dropped table that production does not have."""
    if request.recreate or request.into:
        return
    near = f"did you mean {' or '.join(table.similar)}? " if table.similar else ""
    yield blocks(
        "table.unknown",
        f"production has no table {table.ref}",
        f"{near}If it was dropped, add --recreate to create it again as it was",
    )
