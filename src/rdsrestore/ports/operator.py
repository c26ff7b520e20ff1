"""The person who answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from rdsrestore.domain.tables.rows import TableDifference

if TYPE_CHECKING:
    pass


class Operator(Protocol):
    """The person, or the flag that speaks for them."""

    def approve(self, question: str, differences: Sequence[TableDifference], typed: str | None) -> bool:
        """Show what would change and ask; False means no. With `typed` only that text means yes."""
        ...
