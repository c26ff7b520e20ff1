"""A table's rows, to be compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from rdsrestore.domain.tables.dump_file import Fingerprint
from rdsrestore.domain.tables.key_range import Key, KeyRange


@dataclass
class FakeRows:
    """The rows of one side as one span."""

    table: dict[int, str]

    def task(self) -> FakeErrand:
        return FakeErrand(self)

    def cut(self, key_range: KeyRange, rows: int) -> Key | None:
        del key_range, rows
        return None

    def key_ranges(self, key_range: KeyRange, rows: int) -> Iterator[KeyRange]:
        del rows
        return iter([key_range])

    def rough(self, key_range: KeyRange, rows: int) -> Iterator[KeyRange]:
        return self.key_ranges(key_range, rows)

    def fingerprint(self, key_range: KeyRange) -> Fingerprint:
        rows = self.within(key_range)
        return Fingerprint(len(rows), hash(tuple(sorted(rows.items()))))

    def digests(self, key_range: KeyRange, parts: Sequence[int] = ()) -> Iterator[tuple[Key, str]]:
        del parts
        return (((str(key),), value) for key, value in self.within(key_range).items())

    def parts(self, key_range: KeyRange) -> Mapping[int, tuple[int, int]]:
        del key_range
        return {}

    @property
    def numbered(self) -> bool:
        return True

    def present(self, key_range: KeyRange) -> Mapping[int, int]:
        found: dict[int, int] = defaultdict(int)
        for key in self.within(key_range):
            found[key >> 6] |= 1 << (key & 63)
        return found

    def within(self, key_range: KeyRange) -> dict[int, str]:
        low = int(key_range.low[0]) if key_range.low else min(self.table, default=0) - 1
        high = int(key_range.high[0]) if key_range.high else max(self.table, default=0)
        return {key: value for key, value in sorted(self.table.items()) if low < key <= high}

    def count(self, key_range: KeyRange) -> int:
        return sum(each.bit_count() for each in self.present(key_range).values())


@dataclass
class FakeErrand:
    """The same rows for somebody else."""

    own: FakeRows

    def rows(self) -> AbstractContextManager[FakeRows]:
        return nullcontext(self.own)
