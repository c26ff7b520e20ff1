"""Bounds of what is asked of a server: which rows, and how fast."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rdsrestore.domain.ids import Endpoint, TableRef
from rdsrestore.domain.request.request import Limits

PAUSE = "pause"
"""The file in a run's folder that holds its load while it exists."""


@dataclass(frozen=True)
class Pace:
    """When to hold back between two transactions: beyond the limits, and while any of the files exists."""

    limits: Limits = Limits()
    flags: tuple[Path, ...] = ()
    replicas: tuple[Endpoint, ...] = ()


@dataclass(frozen=True)
class Extent:
    """Which rows of a table are dumped.

    `slices` is a file of ranges and keys, None for all rows, of which `where` has to be true. `children` are tables
    whose rows went with these and that do not come along: they are only counted.
    """

    where: str | None = None
    slices: Path | None = None
    children: tuple[TableRef, ...] = ()
