"""A schema of the run's own on production, where the dump is loaded and looked at before any live table is touched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import CleanupIncomplete
from rdsrestore.domain.facts import Fact
from rdsrestore.steps.on_scratch import OnScratch
from rdsrestore.steps.sessions import production
from rdsrestore.workflow.step import Impact, Run


@written("MakeScratch")
@dataclass(frozen=True)
class MakeScratch(OnScratch):
    """Create the scratch schema."""

    name: ClassVar[str] = "scratch"
    impact: ClassVar[Impact] = Impact.TEMPORARY
    usual: ClassVar[timedelta] = timedelta(seconds=1)
    afresh: ClassVar[bool] = True
    on_production: ClassVar[bool] = True

    def describe(self) -> str:
        """Name the schema."""
        return f"make scratch schema {self.schema} on production"

    def apply(self, run: Run) -> None:
        """Make it."""
        with production(run) as database:
            database.create_scratch(self.schema, run.id.value)

    def result(self, fact: Fact | None) -> str:
        """Say what it means."""
        del fact
        return "made; no table of yours is touched"

    def undo(self, run: Run) -> None:
        """Drop it with all that is in it."""
        with production(run) as database:
            database.drop_scratch(self.schema)

    def prove_gone(self, run: Run) -> str:
        """Look for it on production."""
        with production(run) as database:
            if database.scratch_exists(self.schema):
                raise CleanupIncomplete(self.schema, "the scratch schema is still on production")
        return f"scratch schema {self.schema} is gone"

    def undo_text(self) -> str:
        """Name what goes."""
        return f"drop scratch schema {self.schema}"
