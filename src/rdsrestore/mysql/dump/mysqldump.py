"""Run the dump program for one table, watch it, and check what it wrote."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rdsrestore.diff import chunk_file
from rdsrestore.domain.errors import DatabaseError, ToolError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.tables.definition import ForeignKey, TableDefinition
from rdsrestore.domain.tables.dump_file import DumpFile, Fingerprint
from rdsrestore.domain.tables.selection import Selection
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.checksum.key_conditions import batches, key_columns
from rdsrestore.mysql.dump import chunks, dump_scan, float_repair
from rdsrestore.mysql.dump.chunks import TaskResult
from rdsrestore.mysql.dump.dump_scan import Scanned
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.dump.program import client_programs
from rdsrestore.mysql.dump.program.option_file import option_file
from rdsrestore.mysql.dump.program.stall import Stall
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.schema.where_filter import one_line, problem
from rdsrestore.mysql.session import named_lock, settings
from rdsrestore.mysql.session.login.connection import Login, Session, quoted
from rdsrestore.mysql.session.login.pool import Logins
from rdsrestore.mysql.session.remote import Credential, RemoteExecutor, own_key
from rdsrestore.ports.progress import Progress

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
    f"default-character-set={dump_scan.CHARSET}",
    "tz-utc",
    "max-allowed-packet=1G",
    "net-buffer-length=1M",
    "set-gtid-purged=OFF",
    "column-statistics=0",
    f"init-command={settings.for_programs()}",
)
"""Rows only, in a session that loses nothing; options that the program at hand does not have are left out."""
POLL = 0.2


Watch = Callable[[], None]
"""Asked from time to time while a program runs; what it raises ends the program."""


@dataclass(frozen=True)
class Source:
    """The server that is dumped from; where there is a `remote`, it fetches the pieces."""

    session: Session
    logins: Logins
    remote: RemoteExecutor | None = None


def refuse_unknown_types(session: Session, definitions: Sequence[TableDefinition]) -> None:
    """Refuse a dump program that writes values of a type that it does not know as if they were text."""
    vectors = [each for table in definitions for each in table.base_columns if each.kind == "vector"]
    if vectors and "mariadb" not in session.greeted.lower() and client_programs.find().flavour == "mariadb":
        what = f"MariaDB's dump program does not know VECTOR (column {vectors[0].name})"
        raise ToolError("dump", what, "put MySQL's own mysqldump first on the PATH", code="tool.type")


def dump(
    source: Source, definition: TableDefinition, selection: Selection, store: DumpStore, progress: Progress
) -> DumpFile:
    """Dump a table's rows into the store; the file has its final name only once it has been checked and counted.

    Raises ToolError (`tool.missing`, `tool.failed`, `tool.type`, `dump.incomplete`, `dump.foreign`) and DatabaseError.
    """
    session = source.session
    refuse_unknown_types(session, [definition])
    ref, where = definition.ref, vetted(selection.where, definition) if selection.where else None
    fresh, final = store.named(f"{ref.stem}.part"), store.named(f"{ref.stem}.sql")
    conditions = list(chosen(session, definition, selection.chunks, where))

    scanned, content = fetched(source, definition, conditions, store, fresh, progress)
    if content.rows != scanned.rows:
        raise ToolError(
            "dump",
            f"{ref.stem} holds {scanned.rows:,} rows and the copy {content.rows:,}",
            "run the same command again",
            code="dump.incomplete",
        )
    exact = float_repair.write(session, definition, conditions, store)
    store.sync(fresh, *([exact] if exact else []))
    store.path(fresh).rename(store.path(final))
    return DumpFile(
        definition=definition,
        path=final,
        bytes=scanned.bytes,
        sha256=store.digest(final),
        rows=scanned.rows,
        content=content,
        span=(scanned.start, scanned.end),
        longest=scanned.longest,
        top=largest(session, definition),
        floats=exact,
        children=tuple((child, count_children(session, definition, child, where)) for child in selection.children),
        unlabelled=unlabelled(session, definition, conditions),
        unchecked=unchecked(session, definition, conditions),
    )


def fetched(
    source: Source,
    definition: TableDefinition,
    conditions: Sequence[str | None],
    store: DumpStore,
    name: str,
    progress: Progress,
) -> tuple[Scanned, Fingerprint]:
    """Fetch the rows of all conditions into one file; returns what it holds, and the server's own fingerprint."""
    with named_lock.known(source.session) as here:

        def fetch(condition: str | None, name: str, watch: Watch) -> None:
            write(source.logins.login, own(definition), both(condition, here), store, name, watch)

        job = chunks.Job(source.session, source.logins, definition, conditions, fetch)
        if source.remote:
            return chunks.fetch_elsewhere(job, source.remote, task, store, name, progress)
        return chunks.fetch_all(job, store, name, progress)


