"""Load an earlier run's undo files into the scratch schema."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.facts import Fact, Staged
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.outcome.load_result import SavedTable, TableLoad
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.domain.tables.rows import Conflict
from rdsrestore.domain.tables.target import Target
from rdsrestore.steps.sessions import production
from rdsrestore.workflow.preflight.tables import left_out
from rdsrestore.workflow.step import Impact, Run, Step


@written("StageUndo")
@dataclass(frozen=True)
class StageUndo(Step):
    """Fill the scratch schema with what rows were before they were touched."""

    name: ClassVar[str] = "stage-undo"
    impact: ClassVar[Impact] = Impact.TEMPORARY
    usual: ClassVar[timedelta] = timedelta(seconds=20)

    schema: str
    folder: str
    tables: tuple[SavedTable, ...]
    left: tuple[TableLoad, ...] = ()

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self:
        """Concern the tables of the run that is taken back, but for those that can't be."""
        out = left_out(request, survey)
        left = tuple(
            TableLoad(each.saved.target, conflicts=(Conflict(each.why, each.saved.dump.rows),)) for each in out
        )
        gone = {each.saved.target for each in out}
        tables = tuple(table for table in survey.saved if table.target not in gone)
        return cls(run.schema, survey.saved_in, tables, left)

    def describe(self) -> str:
        """Name the files' tables."""
        return f"load the undo files of {', '.join(str(table.target) for table in self.tables)} into {self.schema}"

    def apply(self, run: Run) -> Fact:
        """Load and check each file."""
        targets = tuple(Target(table.dump, table.target, run.request.policy, undo=table) for table in self.tables)
        with production(run) as database:
            for target in targets:
                database.stage(self.schema, target, Path(self.folder), run.progress)
        return Staged(targets, self.left)

    def result(self, fact: Fact | None) -> str:
        """Say what was proved."""
        del fact
        return "staged; the files are what the run wrote"
