"""A comparison in sections, each a plain task: where the sides of one differ is found by whoever is free."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain, islice
from typing import Protocol, TypeVar

from rdsrestore.diff.checksum_diff import Differ
from rdsrestore.diff.key_diff import Presence
from rdsrestore.domain.tables.key_range import EVERYTHING, Chunk, KeyRange
from rdsrestore.ports.key_ranges import TableRows

WARMERS = 4
"""Sections that a restored volume reads ahead at a time: it fetches each block when that is first asked for."""
WARM = 0.25
"""Seconds within which a section's pages are read where the volume has them."""
SECTION = 250_000
"""Rows of a section: many more than a chunk, and few enough that a lost worker costs little."""
T = TypeVar("T")
R = TypeVar("R")


class RangeTask(Protocol):
    """One side's rows as they may be sent elsewhere."""

    def rows(self) -> AbstractContextManager[TableRows]:
        """Log in, wherever this is."""
        ...


@dataclass(frozen=True)
class Findings:
    """What differs in one section; `restored`, `live` and `common` count rows or keys as a differ does."""

    chunks: tuple[Chunk, ...]
    restored: int
    live: int
    common: int | None


def search(restored: RangeTask, live: RangeTask, key_range: KeyRange, content: bool) -> Findings:  # noqa: FBT001 - a task's arguments
    """Compare one section by content or by keys alone; the task itself."""
    with restored.rows() as then, live.rows() as now:
        return compared(then, now, key_range, content)


def compared(then: TableRows, now: TableRows, key_range: KeyRange, content: bool) -> Findings:  # noqa: FBT001 - as above
    """Compare one section of two sides that nobody else reads from meanwhile."""
    with ThreadPoolExecutor(2) as pool:
        kind = Differ if content else Presence
        differ = kind(then, now, pool, silent, whole=key_range)
        found = tuple(differ.chunks())
        common = differ.common if isinstance(differ, Presence) else None
        return Findings(found, differ.restored_rows, differ.live_rows, common)


def searched(
    executor: Executor,
    size: int,
    sides: tuple[TableRows, TableRows],
    content: bool,  # noqa: FBT001 - as above
    step: int = SECTION,
) -> Iterator[Findings]:
    """Have all sections compared, `size` at a time; yields what was found, in key order."""
    sections = sides[0].rough(EVERYTHING, step)
    first = list(islice(sections, 2))
    if len(first) == 1 and isinstance(executor, ThreadPoolExecutor):  # where the sides are at hand
        yield compared(*sides, first[0], content)
        return
    restored, live = (side.task() for side in sides)
    key_ranges = warmed(executor, restored, chain(first, sections))
    yield from each_done(
        key_ranges, lambda key_range: executor.submit(search, restored, live, key_range, content), size
    )


def warmed(executor: Executor, restored: RangeTask, key_ranges: Iterator[KeyRange]) -> Iterator[KeyRange]:
    """Have several sections read before they are compared where the volume is cold: where the first one came slowly."""
    first = next(key_ranges, None)
    if first is None:
        return
    begun = time.monotonic()
    yield executor.submit(touch, restored, first).result()
    if WARMERS and time.monotonic() - begun > WARM:
        yield from each_done(key_ranges, lambda key_range: executor.submit(touch, restored, key_range), WARMERS)
    else:
        yield from key_ranges


def touch(restored: RangeTask, key_range: KeyRange) -> KeyRange:
    """Have the copy read a section's pages; the task itself."""
    with restored.rows() as rows:
        rows.count(key_range)
    return key_range


def each_done(items: Iterable[T], submit: Callable[[T], Future[R]], size: int) -> Iterator[R]:
    """Have something done for each item, `size` at a time; yields the results in order."""
    under_way: deque[Future[R]] = deque()
    try:
        for item in items:
            under_way.append(submit(item))
            if len(under_way) >= size:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        for each in under_way:
            each.cancel()


def silent(text: str, share: float | None) -> None:
    """Say nothing: nobody listens where a task is done."""
    del text, share
