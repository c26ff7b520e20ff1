"""How a run ended, and the exit code that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from signal import SIGTERM

from rdsrestore.core.changes import Conflict, Ledger, TableDifference, TableLoad
from rdsrestore.core.errors import BrokenInvariant, ExitCode, Interrupted, RdsRestoreError, VerifyError


@dataclass(frozen=True)
class Remains:
    """Something that could not be removed, why, and the command that removes it.

    Not `looked`: it was removed, but nobody could look whether it is gone.
    """

    what: str
    why: str
    command: str
    looked: bool = True

    @property
    def said(self) -> str:
        """Say it in a line."""
        return f"{'could not' if self.looked else 'could not look whether this is done:'} {self.what}: {self.why}"


@dataclass(frozen=True)
class Outcome:
    """What changed in production, what is left over, and the cause where the run did not succeed.

    `production_touched` is true from the first row or table that production got, `saved` once there is an undo file;
    `undoes` names the run that was taken back. `proof` holds the sentences that say what was read again after the
    teardown, `kept` what was left on purpose, and until when.
    """

    run: str
    cause: RdsRestoreError | None = None
    bug: bool = False
    differences: tuple[TableDifference, ...] = ()
    loads: tuple[TableLoad, ...] = ()
    ledgers: tuple[Ledger, ...] = ()
    saved: bool = False
    undoes: str | None = None
    production_touched: bool = False
    remains: tuple[Remains, ...] = ()
    proof: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def written(self) -> int:
        """Count the rows put back, or taken back."""
        return sum(load.rows for load in self.loads)

    @property
    def compared(self) -> str:
        """Say what a run that only compared has found."""
        if not self.differences:
            return "done"
        rows = sum(group.rows for each in self.differences for group in each.groups)
        return f"compared: {rows:,} row{' differs' if rows == 1 else 's differ'}, nothing was written"

    @property
    def conflicts(self) -> tuple[tuple[str, Conflict], ...]:
        """Return what was left out, with the name of its table."""
        return tuple((str(load.landing), conflict) for load in self.loads for conflict in load.conflicts)

    @property
    def exit_code(self) -> ExitCode:
        """Choose by what the operator must do next; something still running wins over all else."""
        if self.remains:
            return ExitCode.CLEANUP_INCOMPLETE
        if self.bug:
            return ExitCode.BUG
        if self.cause is None:
            return ExitCode.OK
        return ExitCode.FAILED_CHANGED if self.production_touched else untouched_code(self.cause)

    @property
    def headline(self) -> str:
        """Say how it ended in one sentence."""
        rows = f"{self.written:,} row{'' if self.written == 1 else 's'}"
        how, act = ("undone", "taken back") if self.undoes else ("restored", "put back")
        if self.cause is None:
            end = f"{how} and verified: {rows} {act}" if self.loads else self.compared
        elif self.production_touched:
            end = f"failed after {rows} {'was' if self.written == 1 else 'were'} {act}: {self.cause}"
        else:
            end = f"stopped before any change to production: {self.cause}"
        if self.remains:
            return f"{end}; cleanup is incomplete"
        return f"{end}; kept: {'; '.join(self.kept)}" if self.kept else f"{end}; nothing left running"


def untouched_code(cause: RdsRestoreError) -> ExitCode:
    """Return the code for a run that ended because of `cause` before production changed."""
    if isinstance(cause, Interrupted):
        return ExitCode.TERMINATED if cause.signal == SIGTERM else ExitCode.INTERRUPTED
    return ExitCode.FAILED_CLEAN if isinstance(cause, VerifyError | BrokenInvariant) else cause.exit_code
