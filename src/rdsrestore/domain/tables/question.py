"""What somebody asks of a copy's rows in their own words, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rdsrestore.domain.codec import written
from rdsrestore.domain.facts import Fact


@written("Question")
@dataclass(frozen=True)
class AskedStatement:
    """A statement that was run on the copy, with a question mark in place of each value that it named."""

    at: datetime
    text: str


@written("Looked")
@dataclass(frozen=True)
class CopyAsked(Fact):
    """What was asked of the copy; never what it answered."""

    statements: tuple[AskedStatement, ...] = ()


Take = Callable[[Sequence[str], Iterator[tuple[Any, ...]]], None]
"""Takes a result: the names of its columns, and its rows as they come, once."""
