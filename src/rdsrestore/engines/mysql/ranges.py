"""A table's rows by ranges of its key, and what differs between two servers written as conditions.

A key is the text of its literals, read alike from both servers. Ranges are written so that an index on the key serves
them: step by step for each column, and with a text literal in the column's own character set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rdsrestore.core.differ import Key, Slice, Span
from rdsrestore.core.model import Policy, TableRef
from rdsrestore.core.tables import Column, Fingerprint, TableDefinition
from rdsrestore.engines.mysql import rowhash
from rdsrestore.engines.mysql.catalog import qualified
from rdsrestore.engines.mysql.connect import Session, quoted

DIGITS = 30
"""Of a row's digest, in hexadecimal: what a fingerprint sums up too."""
LISTED = 500
"""Values in one IN list: MariaDB makes a temporary table of a list of a thousand."""
TOGETHER = 16
"""Keys whose rows share a fingerprint where a range differs: fewer mean more to read, more mean more to look at."""
COUNTED = rowhash.WHOLE - {"bit", "year"}
NUMBERED = frozenset({"enum", "set"})
TEXTUAL = rowhash.TEXT - NUMBERED


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
        if not both & rowhash.TEXT or both & rowhash.BYTES:
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
        if self.here.kind in rowhash.APPROXIMATE:
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
        if here.kind not in TEXTUAL or here.charset == there.charset or there.kind in rowhash.BYTES:
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


@dataclass(frozen=True)
class TableRows:
    """One server's rows of a table, for which `where` is true.

    `columns` are what is compared, the key's among them, as this server has them; `others` the same columns as the
    other server has them, so that a value reads alike on both where a column was retyped.
    """

    session: Session
    ref: TableRef
    key: tuple[str, ...]
    columns: Sequence[Column]
    where: str | None = None
    others: Sequence[Column] = ()

    @property
    def key_columns(self) -> tuple[KeyColumn, ...]:
        """The key's columns, to write conditions for this server."""
        return key_columns(self.key, self.columns, self.others)

    def cut(self, span: Span, rows: int) -> Key | None:
        """Return the key of the span's row number `rows` in key order; None where no further row comes after it."""
        order_by = ", ".join(column.place for column in self.key_columns)
        found = self.session.rows(
            f"SELECT {self._shown} FROM {qualified(self.ref)} AS t WHERE {self._within(span)}"
            f" ORDER BY {order_by} LIMIT 2 OFFSET {rows - 1}"
        )
        return self._literals(found[0]) if len(found) > 1 else None

    def fingerprint(self, span: Span) -> Fingerprint:
        """Take the fingerprint of a span's rows."""
        return rowhash.fingerprint(
            self.session, qualified(self.ref), self.columns, self._within(span), others=self.others
        )

    def parts(self, span: Span) -> Mapping[int, Fingerprint]:
        """Take the fingerprints of a span's rows by runs of whole numbers; empty for any other key."""
        number = self._number
        if not number:
            return {}
        return rowhash.fingerprints(
            self.session, qualified(self.ref), self.columns, number, self._within(span), others=self.others
        )

    def digests(self, span: Span, parts: Sequence[int] = ()) -> Iterator[tuple[Key, str]]:
        """Yield key and digest of each row of a small span, or only of these parts of it."""
        digest = f"SUBSTR({rowhash.row(self.columns, 't', self.others)}, 1, {DIGITS})"
        chosen = f" AND {self._number} IN ({', '.join(map(str, parts))})" if parts else ""
        rest = f"FROM {qualified(self.ref)} AS t WHERE {self._within(span)}{chosen}"
        if self.numbered:  # one text for a row costs a third of two values
            for (text,) in self.session.rows(f"SELECT CONCAT({self._shown}, ' ', {digest}) {rest}"):
                if text is None:
                    raise rowhash.too_large(1)
                key, _space, found = text.partition(" ")
                yield (key,), found
            return
        for *keys, found in self.session.stream(f"SELECT {self._shown}, {digest} {rest}"):
            if found is None:
                raise rowhash.too_large(1)
            yield self._literals(keys), found

    @property
    def numbered(self) -> bool:
        """Whether each key is a whole number, and reads alike on the other side."""
        (first, *more) = self.key_columns
        signs = {"unsigned" in first.here.type, "unsigned" in first.there.type}
        return not more and first.counted and len(signs) == 1

    def present(self, span: Span) -> Mapping[int, int]:
        """Say which keys of a span are there, a bit for each, 64 to a number."""
        name = quoted(self.key[0])
        found = self.session.rows(
            f"SELECT {name} >> 6, BIT_OR(1 << ({name} & 63)) FROM {qualified(self.ref)} AS t"
            f" WHERE {self._within(span)} GROUP BY 1"
        )
        signed = "unsigned" not in self.key_columns[0].here.type
        return {int(run) - (1 << 58 if signed and run >> 57 else 0): int(bits) for run, bits in found}

    def count(self, span: Span) -> int:
        """Count a span's rows."""
        (rows,) = self.session.one(f"SELECT COUNT(*) FROM {qualified(self.ref)} AS t WHERE {self._within(span)}")
        return int(rows)

    @property
    def _number(self) -> str:
        """The expression that numbers the runs of keys that are looked at together; empty for keys of another kind."""
        (first, *more) = self.key_columns
        return "" if more or not first.counted else f"{quoted(first.here.name)} DIV {TOGETHER}"

    @property
    def _shown(self) -> str:
        return ", ".join(column.shown for column in self.key_columns)

    def _within(self, span: Span) -> str:
        chosen = within(span, self.key_columns)
        return f"({chosen}) AND ({self.where})" if self.where else chosen

    def _literals(self, values: Iterable[object]) -> Key:
        return tuple(literal(self.session, value) for value in values)


