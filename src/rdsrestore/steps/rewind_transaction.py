"""Take one transaction's rows from production's own binlog: as they were before it, and as it left them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.facts import Dumped, Fact
from rdsrestore.domain.ids import RunId, TableRef
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.domain.tables.transaction import LoggedTransaction, gathered
from rdsrestore.steps.sessions import counted, production
from rdsrestore.workflow.step import Impact, Run, Step
from rdsrestore.workflow.table_order import parents_first


@written("RewindTransaction")
@dataclass(frozen=True)
class RewindTransaction(Step):
    """Turn the transaction back alone, prove its rows by all that was done since, and dump both of its sides."""

    name: ClassVar[str] = "rewind-transaction"
    impact: ClassVar[Impact] = Impact.LOCAL
    usual: ClassVar[timedelta] = timedelta(seconds=10)

    tables: tuple[TableRef, ...]
    transaction: LoggedTransaction

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Concern the tables that were named."""
        del survey, run
        return cls(request.refs, request.transaction) if request.transaction else None

    def describe(self) -> str:
        """Name the transaction and the tables."""
        names = ", ".join(ref.table for ref in self.tables)
        return f"turn transaction {self.transaction} back in {names} by the binlog, on a server of this machine"

    def apply(self, run: Run) -> Fact:
        """Read the tables as they are, which is as they were where nothing in the binlog says otherwise."""
        with production(run) as database:
            known = {ref: database.definition(ref) for ref in self.tables}
        definitions = {ref: definition for ref, definition in known.items() if definition}
        if gone := [str(ref) for ref in self.tables if ref not in definitions]:
            what = f"{', '.join(gone)} is not there, and the binlog has its rows alone"
            raise Refused("--transaction", what, "without --transaction: --before and --recreate", code="db.no-table")
        parents = {ref: tuple(key.parent for key in each.references) for ref, each in definitions.items()}
        ordered = [definitions[ref] for ref in parents_first(self.tables, parents)]
        endpoint, user = run.survey.source.endpoint, run.request.user
        found = run.databases.rows_of_transaction(endpoint, user, ordered, self.transaction, run.folder, run.progress)
        return Dumped(
            tuple(each.dump for each in found),
            tuple(each.after for each in found if each.after),
            located=tuple(each.located for each in found),
            touched=tuple(each.touched for each in found),
            later=gathered([each.later for each in found if each.later]),
        )

    def result(self, fact: Fact | None) -> str:
        """Count the rows of both sides, and who changed them since."""
        if not isinstance(fact, Dumped):
            return "turned back"
        before, after = (sum(dump.rows for dump in each) for each in (fact.dumps, fact.afters))
        proof = "all that was done since leads to what production holds now"
        later = f"; {counted(len(fact.later), 'later transaction')} changed some of them" if fact.later else ""
        return f"{counted(before, 'row')} before it, {after:,} after it; {proof}{later}"
