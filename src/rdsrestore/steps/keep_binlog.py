"""Copy the binlog of the incident here, before anything else takes time: RDS may purge it within minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import DatabaseError, ToolError
from rdsrestore.domain.facts import BinlogKept, Fact
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.domain.survey import Survey
from rdsrestore.steps.sessions import counted, production
from rdsrestore.workflow.step import Impact, Run, Step


@written("KeepBinlog")
@dataclass(frozen=True)
class KeepBinlog(Step):
    """Copy the files from the one that holds the moment to the present one; rows come back without them, too."""

    name: ClassVar[str] = "keep-binlog"
    impact: ClassVar[Impact] = Impact.LOCAL
    usual: ClassVar[timedelta] = timedelta(seconds=10)

    since: datetime
    files: int
    size: int

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Wanted where it was asked for, and can be done."""
        del run
        binlog, point = survey.binlog, request.point
        if not binlog or not binlog.files or not isinstance(point, Moment):
            return None
        return cls(point.utc, len(binlog.files), binlog.size)

    def describe(self) -> str:
        """Say how much it is."""
        since = f"{self.since:%Y-%m-%d %H:%M:%S} UTC"
        return f"copy production's binlog since {since} here: {counted(self.files, 'file')}, {self.size / 1e6:,.1f} MB"

    def apply(self, run: Run) -> Fact:
        """Copy file after file, as the server lists them now; what fails is said, and the rest copied.

        What this run has copied before it was interrupted stays known: the server may have purged it since.
        """
        kept, problems = [], []
        try:
            with production(run) as database:
                files = database.binlog(self.since).files
                for number, file in enumerate(files, 1):
                    run.progress(f"copying {file.name}, {number} of {len(files)}", (number - 1) / len(files))
                    try:
                        kept.append(database.copy_binlog(file, run.folder))
                    except ToolError as error:
                        problems.append(error.what)
        except (DatabaseError, ToolError) as error:
            problems.append(error.what)
        copied, again = run.facts.find(BinlogKept), {file.name for file in kept}
        earlier = [file for file in copied.files if file.name not in again] if copied else []
        return BinlogKept((*earlier, *kept), "; ".join(problems))

    def result(self, fact: Fact | None) -> str:
        """Say what is kept, and what is not."""
        if not isinstance(fact, BinlogKept):
            return "copied"
        size = sum(file.bytes for file in fact.files)
        kept = f"{counted(len(fact.files), 'file')} kept, {size / 1e6:,.1f} MB, each with its SHA-256 in the journal"
        return f"{kept}; not kept: {fact.problem}" if fact.problem else kept
