"""Where production is away or a lock is held: what is safe to repeat goes on when it can."""

from __future__ import annotations

from collections.abc import Callable

import tenacity

from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.ports.progress import Progress

AWAY = frozenset({"db.lost", "db.unreachable", "db.busy", "db.read-only"})
"""What production says, or does not say, while it fails over; a silence that was waited out is not among them."""
HELD = AWAY | {"db.lock-timeout", "db.deadlock"}
"""What only puts off a drop."""

AWAY_FOR = USUAL.failover
"""Seconds that a failover may take."""
HELD_FOR = USUAL.drop
"""Seconds for which a drop is tried: it is tried again by whoever cleans up."""


def load_when_back(load: Callable[[], None], progress: Progress) -> None:
    """Go on with a load, which is safe to repeat, once production is there again; after `AWAY_FOR` seconds give up."""

    def tell(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        what = error.what if isinstance(error, DatabaseError) else "no answer"
        progress(f"waiting for production, for up to {AWAY_FOR / 60:.0f} minutes: {what}", None)

    repeated(AWAY, AWAY_FOR, longest=10.0, before_sleep=tell)(load)


def drop_when_free(drop: Callable[[], None]) -> None:
    """Repeat what a failover or a lock threw back; what fails after `HELD_FOR` seconds gets out."""
    repeated(HELD, HELD_FOR, longest=5.0)(drop)


def repeated(
    codes: frozenset[str],
    within: float,
    *,
    longest: float,
    before_sleep: Callable[[tenacity.RetryCallState], None] | None = None,
) -> tenacity.Retrying:
    """Try again for `within` seconds what fails with one of these codes, at most `longest` seconds apart."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, DatabaseError) and error.code in codes),
        stop=tenacity.stop_after_delay(within),
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=longest),
        before_sleep=before_sleep,
        reraise=True,
    )
