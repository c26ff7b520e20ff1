"""A run's journal on the disk: a record is durable when `append` returns."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from rdsrestore.domain.codec import Json
from rdsrestore.domain.errors import JournalError
from rdsrestore.ports.clock import Clock
from rdsrestore.workflow.journal.journal import Kind, Reading, Record, chain, read


def reading_of(path: Path) -> Reading:
    """Read a journal and check its chain: OSError or UnicodeDecodeError where it can't be read at all.

    Whoever lists runs asks of each more than once, so that the last few are kept for as long as their files stay.
    """
    found = path.stat()
    return parsed(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=4)
def parsed(path: Path, changed: int, size: int) -> Reading:
    """Read one that was last changed then and is so long."""
    del changed, size
    return read(path.read_text("utf-8"))


class JournalFile:
    """Appends records, each written and synced before the act that it announces.

    Opening an existing journal goes on behind its last sound record, and so does an append after one that a full disk
    or a signal cut short; JournalError with code `journal.broken` where the chain does not hold.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._last: Record | None = None
        self._end = 0
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise JournalError(str(path), f"can't be opened: {error}", "check RDSRESTORE_HOME") from error
        self._take_up(text)

    def append(self, kind: Kind, step: str = "", data: dict[str, Json] | None = None) -> Record:
        """Write one record, sync it and return it; JournalError where the disk does not take it."""
        try:
            if os.fstat(self._descriptor).st_size != self._end:
                self._take_up(self._path.read_text("utf-8"))
            record = chain(self._last, self._clock.now(), kind, step, data or {})
            line = (record.line() + "\n").encode()
            os.ftruncate(self._descriptor, self._end)
            write_all(self._descriptor, line, self._end)
            os.fsync(self._descriptor)
        except OSError as error:
            raise JournalError(
                str(self._path), f"can't be written: {error.strerror}", "free some disk space, then run cleanup"
            ) from error
        self._last, self._end = record, self._end + len(line)
        return record

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _take_up(self, text: str) -> None:
        reading = read(text)
        if reading.broken:
            raise JournalError(
                f"{self._path}, line {reading.broken.line}",
                reading.broken.problem,
                "rdsrestore cleanup, with the run's name, removes what it left, by its marks",
            )
        self._last = reading.records[-1] if reading.records else None
        self._end = sum(len(record.line().encode()) + 1 for record in reading.records)


def write_all(descriptor: int, data: bytes, offset: int) -> None:
    """Write all bytes at an offset, however many writes that takes."""
    while data:
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written


def is_there(journal: Path) -> bool:
    """Whether a journal is there; one that can't be looked at counts, so that no run is hidden by its place."""
    try:
        journal.stat()
    except OSError as error:
        return not isinstance(error, FileNotFoundError | NotADirectoryError)
    return True
