"""The folders of the runs, each private to its owner, and what their journals say."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rdsrestore.domain.errors import JournalError, UsageError
from rdsrestore.domain.facts import TakenBack
from rdsrestore.domain.ids import RUN_ID, RunId
from rdsrestore.domain.outcome.ending import Ending
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.ports.clock import Clock
from rdsrestore.store.audit_index import AuditIndex, IndexedJournal
from rdsrestore.store.journal_file import JournalFile, is_there, reading_of
from rdsrestore.store.shredder import shred
from rdsrestore.store.step_durations import step_durations
from rdsrestore.workflow.journal.index import compare
from rdsrestore.workflow.journal.journal import Kind, Reading, Record, asked_for, ending, finished

PRIVATE = 0o700
JOURNAL = "journal.jsonl"
LOCK = "lock"
A_LOOK = 0.5
"""Seconds within which whoever only looks whether a run is at work has let go of its lock."""
SWEPT = "swept.jsonl"
"""The record of a cleanup by the tags alone, where the journal itself is damaged."""
TAKING_BACK = frozenset({"load", "swap-back"})
"""The steps by which a run takes another one back."""


@dataclass(frozen=True)
class StoredRun:
    """A run's folder."""

    folder: Path

    @property
    def id(self) -> RunId:
        """The run's name is its folder's."""
        return RunId(self.folder.name)

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.folder / JOURNAL

    def reading(self) -> Reading:
        """Read the journal and check its chain; JournalError where it can't be read at all."""
        try:
            return reading_of(self.journal)
        except (OSError, UnicodeDecodeError) as error:
            raise JournalError(
                str(self.journal),
                f"can't be read: {error}",
                f"rdsrestore cleanup {self.id} removes what the run left, by its marks",
            ) from error

    def records(self) -> tuple[Record, ...]:
        """Return the sound records."""
        return self.reading().records

    def sound(self) -> tuple[Record, ...]:
        """Return the sound records; none where the journal can't be read."""
        try:
            return self.records()
        except JournalError:
            return ()

    def whole(self) -> tuple[Record, ...]:
        """Return all records; JournalError where the chain does not hold."""
        self.refuse_newer()
        reading = self.reading()
        if reading.broken:
            raise JournalError(
                f"{self.journal}, line {reading.broken.line}",
                reading.broken.problem,
                f"fetch it from a copy; rdsrestore cleanup {self.id} removes what the run left, by its marks",
            )
        return reading.records

    def refuse_newer(self) -> None:
        """Raise JournalError with code `journal.version` where a later release wrote the journal."""
        try:
            broken = self.reading().broken
        except JournalError:  # of no release that anybody could name
            return
        if broken and broken.newer:
            raise JournalError(
                f"{self.journal}, line {broken.line}",
                broken.problem,
                "use the release that wrote it, or a later one, for this run",
                code="journal.version",
            )

    def tells(self) -> bool:
        """Whether the journal is sound from its first record on, and begins as that of a run does."""
        try:
            reading = self.reading()
        except JournalError:
            return False
        return not reading.broken and any(record.kind is Kind.STARTED for record in reading.records)

    def cut_off(self) -> bool:
        """Whether the last record is not that of an end, or of a cleanup, that left nothing."""
        swept = self.folder / SWEPT
        try:
            last = (swept if swept.exists() else self.journal).read_bytes().rstrip().rpartition(b"\n")[2]
            record = json.loads(last)
            kind, data = record["kind"], dict(record["data"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return is_there(self.journal)
        ended = kind in (Kind.ENDED, Kind.CLEANED)
        return not ended or bool(data.get("kept")) or data.get("exit_code") == ExitCode.CLEANUP_INCOMPLETE

    def ending(self) -> Ending | None:
        """Say how the run ended; None where it did not, or its journal can't be read."""
        try:
            return ending(self.records())
        except JournalError:
            return None

    def idle(self) -> bool:
        """Whether no process works on the run."""
        descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # others may look at the same time
        except BlockingIOError:
            return False
        else:
            self._forget_logins()
            return True
        finally:
            os.close(descriptor)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run's lock; JournalError with code `run.locked` while another process does."""
        descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._lock(descriptor)
            self._forget_logins()
            yield
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        """Take the lock, which whoever only looks holds for a moment."""
        until = time.monotonic() + A_LOOK
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() < until:
                    time.sleep(A_LOOK / 20)
                    continue
                raise JournalError(
                    f"run {self.id}",
                    "is being worked on by another process",
                    "wait for it, or stop that process first",
                    code="run.locked",
                ) from error
            return

    def _forget_logins(self) -> None:
        """Remove what a process of a release that kept logins in files has left, if it was killed."""
        for left in self.folder.rglob("client-*.cnf"):
            left.unlink(missing_ok=True)


class Runs:
    """All runs under one state directory."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "runs"
        self.index = AuditIndex(home)
        self._durations: dict[tuple[str, str], Mapping[str, float]] = {}

    def open(self, run: StoredRun, clock: Clock) -> IndexedJournal:
        """Open a run's journal to write on; JournalError as `JournalFile`."""
        return IndexedJournal(run.id.value, JournalFile(run.journal, clock), self.index)

    def catch_up(self, run: StoredRun) -> None:
        """Enter the ending of a run whose process was killed before it could; a run older than the index is left."""
        reading = run.reading()
        found = compare(run.id.value, reading, self.index.read())
        if found.known and not (found.problem or found.complete) and finished(reading):
            self.index.enter(run.id.value, reading.records[-1])

    def prepare(self) -> Path:
        """Make the directory where needed and return it; JournalError where that fails."""
        try:
            self.folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        except OSError as error:
            raise JournalError(
                str(self.folder), f"can't be made: {error.strerror}", "set RDSRESTORE_HOME to a folder you can write to"
            ) from error
        return self.folder

    def create(self, run: RunId) -> StoredRun:
        """Make a new run's folder; JournalError where the disk does not let us."""
        folder = self.prepare() / run.value
        try:
            folder.mkdir(mode=PRIVATE)
        except OSError as error:
            raise JournalError(str(folder), f"can't be made: {error.strerror}", "check RDSRESTORE_HOME") from error
        return StoredRun(folder)

    def all(self) -> Sequence[StoredRun]:
        """Return the runs that have begun a journal, newest first; JournalError where the folder can't be read."""
        return tuple(run for name in self.names() if is_there((run := StoredRun(self.folder / name)).journal))

    def forget(self, run: StoredRun, by: str, at: datetime) -> tuple[str, ...]:
        """Remove a run's folder, its dumps and undo files overwritten; its line in the index stays.

        Returns what could not be removed; JournalError where another process works on the run, or the index is not
        written. What was begun and cut off is done by calling it again.
        """
        with run.locked():
            self.index.bury(run.id.value, run.sound(), by, at)
            problems = shred(path for path in sorted(run.folder.rglob("*")) if path.is_file() and path.name != LOCK)
            if not problems:
                shutil.rmtree(run.folder, ignore_errors=True)
        return problems

    def taken_back(self) -> Mapping[str, TakenBack]:
        """Say of each run that another one has begun to take back which that is, the newest, and how it ended."""
        taken: dict[str, TakenBack] = {}
        for each, records in self._readable():
            undoes = asked_for(records).get("undoes")
            begun = {record.step for record in records if record.kind is Kind.INTENT}
            if isinstance(undoes, str) and begun & TAKING_BACK:
                found = ending(records)
                if found and found.error and not found.changed:
                    continue  # it was stopped before it took anything back
                whole = found is not None and found.exit_code == ExitCode.OK
                taken.setdefault(undoes, TakenBack(each.id.value, found.headline if found else "", whole))
        return taken

    def begun(self, run: str | None) -> StoredRun:
        """Return the run of that name, or the newest, though its journal is gone; JournalError where its folder is."""
        names = self.names()
        if not names or (run is not None and run not in names):
            raise JournalError(
                f"run {run}" if run else "runs",
                f"there is no folder of it in {self.folder}",
                "rdsrestore runs lists those that are here; a copy may lie in the audit bucket",
                code="journal.absent",
            )
        return StoredRun(self.folder / (run or names[0]))

    def find(self, run: str | None) -> StoredRun:
        """Return the run of that name, or the newest that was more than a look; UsageError where there is none."""
        runs = self.all()
        if run is None and runs:
            return next((each for each in runs if not asked_for(each.sound()).get("looks")), runs[0])
        for each in runs:
            if each.id.value == run:
                return each
        raise UsageError(
            "run", f"there is no run {run}" if run else "there are no runs yet", "rdsrestore runs lists them"
        )

    def unfinished(self) -> Sequence[StoredRun]:
        """Return the runs that were cut off, or not wholly torn down, and that nobody works on; newest first."""
        return tuple(run for run in self.all() if run.cut_off() and run.idle())

    def durations(self, account: str, instance: str) -> Mapping[str, float]:
        """The seconds that each step takes as a rule on that instance, by the newest runs at the first look."""
        of = (account, instance)
        if of not in self._durations:
            self._durations[of] = step_durations((run.journal for run in self.all()), account, instance)
        return self._durations[of]

    def _readable(self) -> Iterator[tuple[StoredRun, tuple[Record, ...]]]:
        """Read all journals; one that can't be read must not stop what another one is for."""
        yield from ((run, run.sound()) for run in self.all())

    def names(self) -> Sequence[str]:
        """Name the runs that have a folder, newest first; JournalError where that can't be read."""
        try:
            there = [each.name for each in self.folder.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            raise JournalError(
                str(self.folder), f"can't be read: {error.strerror}", "set RDSRESTORE_HOME to a folder of your own"
            ) from error
        return sorted((name for name in there if RUN_ID.fullmatch(name)), reverse=True)
