"""A few threads that do what one gives out, no faster than they get it done."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")
LOOK = 0.2
"""Seconds between two looks at whether a member has failed."""


class WorkerPool(Generic[T]):
    """Threads that each work on an iterator of items, from the beginning of a context to its end.

    A member's error comes out of the next giving, or at the end. Where the giver fails, or does not wait for the end,
    each member ends after the item at hand.
    """

    def __init__(self, size: int, work: Callable[[Iterator[T]], None]) -> None:
        self._items: queue.Queue[tuple[T, ...]] = queue.Queue(size)
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="worker")
        self._members = [self._pool.submit(work, self._taken()) for _each in range(size)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind:
            self._stop.set()
        try:
            while not all(each.done() for each in self._members):
                for _each in self._members:
                    self._put(())
                wait(self._members, LOOK)
        finally:
            self._stop.set()  # a signal may have ended the waiting
        self._pool.shutdown()
        for each in self._members if not kind else ():
            each.result()

    def give(self, item: T) -> None:
        """Hand an item over, once somebody is free."""
        given = False
        while not given:
            for each in self._members:
                if each.done():
                    each.result()
            given = self._put((item,))

    def _put(self, item: tuple[T, ...]) -> bool:
        with suppress(queue.Full):
            self._items.put(item, timeout=LOOK)
            return True
        return False

    def _taken(self) -> Iterator[T]:
        while not self._stop.is_set():
            try:
                item = self._items.get(timeout=LOOK)
            except queue.Empty:
                continue
            if not item:
                return
            yield item[0]
