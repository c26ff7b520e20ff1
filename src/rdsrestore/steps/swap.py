"""Put the restored table in the live one's place, by one atomic rename; the former one stays beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Self

from rdsrestore.domain.codec import written, written_as
from rdsrestore.domain.facts import Fact, Swapped
from rdsrestore.domain.ids import RunId, TableRef
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.steps.sessions import production
from rdsrestore.workflow.step import Impact, Run, Step

LONGEST = 64
"""Characters of a table's name."""


@written("Swap")
@dataclass(frozen=True)
class Swap(Step):
    """Rename both tables at once."""

    name: ClassVar[str] = "swap"
    impact: ClassVar[Impact] = Impact.PRODUCTION
    usual: ClassVar[timedelta] = timedelta(seconds=1)

    live: TableRef
    shadow: TableRef
    former: TableRef = field(metadata=written_as("aside"))

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Wanted with --swap."""
        del survey
        if not request.swap or not request.into:
            return None
        (live,) = request.refs
        return cls(live, TableRef(live.database, request.into), beside(live, f"_before_{run.value.replace('-', '_')}"))

    def describe(self) -> str:
        """Name the three."""
        return f"rename {self.live} to {self.former.table}, and {self.shadow.table} to {self.live.table}, in one step"

    def apply(self, run: Run) -> Fact:
        """Rename, unless an earlier process has."""
        with production(run) as database:
            if database.definition(self.former) is None:
                database.swap(self.live, self.shadow, self.former)
        return Swapped(self.live, self.shadow, self.former)

    def changed(self, run: Run) -> bool:
        """From the rename on."""
        return run.facts.find(Swapped) is not None

    def result(self, fact: Fact | None) -> str:
        """Say where everything is."""
        del fact
        return f"{self.live} is the restored table; all rows as they were before this run are in {self.former}"


@written("SwapBack")
@dataclass(frozen=True)
class SwapBack(Swap):
    """Let them change places again."""

    name: ClassVar[str] = "swap-back"

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Wanted where the run that is taken back has swapped."""
        del request, run
        found = survey.swapped
        return cls(found.live, found.former, found.shadow) if found else None


def beside(ref: TableRef, ending: str) -> TableRef:
    """Name a table after another one."""
    return TableRef(ref.database, ref.table[: LONGEST - len(ending)] + ending)
