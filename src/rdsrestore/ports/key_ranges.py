"""A table's rows, range by range."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from rdsrestore.domain.tables.key_range import KeyRange
from rdsrestore.ports.row_digests import Rows
from rdsrestore.ports.row_keys import Keys


class TableRows(Rows, Keys, Protocol):
    """A table's rows, by content and by key."""

    def rough(self, key_range: KeyRange, rows: int) -> Iterator[KeyRange]:
        """Cut a range into ranges of about so many rows, or of more where that can't be known cheaply."""
        ...

    def task(self) -> Any:  # noqa: ANN401 - a diff.parallel.RangeTask, which is made of these
        """Return the same as it may be sent elsewhere."""
        ...
