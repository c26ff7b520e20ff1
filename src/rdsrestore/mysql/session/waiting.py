"""Going on where production was away for a while, or held what is to be done."""

from __future__ import annotations

from collections.abc import Callable

import tenacity

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.ports.progress import Progress

AWAY = frozenset({"db.lost", "db.unreachable", "db.busy", "db.read-only"})
"""What production says, or does not say, while it fails over."""
HELD = AWAY | {"db.lock-timeout", "db.deadlock"}
"""The same, and what a lock makes it say."""
AWAY_FOR = 900.0
"""Seconds that a failover may take."""
DROPPED_WITHIN = 30.0
"""Seconds for which a drop is tried: it is tried again by whoever cleans up."""


def persistently(load: Callable[[], None], progress: Progress) -> None:
    """Go on with a load, which is safe to repeat, once production is there again; after `AWAY_FOR` seconds give up."""

    def tell(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        what = error.what if isinstance(error, DatabaseError) else "no answer"
        progress(f"waiting for production, for up to {AWAY_FOR / 60:.0f} minutes: {what}", None)

    retry = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: said(error, AWAY)),
        stop=tenacity.stop_after_delay(AWAY_FOR),
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=10),
        before_sleep=tell,
        reraise=True,
    )
    retry(load)


def presently(act: Callable[[], None]) -> None:
    """Repeat a drop that a failover or a lock threw back; what fails after `DROPPED_WITHIN` seconds gets out."""
    retry = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: said(error, HELD)),
        stop=tenacity.stop_after_delay(DROPPED_WITHIN),
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=5),
        reraise=True,
    )
    retry(act)


def said(error: BaseException, codes: frozenset[str]) -> bool:
    """Whether a server answered with one of these codes."""
    return isinstance(error, DatabaseError) and error.code in codes
