"""What can be told of a dump's rows before any of them is written: a few to show, and those that are in another's way.

Only for a table that takes its dump as it is: no key of the dump is there, so that a row that holds one of its other
unique values is another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from rdsrestore.domain.tables.definition import TableDefinition, UniqueKey
from rdsrestore.domain.tables.dump_file import DumpFile
from rdsrestore.domain.tables.rows import Cell, Conflict
from rdsrestore.mysql.dump import dump_scan
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.dump.statements import statements
from rdsrestore.mysql.merge.merge_context import MergeContext
from rdsrestore.mysql.merge.plan import KEYS, SAMPLE, shown
from rdsrestore.mysql.session.login.connection import Session, quoted

MOST = 100_000
"""Rows whose unique values are looked up beforehand."""
UNKNOWN = f"more than {MOST:,} rows: those whose unique values newer rows hold are found by the load, and left alone"
TOGETHER = 500
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
            literals = LITERAL.findall(row.decode("utf-8", "replace"))
            yield Row(dict(zip(names, literals, strict=True)))


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
    """Find the rows whose values in these columns are in the table, halving down to them."""
    if not some:
        return []
    values = " OR ".join(
        f"({' AND '.join(f'{quoted(name)} = {row.values[name]}' for name in columns)})" for row in some
    )
    if len(columns) == 1:
        values = f"{quoted(columns[0])} IN ({', '.join(row.values[columns[0]] for row in some)})"
    (number,) = session.one(f"SELECT COUNT(*) FROM {context.target} WHERE {values}")
    if number in {0, len(some)}:
        return list(some) if number else []
    middle = len(some) // 2
    first, second = (held_by_others(session, context, columns, half) for half in (some[:middle], some[middle:]))
    return first + second
