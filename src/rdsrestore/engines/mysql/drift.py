"""How a table was altered since, and what of that would lose data or can't be filled."""

from __future__ import annotations

from rdsrestore.core.errors import DatabaseError
from rdsrestore.core.tables import TableDefinition
from rdsrestore.engines.mysql.connect import Session, quoted
from rdsrestore.engines.mysql.tally import Tally

ROUNDED = frozenset({"decimal", "time", "datetime", "timestamp"})
"""Types that a narrower column rounds without a word."""


def check(session: Session, board: Tally) -> None:
    """Refuse a landing that would lose values or can't be filled; DatabaseError with code `db.schema-drift`."""
    restored = {column.name for column in board.then.base_columns}
    unfilled = [name for name in required(board.live) if name not in restored]
    unknown = set(board.policy.columns) - {column.name for column in board.columns}
    problem = ""
    if lost := lost_columns(session, board):
        problem = f"column {', '.join(lost)} is gone from production and its values would be lost"
    elif unfilled:
        problem = f"column {', '.join(unfilled)} was added since and has no default"
    elif not set(board.then.key) <= {column.name for column in board.live.columns}:
        problem = f"the key {', '.join(board.then.key)} is gone from production"
    elif unknown:
        problem = f"--columns {', '.join(sorted(unknown))} is not on both sides"
    elif rounded := rounded_columns(session, board):
        problem = f"column {', '.join(rounded)} holds less than it did then, and values would be rounded"
    if problem:
        raise found(board, problem)


def lost_columns(session: Session, board: Tally) -> list[str]:
    """Name the restored columns that hold values and that production does not have any more."""
    there = {column.name for column in board.live.columns}
    gone = [column.name for column in board.then.base_columns if column.name not in there]
    return [name for name in gone if holds(session, board, f"s.{quoted(name)} IS NOT NULL")]


def rounded_columns(session: Session, board: Tally) -> list[str]:
    """Name the columns whose restored values production's type would round."""
    types = {column.name: column.type for column in board.then.columns}
    retyped = [column for column in board.columns if column.kind in ROUNDED and types[column.name] != column.type]
    return [
        column.name
        for column in retyped
        if holds(session, board, f"s.{quoted(column.name)} <> {board.value(column, 's')}")
    ]


def holds(session: Session, board: Tally, condition: str) -> bool:
    """Whether any restored row meets a condition."""
    return bool(session.rows(f"SELECT 1 FROM {board.source} AS s WHERE {condition} LIMIT 1"))


def found(board: Tally, problem: str) -> DatabaseError:
    """Say why restored rows can't be compared with the table as it is now."""
    return DatabaseError(
        f"compare {board.live.ref}",
        f"the table was altered since: {problem}",
        "use --into NEW_TABLE to load beside, as the table was",
        code="db.schema-drift",
    )


def required(definition: TableDefinition) -> tuple[str, ...]:
    """The columns that an INSERT has to name."""
    return tuple(column.name for column in definition.base_columns if column.required)
