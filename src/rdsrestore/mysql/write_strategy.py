"""The two ways that restored rows get into a table: merged with its own by a plan, or straight from the dump.

A table that has none of the rows takes the dump directly. Any other has them staged and compared first, and only what
its plan says is written.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

from rdsrestore.domain.outcome.load_result import Ledger, SavedTable, TableLoad
from rdsrestore.domain.tables.dump_file import Fingerprint
from rdsrestore.domain.tables.rows import PlanLine, TableDifference
from rdsrestore.domain.tables.target import Target
from rdsrestore.mysql.compare import classify
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.merge import plan, staging
from rdsrestore.mysql.merge.batches import Pacing
from rdsrestore.mysql.merge.job import Job, lay_out
from rdsrestore.mysql.session.login.connection import Session
from rdsrestore.mysql.session.login.pool import Logins
from rdsrestore.mysql.session.remote import RemoteExecutor
from rdsrestore.mysql.verify import ledger, reconcile
from rdsrestore.mysql.write import direct, load, through_shadow, undo_file
from rdsrestore.ports.progress import Progress


class Strategy(ABC):
    """One way to write, on the session that `ready` gives, which is another where a connection was lost.

    Every method may raise DatabaseError.
    """

    def __init__(self, ready: Callable[[], Session], logins: Logins, remote: RemoteExecutor | None) -> None:
        self._ready = ready
        self._logins = logins
        self._remote = remote

    @abstractmethod
    def digest(self, schema: str, target: Target) -> str:
        """Return the digest of a table's plan as it is now."""

    @abstractmethod
    def stage(self, schema: str, target: Target, store: DumpStore, progress: Progress) -> None:
        """Bring into the scratch schema what the plan rests on; ToolError or VerifyError where the dump is not right.

        The table itself need not be there yet.
        """

    @abstractmethod
    def compare(
        self, jobs: Sequence[Job], store: DumpStore, progress: Progress, rest: float
    ) -> Sequence[TableDifference]:
        """Plan what is written, and sum it up, a difference for each job; rest after each range."""

    @abstractmethod
    def lines(self, job: Job) -> Iterator[PlanLine]:
        """Yield what the plan says of each row."""

    @abstractmethod
    def save(self, job: Job, store: DumpStore, progress: Progress) -> SavedTable:
        """Keep what an undo rests on; ToolError where that can't be proved."""

    @abstractmethod
    def untouched(self, job: Job) -> Fingerprint | None:
        """Take the fingerprint of rows that are not to be written; None where nothing could reach them."""

    @abstractmethod
    def load(self, jobs: Sequence[Job], store: DumpStore, pacing: Pacing, progress: Progress) -> None:
        """Carry out the plans; safe to repeat."""

    @abstractmethod
    def loaded(self, job: Job) -> TableLoad:
        """Say what has been written so far."""

    @abstractmethod
    def ledger(
        self, job: Job, store: DumpStore, before: int, untouched: Fingerprint | None, progress: Progress
    ) -> Ledger:
        """Hold what is there against what was planned; `before` counts the rows, `untouched` is what was said then."""


class Merged(Strategy):
    """Rows are staged, classed against the table's own, and written as the policy decides of each class."""

    def digest(self, schema: str, target: Target) -> str:
        """Sum up the lines of the plan."""
        session = self._ready()
        return plan.digest(session, lay_out(session, schema, target).context)

    def stage(self, schema: str, target: Target, store: DumpStore, progress: Progress) -> None:
        """Load the dumps, or an undo file, and prove them equal to what was dumped."""
        staging.stage_target(self._ready(), schema, target, store, progress)

    def compare(
        self, jobs: Sequence[Job], store: DumpStore, progress: Progress, rest: float
    ) -> Sequence[TableDifference]:
        """Write the plans, all tables together: rows of one may need rows of another."""
        del store
        return classify.compare(self._ready(), jobs, progress, rest)

    def lines(self, job: Job) -> Iterator[PlanLine]:
        """Read the plan."""
        return plan.lines(self._ready(), job.context)

    def save(self, job: Job, store: DumpStore, progress: Progress) -> SavedTable:
        """Write what the rows are that are to change into an undo file, and prove it."""
        return undo_file.save(self._ready(), self._logins.login, job.context, store, progress)

    def untouched(self, job: Job) -> Fingerprint | None:
        """Hash the rows that the plan does not name; None without a key, and where nothing could reach them."""
        return ledger.untouched_rows(self._ready(), job.context)

    def load(self, jobs: Sequence[Job], store: DumpStore, pacing: Pacing, progress: Progress) -> None:
        """Write all tables together, parents before children, in as many rounds as that takes."""
        del store
        load.load(self._ready(), [job.context for job in jobs], pacing, progress)

    def loaded(self, job: Job) -> TableLoad:
        """Count the lines of the plan that are done."""
        return load.loaded(self._ready(), job.context)

    def ledger(
        self, job: Job, store: DumpStore, before: int, untouched: Fingerprint | None, progress: Progress
    ) -> Ledger:
        """Hold each written row against its line of the plan."""
        del store, progress
        return ledger.ledger(self._ready(), job.context, before, untouched)


