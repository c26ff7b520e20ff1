"""Keep what rows are before they are touched, so that every change can be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from rdsrestore.domain.codec import written
from rdsrestore.domain.facts import Fact, Saved, Staged
from rdsrestore.steps.on_scratch import OnScratch
from rdsrestore.steps.sessions import counted, production
from rdsrestore.workflow.step import Impact, Run


@written("Save")
@dataclass(frozen=True)
class Save(OnScratch):
    """Write the undo file and prove it, before the load begins."""

    name: ClassVar[str] = "save"
    impact: ClassVar[Impact] = Impact.LOCAL
    usual: ClassVar[timedelta] = timedelta(seconds=20)

    def describe(self) -> str:
        """Say what is kept."""
        return "save what the rows to change are now, for undo"

    def apply(self, run: Run) -> Fact:
        """Save each table, and note what all its other rows are."""
        targets = run.facts.get(Staged).targets
        with production(run) as database:
            tables = tuple(database.save(self.schema, target, run.folder, run.progress) for target in targets)
            run.progress("noting what all other rows are", None)
            untouched = tuple(database.untouched_rows(self.schema, target) for target in targets)
            values = tuple(database.read(run.request.database, run.request.invariants))
        return Saved(tables, untouched, values)

    def result(self, fact: Fact | None) -> str:
        """Count what was saved."""
        if not isinstance(fact, Saved):
            return "saved"
        rows, size = (sum(getattr(table.dump, name) for table in fact.tables) for name in ("rows", "bytes"))
        return f"{counted(rows, 'row')} in the undo file, {size / 1e6:,.1f} MB, read back and equal"
