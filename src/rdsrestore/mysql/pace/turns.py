"""Writers take turns: as many at a time as the pace has it, with rests, and none while production is looked at."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rdsrestore.mysql.pace.batch_size import BatchSize, full

LOOK = 0.1
"""Seconds between two looks at whether the size is another one."""


class Turns:
    """Taken before each transaction; `size` says how much it may write, and `rested` counts the seconds of rests.

    `over` is called after each.
    """

    def __init__(self, size: Callable[[], BatchSize] = full, over: Callable[[], None] = lambda: None) -> None:
        self.size = size
        self._over = over
        self._change = threading.Condition()
        self._at_work = 0
        self._still = False
        self.rested = 0.0

    @contextmanager
    def turn(self) -> Iterator[BatchSize]:
        """Wait for a turn, say how much to write, and rest afterwards in proportion to how long that took."""
        with self._change:
            while self._still or self._at_work >= self.size().writers:
                self._change.wait(LOOK)
            self._at_work += 1
            size = self.size()
        try:
            begun = time.monotonic()
            yield size
            self._rest((time.monotonic() - begun) * size.rest)
            self._over()
        finally:
            with self._change:
                self._at_work -= 1
                self._change.notify_all()

    @contextmanager
    def still(self, within: float) -> Iterator[bool]:
        """Let no writer in meanwhile; says whether those at work came to their end within so many seconds."""
        with self._change:
            self._still = True
            ended = self._change.wait_for(lambda: not self._at_work, within)
        try:
            yield ended
        finally:
            with self._change:
                self._still = False
                self._change.notify_all()

    def _rest(self, seconds: float) -> None:
        if seconds:
            time.sleep(seconds)
            with self._change:
                self.rested += seconds