class Direct(Strategy):
    """The table takes the dump's own statements: all rows are new there, so that the dump is plan and undo file."""

    def digest(self, schema: str, target: Target) -> str:
        """Name the file: every row of it is the plan."""
        del schema
        return direct.print_of(target)

    def stage(self, schema: str, target: Target, store: DumpStore, progress: Progress) -> None:
        """Prove the file and begin the notes of which statements are written; nothing is staged."""
        del progress
        session = self._ready()
        direct.prepare(session, lay_out(session, schema, target).context, target.dump, store)

    def compare(
        self, jobs: Sequence[Job], store: DumpStore, progress: Progress, rest: float
    ) -> Sequence[TableDifference]:
        """Count: every row is missing, but for those that other unique keys are known to keep out."""
        del progress, rest
        return [direct.difference(self._ready(), job.context, job.target, store) for job in jobs]

    def lines(self, job: Job) -> Iterator[PlanLine]:
        """Name the rows that were left alone, once the dump was staged to find them."""
        return direct.lines(self._ready(), job.context)

    def save(self, job: Job, store: DumpStore, progress: Progress) -> SavedTable:
        """Name the dump as the undo file."""
        del store, progress
        return direct.save(job.context, job.target)

    def untouched(self, job: Job) -> Fingerprint | None:
        """Hash what is there; None where the dump's rows can be told by their keys."""
        return reconcile.untouched_rows(self._ready(), self._logins, job.context, job.target)

    def load(self, jobs: Sequence[Job], store: DumpStore, pacing: Pacing, progress: Progress) -> None:
        """Write the statements that no note says to be written, table by table."""
        work = through_shadow.Load(self._logins, store, pacing, progress, self._remote)
        for job in jobs:
            if not (job.target.shadow and through_shadow.load(work, job.context, job.target)):
                direct.load(self._logins, job.context, job.target, store, pacing, progress, self._remote)

    def loaded(self, job: Job) -> TableLoad:
        """Add up the notes."""
        return through_shadow.loaded(self._ready(), job.context)

    def ledger(
        self, job: Job, store: DumpStore, before: int, untouched: Fingerprint | None, progress: Progress
    ) -> Ledger:
        """Hold checksums of the whole against each other; row by row only where others wrote meanwhile."""
        known = reconcile.Reconciliation(job.target, store, before, untouched)
        return reconcile.ledger(self._ready(), self._logins, job.context, known, progress)


class Strategies:
    """Both ways, and which of them a table takes."""

    def __init__(self, ready: Callable[[], Session], logins: Logins, remote: RemoteExecutor | None) -> None:
        self._direct = Direct(ready, logins, remote)
        self._merged = Merged(ready, logins, remote)

    def of(self, target: Target) -> Strategy:
        """Name the way that was chosen for a table when it was staged."""
        return self._direct if target.direct else self._merged

    def shared(self, jobs: Sequence[Job]) -> Iterator[tuple[Strategy, Sequence[Job]]]:
        """Share out a run's tables; what goes directly comes first: it waits for no other row."""
        for strategy in (self._direct, self._merged):
            own = [job for job in jobs if self.of(job.target) is strategy]
            if own:
                yield strategy, own

    def compare(
        self, jobs: Sequence[Job], store: DumpStore, progress: Progress, rest: float
    ) -> tuple[TableDifference, ...]:
        """Plan all tables; returns their differences in the order of the jobs."""
        made = {strategy: iter(strategy.compare(own, store, progress, rest)) for strategy, own in self.shared(jobs)}
        return tuple(next(made[self.of(job.target)]) for job in jobs)

    def load(self, jobs: Sequence[Job], store: DumpStore, pacing: Pacing, progress: Progress) -> None:
        """Carry out the plans of all tables."""
        for strategy, own in self.shared(jobs):
            strategy.load(own, store, pacing, progress)
