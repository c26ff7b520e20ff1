"""Where two servers' rows of one table differ, found by comparing fingerprints of key ranges.

Every difference is covered, whatever the order in which a server keeps its keys: ranges leave no key out, and a range
whose fingerprints are equal holds the same rows on both sides.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, wait
from dataclasses import dataclass, field
from typing import TypeVar

from rdsrestore.domain.tables.dump_file import Fingerprint
from rdsrestore.domain.tables.key_range import EVERYTHING, Chunk, Key, KeyRange, walk
from rdsrestore.ports.progress import Progress
from rdsrestore.ports.row_digests import Rows

S = TypeVar("S")


T = TypeVar("T")


CHUNK, FIRST, SMALLEST = 65_536, 16_384, 256
"""Rows of a range: at most, of the first, and where rows are very large."""


SHORT, LONG = 0.2, 0.5
"""Seconds that a server should take for a range: fewer ranges cost fewer round trips, shorter ones hold less up."""


@dataclass(frozen=True)
class Pair:
    """The fingerprints of one range."""

    restored: Fingerprint
    live: Fingerprint

    def __sub__(self, part: Pair) -> Pair:
        return Pair(self.restored - part.restored, self.live - part.live)

    @property
    def equal(self) -> bool:
        """Whether both sides have the same rows."""
        return self.restored == self.live

    @property
    def rows(self) -> int:
        """The rows of the larger side."""
        return max(self.restored.rows, self.live.rows)

    @property
    def lopsided(self) -> bool:
        """Whether the larger side has more than twice the rows of the other, so that looking closer is not worth it."""
        return min(self.restored.rows, self.live.rows) * 2 < self.rows


@dataclass(frozen=True)
class Parts:
    """The rows and totals of one range's parts."""

    restored: Mapping[int, tuple[int, int]]
    live: Mapping[int, tuple[int, int]]

    @property
    def whole(self) -> Pair:
        """The fingerprints of the range."""
        return Pair(added_up(self.restored), added_up(self.live))

    @property
    def different(self) -> Sequence[int]:
        """The parts that differ; none where most do, so that naming them is not worth it."""
        numbers = {*self.restored, *self.live}
        found = sorted({number for number, _sums in self.restored.items() ^ self.live.items()})
        return found if len(found) * 2 < len(numbers) else ()


