"""Dropping what is ours: a failover or a lock only puts it off."""

from __future__ import annotations

from collections.abc import Callable

import tenacity

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.mysql.session.waiting import AWAY

HELD = AWAY | {"db.lock-timeout", "db.deadlock"}
WITHIN = 30.0
"""Seconds for which it is tried: it is tried again by whoever cleans up."""


def presently(act: Callable[[], None]) -> None:
    """Repeat what a failover or a lock threw back; what fails after `WITHIN` seconds gets out."""
    retry = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, DatabaseError) and error.code in HELD),
        stop=tenacity.stop_after_delay(WITHIN),
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=5),
        reraise=True,
    )
    retry(act)
