"""Which rows of a table are dumped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rdsrestore.domain.ids import TableRef


@dataclass(frozen=True)
class Selection:
    """Which rows of a table are dumped.

    `chunks` is a file of ranges and keys, None for all rows, of which `where` has to be true. `children` are tables
    whose rows went with these and that do not come along: they are only counted.
    """

    where: str | None = None
    chunks: Path | None = None
    children: tuple[TableRef, ...] = ()
