"""Which keys two servers have, where no more is asked than what is missing: exact, from one bit for each key."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field

from rdsrestore.diff.checksum_diff import both
from rdsrestore.domain.tables.key_range import EVERYTHING, Chunk, Key, KeyRange
from rdsrestore.ports.progress import Progress
from rdsrestore.ports.row_keys import Bits, Keys

LONG = 8
"""Keys in a run, on the average, from which on runs are named by their ends."""


@dataclass
class Presence:
    """Finds the chunks of a table whose keys one side alone has.

    `pool` has two threads or more; `chunk` is the largest number of restored keys looked at together. `restored_rows`
    and `live_rows` count the keys looked at so far, `common` those that both sides have. `whole` is the part looked at.
    """

    restored: Keys
    live: Keys
    pool: Executor
    progress: Progress
    chunk: int = 131_072
    whole: KeyRange = EVERYTHING
    restored_rows: int = field(default=0, init=False)
    live_rows: int = field(default=0, init=False)
    common: int = field(default=0, init=False)

    def chunks(self) -> Iterator[Chunk]:
        """Yield what one side alone has, in key order."""
        low = self.whole.low
        for key_range in self.restored.key_ranges(self.whole, self.chunk):
            if key_range.high:
                restored, live = self._both(key_range)
            else:  # what comes after the last restored key may be as long as a table
                restored = self.restored.present(key_range)
                last = (
                    (str(max(restored) * 64 + restored[max(restored)].bit_length() - 1),) if restored else key_range.low
                )
                key_range = KeyRange(key_range.low, last)  # noqa: PLW2901 - the same range, closed
                live = self.live.present(key_range) if restored else {}
            yield from self._sides(key_range, restored, live)
            low = key_range.high
        if self.whole.high:
            return
        rows = self.live.count(KeyRange(low))
        self.live_rows += rows
        if rows:
            yield Chunk(KeyRange(low))

    def _both(self, key_range: KeyRange) -> tuple[Bits, Bits]:
        return both(self.pool, lambda side: side.present(key_range), self.restored, self.live)

    def _sides(self, key_range: KeyRange, restored: Bits, live: Bits) -> Iterator[Chunk]:
        """Set one range's keys against each other; no chunk has keys of which both sides have some."""
        self.restored_rows += ones(restored)
        self.live_rows += ones(live)
        missing, extra = without(restored, live), without(live, restored)
        common = ones(restored) - ones(missing)
        self.common += common
        self.progress(f"{self.restored_rows:,} keys compared", None)
        if missing and not common:
            yield Chunk(key_range)
            return
        long = runs(missing, without(restored, missing)) if ones(missing) * 4 > common else []
        if long and len(long) * LONG < ones(missing):
            yield from (Chunk(KeyRange((str(first - 1),), (str(last),))) for first, last in long)
            inside, at = [first for first, _last in long], bisect_right
            left = [n for n in numbers(extra) if not (place := at(inside, n)) or n > long[place - 1][1]]
            yield from [Chunk(others=tuple((str(n),) for n in left))] if left else []
        elif missing or extra:
            yield Chunk(keys=keys(missing), others=keys(extra))


def without(some: Bits, others: Bits) -> Bits:
    """Leave out the keys that others have too."""
    left = ((run, bits & ~others.get(run, 0)) for run, bits in some.items())
    return {run: bits for run, bits in left if bits}


def ones(bits: Bits) -> int:
    """Count keys."""
    return sum(each.bit_count() for each in bits.values())


def numbers(bits: Bits) -> Iterator[int]:
    """Yield the keys in order."""
    return (run * 64 + bit for run in sorted(bits) for bit in range(64) if bits[run] >> bit & 1)


def keys(bits: Bits) -> tuple[Key, ...]:
    """Write keys out."""
    return tuple((str(number),) for number in numbers(bits))


def runs(some: Bits, others: Bits) -> list[tuple[int, int]]:
    """Return the first and the last of some keys between which there are none of the others."""
    between, found, place = list(numbers(others)), list[tuple[int, int]](), -1
    for number in numbers(some):
        before = bisect_right(between, number)
        found.append((number if before != place else found.pop()[0], number))
        place = before
    return found
