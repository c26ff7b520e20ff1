"""Keys, spans of them, and what of a table may differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

Key = tuple[str, ...]
"""One literal for each of the key's columns, as the server writes it; only equality means anything here."""


@dataclass(frozen=True)
class Span:
    """The keys after `low` up to and including `high`; None leaves that end open."""

    low: Key | None = None
    high: Key | None = None


EVERYTHING = Span()


@dataclass(frozen=True)
class Slice:
    """Rows that may differ: a whole span, or else single keys.

    `keys` are the restored side's, `others` the live side's: a key may be spelled differently there.
    """

    span: Span | None = None
    keys: tuple[Key, ...] = ()
    others: tuple[Key, ...] = ()


class Ordered(Protocol):
    """Keys in an order."""

    def cut(self, span: Span, rows: int) -> Key | None:
        """Return the key of the span's row number `rows` in key order; None where no further row comes after it."""
        ...

    def spans(self, span: Span, rows: int) -> Iterator[Span]:
        """Cut a span into spans of no more than so many rows, in key order; the last one reaches to the span's end."""
        ...


def walk(rows: Ordered, span: Span, step: int) -> Iterator[Span]:
    """Cut a span into spans of exactly `step` rows of one side, but for the last, which reaches to the span's end."""
    low = span.low
    while high := rows.cut(Span(low, span.high), step):
        yield Span(low, high)
        low = high
    yield Span(low, span.high)
