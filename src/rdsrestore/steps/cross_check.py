"""Hold the rows that the binlog gave against those of the backup, once that is restored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import VerifyError
from rdsrestore.domain.facts import Dumped, Fact
from rdsrestore.domain.ids import RunId, TableRef
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.steps.dump import existing
from rdsrestore.steps.sessions import copy, counted
from rdsrestore.workflow.step import Impact, Run, Step


@written("CrossCheck")
@dataclass(frozen=True)
class CrossCheck(Step):
    """Take the copy's fingerprint of all touched keys; it has to be that of the rows that were turned back."""

    name: ClassVar[str] = "cross-check"
    impact: ClassVar[Impact] = Impact.READS
    usual: ClassVar[timedelta] = timedelta(seconds=5)

    table: TableRef

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Concern the one table."""
        del survey, run
        return cls(request.refs[0])

    def describe(self) -> str:
        """Name the two sources."""
        return f"hold the rows of {self.table.table} that the binlog gave against the backup's"

    def apply(self, run: Run) -> Fact | None:
        """Look; VerifyError with code `verify.backup-differs` where the backup has other rows."""
        dumped = run.facts.get(Dumped)
        (dump,), (touched,) = dumped.dumps, dumped.touched
        with copy(run) as database:
            found = database.fingerprint(existing(database, self.table), Path(touched.path))
        if found != dump.content:
            raise VerifyError(
                f"cross-check {self.table}",
                "the backup has other rows of the touched keys than the binlog gave"
                + (", as many, of other content" if found.rows == dump.rows else ""),
                f"rdsrestore undo {run.id} takes back what was written; then the same command with --rows-from backup",
                expected=found.rows,
                actual=dump.rows,
                code="verify.backup-differs",
            )
        run.progress(f"{counted(touched.keys, 'touched key')}: the backup has the same rows", None)
        return None

    def result(self, fact: Fact | None) -> str:
        """Say what holds."""
        del fact
        return "the backup has the same rows of every touched key, and none more"
