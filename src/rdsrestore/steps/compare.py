"""Class every restored row against production, before anything is written there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Self

from rdsrestore.core.errors import Refused
from rdsrestore.core.facts import Compared, Dumped, Fact
from rdsrestore.core.model import Merge, Request, RunId
from rdsrestore.core.step import Impact, Run, Step
from rdsrestore.core.survey import Survey
from rdsrestore.core.tables import TableDifference
from rdsrestore.steps.sessions import counted, landing, production


@dataclass(frozen=True)
class Compare(Step):
    """Find which rows are missing, which are there, and which can't be put back."""

    name: ClassVar[str] = "compare"
    impact: ClassVar[Impact] = Impact.READS
    usual: ClassVar[timedelta] = timedelta(seconds=30)

    schema: str
    merge: Merge

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self:
        """Concern the staged rows."""
        del survey
        return cls(run.schema, request.merge)

    def describe(self) -> str:
        """Say what is compared."""
        return "compare the restored rows with production's, by key"

    def apply(self, run: Run) -> Fact:
        """Compare each table."""
        dumps = run.facts.get(Dumped).dumps
        staged = [dump.definition.ref for dump in dumps]
        with production(run) as database:
            differences = tuple(
                database.compare(self.schema, dump, landing(run, dump.definition.ref), staged, run.progress)
                for dump in dumps
            )
        if self.merge is Merge.NONE:
            refuse_rows(differences)
        return Compared(differences)

    def result(self, fact: Fact | None) -> str:
        """Count the classes of each table."""
        return "; ".join(map(counts, fact.differences)) if isinstance(fact, Compared) else "compared"


def counts(difference: TableDifference) -> str:
    """Count one table's classes in a line."""
    unfit = sum(conflict.rows for conflict in difference.conflicts)
    parts = [f"{difference.missing:,} missing", f"{difference.present:,} still there", f"{difference.newer:,} newer"]
    if unfit:
        parts.append(f"{unfit:,} in conflict")
    return f"{difference.landing.table}: {', '.join(parts)}"


def refuse_rows(differences: tuple[TableDifference, ...]) -> None:
    """Refuse to load into a table that has rows, as `--merge none` asks."""
    for difference in differences:
        if difference.live:
            raise Refused(
                "compare",
                f"{difference.landing} has {counted(difference.live, 'row')} and --merge none wants it empty",
                "use --merge missing to keep them and add what is missing",
                code="merge.not-empty",
            )
