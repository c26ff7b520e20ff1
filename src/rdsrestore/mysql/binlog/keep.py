"""Keeps files of the binlog: from RDS's purge by its own setting, and as copies in a run's folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from rdsrestore.domain.errors import DatabaseError, ToolError
from rdsrestore.domain.incident import BINLOG, BinlogCopy, BinlogSurvey, KeptFile, Looked, Timeline, from_epoch
from rdsrestore.mysql.binlog import fetch, files, history
from rdsrestore.mysql.binlog.log_events import MAGIC, torn
from rdsrestore.mysql.dump.dump_store import BLOCK, DumpStore
from rdsrestore.mysql.session.login.connection import Login, Session
from rdsrestore.ports.progress import Progress

SETTING = "binlog retention hours"
PART = ".part"
LOST = "leave out --from: rdsrestore find reads what production still has"


def hours(session: Session) -> int | None:
    """Read for how many hours RDS keeps a file, None where that is not set (User Guide, rds_show_configuration)."""
    rows = session.rows("CALL mysql.rds_show_configuration")
    value = next((row[1] for row in rows if row[0] == SETTING), None)
    return int(value) if value is not None else None


def retain(session: Session, wanted: int | None) -> None:
    """Have RDS keep a file for so many hours; it holds at once (User Guide, rds_set_configuration)."""
    session.run("CALL mysql.rds_set_configuration(%s, %s)", (SETTING, wanted))


def present(session: Session, login: Login, since: datetime) -> BinlogSurvey:
    """Look at the files from the one on that holds a moment; at all that are left where none holds it any more."""
    client = fetch.program(history.family(session))
    listed = history.listing(session)
    span = files.spanning(listed, since, since, lambda file: fetch.begun(login, client, file))
    first = listed.index(span.files[0]) if span.files else 0
    kept, fixed = None, ""
    try:
        kept = hours(session)
    except DatabaseError as error:
        fixed = error.what
    return BinlogSurvey(datetime.now(UTC), tuple(listed[first:]), span.kept_from, kept, fixed=fixed)


def copy(session: Session, login: Login, file: KeptFile, store: DumpStore) -> BinlogCopy:
    """Copy a file; ToolError with code `binlog.torn` where less of it came than the server lists.

    The bytes come through a pipe, so that where files are encrypted no plain one is ever made.
    """
    place = store.at(BINLOG)
    place.folder.mkdir(mode=0o700, exist_ok=True)
    client = fetch.program(history.family(session))
    name, part = place.named(file.name), place.named(file.name + PART)
    taken = Taken()
    with fetch.folder() as pipes, piped(pipes / file.name, lambda source: taken.take(source, place, part)):
        fetch.bring(login, client, file, pipes, lambda: taken.bytes)
    if taken.bytes < file.size or not taken.head.startswith(MAGIC):
        raise torn(file.name, taken.bytes, f"{file.size:,} bytes of it are on the server")
    place.sync(part)
    place.path(part).replace(place.path(name))
    begun = from_epoch(int.from_bytes(taken.head[len(MAGIC) :], "little"))
    return BinlogCopy(file.name, name, taken.bytes, taken.hash.hexdigest(), begun)


def timeline(
    session: Session,
    copies: Sequence[BinlogCopy],
    store: DumpStore,
    of: Looked,
    time: tuple[datetime, datetime],
    progress: Progress,
) -> Timeline:
    """Tell from copied files what was done to tables; ToolError where one is gone or is not what was copied."""
    known = {KeptFile(each.name, each.bytes): each for each in copies}
    span = files.spanning(list(known), *time, lambda file: known[file].begun)
    place = store.at(BINLOG)
    return history.told(session, of, span, time, lambda file, into: opened(known[file], place, into), progress)


def opened(file: BinlogCopy, store: DumpStore, into: Path) -> Path:
    """Write a copied file's plain bytes into a folder, and prove them by their hash."""
    path, digest = into / file.name, hashlib.sha256()
    if not store.path(file.path).exists():
        raise ToolError("find", f"{file.path} is not in the run's folder any more", LOST, code="binlog.lost")
    with store.reading(file.path) as source, path.open("wb") as target:
        while block := source.read(BLOCK):
            target.write(block)
            digest.update(block)
    if digest.hexdigest() != file.digest:
        raise ToolError("find", f"{file.path} is not what was copied", LOST, code="binlog.lost")
    return path


class Taken:
    """What came of a file so far: how many bytes, the first eight, and their hash."""

    def __init__(self) -> None:
        self.bytes, self.head, self.hash = 0, b"", hashlib.sha256()

    def take(self, source: BinaryIO, place: DumpStore, name: str) -> None:
        """Write what comes to a file; who sends is told by a closed pipe where that fails."""
        with source, place.writing(name) as target:
            while block := source.read(BLOCK):
                target.write(block)
                self.hash.update(block)
                self.head = (self.head + block)[: len(MAGIC) + 4] if len(self.head) < len(MAGIC) + 4 else self.head
                self.bytes += len(block)


@contextmanager
def piped(path: Path, work: Callable[[BinaryIO], None]) -> Iterator[None]:
    """Make a named pipe that `work` reads in a thread of its own until the context ends, also if nobody wrote."""
    os.mkfifo(path, 0o600)
    end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    held = os.open(path, os.O_WRONLY)
    os.set_blocking(end, True)
    with ThreadPoolExecutor(1, thread_name_prefix="binlog") as pool:
        done = pool.submit(work, os.fdopen(end, "rb", 0))
        try:
            yield
        finally:
            os.close(held)
            done.result()  # says why nobody read any more
