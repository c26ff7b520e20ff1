"""One side's keys, each a whole number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from rdsrestore.domain.tables.key_range import KeyRange, Ordered

Bits = Mapping[int, int]
"""Keys that are there, by their number in runs of 64: bit `n` of run `r` stands for the key 64 r + n."""


class Keys(Ordered, Protocol):
    """One side's keys, each a whole number. Every method may raise DatabaseError."""

    @property
    def numbered(self) -> bool:
        """Whether each key is a whole number, and reads alike on the other side."""
        ...

    def present(self, key_range: KeyRange) -> Bits:
        """Say which keys of a range are there."""
        ...

    def count(self, key_range: KeyRange) -> int:
        """Count a range's rows."""
        ...
