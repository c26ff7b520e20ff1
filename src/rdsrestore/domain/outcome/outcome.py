"""How a run ended, and the exit code that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from signal import SIGTERM

from rdsrestore.domain.errors import (
    BrokenInvariant,
    CutOff,
    Interrupted,
    RdsRestoreError,
    RemoteError,
    VerifyError,
)
from rdsrestore.domain.facts import Recounted, Swapped, TakenBack
from rdsrestore.domain.outcome.ending import Ending
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.outcome.load_result import Ledger, TableLoad
from rdsrestore.domain.outcome.remains import Remains
from rdsrestore.domain.tables.rows import Conflict, TableDifference

PUT_OFF = frozenset({"operator.no", "approval.later"})
"""The codes of an approval that was not given, and may be."""


@dataclass(frozen=True)
class Outcome:
    """What changed in production, what is left over, and the cause where the run did not succeed.

    `production_touched` is true from the first row or table that production got, `uncounted` where the load began and
    nobody knows how far it came, `dumped` from a checked dump on until the load begins, `saved` once there is an undo
    file;
    `undoes` names the run that was taken back, `made` the tables that the run created and that are there. `recounted`
    and `taken_back` are what was found of a run that an earlier process worked on, `earlier` is how that run had ended
    where only its teardown was made good. `proof` holds the sentences that say what was read again after the teardown,
    `kept` what was left on purpose, and until when. `skipped` are tables that were asked for and can't be restored,
    each with why. `from_binlog`: the rows were turned back by production's own binlog.
    """

    run: str
    cause: RdsRestoreError | None = None
    bug: bool = False
    differences: tuple[TableDifference, ...] = ()
    loads: tuple[TableLoad, ...] = ()
    uncounted: bool = False
    ledgers: tuple[Ledger, ...] = ()
    recounted: Recounted | None = None
    made: tuple[str, ...] = ()
    swapped: Swapped | None = None
    dumped: bool = False
    saved: bool = False
    undoes: str | None = None
    taken_back: TakenBack | None = None
    earlier: Ending | None = None
    production_touched: bool = False
    remains: tuple[Remains, ...] = ()
    proof: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    kept_until: datetime | None = None
    notices: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    from_binlog: bool = False

    @property
    def written(self) -> int:
        """Count the rows put back, or taken back."""
        return sum(load.rows for load in self.loads)

    @property
    def rows_changed(self) -> bool:
        """Whether rows of production changed, as far as is known; a new table without rows is none."""
        return bool(self.uncounted or self.written or self.swapped)

    @property
    def planned(self) -> int:
        """Count the rows that were to be written."""
        return sum(each.writes for each in self.differences)

    @property
    def conflicts(self) -> tuple[tuple[str, Conflict], ...]:
        """Return what was left out, with the name of its table."""
        return tuple((str(load.target), conflict) for load in self.loads for conflict in load.conflicts)

    @property
    def left_alone(self) -> int:
        """Count the rows that were wanted and could not be written."""
        return sum(conflict.rows for _table, conflict in self.conflicts)

    @property
    def gone(self) -> int:
        """Count the written rows that others have taken away since."""
        if self.recounted:
            return sum(
                max(0, ledger.after - now) for ledger, now in zip(self.ledgers, self.recounted.rows, strict=True)
            )
        return sum(ledger.gone for ledger in self.ledgers)

    @property
    def rewritten(self) -> int:
        """Count the written rows that are there with what others wrote into them since."""
        return sum(ledger.done - ledger.matching - ledger.gone for ledger in self.ledgers)

    @property
    def lacking(self) -> int:
        """Count the rows that were wanted and are not there; what the policy leaves was not wanted."""
        return self.left_alone + self.gone

    @property
    def idle(self) -> bool:
        """Whether a restore found nothing to restore."""
        return bool(self.loads) and not (self.written or self.lacking or self.made or self.undoes)

    @property
    def short(self) -> bool:
        """Whether a run that did all its steps leaves something that was wanted undone, or unknown."""
        return bool(self.lacking or self.idle or self.recounted or (self.skipped and self.loads))

    @property
    def unchecked(self) -> bool:
        """Whether rows from the binlog are back and verified, and only the backup could not be asked about them."""
        told = self.bug or isinstance(self.cause, VerifyError | BrokenInvariant | CutOff)
        verified = self.from_binlog and self.written and self.ledgers and not (self.recounted or self.taken_back)
        return bool(verified and self.cause) and not told

    @property
    def resumable(self) -> bool:
        """Whether a run that changed nothing can go on from its dump, and what had stopped it need not come again."""
        if not self.dumped or self.production_touched or self.bug or self.taken_back:
            return False
        passing = isinstance(self.cause, Interrupted | CutOff | RemoteError)
        return passing or (self.cause is not None and self.cause.code in PUT_OFF)

    @property
    def reusable(self) -> bool:
        """Whether what a run that changed production did not come to can be had from its dump."""
        cut = self.production_touched and self.cause is not None
        return cut and not (self.from_binlog or self.undoes or self.taken_back or self.swapped)

    @property
    def exit_code(self) -> ExitCode:
        """Choose by what the operator must do next; something still running wins over all else."""
        if self.remains:
            return ExitCode.CLEANUP_INCOMPLETE
        if self.earlier:
            return self.earlier.again(self.taken_back)
        if self.cause and not self.unchecked:
            return self.failed_code(self.cause)
        return ExitCode.INCOMPLETE if self.short or self.unchecked else ExitCode.OK

    def failed_code(self, cause: RdsRestoreError) -> ExitCode:
        """Choose for a run that did not come to its end."""
        if self.production_touched and not (self.taken_back and self.taken_back.whole):
            return ExitCode.FAILED_CHANGED
        return ExitCode.BUG if self.bug else untouched_code(cause)

    @property
    def headline(self) -> str:
        """Say how it ended in one sentence."""
        if self.earlier:
            left = "cleanup is incomplete; the run" if self.remains else f"nothing of run {self.run} is left; it"
            return f"{left} ended: {self.earlier.sentence(self.taken_back)}"
        end = failed(self, self.cause) if self.cause else ended(self)
        end += f"; without {', '.join(text.partition(': ')[0] for text in self.skipped)}" if self.skipped else ""
        if self.remains:
            return f"{end}; cleanup is incomplete"
        return f"{end}; kept: {'; '.join(self.kept)}" if self.kept else f"{end}; nothing left running"


def ended(outcome: Outcome) -> str:
    """Say what came of a run that did all its steps."""
    if outcome.swapped and outcome.undoes:
        return f"undone: {outcome.swapped.live} is the table again that it was before run {outcome.undoes}"
    if not outcome.loads:
        return compared(outcome)
    if outcome.recounted:
        return recounted(outcome, outcome.recounted)
    return nothing(outcome) if outcome.idle else came_back(outcome)


def came_back(outcome: Outcome) -> str:
    """Say how many rows are back, and how many are not."""
    how, act = ("undone", "taken back") if outcome.undoes else ("restored", "put back")
    if outcome.lacking:
        parts = [f"{rows(outcome.written)} {act}"]
        parts += [there(outcome)] if outcome.gone else []
        parts += [left_alone(outcome)] if outcome.left_alone else []
        return f"not everything is {'taken ' if outcome.undoes else ''}back: {'; '.join(parts)}"
    if outcome.undoes and not outcome.written:
        return f"nothing to take back: every row already is as it was before run {outcome.undoes}"
    since = f", {outcome.rewritten:,} of them written again since by others" if outcome.rewritten > 0 else ""
    return f"{how} and verified: {rows(outcome.written)} {act}{since}"


def recounted(outcome: Outcome, found: Recounted) -> str:
    """Say what an earlier process verified, and what is known of it now."""
    act = "taken back" if outcome.undoes else "put back"
    said = f"{rows(outcome.written)} {act} and verified at {found.at:%Y-%m-%d %H:%M:%S} UTC, before the run was cut off"
    said += f"; {left_alone(outcome)}" if outcome.left_alone else ""
    return (
        f"{said}; {rows(outcome.gone)} fewer now"
        if outcome.gone
        else f"{said}, and only counted since: rdsrestore compare looks at their content"
    )


def nothing(outcome: Outcome) -> str:
    """Say that no row was to be put back, and what is known of rows that differ."""
    differing = sum(each.missing + each.changed for each in outcome.differences)
    if any(each.unseen for each in outcome.differences):
        also = "no row is missing; changed rows were not looked at"
    elif differing:
        also = f"{rows(differing)} unlike that moment's {'stays' if differing == 1 else 'stay'} as the policy says"
    else:
        also = "every row of that moment that was asked for is there, as it was then"
    return f"nothing to restore: {also}; try an earlier --before, or rdsrestore compare"


def left_alone(outcome: Outcome) -> str:
    """Say how many rows could not be written, and where they are listed."""
    act = "taken back" if outcome.undoes else "back"
    return f"{outcome.left_alone:,} {be(outcome.left_alone)} not {act} (report.md says why, plan-*.jsonl which)"


def there(outcome: Outcome) -> str:
    """Say how many of the written rows are there."""
    left = outcome.written - outcome.gone
    return f"{left:,} of them {be(left)} there now, others took {outcome.gone:,} away"


def compared(outcome: Outcome) -> str:
    """Say what a run that only compared has found."""
    if not outcome.differences:
        return "done"
    differing = sum(group.rows for each in outcome.differences for group in each.groups)
    return f"compared: {differing:,} row{' differs' if differing == 1 else 's differ'}, nothing was written"


def failed(outcome: Outcome, cause: RdsRestoreError) -> str:
    """Say how far a run came that did not do all its steps."""
    act = "taken back" if outcome.undoes else "put back"
    if outcome.unchecked:
        return f"{came_back(outcome)}, from the binlog; the backup was not asked about them: {cause}"
    if isinstance(cause, CutOff):
        return cut_off(outcome, cause)
    if not outcome.production_touched:
        return f"stopped before any change to production: {cause}"
    if outcome.uncounted:
        return f"failed while it wrote to production, how many rows it wrote is not known: {cause}"
    if outcome.made and not outcome.written:
        return f"failed after {', '.join(outcome.made)} {'was' if len(outcome.made) == 1 else 'were'} created: {cause}"
    return f"failed after {rows(outcome.written)} {was(outcome.written)} {act}: {cause}"


def cut_off(outcome: Outcome, cause: CutOff) -> str:
    """Say what a run had done to production when its process was gone."""
    if outcome.taken_back:
        return f"{cause.what}; run {outcome.taken_back.by} took back what it wrote: {outcome.taken_back.how}"
    if not outcome.production_touched:
        return f"{cause.what} before any change to production"
    if outcome.uncounted:
        return f"{cause.what} while it wrote to production; how many rows it wrote is not known"
    if outcome.made and not outcome.written:
        return f"{cause.what} after it had created {', '.join(outcome.made)}"
    act = "taken back" if outcome.undoes else "in"
    done = f"{outcome.written:,} of {rows(outcome.planned)} {be(outcome.written)} {act}"
    if outcome.written + outcome.left_alone < outcome.planned:
        return f"{cause.what} while it wrote to production: {done}"
    return f"{cause.what} after it wrote to production: {done}, and not all is verified"


def rows(number: int) -> str:
    """Count rows in words."""
    return f"{number:,} row{'' if number == 1 else 's'}"


def was(number: int) -> str:
    """Choose the verb's number."""
    return "was" if number == 1 else "were"


def be(number: int) -> str:
    """Choose the verb's number."""
    return "is" if number == 1 else "are"


def untouched_code(cause: RdsRestoreError) -> ExitCode:
    """Return the code for a run that ended because of `cause` before production changed."""
    if isinstance(cause, Interrupted):
        return ExitCode.TERMINATED if cause.signal == SIGTERM else ExitCode.INTERRUPTED
    return ExitCode.FAILED_CLEAN if isinstance(cause, VerifyError | BrokenInvariant) else cause.exit_code