@dataclass
class Differ:
    """Finds the chunks of a table that differ.

    `pool` has two threads or more. `chunk` is the largest number of restored rows in a first range, and `leaf` the
    number of rows whose keys are read and compared one by one: no more than some chunks are ever held. `restored_rows`
    and `live_rows` count what was compared so far, `checks` the ranges looked at. `whole` is the part looked at.
    """

    restored: Rows
    live: Rows
    pool: Executor
    progress: Progress
    chunk: int = CHUNK
    leaf: int = 1_024
    whole: KeyRange = EVERYTHING
    restored_rows: int = field(default=0, init=False)
    live_rows: int = field(default=0, init=False)
    checks: int = field(default=0, init=False)
    clock: Callable[[], float] = time.monotonic
    _scattered: bool = field(default=False, init=False)
    _same: int = field(default=0, init=False)

    def chunks(self) -> Iterator[Chunk]:
        """Yield what differs, in the order of the restored side's keys."""
        parts, suspected = None, True
        for key_range in self._chunks():
            parts = self._parts(key_range) if suspected else None
            pair = parts.whole if parts else self._check(key_range)
            self.restored_rows += pair.restored.rows
            self.live_rows += pair.live.rows
            self.progress(f"{self.restored_rows:,} rows compared", None)
            suspected = not pair.equal  # where the last chunk differed this one may as well, and so may the first
            if pair.equal:
                continue
            if pair.lopsided or pair.rows <= self.leaf or not (parts := parts or self._parts(key_range)):
                yield from self._chunk(key_range, pair)
            else:
                yield from self._closer(key_range, parts, pair)

    def _closer(self, key_range: KeyRange, parts: Parts, pair: Pair) -> Iterator[Chunk]:
        """Compare the rows of the parts that differ; where most do, all rows, a few at a time."""
        if found := parts.different:
            yield from self._compare(key_range, found, pair.rows)
            return
        for part in walk(self._larger(pair), key_range, min(self.chunk, FIRST)):
            yield from self._compare(part)

    def _chunks(self) -> Iterator[KeyRange]:
        """Cut the table into first ranges: smaller ones where a server took long for the last."""
        size = min(self.chunk, FIRST)
        for key_range in self.restored.key_ranges(self.whole, self.chunk):
            low = key_range.low
            while size < self.chunk and (high := self.restored.cut(KeyRange(low, key_range.high), size)):
                begun = self.clock()
                yield KeyRange(low, high)
                size, low = paced(size, self.clock() - begun, self.chunk), high
            begun = self.clock()
            yield KeyRange(low, key_range.high)
            size = paced(size, self.clock() - begun, self.chunk)

    def _parts(self, key_range: KeyRange) -> Parts | None:
        """Ask both sides for a range's parts; None where its keys can't be divided."""
        found = Parts(*self._both(lambda rows: rows.parts(key_range)))
        if not found.restored and not found.live:
            return None
        self.checks += 1
        return found

    def _chunk(self, key_range: KeyRange, pair: Pair) -> Iterator[Chunk]:
        """Look into a chunk; damage that was everywhere in the last one is not worth halving for."""
        if pair.lopsided or pair.rows <= self.leaf:
            yield from self._narrow(key_range, pair)
            return
        self._same = 0
        if self._scattered:
            for leaf in walk(self._larger(pair), key_range, self.leaf):
                yield from self._compare(leaf)
        else:
            yield from self._narrow(key_range, pair)
        self._scattered = not self._same

    def _narrow(self, key_range: KeyRange, pair: Pair) -> Iterator[Chunk]:
        """Halve what differs until it is small enough to be compared row by row."""
        if pair.equal:
            self._same += 1
        elif pair.lopsided:
            yield Chunk(key_range)
        elif pair.rows <= self.leaf:
            yield from self._compare(key_range)
        else:
            yield from self._halve(key_range, pair)

    def _halve(self, key_range: KeyRange, pair: Pair) -> Iterator[Chunk]:
        """Look at both halves; the second one's fingerprint is what the first one leaves of the whole."""
        middle = self._larger(pair).cut(key_range, pair.rows // 2)
        first = self._check(KeyRange(key_range.low, middle)) if middle else pair
        second = pair - first
        if middle is None or max(first.rows, second.rows) >= pair.rows:  # cut by other keys than those counted
            yield Chunk(key_range)
            return
        yield from self._narrow(KeyRange(key_range.low, middle), first)
        yield from self._narrow(KeyRange(middle, key_range.high), second)

    def _compare(self, key_range: KeyRange, parts: Sequence[int] = (), rows: int = 0) -> Iterator[Chunk]:
        """Compare row by row, only in these parts where any are named.

        A range of which more than a quarter of the `rows` is to be fetched is given as a whole.
        """
        self.checks += 1
        restored, live = self._both(lambda side: list(side.digests(key_range, parts)))
        keys, others = only_in(restored, live), only_in(live, restored)
        if not keys and not others:
            self._same += 1
        elif len(keys) * 4 > max(len(restored), len(live), rows):
            yield Chunk(key_range)
        else:
            yield Chunk(keys=keys, others=others)

    def _check(self, key_range: KeyRange) -> Pair:
        self.checks += 1
        return Pair(*self._both(lambda rows: rows.fingerprint(key_range)))

    def _larger(self, pair: Pair) -> Rows:
        return self.live if pair.live.rows > pair.restored.rows else self.restored

    def _both(self, ask: Callable[[Rows], T]) -> tuple[T, T]:
        return both(self.pool, ask, self.restored, self.live)


def added_up(parts: Mapping[int, tuple[int, int]]) -> Fingerprint:
    """Take parts together."""
    return Fingerprint(sum(rows for rows, _total in parts.values()), sum(total for _rows, total in parts.values()))


def paced(size: int, seconds: float, most: int) -> int:
    """Size the next range by how long the last one took."""
    if seconds > LONG:
        return max(size // 2, SMALLEST)
    return min(size * 2, most) if seconds < SHORT else size


def only_in(some: Sequence[tuple[Key, str]], others: Sequence[tuple[Key, str]]) -> tuple[Key, ...]:
    """Name the keys of rows that some rows have more of than others; a row can be there several times."""
    known = set(others)
    if len(known) == len(others) and len(set(some)) == len(some):
        return tuple(dict.fromkeys(row[0] for row in some if row not in known))
    return tuple(dict.fromkeys(key for key, _digest in Counter(some) - Counter(others)))


def both(pool: Executor, ask: Callable[[S], T], *sides: S) -> tuple[T, T]:
    """Ask both sides at the same time; an error comes out when neither is busy any more."""
    restored, live = (pool.submit(ask, side) for side in sides)
    wait((restored, live))
    return restored.result(), live.result()
