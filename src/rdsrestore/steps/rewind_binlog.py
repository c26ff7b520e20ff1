"""Take the rows from production's own binlog, on a server of this machine that is gone before the step ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.facts import Dumped, Fact
from rdsrestore.domain.ids import RunId, TableRef
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.domain.survey import Survey
from rdsrestore.steps.sessions import counted, production
from rdsrestore.workflow.step import Impact, Run, Step


@written("RewindBinlog")
@dataclass(frozen=True)
class RewindBinlog(Step):
    """Turn the touched rows back, prove them, and dump them."""

    name: ClassVar[str] = "rewind-binlog"
    impact: ClassVar[Impact] = Impact.LOCAL
    usual: ClassVar[timedelta] = timedelta(seconds=10)

    table: TableRef
    moment: datetime

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Concern the one table, which is there."""
        del survey, run
        return cls(request.refs[0], request.point.utc) if isinstance(request.point, Moment) else None

    def describe(self) -> str:
        """Name the table and the moment."""
        then = f"{self.moment:%Y-%m-%dT%H:%M:%SZ}"
        return f"turn the rows of {self.table.table} back to {then} by production's binlog, on a server of this machine"

    def apply(self, run: Run) -> Fact:
        """Read the table as it is, which is as it was where nothing in the binlog says otherwise."""
        with production(run) as database:
            definition = database.definition(self.table)
        if definition is None:
            what = f"{self.table} is not there, and the binlog has its rows alone"
            raise Refused("--rows-from", what, "use --rows-from backup --recreate", code="binlog.unproved")
        endpoint, user = run.survey.source.endpoint, run.request.user
        found = run.databases.rows_from_binlog(endpoint, user, definition, self.moment, run.folder, run.progress)
        return Dumped((found.dump,), located=(found.located,), touched=(found.touched,))

    def result(self, fact: Fact | None) -> str:
        """Count the rows, and say what was proved."""
        if not isinstance(fact, Dumped):
            return "turned back"
        rows = sum(dump.rows for dump in fact.dumps)
        return f"{counted(rows, 'touched row')} as they were; played forward again they are what production holds now"
