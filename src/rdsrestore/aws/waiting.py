"""Waiting and retrying, with jitter and an end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import tenacity

from rdsrestore.core.errors import CloudError

T = TypeVar("T")
JITTER = 0.2


def until(act: Callable[[], T | None], poll: float, timeout: float, late: Callable[[], CloudError]) -> T:
    """Call `act` every `poll` seconds, with some jitter, until it returns something.

    Raise `late()` after `timeout` seconds.
    """
    retry = tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda found: found is None),
        wait=tenacity.wait_fixed(poll) + tenacity.wait_random(0, poll * JITTER),
        stop=tenacity.stop_after_delay(timeout),
        retry_error_callback=lambda _state: None,
    )
    found: T | None = retry(act)
    if found is None:
        raise late()
    return found


def persistently(act: Callable[[], T], timeout: float = 120.0) -> T:
    """Repeat a call that throttling or an outage threw back, with growing pauses, for up to `timeout` seconds."""
    retry = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, CloudError) and error.retryable),
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=20),
        stop=tenacity.stop_after_delay(timeout),
        reraise=True,
    )
    return retry(act)
