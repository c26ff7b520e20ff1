"""What a person may answer before production changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from rdsrestore.domain.tables.rows import TableDifference

CHILDREN = "approval.children"
"""The code of a run that ended for another one, which takes the children along."""
KEPT_FOR_CHILDREN = 3600
"""Seconds for which the copy is kept for it, should nobody remove it before."""


class Answer(StrEnum):
    """A no ends the run for good; later ends it as well, and what was dumped waits for whoever resumes it.

    Children: it ends, and another one begins at once that takes along from the same copy what went with the rows.
    """

    YES = "yes"
    NO = "no"
    LATER = "later"
    CHILDREN = "children"


class Begin(StrEnum):
    """What a person may answer before anything is made; detached, the run outlives the terminal."""

    NO = "no"
    HERE = "yes"
    DETACHED = "detach"


@dataclass(frozen=True)
class Question:
    """What is asked before production changes.

    With `typed` only that text means yes. `hourly_cost` is what the copy costs meanwhile, in USD, where that is known.
    `children` are tables whose lost rows could be brought along from it. `copy_of` names the
    run whose copy can be looked at meanwhile.
    """

    text: str
    differences: Sequence[TableDifference]
    typed: str | None = None
    hourly_cost: Decimal | None = None
    children: tuple[str, ...] = ()
    copy_of: str = ""
