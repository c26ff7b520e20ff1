"""The index of the journals on the disk, beside the runs' folders: an entry is durable when `enter` returns."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rdsrestore.domain.codec import Json
from rdsrestore.domain.errors import JournalError
from rdsrestore.store.journal_file import JournalFile, write_all
from rdsrestore.workflow.journal.index import Entry, Index, belongs, entry_after, read_index, tombstone_after
from rdsrestore.workflow.journal.journal import Kind, Record

INDEX = "audit-index.jsonl"


class AuditIndex:
    """Appends entries for all runs of this machine, one process at a time; a torn last line gives way to the next.

    A line that somebody changed stops no run: the next entry stands behind it, and `read` names it.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / INDEX

    def read(self) -> Index:
        """Read the index, an empty one where there is none; JournalError where it can't be read."""
        try:
            return read_index(self.path.read_bytes())
        except FileNotFoundError:
            return Index(())
        except OSError as error:
            raise self._error("read", error) from error

    def enter(self, run: str, record: Record) -> None:
        """Add that `record` is the last one of a run's journal; JournalError where the disk does not take it."""
        self._add(lambda index: entry_after(index, record.at, run, record))

    def bury(self, run: str, records: Sequence[Record], by: str, at: datetime) -> None:
        """Add that a run's folder is removed, and by whom; done already is fine. JournalError as `enter`."""
        self._add(lambda index: None if run in index.forgotten else tombstone_after(index, at, run, records, by))

    def _add(self, make: Callable[[Index], Entry | None]) -> None:
        try:
            with self._locked() as descriptor:
                content = self.path.read_bytes()
                entry, end = make(read_index(content)), content.rfind(b"\n") + 1
                if entry is None:
                    return
                os.ftruncate(descriptor, end)
                write_all(descriptor, entry.line().encode() + b"\n", end)
                os.fsync(descriptor)
        except OSError as error:
            raise self._error("written", error) from error

    @contextmanager
    def _locked(self) -> Iterator[int]:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _error(self, verb: str, error: OSError) -> JournalError:
        hint = "free some disk space, or set RDSRESTORE_HOME to a folder you can write to"
        return JournalError(str(self.path), f"can't be {verb}: {error.strerror}", hint)


class IndexedJournal:
    """A run's journal whose beginnings and endings go into the index, each after the record itself is on the disk."""

    def __init__(self, run: str, journal: JournalFile, index: AuditIndex) -> None:
        self._run = run
        self._journal = journal
        self._index = index
        self._first = True

    def append(self, kind: Kind, step: str = "", data: dict[str, Json] | None = None) -> Record:
        """Write one record; JournalError where the disk does not take it, or its entry."""
        record = self._journal.append(kind, step, data)
        if belongs(record, first=self._first):
            self._index.enter(self._run, record)
        self._first = False
        return record

    def close(self) -> None:
        """Close the file."""
        self._journal.close()
