"""How a table was altered since, and what of that would lose data or can't be filled."""

from __future__ import annotations

from collections.abc import Iterator

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.mysql.merge import retyping
from rdsrestore.mysql.merge.merge_context import MergeContext
from rdsrestore.mysql.session.login.connection import Session, quoted


def check(session: Session, context: MergeContext) -> None:
    """Refuse a target table that would lose values or can't be filled; DatabaseError with code `db.schema-drift`."""
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
    else:
        problem = "; ".join(retyped(session, context))
    if problem:
        raise found(context, problem)


def lost_columns(session: Session, context: MergeContext) -> list[str]:
    """Name the restored columns that hold values and that production does not have any more."""
    there = {column.name for column in context.live.columns}
    gone = [column.name for column in context.then.base_columns if column.name not in there]
    return [name for name in gone if holds(session, context, f"s.{quoted(name)} IS NOT NULL")]


def retyped(session: Session, context: MergeContext) -> Iterator[str]:
    """Yield in words the columns whose restored values would not be the same, or not for certain, in their type now."""
    for column in context.columns:
        then = context.then_has(column)
        if then and then.type != column.type:
            key = column.name in context.key
            lost = retyping.lost(column, then, f"s.{quoted(column.name)}", key=key)
            if lost and holds(session, context, lost):
                change = f"column {column.name} was {then.type} then and is {column.type} now"
                yield f"{change}, and values would not be the same for certain"


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
