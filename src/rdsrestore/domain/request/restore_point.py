"""The state that comes back: a moment, or a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rdsrestore.domain.codec import written


class RowsFrom(StrEnum):
    """Where the rows of the moment come from."""

    BACKUP = "backup"
    """From a temporary instance that a backup is restored to: whole tables."""
    BINLOG = "binlog"
    """From production's own binlog: only the rows that were touched since, within seconds."""
    AUTO = "auto"
    """From the binlog where a trial proves the rows, and then held against a backup; else from that."""


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
