"""Waiting and retrying, with jitter and an end; a signal's exception ends either at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import tenacity

from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import CloudError

T = TypeVar("T")
JITTER = 0.2


def until(look: Callable[[], T | None], poll: float, timeout: float, late: CloudError) -> T:
    """Look every `poll` seconds, with some jitter, until there is something to return.

    A look that throttling or an outage threw back found nothing yet. Raises `late` after `timeout` seconds, with what
    the last look ran into.
    """

    def ended(state: tenacity.RetryCallState) -> None:
        trouble = state.outcome.exception() if state.outcome else None
        if isinstance(trouble, CloudError):
            raise CloudError(late.where, f"{late.what}: {trouble.what}", late.hint, code=late.code) from trouble

    retry = tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda found: found is None) | tenacity.retry_if_exception(is_passing),
        wait=tenacity.wait_fixed(poll) + tenacity.wait_random(0, poll * JITTER),
        stop=tenacity.stop_after_delay(timeout),
        retry_error_callback=ended,
    )
    found: T | None = retry(look)
    if found is None:
        raise late
    return found


def twice(look: Callable[[], T | None]) -> Callable[[], T | None]:
    """Let a look count only where the one before it found something as well."""
    seen = False

    def confirmed() -> T | None:
        nonlocal seen
        before, seen = seen, False
        found = look()
        seen = found is not None
        return found if before else None

    return confirmed


def persistently(act: Callable[[], T], timeout: float = USUAL.cloud) -> T:
    """Repeat a call that throttling or an outage threw back, with growing pauses, for up to `timeout` seconds."""
    retry = tenacity.Retrying(
        retry=tenacity.retry_if_exception(is_passing),
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=20),
        stop=tenacity.stop_after_delay(timeout),
        reraise=True,
    )
    return retry(act)


def is_passing(error: BaseException) -> bool:
    """Whether the same call may work later."""
    return isinstance(error, CloudError) and error.retryable
