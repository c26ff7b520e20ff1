"""What a person may answer before production changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from rdsrestore.domain.tables.rows import TableDifference


class Answer(StrEnum):
    """A no ends the run for good; later ends it as well, and what was dumped waits for whoever resumes it."""

    YES = "yes"
    NO = "no"
    LATER = "later"


@dataclass(frozen=True)
class Question:
    """What is asked before production changes.

    With `typed` only that text means yes. `hourly_cost` is what the copy costs meanwhile, in USD, where that is known.
    """

    text: str
    differences: Sequence[TableDifference]
    typed: str | None = None
    hourly_cost: Decimal | None = None
