"""Keys and ranges of them, written as conditions that an index on the key serves.

A key is the text of its literals. Ranges are written step by step for each column, and with a text literal in the
column's own character set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rdsrestore.domain.tables.definition import Column
from rdsrestore.domain.tables.key_range import Chunk, Key, KeyRange
from rdsrestore.mysql.schema import compared_types
from rdsrestore.mysql.session.login.connection import quoted

LISTED = 500
"""Values in one IN list: MariaDB makes a temporary table of a list of a thousand."""
COUNTED = compared_types.WHOLE - {"bit", "year"}
NUMBERED = frozenset({"enum", "set"})
TEXTUAL = compared_types.TEXT - NUMBERED


@dataclass(frozen=True)
class KeyColumn:
    """One column of the key as this server has it, and as the other one has it.

    Both servers order and compare it alike: as itself, or by its text's code points where it was retyped or its
    collation changed, which no index serves. ENUM and SET go by their number, as an index has them. Never NULL.
    """

    here: Column
    there: Column

    @property
    def retyped(self) -> bool:
        """Whether the two servers would order the column's values differently."""
        both = {self.here.kind, self.there.kind}
        if not both & compared_types.TEXT or both & compared_types.BYTES:
            return False
        return order(self.here) != order(self.there)

    @property
    def counted(self) -> bool:
        """Whether the column is a whole number on both servers."""
        return {self.here.kind, self.there.kind} <= COUNTED

    @property
    def place(self) -> str:
        """The expression by which rows are ordered and compared with a bound."""
        return f"{self.shown} COLLATE utf8mb4_bin" if self.retyped else quoted(self.here.name)

    @property
    def shown(self) -> str:
        """The expression that is read to know a row's key."""
        name = quoted(self.here.name)
        if self.here.kind in compared_types.APPROXIMATE:
            name = f"{name} + 0e0"
        elif self.here.kind == "bit" or (self.here.kind in NUMBERED and not self.retyped):
            name = f"{name} + 0"
        return f"CONVERT({name} USING utf8mb4)" if self.retyped else name

    def bound(self, literal: str) -> str:
        """Write a key's literal so that it can be compared with `place`."""
        return literal if self.retyped else self.value(literal)

    def value(self, literal: str) -> str:
        """Write a key's literal so that it can be compared with the column itself.

        A character that the column can't hold becomes a question mark instead of an error.
        """
        here, there = self.here, self.there
        if here.kind not in TEXTUAL or here.charset == there.charset or there.kind in compared_types.BYTES:
            return literal
        return f"CONVERT({literal} USING {here.charset}) COLLATE {here.collation}"


def order(column: Column) -> tuple[bool, str]:
    """Name the order of a column's values: a collation goes by the same rules in any character set of its family."""
    return column.kind in NUMBERED, (column.collation or "").partition("_")[2]


def key_columns(names: Sequence[str], here: Sequence[Column], there: Sequence[Column]) -> tuple[KeyColumn, ...]:
    """Take the key's columns out of this server's and the other server's."""
    known = {column.name: column for column in here}
    others = {column.name: column for column in there}
    return tuple(KeyColumn(known[name], others.get(name, known[name])) for name in names)


def condition(part: Chunk, key: Sequence[KeyColumn]) -> str:
    """Write a chunk as a condition for one server's rows.

    Single keys are the restored side's; they also match what this server's collation takes for the same.
    """
    if part.key_range:
        return within(part.key_range, key)
    if len(key) == 1:
        name = quoted(key[0].here.name)
        values = [key[0].value(value) for (value,) in part.keys]
        lists = (", ".join(values[start : start + LISTED]) for start in range(0, len(values), LISTED))
        return " OR ".join(f"{name} IN ({each})" for each in lists)
    return " OR ".join(f"({equal(key, values)})" for values in part.keys)


def batches(chunks: Iterable[Chunk], key: Sequence[KeyColumn], limit: int = 60_000) -> Iterator[str]:
    """Join chunks to conditions of up to `limit` bytes, of which a word of a command line has 131,072 on Linux.

    A condition that can't be cut is longer.
    """
    parts: list[str] = []
    length = 0
    for part in (f"({text})" for each in chunks for text in pieces(each, key, limit)):
        if parts and length + size(part) > limit:
            yield " OR ".join(parts)
            parts, length = [], 0
        parts.append(part)
        length += size(part) + len(" OR ")
    if parts:
        yield " OR ".join(parts)


def pieces(part: Chunk, key: Sequence[KeyColumn], limit: int) -> Iterator[str]:
    """Write a chunk as one condition, or, where that is too long, as several with some of its keys each."""
    text = condition(part, key)
    middle = len(part.keys) // 2
    if size(text) + len("()") <= limit or not middle:
        yield text
        return
    yield from pieces(Chunk(keys=part.keys[:middle]), key, limit)
    yield from pieces(Chunk(keys=part.keys[middle:]), key, limit)


def size(text: str) -> int:
    """Count a text's bytes."""
    return len(text.encode())


def within(key_range: KeyRange, key: Sequence[KeyColumn]) -> str:
    """The condition that a row's key is in a range."""
    parts = [beside(key, key_range.low, ">", ">")] if key_range.low else []
    parts += [beside(key, key_range.high, "<", "<=")] if key_range.high else []
    return " AND ".join(parts) or "1 = 1"


def beside(key: Sequence[KeyColumn], bound: Key, before: str, last: str) -> str:
    """Compare with a bound column by column, the last one by `last`.

    Neither a comparison of whole rows nor a NOT would be served by an index alone.
    """
    steps = [
        " AND ".join(
            [
                *(f"{column.place} = {column.bound(value)}" for column, value in pairs[:-1]),
                f"{pairs[-1][0].place} {last if len(pairs) == len(key) else before} {pairs[-1][0].bound(pairs[-1][1])}",
            ]
        )
        for pairs in (list(zip(key, bound, strict=True))[: place + 1] for place in range(len(key)))
    ]
    return "(" + " OR ".join(f"({step})" for step in steps) + ")"


def equal(key: Sequence[KeyColumn], values: Key) -> str:
    """The condition that a row has a key."""
    return " AND ".join(
        f"{quoted(column.here.name)} = {column.value(value)}" for column, value in zip(key, values, strict=True)
    )
