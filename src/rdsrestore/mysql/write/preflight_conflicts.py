"""What can be told of a dump's rows before any of them is written: a few to show, and those that are in another's way.

Only for a table that takes its dump as it is: no key of the dump is there, so that a row that holds one of its other
unique values is another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.tables.definition import TableDefinition, UniqueKey
from rdsrestore.domain.tables.dump_file import DumpFile
from rdsrestore.domain.tables.rows import Cell, Conflict
from rdsrestore.mysql.dump import dump_scan
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.dump.statements import Statement, statements
from rdsrestore.mysql.dump.statements import insert as halved
from rdsrestore.mysql.merge.merge_context import MergeContext
from rdsrestore.mysql.merge.plan import KEYS, SAMPLE, shown
from rdsrestore.mysql.session.error_text import reason
from rdsrestore.mysql.session.errors import number_of, words_of
from rdsrestore.mysql.session.login.connection import Session, quoted

MOST = 100_000
"""Rows whose unique values are looked up beforehand."""
UNKNOWN = f"more than {MOST:,} rows: those whose unique values newer rows hold are found by the load, and left alone"
TOGETHER = 500
TAKEN = 1062
"""The error of a unique value that another row has."""
LITERAL = re.compile(dump_scan.LITERAL.decode(), re.DOTALL)
NOTHING = "NULL"
ESCAPED = re.compile(r"\\(.)|''", re.DOTALL)
SHOWN = {"n": "\\n", "t": " ", "r": "", "0": "", "Z": ""}


@dataclass(frozen=True)
class Row:
    """One row of a dump, as literals by column."""

    values: dict[str, str]

    def of(self, columns: Sequence[str]) -> list[str]:
        """Take some of its literals."""
        return [self.values[name] for name in columns]


def foreseeable(live: TableDefinition, dump: DumpFile) -> bool:
    """Whether it can be told which rows are in another's way, at a price that is worth it."""
    return dump.rows <= MOST or not others(live, dump)


def others(live: TableDefinition, dump: DumpFile) -> tuple[UniqueKey, ...]:
    """The unique keys besides the one that tells rows apart."""
    key = set(dump.definition.key)
    return tuple(unique for unique in live.unique_keys if set(unique.columns) != key)


def rows(store: DumpStore, dump: DumpFile) -> Iterator[Row]:
    """Read a dump row by row."""
    names = [column.name for column in dump.definition.base_columns]
    for statement in statements(store, dump.path, ""):
        for row in statement.rows:
            yield parsed(row, names)


def parsed(row: bytes, names: Sequence[str]) -> Row:
    """Take one row of a dump apart."""
    return Row(dict(zip(names, LITERAL.findall(row.decode("utf-8", "replace")), strict=True)))


def sample(store: DumpStore, dump: DumpFile) -> tuple[tuple[Cell, ...], ...]:
    """Write a few rows for people."""
    return tuple(
        tuple(Cell(name, None, shown(plain(literal))) for name, literal in row.values.items())
        for row in islice(rows(store, dump), SAMPLE)
    )


def plain(literal: str) -> str:
    """Write a literal without its quotes."""
    if not literal.startswith("'"):
        return literal
    return ESCAPED.sub(lambda found: SHOWN.get(found[1], found[1]) if found[1] else "'", literal[1:-1])


def conflicts(session: Session, context: MergeContext, store: DumpStore, dump: DumpFile) -> tuple[Conflict, ...]:
    """Find the rows whose unique values others hold, by the first such key."""
    found: dict[str, list[str]] = {}
    keys = others(context.live, dump)
    whole = rows(store, dump) if keys else iter(())
    while batch := list(islice(whole, TOGETHER)):
        for unique in keys:
            held = [row for row in batch if NOTHING not in row.of(unique.columns)]
            taken = held_by_others(session, context, unique.columns, held)
            why = f"a newer row has the same {', '.join(unique.columns)}"
            found.setdefault(why, []).extend(", ".join(map(plain, row.of(context.key))) for row in taken)
            gone = set(map(id, taken))
            batch = [row for row in batch if id(row) not in gone]
    return tuple(Conflict(why, len(names), tuple(names[:KEYS])) for why, names in found.items() if names)


def held_by_others(session: Session, context: MergeContext, columns: Sequence[str], some: Sequence[Row]) -> list[Row]:
    """Find the rows whose values in these columns are in the table, all of them at once.

    The table tells of each of its rows which one it is in the way of; it may be in the way of a second one where its
    collation tells less apart than the dump's did, so that the rest is asked for again until nothing is found.
    """
    rest, taken = dict(enumerate(some)), list[int]()
    while rest:
        each = {
            place: " AND ".join(f"{quoted(name)} = {row.values[name]}" for name in columns)
            for place, row in rest.items()
        }
        values = " OR ".join(f"({condition})" for condition in each.values())
        if len(columns) == 1:
            values = f"{quoted(columns[0])} IN ({', '.join(row.values[columns[0]] for row in rest.values())})"
        which = " ".join(f"WHEN {condition} THEN {place}" for place, condition in each.items())
        found = session.rows(f"SELECT DISTINCT CASE {which} END FROM {context.target} WHERE {values}")
        places = [int(place) for (place,) in found if place is not None]
        if not places:
            break
        taken += places
        rest = {place: row for place, row in rest.items() if place not in set(places)}
    return [some[place] for place in sorted(taken)]


def insert(context: MergeContext, session: Session, statement: Statement) -> tuple[int, int, str]:
    """Insert a statement's rows; where values are taken, leave the rows out that hold them, and insert the others.

    Whatever else does not fit is found by halving.
    """
    try:
        return session.send(statement.head + statement.values), 0, ""
    except DatabaseError as error:
        if number_of(error) != TAKEN or len(statement.rows) == 1:
            return halved(session, statement)
        why = reason(words_of(error))
    left = [row for some in batched(statement.rows) for row in free(session, context, some)]
    unfit = len(statement.rows) - len(left)
    done, more, other = halved(session, statement.of(left)) if left else (0, 0, "")
    return done, unfit + more, other or why


def batched(given: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Cut a statement's rows into those that are looked up together."""
    return (given[begin : begin + TOGETHER] for begin in range(0, len(given), TOGETHER))


def free(session: Session, context: MergeContext, some: Sequence[bytes]) -> list[bytes]:
    """Return the rows none of whose unique values the table has."""
    names = [column.name for column in context.then.base_columns]
    left = {place: parsed(row, names) for place, row in enumerate(some)}
    for columns in (context.live.key, *(unique.columns for unique in context.live.unique_keys)):
        held = {id(row): place for place, row in left.items() if NOTHING not in row.of(columns)}
        rows_held = [row for row in left.values() if id(row) in held]
        for row in held_by_others(session, context, columns, rows_held):
            del left[held[id(row)]]
    return [some[place] for place in left]
