"""Class every restored row against production, before anything is written there."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar, Self

from rdsrestore.domain.codec import encode, written
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.facts import Compared, Fact, Staged
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.merge_policy import Merge, OnConflict, Policy
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.domain.tables.in_place import note
from rdsrestore.domain.tables.rows import Act, TableDifference
from rdsrestore.domain.tables.target import Target
from rdsrestore.ports.production import RowMerge
from rdsrestore.steps.locate import rest
from rdsrestore.steps.sessions import counted, production
from rdsrestore.workflow.step import Impact, Run, Step


@written("Compare")
@dataclass(frozen=True)
class Compare(Step):
    """Find which rows are missing, changed or production's alone, and what the policy does with each."""

    name: ClassVar[str] = "compare"
    impact: ClassVar[Impact] = Impact.READS
    usual: ClassVar[timedelta] = timedelta(seconds=30)

    schema: str
    policy: Policy

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self:
        """Concern the staged rows."""
        del survey
        return cls(run.schema, request.policy)

    def describe(self) -> str:
        """Say what is compared."""
        return "compare the restored rows with production's, by key"

    def apply(self, run: Run) -> Fact:
        """Compare each table, and list all keys in the run's folder."""
        targets = run.facts.get(Staged).targets
        with production(run) as database:
            found = database.compare(self.schema, targets, run.folder, run.progress, rest(run.request))
            differences = tuple(map(with_way, found, targets))
            for target in targets:
                keep_lines(run, database, self.schema, target)
        run.facts.put(Compared(differences))
        if self.policy.merge is Merge.NONE:
            refuse_rows(differences)
        if self.policy.on_conflict is OnConflict.STOP:
            refuse_conflicts(differences)
        return Compared(differences)

    def result(self, fact: Fact | None) -> str:
        """Count the classes of each table."""
        return "; ".join(map(counts, fact.differences)) if isinstance(fact, Compared) else "compared"


def with_way(difference: TableDifference, target: Target) -> TableDifference:
    """Say by which way the rows come, where that was chosen."""
    said = note(shadow=target.shadow, why=target.why_not)
    return replace(difference, notes=(*difference.notes, said)) if said else difference


def counts(difference: TableDifference) -> str:
    """Count one table's classes in a line."""
    parts = [
        f"{difference.missing:,} missing",
        "changed rows not looked for" if difference.unseen else f"{difference.changed:,} changed",
        f"{difference.newer:,} newer",
    ]
    if difference.unfit:
        parts.append(f"{difference.unfit:,} in conflict")
    return f"{difference.target.table}: {', '.join(parts)}"


def keep_lines(run: Run, database: RowMerge, schema: str, target: Target) -> None:
    """Write every row that differs into the run's folder, one JSON object a line, in place of an earlier list."""
    path = run.folder / f"plan-{target.ref.stem}.jsonl"
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    with new.open("w", encoding="utf-8") as file:
        for line in database.lines(schema, target):
            said = {name: value for name, value in vars(line).items() if value}
            file.write(json.dumps({name: encode(value) for name, value in said.items()}, ensure_ascii=False) + "\n")
    new.replace(path)


def refuse_rows(differences: tuple[TableDifference, ...]) -> None:
    """Refuse to load into a table that has rows, as `--merge none` asks."""
    for difference in differences:
        if difference.live:
            raise Refused(
                "compare",
                f"{difference.target} has {counted(difference.live, 'row')} and --merge none wants it empty",
                "use --merge missing to keep them and add what is missing",
                code="merge.not-empty",
            )


def refuse_conflicts(differences: tuple[TableDifference, ...]) -> None:
    """Refuse to write anything where rows are in conflict, as `--on-conflict stop` asks."""
    for difference in differences:
        if difference.unfit:
            raise Refused(
                "compare",
                f"{counted(difference.unfit, 'row')} of {difference.target} are in conflict:"
                f" {difference.conflicts[0].reason}",
                "look at plan-*.jsonl in the run's folder; --on-conflict keep leaves them alone and restores the rest",
                code="conflict.stop",
            )


ACTS = {Act.INSERT: "insert", Act.UPDATE: "change", Act.DELETE: "DELETE"}
"""What is done, in words an operator is asked by."""
UNDONE = {Act.DELETE: "REMOVE again", Act.UPDATE: "set back", Act.INSERT: "put back"}
"""The same, where an earlier run is taken back."""


def intended(differences: tuple[TableDifference, ...]) -> str:
    """Say in words what would be written."""
    parts = []
    for difference in differences:
        acts = [
            f"{word} {counted(difference.planned(act), 'row')}"
            for act, word in (UNDONE if difference.undoes else ACTS).items()
            if difference.planned(act)
        ]
        parts += [f"{', '.join(acts)} of {difference.target}"] if acts else []
    return "; ".join(parts)
