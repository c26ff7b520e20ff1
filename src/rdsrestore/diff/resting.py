"""One side's rows, read with a rest after each question, so that others at work on that server come first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from rdsrestore.diff.parallel import RangeTask
from rdsrestore.domain.tables.dump_file import Fingerprint
from rdsrestore.domain.tables.key_range import Key, KeyRange
from rdsrestore.ports.key_ranges import TableRows
from rdsrestore.ports.row_keys import Bits

T = TypeVar("T")


@dataclass(frozen=True)
class RestingRows:
    """Answers as `rows` do, and rests after each range that these read as long as that took, times `rest`."""

    asked: TableRows
    rest: float

    def cut(self, key_range: KeyRange, rows: int) -> Key | None:
        """Find the key of a range's row by its number."""
        return self._rested(lambda: self.asked.cut(key_range, rows))

    def fingerprint(self, key_range: KeyRange) -> Fingerprint:
        """Take the fingerprint of a range's rows."""
        return self._rested(lambda: self.asked.fingerprint(key_range))

    def parts(self, key_range: KeyRange) -> Mapping[int, tuple[int, int]]:
        """Take rows and total of a range's parts."""
        return self._rested(lambda: self.asked.parts(key_range))

    def digests(self, key_range: KeyRange, parts: Sequence[int] = ()) -> Iterable[tuple[Key, str]]:
        """Give key and digest of each row of a small range."""
        return self._rested(lambda: tuple(self.asked.digests(key_range, parts)))

    @property
    def numbered(self) -> bool:
        """Whether each key is a whole number."""
        return self.asked.numbered

    def present(self, key_range: KeyRange) -> Bits:
        """Say which keys of a range are there."""
        return self._rested(lambda: self.asked.present(key_range))

    def count(self, key_range: KeyRange) -> int:
        """Count a range's rows."""
        return self._rested(lambda: self.asked.count(key_range))

    def key_ranges(self, key_range: KeyRange, rows: int) -> Iterator[KeyRange]:
        """Cut a range by questions about its ends alone: they need no rest."""
        return self.asked.key_ranges(key_range, rows)

    def rough(self, key_range: KeyRange, rows: int) -> Iterator[KeyRange]:
        """Cut a range roughly, likewise."""
        return self.asked.rough(key_range, rows)

    def task(self) -> RestingTask:
        """Return the same as it may be sent elsewhere."""
        return RestingTask(self.asked.task(), self.rest)

    def _rested(self, ask: Callable[[], T]) -> T:
        begun = time.monotonic()
        found = ask()
        time.sleep((time.monotonic() - begun) * self.rest)
        return found


@dataclass(frozen=True)
class RestingTask:
    """Such rows on their way to a worker."""

    task: RangeTask
    rest: float

    @contextmanager
    def rows(self) -> Iterator[TableRows]:
        """Log in where the work is done."""
        with self.task.rows() as rows:
            yield resting(rows, self.rest)


def resting(rows: TableRows, rest: float) -> TableRows:
    """Have rows be read with rests; as they are where there is none."""
    return RestingRows(rows, rest) if rest else rows
