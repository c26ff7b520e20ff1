"""A table's dump in chunks: several are fetched at a time, and put together in order."""

from __future__ import annotations

import contextlib
import glob
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass

from rdsrestore.diff.parallel import each_done
from rdsrestore.domain.errors import ToolError
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.dump_file import Fingerprint
from rdsrestore.domain.tables.key_range import EVERYTHING
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.checksum.key_conditions import within
from rdsrestore.mysql.checksum.key_ranges import table_rows
from rdsrestore.mysql.dump import dump_scan
from rdsrestore.mysql.dump.dump_scan import Scanned
from rdsrestore.mysql.dump.dump_store import DumpStore, copy, skip
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import Session
from rdsrestore.mysql.session.login.pool import Logins
from rdsrestore.mysql.session.remote import Credential, RemoteExecutor
from rdsrestore.ports.progress import Progress

READERS = 4
"""Pieces fetched at a time: what a restored volume has not read yet comes slowly, and more so to a single reader."""
BYTES = 16 << 20
"""Of table in a chunk, roughly."""
POLL = 0.2
SILENT = "tool.silent"

Fetch = Callable[[str | None, str, Callable[[], None]], None]
"""Dumps the rows of a condition into a file of that name, asking from time to time whether to go on."""


class Ended(Exception):  # noqa: N818 - no error: another chunk has failed, or the run is being ended
    """Nobody waits for this chunk any more."""


@dataclass(frozen=True)
class DumpChunk:
    """One chunk on the disk, checked; `content` is the server's fingerprint of the same rows."""

    name: str
    scanned: Scanned
    content: Fingerprint


def cut(
    session: Session, definition: TableDefinition, where: str | None, like: TableDefinition | None = None
) -> Iterator[str | None]:
    """Yield conditions that cut a table into chunks of similar size by its key; None for all rows.

    `like` is the definition whose size is known better.
    """
    size = like or definition
    if not definition.key or size.bytes <= BYTES:
        yield where
        return
    rows = table_rows(session, definition, definition, Policy(where=where))
    step = max(BYTES * size.rows // size.bytes, 1)
    for key_range in rows.rough(EVERYTHING, step):
        condition = within(key_range, rows.key_columns)
        yield f"({condition}) AND ({where})" if where else condition


@dataclass(frozen=True)
class Job:
    """What is to be fetched: a table's rows, by `conditions`, each with `fetch`.

    `session` is nobody else's meanwhile, and enough for a single condition.
    """

    session: Session
    logins: Logins
    definition: TableDefinition
    conditions: Sequence[str | None]
    fetch: Fetch


def fetch_all(job: Job, store: DumpStore, name: str, progress: Progress) -> tuple[Scanned, Fingerprint]:
    """Fetch all chunks and write them as one dump: one head, all rows in order, one tail."""
    definition, conditions = job.definition, job.conditions
    stop = threading.Event()

    def work(number: int) -> DumpChunk:
        chunk = store.named(f"{definition.ref.stem}.piece-{number}")
        with_patience(lambda: job.fetch(conditions[number], chunk, lambda: going_on(stop)))
        scanned = dump_scan.scan(store, chunk, definition.ref.table, definition.columns)
        table, index = qualified(definition.ref), definition.key_index
        with contextlib.nullcontext(job.session) if len(conditions) == 1 else job.logins.borrowed() as session:
            content = row_hash.fingerprint(session, table, definition.columns, conditions[number], index=index)
        return DumpChunk(chunk, scanned, content)

    with ThreadPoolExecutor(min(READERS, len(conditions)), thread_name_prefix="reader") as pool:
        jobs = [pool.submit(work, number) for number in range(len(conditions))]
        try:
            chunks = awaited(jobs, lambda size: said(definition, size, progress))
            return join(chunks, len(jobs), store, name)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
            for left in store.folder.glob(f"{glob.escape(definition.ref.stem)}.piece-*"):
                left.unlink()


@dataclass(frozen=True)
class TaskResult:
    """A chunk that was fetched elsewhere: the file as it is to lie on the disk, encrypted, and what it holds."""

    file: bytes
    scanned: Scanned
    content: Fingerprint


RangeTask = Callable[[Credential, TableDefinition, str | None], TaskResult]


def fetch_elsewhere(
    job: Job, remote: RemoteExecutor, task: RangeTask, store: DumpStore, name: str, progress: Progress
) -> tuple[Scanned, Fingerprint]:
    """Have all chunks fetched by workers, no more of them at a time than it has threads, and write them as one dump."""
    definition, given = job.definition, remote.admit(job.logins.login, "dump: the copy")

    def kept() -> Iterator[DumpChunk]:
        size = 0
        parcels = each_done(job.conditions, lambda at: remote.executor.submit(task, given, definition, at), remote.size)
        for number, result in enumerate(parcels):
            chunk = store.named(f"{definition.ref.stem}.piece-{number}")
            store.path(chunk).touch(mode=0o600)
            store.path(chunk).write_bytes(result.file)
            size += result.scanned.bytes
            said(definition, size, progress)
            yield DumpChunk(chunk, result.scanned, result.content)

    return join(kept(), len(job.conditions), store, name)


def with_patience(fetch: Callable[[], None]) -> None:
    """Fetch a piece, and once more where the program fell silent that fetched it and the server did not."""
    try:
        fetch()
    except ToolError as error:
        if error.code != SILENT or not error.retryable:
            raise
        fetch()


def going_on(stop: threading.Event) -> None:
    """Raise Ended where nobody waits any more."""
    if stop.is_set():
        raise Ended


def awaited(jobs: Sequence[Future[DumpChunk]], tell: Callable[[int], None]) -> Iterator[DumpChunk]:
    """Yield the chunks in order, each as soon as it is there, and tell how many bytes are behind."""
    size = 0
    for job in jobs:
        while True:
            tell(size)
            with contextlib.suppress(NotYet):
                chunk = job.result(POLL)
                break
        size += chunk.scanned.bytes
        yield chunk


def said(definition: TableDefinition, size: int, progress: Progress) -> None:
    """Say how far the dump is, by a guess that never says that it is done."""
    progress(
        f"{definition.ref.table}: {size / 1e6:,.0f} MB dumped",
        min(size / definition.bytes, 0.99) if definition.bytes else None,
    )


def join(chunks: Iterator[DumpChunk], number: int, store: DumpStore, name: str) -> tuple[Scanned, Fingerprint]:
    """Write chunks into one file and remove them; returns what it holds."""
    content, rows, longest, size, start, end = Fingerprint(0, 0), 0, 0, 0, 0, 0
    with store.writing(name) as whole:
        for place, chunk in enumerate(chunks, start=1):
            scanned = chunk.scanned
            first, last = place == 1, place == number
            with store.reading(chunk.name) as part:
                if first:
                    copy(part, scanned.start, whole)
                    size += scanned.start
                else:
                    skip(part, scanned.start)
                if scanned.rows:
                    whole.write(b"" if first else b"\n")
                    size += 0 if first else 1
                    start = start if rows else size
                    copy(part, scanned.end - scanned.start, whole)
                    end = size = size + scanned.end - scanned.start
                if last:
                    copy(part, scanned.bytes - scanned.end, whole)
                    size += scanned.bytes - scanned.end
            content, rows, longest = content + chunk.content, rows + scanned.rows, max(longest, scanned.longest)
            store.path(chunk.name).unlink()
    return Scanned(rows, start, end, size, longest), content
