"""When a load holds back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.request.request import Limits

PAUSE = "pause"
"""The file in a run's folder that holds its load while it exists."""


@dataclass(frozen=True)
class ThrottleRules:
    """When to hold back between two transactions: beyond the limits, and while any of the files exists."""

    limits: Limits = Limits()
    flags: tuple[Path, ...] = ()
    replicas: tuple[Endpoint, ...] = ()
