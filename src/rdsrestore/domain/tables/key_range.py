"""Keys, ranges of them, and what of a table may differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

Key = tuple[str, ...]
"""One literal for each of the key's columns, as the server writes it; only equality means anything here."""


@dataclass(frozen=True)
class KeyRange:
    """The keys after `low` up to and including `high`; None leaves that end open."""

    low: Key | None = None
    high: Key | None = None


EVERYTHING = KeyRange()


@dataclass(frozen=True)
class Chunk:
    """Rows that may differ: a whole range, or else single keys.

    `keys` are the restored side's, `others` the live side's: a key may be spelled differently there.
    """

    key_range: KeyRange | None = None
    keys: tuple[Key, ...] = ()
    others: tuple[Key, ...] = ()


class Ordered(Protocol):
    """Keys in an order."""

    def cut(self, key_range: KeyRange, rows: int) -> Key | None:
        """Return the key of the range's row number `rows` in key order; None where no further row comes after it."""
        ...

    def key_ranges(self, key_range: KeyRange, rows: int) -> Iterator[KeyRange]:
        """Cut a range into ranges of no more than so many rows, in key order; the last reaches to the range's end."""
        ...


def walk(rows: Ordered, key_range: KeyRange, step: int) -> Iterator[KeyRange]:
    """Cut a range into ranges of exactly `step` rows of one side, but for the last, which reaches to the end."""
    low = key_range.low
    while high := rows.cut(KeyRange(low, key_range.high), step):
        yield KeyRange(low, high)
        low = high
    yield KeyRange(low, key_range.high)
