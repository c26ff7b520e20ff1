"""How the rows of an emptied table come back in place: into the table itself, or by way of a shadow table. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from rdsrestore.domain.tables.definition import TableDefinition

MOST = 10_000
"""Rows written since that are carried over."""
HELD_UP = 0.2
"""Seconds for which the application may be held up by that."""
ENDING = len("_restored_260101_000000_abcd")
"""Characters that the longest name of a table beside adds to the table's own."""
LONGEST = 64
"""Characters of a table's name."""
HOG = 1_000
"""Below this many, a server lets writers go before a RENAME that waits (`max_write_lock_count`)."""
SINCE = {True: (10, 3), False: (8, 0, 13)}
"""By whether it is MariaDB: the first version with LOCK TABLES … NOWAIT, or with RENAME TABLE of locked tables."""


class InPlace(StrEnum):
    """How rows come back into a table that has lost all of them."""

    ROWS = "rows"
    """Into the table itself."""
    SHADOW = "shadow"
    """Into one beside it that then takes its place in one step, where that may be."""


@dataclass(frozen=True)
class Ability:
    """What the exchange rests on that is the server's or the login's; `lacking` are privileges, by their names."""

    mariadb: bool
    version: tuple[int, ...]
    write_locks: int
    aurora: bool = False
    lacking: tuple[str, ...] = ()


def tied(table: TableDefinition) -> str:
    """Say what of a table's definition keeps another one from taking its place; empty where nothing does."""
    return next(_tied(table), "")


def _tied(table: TableDefinition) -> Iterator[str]:
    if table.engine != "InnoDB" or not table.create_sql:
        yield "it is not a plain InnoDB table"
    if table.key_index != "PRIMARY":
        yield "it has no primary key"
    if table.references:
        yield "it has foreign keys"
    if table.referenced_by:
        yield f"{table.referenced_by[0].child} points to it, and would go on pointing to the former table"
    if table.triggers:
        yield "it has triggers, which would stay with the former table"
    if table.versioned:
        yield "it keeps its own history"
    if any(column.generated for column in table.columns):
        yield "it has generated columns"
    if len(table.ref.table) + ENDING > LONGEST:
        yield "its name is too long for another one beside it"


def unable(ability: Ability) -> str:
    """Say why this server or this login can't do it; empty where nothing is known against it."""
    if ability.lacking:
        return f"the login lacks {', '.join(ability.lacking)}"
    if ability.aurora:
        return "on Aurora it was never tried"
    if ability.version < SINCE[ability.mariadb]:
        return f"the server is older than {'.'.join(map(str, SINCE[ability.mariadb]))}"
    if ability.write_locks < HOG:
        return f"max_write_lock_count is {ability.write_locks:,}, by which writers may go before a RENAME"
    return ""


def why_not(table: TableDefinition, rows: int, ability: Ability) -> str:
    """Say why rows go into the table itself; empty where a shadow may take its place. `rows` are those it has now."""
    if reason := tied(table):
        return reason
    if rows > MOST:
        return f"it has {rows:,} rows, and no more than {MOST:,} are carried over"
    return unable(ability)


def note(*, shadow: bool, why: str) -> str:
    """Say which way was chosen and why, for who approves it; empty where none was asked for."""
    if shadow:
        return (
            "the rows go into a table beside it, checked there, which then takes its place in one step with all rows"
            f" written since, or into the table itself where that would hold up the application for over {HELD_UP} s;"
            " production needs the table's size again meanwhile"
        )
    return f"the rows go into the table itself: {why}" if why else ""
