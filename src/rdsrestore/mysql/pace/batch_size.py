"""How much is written to production at a time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BatchSize:
    """How much is written at a time, and how long a rest follows.

    A transaction takes about `seconds`, or of a dump's statement so many `rows`, None for all; `writers` work at a
    time. A rest is as long as what was done took, times `rest`.
    """

    seconds: float
    rows: int | None
    writers: int
    rest: float


FULL = BatchSize(seconds=0.3, rows=None, writers=3, rest=0)
"""While one writer waits for the disk that its commit is to reach, others go on."""
SOFT = BatchSize(seconds=0.003, rows=100, writers=1, rest=1)
"""What an application hardly notices: short locks, little at a time to be written, and time between."""


def full() -> BatchSize:
    """Take as much as nobody minds."""
    return FULL
