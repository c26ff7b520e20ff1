"""Run the dump program for one table, watch it, and check what it wrote."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rdsrestore.core.errors import DatabaseError, ToolError
from rdsrestore.core.model import TableRef
from rdsrestore.core.ports import Progress
from rdsrestore.core.tables import Column, DumpFile, TableDefinition
from rdsrestore.engines.mysql import clients, dumpfile, rowhash
from rdsrestore.engines.mysql.catalog import qualified
from rdsrestore.engines.mysql.connect import Login, Session, quoted

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
FLOATS = "rdsrestore_floats"
BATCH = 500


def dump(
    session: Session,
    login: Login,
    definition: TableDefinition,
    where: str | None,
    folder: Path,
    children: Sequence[TableRef],
    progress: Progress,
) -> DumpFile:
    """Dump a table's rows into `folder`; the file has its final name only once it has been checked and counted.

    Raises ToolError (`tool.missing`, `tool.failed`, `dump.incomplete`, `dump.foreign`) and DatabaseError.
    """
    ref, condition = definition.ref, " ".join(where.split()) if where else None
    name = file_name(ref.table)
    fresh = folder / f"{name}.part"
    write(login, definition, condition, fresh, progress)
    progress(f"checking the dump of {ref.table}", None)
    scanned = dumpfile.scan(fresh, ref.table)
    content = rowhash.fingerprint(session, qualified(ref), definition.columns, condition)
    if content.rows != scanned.rows:
        raise ToolError(
            "dump",
            f"{name} holds {scanned.rows:,} rows and the copy {content.rows:,}",
            "run the same command again",
            code="dump.incomplete",
        )
    floats = write_floats(session, definition, condition, folder / f"{name}.floats")
    sync(fresh)
    fresh.rename(folder / f"{name}.sql")
    return DumpFile(
        definition=definition,
        path=f"{name}.sql",
        bytes=scanned.bytes,
        sha256=scanned.sha256,
        rows=scanned.rows,
        content=content,
        floats=floats,
        children=tuple((child, count_children(session, definition, child, condition)) for child in children),
    )


def file_name(table: str) -> str:
    """Name a table's file so that no two tables share one, and no name leads elsewhere."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", table).lstrip(".")[:60] or "table"
    return plain if plain == table else f"{plain}-{hashlib.sha256(table.encode()).hexdigest()[:8]}"


def write(login: Login, definition: TableDefinition, where: str | None, path: Path, progress: Progress) -> None:
    """Run the dump program to its end; ToolError where it fails."""
    client = clients.find(clients.DUMPERS, "dump")
    path.touch(mode=0o600)
    ref = definition.ref
    with clients.option_file(client, login, path.parent) as option, tempfile.TemporaryFile() as complaints:
        words = [client.path, option, *client.accepted(*OPTIONS), f"--result-file={path}"]
        words += [f"--where={where}"] if where else []
        with clients.running([*words, "--", ref.database, ref.table], complaints, subprocess.DEVNULL) as process:
            while (status := ended(process)) is None:
                size = path.stat().st_size
                progress(f"{ref.table}: {size / 1e6:,.0f} MB dumped", share(size, definition.bytes))
        if status:
            raise clients.failed("dump", Path(client.path).name, status, complaints)


def ended(process: subprocess.Popen[bytes]) -> int | None:
    """Wait a moment for a program to end; returns its exit status, None where it still runs."""
    try:
        return process.wait(POLL)
    except subprocess.TimeoutExpired:
        return None


def share(size: int, table: int) -> float | None:
    """Guess how far a dump is from the table's size; never quite done."""
    return min(size / table, 0.99) if table else None


def sync(path: Path) -> None:
    """See that a file is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_floats(session: Session, definition: TableDefinition, where: str | None, path: Path) -> str | None:
    """Write the exact values of FLOAT columns, which a dump rounds to six digits.

    Returns the file's name, None if not needed.
    """
    columns = float_columns(definition)
    if not columns:
        return None
    if not definition.key:
        raise DatabaseError(
            "dump",
            f"{definition.ref} has FLOAT columns, which a dump rounds, and no key to repair them by",
            "restore this table by hand as the runbook describes",
            code="db.float",
        )
    names = [*map(quoted, definition.key), *(f"{quoted(column.name)} + 0e0" for column in columns)]
    condition = f" WHERE ({where})" if where else ""
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8") as file:
        batch: list[str] = []
        for row in session.stream(f"SELECT {', '.join(names)} FROM {qualified(definition.ref)}{condition}"):
            batch.append(f"({', '.join(session.literal(value) for value in row)})")
            if len(batch) == BATCH:
                file.write(insert(batch))
                batch = []
        if batch:
            file.write(insert(batch))
    sync(path)
    return path.name


def insert(rows: Sequence[str]) -> str:
    """Write one statement of exact values."""
    return f"INSERT INTO {FLOATS} VALUES\n{','.join(rows)};\n"


def float_columns(definition: TableDefinition) -> tuple[Column, ...]:
    """The columns whose values a dump rounds."""
    return tuple(column for column in definition.base_columns if column.kind == "float")


def count_children(session: Session, definition: TableDefinition, child: TableRef, where: str | None) -> int:
    """Count, on the copy, the rows of a child table that point to the dumped rows."""
    key = next(each for each in definition.referenced_by if each.child == child)
    pairs = zip(key.columns, key.parent_columns, strict=True)
    joined = " AND ".join(f"c.{quoted(mine)} = p.{quoted(theirs)}" for mine, theirs in pairs)
    parents = f"(SELECT * FROM {qualified(definition.ref)}{f' WHERE ({where})' if where else ''}) AS p"
    (count,) = session.one(f"SELECT COUNT(*) FROM {qualified(child)} AS c JOIN {parents} ON {joined}")
    return int(count)
