"""Waiting ends: with what was waited for, with an error that says why, or with a signal."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from rdsrestore.aws.retrying import persistently, twice, until
from rdsrestore.domain.errors import CloudError

LATE = CloudError("here", "it did not come", "use --wait SECONDS", code="aws.late")
THROTTLED = CloudError("here", "too many calls", code="aws.throttled", retryable=True)
DENIED = CloudError("here", "forbidden", code="aws.denied")
QUICK = 0.01


def one_after_another(*answers: str | CloudError | None) -> Callable[[], str | None]:
    """Make a look that gives one answer after another; the last one stays."""
    left = list(answers)

    def look() -> str | None:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, CloudError):
            raise answer
        return answer

    return look


class Stopped(BaseException):
    """What a signal's handler raises."""


@pytest.fixture
def stopped_by_signal() -> Iterator[Callable[[], None]]:
    """A function that sends a signal to this process soon, whose handler raises."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    former = signal.signal(signal.SIGUSR1, stop)
    timer = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    yield timer.start
    timer.join()
    signal.signal(signal.SIGUSR1, former)


def test_a_wait_returns_what_it_waited_for() -> None:
    assert until(one_after_another(None, None, "here"), QUICK, 5, LATE) == "here"


def test_a_wait_looks_on_through_throttling_and_outages() -> None:
    assert until(one_after_another(THROTTLED, None, THROTTLED, "here"), QUICK, 5, LATE) == "here"


def test_a_wait_that_is_too_long_ends_with_the_error_it_was_given() -> None:
    with pytest.raises(CloudError) as raised:
        until(one_after_another(None), QUICK, 0.05, LATE)
    assert raised.value is LATE


def test_a_wait_that_ends_in_an_outage_says_so_and_keeps_its_code_and_hint() -> None:
    with pytest.raises(CloudError) as raised:
        until(one_after_another(None, THROTTLED), QUICK, 0.5, LATE)
    assert str(raised.value) == "here: it did not come: too many calls"
    assert (raised.value.code, raised.value.hint) == ("aws.late", LATE.hint)


def test_a_wait_ends_at_once_where_waiting_can_not_help() -> None:
    with pytest.raises(CloudError) as raised:
        until(one_after_another(None, DENIED, "too late"), QUICK, 5, LATE)
    assert raised.value is DENIED


def test_a_signal_ends_a_wait_at_once(stopped_by_signal: Callable[[], None]) -> None:
    begun = time.monotonic()
    stopped_by_signal()
    with pytest.raises(Stopped):
        until(one_after_another(None), 60, 600, LATE)
    assert time.monotonic() - begun < 30


def test_a_signal_ends_a_look_at_once(stopped_by_signal: Callable[[], None]) -> None:
    def look() -> str:
        threading.Event().wait(60)
        return "never"

    stopped_by_signal()
    with pytest.raises(Stopped):
        persistently(lambda: until(look, 60, 600, LATE))


def test_a_call_is_repeated_while_that_may_help() -> None:
    assert persistently(one_after_another(THROTTLED, THROTTLED, "done")) == "done"


def test_a_call_is_not_repeated_where_that_can_not_help() -> None:
    with pytest.raises(CloudError) as raised:
        persistently(one_after_another(DENIED, "never"))
    assert raised.value is DENIED


def test_a_call_is_not_repeated_for_ever() -> None:
    with pytest.raises(CloudError) as raised:
        persistently(one_after_another(THROTTLED), timeout=0.05)
    assert raised.value is THROTTLED


def test_a_look_that_has_to_hold_counts_only_twice_in_a_row() -> None:
    look = twice(one_after_another("a", None, "b", THROTTLED, "c", "d", "e"))
    found: list[str | None] = []
    for _ in range(7):
        try:
            found.append(look())
        except CloudError:
            found.append("thrown back")
    assert found == [None, None, None, "thrown back", None, "d", "e"]
