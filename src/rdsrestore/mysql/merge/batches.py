"""Ranges of keys and of plan lines, so that no statement and no transaction is as large as the table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Self, TypeVar

from rdsrestore.domain.request.throttle_rules import ThrottleRules
from rdsrestore.domain.tables.in_place import HELD_UP
from rdsrestore.mysql.pace.batch_size import FULL, SOFT
from rdsrestore.mysql.pace.turns import Turns
from rdsrestore.mysql.session.login.connection import Row, Session, quoted

T = TypeVar("T")
RANGE = 20_000
FIRST, SMALLEST, LARGEST = 500, 20, 20_000
WORTH_IT = 0.75
"""Of the time of a range, what half of it may take at most for smaller ones to be worth it."""


@dataclass(frozen=True)
class LineRange:
    """Lines of the plan from `low` to `high`, both included."""

    low: int
    high: int

    def halves(self) -> tuple[LineRange, LineRange]:
        """Cut it in two."""
        middle = (self.low + self.high) // 2
        return LineRange(self.low, middle), LineRange(middle + 1, self.high)

    @property
    def condition(self) -> str:
        """The condition for its lines of the plan (l)."""
        return f"l.rr_n BETWEEN {self.low} AND {self.high}"


@dataclass(frozen=True)
class Pacing:
    """How fast a load goes: `hold` is asked before each transaction, which then takes one of the `turns`.

    `writers` is how many may be at work at the most, and `long` allows a statement that takes minutes. `held_up`
    is for how many seconds others may wait for an exchange of tables.
    """

    hold: Callable[[], None] = lambda: None
    turns: Turns = field(default_factory=Turns)
    writers: int = FULL.writers
    long: bool = True
    held_up: float = HELD_UP

    @classmethod
    def within(cls, rules: ThrottleRules, hold: Callable[[], None], turns: Turns | None = None) -> Self:
        """Go as fast as what was asked for lets it, at the most as `turns` are given out."""
        writers = SOFT.writers if rules.limits.gentle else FULL.writers
        turns = turns or Turns(lambda: SOFT if rules.gentle() else FULL)
        return cls(hold, turns, writers, rules.limits.none, rules.held_up)


def resting(items: Iterator[T], rest: float) -> Iterator[T]:
    """Yield items, and rest after what is done with each, as long as that took, times `rest`."""
    for item in items:
        begun = time.monotonic()
        yield item
        time.sleep((time.monotonic() - begun) * rest)


def key_ranges(session: Session, table: str, key: tuple[str, ...], alias: str, rows: int = RANGE) -> Iterator[str]:
    """Yield conditions on `alias` that cut a table's keys into ranges, in order; each bound is a literal."""
    low: Row | None = None
    order = ", ".join(f"{alias}.{quoted(name)}" for name in key)
    while True:
        after = f" WHERE {beyond(session, key, low, alias)}" if low else ""
        found = session.rows(
            f"SELECT {order} FROM {table} AS {alias}{after} ORDER BY {order} LIMIT 1 OFFSET {rows - 1}"
        )
        high = found[0] if found else None
        parts = [beyond(session, key, low, alias)] if low else []
        parts += [f"NOT ({beyond(session, key, high, alias)})"] if high else []
        yield " AND ".join(parts) or "1 = 1"
        if high is None:
            return
        low = high


def beyond(session: Session, key: tuple[str, ...], bound: Row, alias: str) -> str:
    """The condition that a key comes after a bound, written so that an index range is used."""
    names = [f"{alias}.{quoted(name)}" for name in key]
    values = [session.literal(value) for value in bound]
    steps = [
        " AND ".join(
            [*(f"{names[each]} = {values[each]}" for each in range(place)), f"{names[place]} > {values[place]}"]
        )
        for place in range(len(names))
    ]
    return "(" + " OR ".join(f"({step})" for step in steps) + ")"


def paced(
    first: int,
    last: int,
    work: Callable[[LineRange], None],
    *,
    down: bool = False,
    pacing: Pacing | None = None,
) -> Iterator[int]:
    """Give out the lines from `first` to `last` in ranges sized by how long the last took; yields how many are done.

    With `down` from the last to the first.
    """
    pacing = pacing or Pacing()
    size, done, whole, seconds = FIRST, 0, last - first + 1, FULL.seconds
    before = Took(0, 0.0)
    while done < whole:
        pacing.hold()
        with pacing.turns.turn() as wanted:
            if wanted.seconds < seconds and wanted.rows:
                size = min(size, wanted.rows)
            seconds = wanted.seconds
            take = min(size, whole - done)
            low = last - done - take + 1 if down else first + done
            begun = time.monotonic()
            work(LineRange(low, low + take - 1))
            took = Took(take, max(time.monotonic() - begun, 0.001))
        done += take
        yield done
        size, before = sized(took, before, seconds), took


@dataclass(frozen=True)
class Took:
    """How many lines were written at once, and the seconds that this took."""

    lines: int
    seconds: float


def sized(took: Took, before: Took, wanted: float) -> int:
    """Size the next range so that it takes about so many seconds, where its size is what the time depends on.

    A range that took no less than a larger one before it is not made smaller still: the way there and back, or another
    session, takes the time, and more of them take more of it.
    """
    if took.seconds > wanted and took.lines < before.lines and took.seconds > before.seconds * WORTH_IT:
        return before.lines
    factor = min(max(wanted / took.seconds, 0.5), 2)
    return min(max(int(took.lines * factor), SMALLEST), LARGEST)
