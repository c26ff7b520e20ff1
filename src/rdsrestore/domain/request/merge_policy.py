"""Which rows of production a restore may change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rdsrestore.domain.codec import written


class Triggers(StrEnum):
    """Whether a live table's triggers may fire for what is written."""

    REFUSE = "refuse"
    FIRE = "fire"


class Merge(StrEnum):
    """Which rows of production a restore may change."""

    MISSING = "missing"
    """Rows that production does not have are inserted; all others stay as they are."""
    OVERWRITE = "overwrite"
    """Missing rows are inserted and changed rows take their restored values; newer rows stay."""
    EXACT = "exact"
    """Rows become what they were: also those that are production's alone are deleted."""
    NONE = "none"
    """All rows, into a table that is empty."""


class OnConflict(StrEnum):
    """What becomes of a row that both the incident and somebody since have changed."""

    KEEP = "keep"
    """Production's row stays and is reported."""
    RESTORE = "restore"
    """The restored row wins."""
    STOP = "stop"
    """Nothing is written as soon as there is one."""


@written("Policy")
@dataclass(frozen=True)
class Policy:
    """The rules by which rows are put back.

    `columns` narrows what changed rows take back, nothing meaning all columns; `where` and `keys` (a file of keys)
    narrow which rows come into question. `three_way` says that the state after the incident is known too.
    """

    merge: Merge = Merge.MISSING
    on_conflict: OnConflict = OnConflict.KEEP
    columns: tuple[str, ...] = ()
    where: str | None = None
    keys: str | None = None
    three_way: bool = False
