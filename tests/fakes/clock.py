"""A clock that stands still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fakes.scene import NOW


@dataclass
class FakeClock:
    """Stands still until told."""

    time: datetime = NOW

    def now(self) -> datetime:
        return self.time
