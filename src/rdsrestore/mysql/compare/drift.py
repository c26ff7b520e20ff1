"""How a table was altered since, and what of that would lose data or can't be filled."""

from __future__ import annotations

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.mysql.merge.merge_context import MergeContext
from rdsrestore.mysql.session.login.connection import Session, quoted

ROUNDED = frozenset({"decimal", "time", "datetime", "timestamp"})
"""Types that a narrower column rounds without a word."""


def check(session: Session, context: MergeContext) -> None:
    """Refuse a landing that would lose values or can't be filled; DatabaseError with code `db.schema-drift`."""
    restored = {column.name for column in context.then.base_columns}
    unfilled = [name for name in required(context.live) if name not in restored]
    unknown = set(context.policy.columns) - {column.name for column in context.columns}
    problem = ""
    if lost := lost_columns(session, context):
        problem = f"column {', '.join(lost)} is gone from production and its values would be lost"
    elif unfilled:
        problem = f"column {', '.join(unfilled)} was added since and has no default"
    elif not set(context.then.key) <= {column.name for column in context.live.columns}:
        problem = f"the key {', '.join(context.then.key)} is gone from production"
    elif unknown:
        problem = f"--columns {', '.join(sorted(unknown))} is not on both sides"
    elif rounded := rounded_columns(session, context):
        problem = f"column {', '.join(rounded)} holds less than it did then, and values would be rounded"
    if problem:
        raise found(context, problem)


def lost_columns(session: Session, context: MergeContext) -> list[str]:
    """Name the restored columns that hold values and that production does not have any more."""
    there = {column.name for column in context.live.columns}
    gone = [column.name for column in context.then.base_columns if column.name not in there]
    return [name for name in gone if holds(session, context, f"s.{quoted(name)} IS NOT NULL")]


def rounded_columns(session: Session, context: MergeContext) -> list[str]:
    """Name the columns whose restored values production's type would round."""
    types = {column.name: column.type for column in context.then.columns}
    retyped = [column for column in context.columns if column.kind in ROUNDED and types[column.name] != column.type]
    return [
        column.name
        for column in retyped
        if holds(session, context, f"s.{quoted(column.name)} <> {context.value(column, 's')}")
    ]


def holds(session: Session, context: MergeContext, condition: str) -> bool:
    """Whether any restored row meets a condition."""
    return bool(session.rows(f"SELECT 1 FROM {context.source} AS s WHERE {condition} LIMIT 1"))


def found(context: MergeContext, problem: str) -> DatabaseError:
    """Say why restored rows can't be compared with the table as it is now."""
    return DatabaseError(
        f"compare {context.live.ref}",
        f"the table was altered since: {problem}",
        "use --into NEW_TABLE to load beside, as the table was",
        code="db.schema-drift",
    )


def required(definition: TableDefinition) -> tuple[str, ...]:
    """The columns that an INSERT has to name."""
    return tuple(column.name for column in definition.base_columns if column.required)
