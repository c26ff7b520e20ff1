"""A table's rows by ranges of its key, read alike from both servers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.tables.definition import Column, TableDefinition
from rdsrestore.domain.tables.dump_file import Fingerprint
from rdsrestore.domain.tables.key_range import Key, KeyRange, walk
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.checksum.key_conditions import KeyColumn, key_columns, within
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import Session, quoted
from rdsrestore.mysql.session.login.pool import Logins
from rdsrestore.mysql.session.remote import Credential

DIGITS = 16
"""Of a row's digest, in hexadecimal: 64 bits, where a fingerprint sums up 60."""
MORE = 1.4
"""Times as many rows as were asked for, before a range is halved."""
TOGETHER = 8
"""Keys whose rows share a fingerprint where a range differs: fewer mean more to read, more mean more to look at."""
LISTED = 2_048
"""Parts whose keys are looked up one by one: from about a quarter of a range on, reading all of it costs less."""


@dataclass(frozen=True)
class TableRows:
    """One server's rows of a table, for which `where` is true.

    `columns` are what is compared, the key's among them, as this server has them; `others` the same columns as the
    other server has them, so that a value reads alike on both where a column was retyped; `index` is the key's.
    """

    session: Session
    ref: TableRef
    key: tuple[str, ...]
    columns: Sequence[Column]
    where: str | None = None
    others: Sequence[Column] = ()
    given: Credential | Logins | None = None
    index: str = ""

    def task(self) -> RangeTask:
        """Return the same for somebody with a login of its own."""
        assert self.given  # noqa: S101 - for the type checker: asked only of rows that a server gave
        return RangeTask(
            self.given, self.ref, self.key, tuple(self.columns), self.where, tuple(self.others), self.index
        )

    @property
    def key_columns(self) -> tuple[KeyColumn, ...]:
        """The key's columns, to write conditions for this server."""
        return key_columns(self.key, self.columns, self.others)

    def cut(self, key_range: KeyRange, rows: int) -> Key | None:
        """Return the key of the range's row number `rows` in key order; None where no further row comes after it."""
        order_by = ", ".join(column.place for column in self.key_columns)
        found = self.session.rows(
            f"SELECT {self._shown} FROM {self._table(key_range)} WHERE {self._within(key_range)}"
            f" ORDER BY {order_by} LIMIT 2 OFFSET {rows - 1}"
        )
        return self._literals(found[0]) if len(found) > 1 else None

    def fingerprint(self, key_range: KeyRange) -> Fingerprint:
        """Take the fingerprint of a range's rows."""
        return row_hash.fingerprint(
            self.session,
            qualified(self.ref),
            self.columns,
            self._within(key_range),
            others=self.others,
            index=self._index(key_range),
        )

    def parts(self, key_range: KeyRange) -> Mapping[int, tuple[int, int]]:
        """Take rows and total of each run of whole numbers in a range; empty for any other key."""
        number = self._number
        if not number:
            return {}
        return row_hash.fingerprints(
            self.session,
            qualified(self.ref),
            self.columns,
            number,
            self._within(key_range),
            others=self.others,
            index=self._index(key_range),
        )

    def keys(self, key_range: KeyRange) -> Iterable[Key]:
        """Return the key of each row of a range: whole numbers as one text, whose end shows that it is whole."""
        rest = f"FROM {self._table(key_range)} WHERE {self._within(key_range)}"
        if self.numbered:
            rows, text = self.session.one(f"SELECT COUNT(*), GROUP_CONCAT({self._shown}, ' ' SEPARATOR '') {rest}")
            words = (text or "").split()
            if len(words) == rows and (not rows or text.endswith(" ")):
                return zip(words, strict=True)
        return (self._literals(keys) for keys in self.session.stream(f"SELECT {self._shown} {rest}"))

    def digests(self, key_range: KeyRange, parts: Sequence[int] = ()) -> Iterable[tuple[Key, str]]:
        """Return key and digest of each row of a small range, or only of these parts of it."""
        digest = f"SUBSTR({row_hash.row(self.columns, 't', self.others)}, 1, {DIGITS})"
        chosen = f" AND {self._among(parts)}" if parts else ""
        rest = f"FROM {self._table(key_range)} WHERE {self._within(key_range)}{chosen}"
        at_once = self._at_once(digest, rest) if self.numbered else None
        return self._one_by_one(digest, rest) if at_once is None else at_once

    def _among(self, parts: Sequence[int]) -> str:
        """The condition that a key is in one of some parts: of few by its keys, which an index serves."""
        if len(parts) > LISTED:
            return f"{self._number} IN ({', '.join(map(str, parts))})"
        (first,) = self.key_columns
        keys = (key for part in parts for key in run(part, signed="unsigned" not in first.here.type))
        return f"{quoted(first.here.name)} IN ({', '.join(map(str, keys))})"

    def _at_once(self, digest: str, rest: str) -> Iterable[tuple[Key, str]] | None:
        """Read keys and digests as one text, which costs a tenth of two values for each row.

        None where it was cut off, or a row has no digest.
        """
        rows, text = self.session.one(f"SELECT COUNT(*), GROUP_CONCAT({self._shown}, ' ', {digest}) {rest}")
        words = text.replace(",", " ").split(" ") if text else []
        whole = len(words) == 2 * rows and (not rows or len(words[-1]) == DIGITS)
        return zip(zip(words[::2], strict=True), words[1::2], strict=True) if whole else None

    def _one_by_one(self, digest: str, rest: str) -> Iterator[tuple[Key, str]]:
        for *keys, found in self.session.stream(f"SELECT {self._shown}, {digest} {rest}"):
            if found is None:
                raise row_hash.too_large(1)
            yield self._literals(keys), found

    @property
    def numbered(self) -> bool:
        """Whether each key is a whole number, and reads alike on the other side."""
        (first, *more) = self.key_columns
        signs = {"unsigned" in first.here.type, "unsigned" in first.there.type}
        return not more and first.counted and len(signs) == 1

    def present(self, key_range: KeyRange) -> Mapping[int, int]:
        """Say which keys of a range are there, a bit for each, 64 to a number."""
        name = quoted(self.key[0])
        found = self.session.rows(
            f"SELECT {name} >> 6, BIT_OR(1 << ({name} & 63)) FROM {self._table(key_range)}"
            f" WHERE {self._within(key_range)} GROUP BY 1"
        )
        signed = "unsigned" not in self.key_columns[0].here.type
        return {int(run) - (1 << 58 if signed and run >> 57 else 0): int(bits) for run, bits in found}

    def count(self, key_range: KeyRange) -> int:
        """Count a range's rows."""
        (rows,) = self.session.one(f"SELECT COUNT(*) FROM {self._table(key_range)} WHERE {self._within(key_range)}")
        return int(rows)

    def key_ranges(self, key_range: KeyRange, rows: int) -> Iterator[KeyRange]:
        """Cut a range into ranges of no more than so many rows, in key order; the last one reaches to the range's end.

        Whole numbers without large gaps are cut by their width: nothing has to be counted for it.
        """
        ends = self._ends(key_range) if self.numbered else None
        if ends and self._guessed(key_range) * MORE >= ends[1] - ends[0]:
            yield from between(key_range, range(ends[0] + rows - 1, ends[1], rows))
        else:
            yield from walk(self, key_range, rows)

    def rough(self, key_range: KeyRange, rows: int) -> Iterator[KeyRange]:
        """Cut a range into ranges of about so many rows: whole numbers by guesses of the server, which can be wrong.

        They read a few pages, where counting would read a volume from end to end.
        """
        ends = self._ends(key_range) if self.numbered else None
        yield from between(key_range, self._halved(key_range, ends, rows)) if ends else walk(self, key_range, rows)

    def _halved(self, key_range: KeyRange, ends: tuple[int, int], rows: int) -> Iterator[int]:
        """Halve the keys until the server guesses few enough rows; yields where to cut."""
        waiting, low = [ends], key_range.low
        held: Key | None = None
        while waiting:
            first, last = waiting.pop()
            high = (str(last),)
            if last - first >= rows and self._guessed(KeyRange(held or low, high)) > rows * MORE:
                middle = (first + last) // 2
                waiting += [(middle + 1, last), (first, middle)]
                continue
            if held and self._guessed(KeyRange(low, high)) > rows * MORE:
                yield int(held[0])
                low = held
            held = high

    def _ends(self, key_range: KeyRange) -> tuple[int, int] | None:
        """Return the first and the last key, each a whole number; None where there is no row."""
        name = quoted(self.key[0])
        first, last = self.session.one(
            f"SELECT MIN({name}), MAX({name}) FROM {qualified(self.ref)} AS t"
            f" WHERE {within(key_range, self.key_columns)}"
        )
        return None if first is None else (int(first), int(last))

    def _guessed(self, key_range: KeyRange) -> int:
        """Have the server guess a range's rows from a few pages of the key's index, however long the range.

        Of all rows: with a filter it could be of another index, and say the same of every range. The index is proposed
        and not forced: with a forced one MySQL guesses nothing (MySQL 8.0, "Range Optimization", index dives).
        """
        place = f"{qualified(self.ref)} AS t{row_hash.proposed(self._index(key_range))}"
        chosen = within(key_range, self.key_columns)
        plan = self.session.named(f"EXPLAIN FORMAT=TRADITIONAL SELECT 1 FROM {place} WHERE {chosen}")
        return int(plan.get("rows") or 0)

    @property
    def _number(self) -> str:
        """The expression that numbers the runs of keys that are looked at together; empty for keys of another kind."""
        (first, *more) = self.key_columns
        return "" if more or not first.counted else f"{quoted(first.here.name)} DIV {TOGETHER}"

    @property
    def _shown(self) -> str:
        return ", ".join(column.shown for column in self.key_columns)

    def _index(self, key_range: KeyRange) -> str:
        """The index to go by: all rows may be counted by whichever is the smallest."""
        return self.index if key_range.low or key_range.high else ""

    def _table(self, key_range: KeyRange) -> str:
        return f"{qualified(self.ref)} AS t{row_hash.by(self._index(key_range))}"

    def _within(self, key_range: KeyRange) -> str:
        chosen = within(key_range, self.key_columns)
        return f"({chosen}) AND ({self.where})" if self.where else chosen

    def _literals(self, values: Iterable[object]) -> Key:
        return tuple(literal(self.session, value) for value in values)


