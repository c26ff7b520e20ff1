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
    run: str = ""
    """Whose own file is among them: `unpause` removes it."""

    def resumed_by(self, flag: Path) -> str:
        """Say what lets the load go on."""
        own = self.run and flag.name == PAUSE and flag.parent.name == self.run
        return f"rdsrestore unpause {self.run} lets it go on" if own else "remove it to go on"
