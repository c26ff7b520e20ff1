"""The state that comes back: a moment, or a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rdsrestore.domain.codec import written


@written("Moment")
@dataclass(frozen=True)
class Moment:
    """A point in time, in UTC and whole seconds; `spoken` is how the operator gave it."""

    utc: datetime
    spoken: str

    def __str__(self) -> str:
        return f"{self.utc:%Y-%m-%dT%H:%M:%SZ}"


@written("Snapshot")
@dataclass(frozen=True)
class Snapshot:
    """A stored snapshot to restore from."""

    id: str

    def __str__(self) -> str:
        return f"snapshot {self.id}"