def task(given: Credential, definition: TableDefinition, condition: str | None) -> TaskResult:
    """On a worker: fetch one piece."""
    with tempfile.TemporaryDirectory(prefix="rdsrestore-") as folder, given.logins().borrowed() as session:
        store = DumpStore(Path(folder), own_key())
        name = store.named("piece")
        with named_lock.known(session) as here:
            write(given.logins().login, own(definition), both(condition, here), store, name, lambda: None)
        scanned = dump_scan.scan(store, name, definition.ref.table, definition.columns)
        table, index = qualified(definition.ref), definition.key_index
        content = row_hash.fingerprint(session, table, definition.columns, condition, index=index)
        return TaskResult(store.path(name).read_bytes(), scanned, content)


def chosen(session: Session, definition: TableDefinition, path: Path | None, where: str | None) -> Iterator[str | None]:
    """Yield the conditions that the rows are dumped by, one after the other; None for all rows."""
    if path is None:
        yield from chunks.cut(session, definition, where)
        return
    key = key_columns(definition.key, definition.columns, definition.columns)
    found = batches(chunk_file.restored(chunk_file.read(path)), key)
    given = [f"({each}) AND ({where})" if where else each for each in found]
    yield from given or ["1 = 0"]


def largest(session: Session, definition: TableDefinition) -> str | None:
    """Read the largest key, as a literal; None where the key is of several columns, or there is no row."""
    if len(definition.key) != 1:
        return None
    (found,) = session.one(f"SELECT MAX({quoted(definition.key[0])}) FROM {qualified(definition.ref)}")
    return None if found is None else session.literal(found)


def unlabelled(session: Session, definition: TableDefinition, conditions: Sequence[str | None]) -> bool:
    """Whether a row holds an ENUM's number 0, which a lenient session wrote and which is shown as an empty text."""
    found = [f"{quoted(column.name)} + 0 = 0" for column in definition.base_columns if column.kind == "enum"]
    return bool(found) and any_of(session, definition, " OR ".join(found), conditions)


def unchecked(session: Session, definition: TableDefinition, conditions: Sequence[str | None]) -> bool:
    """Whether a row breaks one of the table's checks, or a check is nothing that can be asked for.

    MariaDB takes such a row with `check_constraint_checks` off; MySQL looks at each that is enforced, always.
    """
    clauses = catalog.checks(session, definition.ref).values() if "mariadb" in session.greeted.lower() else ()
    try:
        return bool(clauses) and any_of(session, definition, " OR ".join(f"NOT ({c})" for c in clauses), conditions)
    except DatabaseError as error:
        if error.retryable:
            raise
        return True


def any_of(session: Session, definition: TableDefinition, found: str, conditions: Sequence[str | None]) -> bool:
    """Whether there is such a row among those of the conditions."""
    wheres = (f"({found}) AND ({condition or '1 = 1'})" for condition in conditions)
    return any(session.rows(f"SELECT 1 FROM {qualified(definition.ref)} WHERE {each} LIMIT 1") for each in wheres)


def vetted(where: str, definition: TableDefinition) -> str:
    """Check a filter against the table as it was then, which production may not have now; returns it on one line."""
    wrong = problem(where, frozenset(column.name for column in definition.columns))
    if wrong:
        hint = "give one expression over the columns that the table had then"
        raise DatabaseError("dump", f"--where: {wrong}", hint, code="where.refused")
    return one_line(where)


def own(definition: TableDefinition) -> tuple[str, str]:
    """Name a table for the program."""
    return definition.ref.database, definition.ref.table


def both(condition: str | None, here: str) -> str:
    """Ask for the rows of a condition, None for all, of that very server: any other has none of them."""
    return f"({condition}) AND {here}" if condition else here


def write(login: Login, names: Sequence[str], where: str, store: DumpStore, name: str, watch: Watch) -> None:
    """Run the dump program to its end, asking `watch` meanwhile; ToolError where it fails or falls silent.

    `names` are a database and tables of it. It logs in once more where the password was changed meanwhile.
    """
    client_programs.with_renewed(login, lambda now: write_once(now, names, where, store, name, watch))


def write_once(login: Login, names: Sequence[str], where: str, store: DumpStore, name: str, watch: Watch) -> None:
    """Run it with this very password."""
    client = client_programs.find()
    with option_file(login, client.flavour) as file, tempfile.TemporaryFile() as complaints:
        words = [client.path, file.option, *client.accepted(*OPTIONS), f"--where={where}", "--", *names]
        with (
            store.writing(name) as target,
            client_programs.running(words, complaints, target, file.descriptors) as process,
        ):
            stall = Stall(login, where, store.path(name))
            while (status := ended(process)) is None:
                watch()
                stall.look()
        if status:
            raise client_programs.failed("dump", Path(client.path).name, status, complaints)


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