def table_rows(session: Session, definition: TableDefinition, other: TableDefinition, policy: Policy) -> TableRows:
    """Read a table to compare it with a server that defines it as `other`: the columns that both have."""
    key = (definition if set(definition.key) <= {each.name for each in other.columns} else other).key
    known = {each.name: each for each in other.base_columns}
    wanted = {*key, *policy.columns} if policy.columns else set(known)
    columns = [each for each in definition.base_columns if each.name in known and each.name in wanted]
    return TableRows(session, definition.ref, key, columns, policy.where, [known[each.name] for each in columns])


def literal(session: Session, value: object) -> str:
    """Write a key's value; a number reads alike whatever its column's scale."""
    if isinstance(value, Decimal) and (text := f"{value:f}").count("."):
        return text.rstrip("0").rstrip(".")
    return session.literal(value)


def condition(part: Slice, key: Sequence[KeyColumn]) -> str:
    """Write a slice as a condition for one server's rows.

    Single keys are the restored side's; they also match what this server's collation takes for the same.
    """
    if part.span:
        return within(part.span, key)
    if len(key) == 1:
        name = quoted(key[0].here.name)
        values = [key[0].value(value) for (value,) in part.keys]
        lists = (", ".join(values[start : start + LISTED]) for start in range(0, len(values), LISTED))
        return " OR ".join(f"{name} IN ({each})" for each in lists)
    return " OR ".join(f"({equal(key, values)})" for values in part.keys)


def batches(slices: Iterable[Slice], key: Sequence[KeyColumn], limit: int = 60_000) -> Iterator[str]:
    """Join slices to conditions of up to `limit` characters; a condition that can't be cut is longer."""
    parts: list[str] = []
    length = 0
    for part in (f"({text})" for each in slices for text in pieces(each, key, limit)):
        if parts and length + len(part) > limit:
            yield " OR ".join(parts)
            parts, length = [], 0
        parts.append(part)
        length += len(part) + len(" OR ")
    if parts:
        yield " OR ".join(parts)


def pieces(part: Slice, key: Sequence[KeyColumn], limit: int) -> Iterator[str]:
    """Write a slice as one condition, or, where that is too long, as several with some of its keys each."""
    text = condition(part, key)
    middle = len(part.keys) // 2
    if len(text) + len("()") <= limit or not middle:
        yield text
        return
    yield from pieces(Slice(keys=part.keys[:middle]), key, limit)
    yield from pieces(Slice(keys=part.keys[middle:]), key, limit)


def within(span: Span, key: Sequence[KeyColumn]) -> str:
    """The condition that a row's key is in a span."""
    parts = [beside(key, span.low, ">", ">")] if span.low else []
    parts += [beside(key, span.high, "<", "<=")] if span.high else []
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
