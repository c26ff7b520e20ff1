"""Load the dumps into the scratch schema and prove that every row arrived as it was on the copy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from rdsrestore.core.facts import Dumped, Fact
from rdsrestore.core.step import Impact, Run
from rdsrestore.steps.on_scratch import OnScratch
from rdsrestore.steps.sessions import production


@dataclass(frozen=True)
class Stage(OnScratch):
    """Fill the scratch schema; live tables are not touched."""

    name: ClassVar[str] = "stage"
    impact: ClassVar[Impact] = Impact.TEMPORARY
    usual: ClassVar[timedelta] = timedelta(minutes=2)

    def describe(self) -> str:
        """Name the schema."""
        return f"load the dump into {self.schema} and compare it with the copy's checksum"

    def apply(self, run: Run) -> None:
        """Load and check each dump."""
        with production(run) as database:
            for dump in run.facts.get(Dumped).dumps:
                database.stage(self.schema, dump, run.folder, run.progress)

    def result(self, fact: Fact | None) -> str:
        """Say what was proved."""
        del fact
        return "staged; row counts and checksums equal the copy's"
