"""Run the dump program for one table, watch it, and check what it wrote."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rdsrestore.core import slices
from rdsrestore.core.bounds import Extent
from rdsrestore.core.errors import DatabaseError, ToolError
from rdsrestore.core.model import TableRef
from rdsrestore.core.ports import Progress
from rdsrestore.core.tables import DumpFile, ForeignKey, TableDefinition
from rdsrestore.engines.mysql import clients, dumpfile, floats, pieces, rowhash
from rdsrestore.engines.mysql.catalog import qualified
from rdsrestore.engines.mysql.conditions import batches, key_columns
from rdsrestore.engines.mysql.connect import Login, Session, quoted
from rdsrestore.engines.mysql.pieces import Parcel
from rdsrestore.engines.mysql.shelf import Shelf
from rdsrestore.engines.mysql.team import Pass, Team, own_key
from rdsrestore.engines.mysql.where import one_line, problem

OPTIONS = (
    "no-create-info",
    "skip-triggers",
    "single-transaction",
    "quick",
    "complete-insert",
    "extended-insert",
    "hex-blob",
    "skip-add-locks",
    "skip-disable-keys",
    "skip-no-autocommit",
    "no-tablespaces",
    "set-charset",
    "default-character-set=utf8mb4",
    "tz-utc",
    "max-allowed-packet=1G",
    "net-buffer-length=1M",
    "set-gtid-purged=OFF",
    "column-statistics=0",
)
"""Rows only, in a session that loses nothing; options that the program at hand does not have are left out."""
POLL = 0.2


@dataclass(frozen=True)
class Source:
    """The server that is dumped from; where there is a `team`, it fetches the pieces."""

    session: Session
    login: Login
    team: Team | None = None


def dump(source: Source, definition: TableDefinition, extent: Extent, shelf: Shelf, progress: Progress) -> DumpFile:
    """Dump a table's rows onto a shelf; the file has its final name only once it has been checked and counted.

    Raises ToolError (`tool.missing`, `tool.failed`, `dump.incomplete`, `dump.foreign`) and DatabaseError.
    """
    session, login = source.session, source.login
    ref, where = definition.ref, vetted(extent.where, definition) if extent.where else None
    fresh, final = shelf.named(f"{ref.stem}.part"), shelf.named(f"{ref.stem}.sql")
    conditions = list(chosen(session, definition, extent.slices, where))

    def fetch(condition: str | None, name: str, watch: Callable[[], None]) -> None:
        write(login, definition, condition, shelf, name, watch)

    job = pieces.Job(login, definition, conditions, fetch)
    if source.team:
        scanned, content = pieces.fetch_elsewhere(job, source.team, errand, shelf, fresh, progress)
    else:
        scanned, content = pieces.fetch_all(job, shelf, fresh, progress)
    if content.rows != scanned.rows:
        raise ToolError(
            "dump",
            f"{ref.stem} holds {scanned.rows:,} rows and the copy {content.rows:,}",
            "run the same command again",
            code="dump.incomplete",
        )
    exact = floats.write(session, definition, conditions, shelf)
    shelf.sync(fresh, *([exact] if exact else []))
    shelf.path(fresh).rename(shelf.path(final))
    return DumpFile(
        definition=definition,
        path=final,
        bytes=scanned.bytes,
        sha256=shelf.digest(final),
        rows=scanned.rows,
        content=content,
        span=(scanned.start, scanned.end),
        longest=scanned.longest,
        top=largest(session, definition),
        floats=exact,
        children=tuple((child, count_children(session, definition, child, where)) for child in extent.children),
    )


def errand(given: Pass, definition: TableDefinition, condition: str | None) -> Parcel:
    """On a worker: fetch one piece."""
    with tempfile.TemporaryDirectory(prefix="rdsrestore-") as folder, given.logins().borrowed() as session:
        shelf = Shelf(Path(folder), own_key())
        name = shelf.named("piece")
        write(given.logins().login, definition, condition, shelf, name, lambda: None)
        scanned = dumpfile.scan(shelf, name, definition.ref.table, definition.columns)
        content = rowhash.fingerprint(session, qualified(definition.ref), definition.columns, condition)
        return Parcel(shelf.path(name).read_bytes(), scanned, content)


def chosen(session: Session, definition: TableDefinition, path: Path | None, where: str | None) -> Iterator[str | None]:
    """Yield the conditions that the rows are dumped by, one after the other; None for all rows."""
    if path is None:
        yield from pieces.cut(session, definition, where)
        return
    key = key_columns(definition.key, definition.columns, definition.columns)
    found = batches(slices.restored(slices.read(path)), key)
    given = [f"({each}) AND ({where})" if where else each for each in found]
    yield from given or ["1 = 0"]


def largest(session: Session, definition: TableDefinition) -> str | None:
    """Read the largest key, as a literal; None where the key is of several columns, or there is no row."""
    if len(definition.key) != 1:
        return None
    (found,) = session.one(f"SELECT MAX({quoted(definition.key[0])}) FROM {qualified(definition.ref)}")
    return None if found is None else session.literal(found)


def vetted(where: str, definition: TableDefinition) -> str:
    """Check a filter against the table as it was then, which production may not have now; returns it on one line."""
    wrong = problem(where, frozenset(column.name for column in definition.columns))
    if wrong:
        hint = "give one expression over the columns that the table had then"
        raise DatabaseError("dump", f"--where: {wrong}", hint, code="where.refused")
    return one_line(where)


def write(
    login: Login, definition: TableDefinition, where: str | None, shelf: Shelf, name: str, watch: Callable[[], None]
) -> None:
    """Run the dump program to its end, asking `watch` meanwhile; ToolError where it fails."""
    client = clients.find(clients.DUMPERS, "dump")
    ref = definition.ref
    with clients.option_file(client, login, shelf.folder) as option, tempfile.TemporaryFile() as complaints:
        words = [client.path, option, *client.accepted(*OPTIONS), *([f"--where={where}"] if where else [])]
        with (
            shelf.writing(name) as target,
            clients.running([*words, "--", ref.database, ref.table], complaints, stdout=target) as process,
        ):
            while (status := ended(process)) is None:
                watch()
        if status:
            raise clients.failed("dump", Path(client.path).name, status, complaints)


def ended(process: subprocess.Popen[bytes]) -> int | None:
    """Wait a moment for a program to end; returns its exit status, None where it still runs."""
    try:
        return process.wait(POLL)
    except subprocess.TimeoutExpired:
        return None


def count_children(session: Session, definition: TableDefinition, child: TableRef, where: str | None) -> int:
    """Count, on the copy, the rows of a child table that point to the dumped rows, by whichever of its keys."""
    parents = f"(SELECT * FROM {qualified(definition.ref)}{f' WHERE ({where})' if where else ''}) AS p"
    pointing = [
        f"EXISTS (SELECT 1 FROM {parents} WHERE {equal(key)})" for key in definition.referenced_by if key.child == child
    ]
    (count,) = session.one(f"SELECT COUNT(*) FROM {qualified(child)} AS c WHERE {' OR '.join(pointing)}")
    return int(count)


def equal(key: ForeignKey) -> str:
    """The condition that a child (c) points to a parent (p)."""
    pairs = zip(key.columns, key.parent_columns, strict=True)
    return " AND ".join(f"c.{quoted(mine)} = p.{quoted(theirs)}" for mine, theirs in pairs)
