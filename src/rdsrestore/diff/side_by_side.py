"""Two servers' rows as one side of a comparison, to find what differs from either."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rdsrestore.domain.tables.dump_file import Fingerprint
from rdsrestore.domain.tables.key_range import Key, KeyRange
from rdsrestore.ports.row_digests import Rows


@dataclass(frozen=True)
class Together:
    """Two sides as one: what differs from it, taken twice, differs from one of them at least."""

    first: Rows
    second: Rows

    def cut(self, key_range: KeyRange, rows: int) -> Key | None:
        """Cut by the first one's keys."""
        return self.first.cut(key_range, max(rows // 2, 1))

    def key_ranges(self, key_range: KeyRange, rows: int) -> Iterator[KeyRange]:
        """Cut by the first one's keys."""
        return self.first.key_ranges(key_range, max(rows // 2, 1))

    def fingerprint(self, key_range: KeyRange) -> Fingerprint:
        """Take both sides' rows together."""
        return self.first.fingerprint(key_range) + self.second.fingerprint(key_range)

    def parts(self, key_range: KeyRange) -> Mapping[int, tuple[int, int]]:
        """Take both sides' rows of each part together."""
        found = dict(self.first.parts(key_range))
        for number, (rows, total) in self.second.parts(key_range).items():
            before = found.get(number, (0, 0))
            found[number] = before[0] + rows, before[1] + total
        return found

    def digests(self, key_range: KeyRange, parts: Sequence[int] = ()) -> Iterable[tuple[Key, str]]:
        """Yield one side's rows after the other's."""
        yield from self.first.digests(key_range, parts)
        yield from self.second.digests(key_range, parts)


@dataclass(frozen=True)
class Twice:
    """One side counted twice, to be compared with two others together."""

    rows: Rows

    def cut(self, key_range: KeyRange, rows: int) -> Key | None:
        """Cut after half as many rows."""
        return self.rows.cut(key_range, max(rows // 2, 1))

    def key_ranges(self, key_range: KeyRange, rows: int) -> Iterator[KeyRange]:
        """Cut after half as many rows."""
        return self.rows.key_ranges(key_range, max(rows // 2, 1))

    def fingerprint(self, key_range: KeyRange) -> Fingerprint:
        """Double it."""
        once = self.rows.fingerprint(key_range)
        return once + once

    def parts(self, key_range: KeyRange) -> Mapping[int, tuple[int, int]]:
        """Double each part."""
        return {number: (2 * rows, 2 * total) for number, (rows, total) in self.rows.parts(key_range).items()}

    def digests(self, key_range: KeyRange, parts: Sequence[int] = ()) -> Iterable[tuple[Key, str]]:
        """Yield each row twice."""
        for each in self.rows.digests(key_range, parts):
            yield each
            yield each