def run(part: int, *, signed: bool) -> range:
    """The whole numbers of a part: DIV cuts towards zero, so that the part around it is twice as long."""
    above, below = TOGETHER if part >= 0 else 1, TOGETHER if part < 0 or (part == 0 and signed) else 1
    return range(part * TOGETHER - below + 1, part * TOGETHER + above)


def between(key_range: KeyRange, highs: Iterable[int]) -> Iterator[KeyRange]:
    """Cut a range after each of some whole numbers."""
    low = key_range.low
    for high in highs:
        yield KeyRange(low, (str(high),))
        low = (str(high),)
    yield KeyRange(low, key_range.high)


@dataclass(frozen=True)
class RangeTask:
    """One server's rows of a table, on their way to a worker or a thread of ours; `given` is the login."""

    given: Credential | Logins
    ref: TableRef
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    where: str | None
    others: tuple[Column, ...]
    index: str = ""

    @contextmanager
    def rows(self) -> Iterator[TableRows]:
        """Log in where the work is done."""
        with self.given.logins().borrowed() as session:
            yield TableRows(session, self.ref, self.key, self.columns, self.where, self.others, index=self.index)


def table_rows(
    session: Session,
    definition: TableDefinition,
    other: TableDefinition,
    policy: Policy,
    given: Credential | Logins | None = None,
) -> TableRows:
    """Read a table to compare it with a server that defines it as `other`: the columns that both have."""
    key = (definition if set(definition.key) <= {each.name for each in other.columns} else other).key
    known = {each.name: each for each in other.base_columns}
    wanted = {*key, *policy.columns} if policy.columns else set(known)
    columns = [each for each in definition.base_columns if each.name in known and each.name in wanted]
    others = [known[each.name] for each in columns]
    index = definition.key_index if key == definition.key else ""
    return TableRows(session, definition.ref, key, columns, policy.where, others, given, index)


def literal(session: Session, value: object) -> str:
    """Write a key's value; a number reads alike whatever its column's scale."""
    if isinstance(value, Decimal) and (text := f"{value:f}").count("."):
        return text.rstrip("0").rstrip(".")
    return session.literal(value)
