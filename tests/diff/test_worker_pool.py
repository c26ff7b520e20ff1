"""A crew does each item once, and neither side waits for the other for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import count

import pytest

from rdsrestore.diff.worker_pool import WorkerPool


class RefusedError(Exception):
    """What a member or the giver fails with here."""


def give_all(size: int, work: Callable[[Iterator[int]], None], items: Iterable[int]) -> None:
    with WorkerPool[int](size, work) as crew:
        for item in items:
            crew.give(item)


def refuse(given: Iterator[int]) -> None:
    raise RefusedError(next(given))


def test_each_item_is_done_once() -> None:
    done: list[int] = []

    give_all(3, done.extend, range(50))

    assert sorted(done) == list(range(50))


def test_a_members_error_comes_out_of_the_next_giving() -> None:
    with pytest.raises(RefusedError):
        give_all(2, refuse, count())


def test_a_members_error_comes_out_at_the_end() -> None:
    last_given = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        last_given.set()

    def refuse_late(given: Iterator[int]) -> None:
        assert last_given.wait(10)
        refuse(given)

    with pytest.raises(RefusedError):
        give_all(1, refuse_late, items())


def test_members_end_where_the_giver_fails() -> None:
    ended = threading.Semaphore(0)

    def work(given: Iterator[int]) -> None:
        for _number in given:
            pass
        ended.release()

    def items() -> Iterator[int]:
        yield from range(5)
        raise RefusedError

    with pytest.raises(RefusedError):
        give_all(2, work, items())

    assert all(ended.acquire(blocking=False) for _each in range(2))
