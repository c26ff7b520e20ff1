"""What was done to tables in a time, from production's binlog: a file at a time, none of which is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.incident import KeptFile, Looked, Timeline
from rdsrestore.mysql.binlog import fetch, files, log_events
from rdsrestore.mysql.binlog.changes import Changes
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.session.errors import number_of
from rdsrestore.mysql.session.login.connection import Login, Session
from rdsrestore.ports.progress import Progress

PRIVILEGE = 1227
MAY_READ = "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* (MariaDB: BINLOG MONITOR), or use the master user"
PARENTS = """
SELECT DISTINCT UNIQUE_CONSTRAINT_SCHEMA, REFERENCED_TABLE_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS
 WHERE CONSTRAINT_SCHEMA = %s AND TABLE_NAME = %s
   AND (DELETE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT') OR UPDATE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT'))
"""
LOGS_CASCADES = (9, 6)
"""Oracle's versions from which on what a foreign key's rule does is in the binlog (release notes)."""


def timeline(
    session: Session, login: Login, of: Looked, since: datetime, until: datetime, progress: Progress
) -> Timeline:
    """Read what was done to tables, of a whole database where none is named.

    DatabaseError with code `binlog.off` where there is no binlog, `db.privilege` where it may not be read; ToolError
    where a file can't be fetched (`tool.missing`, `tool.failed`), is torn (`binlog.torn`) or not understood
    (`binlog.unknown`).
    """
    client = fetch.program(family(session))
    listed = listing(session)
    span = files.spanning(listed, since, until, lambda file: fetch.begun(login, client, file))
    return told(
        session, of, span, (since, until), lambda file, place: fetch.fetch(login, client, file, place), progress
    )


def told(
    session: Session,
    of: Looked,
    span: files.Span,
    time: tuple[datetime, datetime],
    bring: Callable[[KeptFile, Path], Path],
    progress: Progress,
) -> Timeline:
    """Tell what was done to tables from files that `bring` puts into a folder, one at a time."""
    since, until = time
    refs = [TableRef(of.database, name) for name in of.tables or catalog.tables(session, of.database)]
    carriers = {} if logs_cascades(session.greeted) else parents(session, refs)
    changes = Changes(refs, carriers, since, until, "" if of.tables else of.database)
    size = sum(file.size for file in span.files)
    done = 0
    with fetch.folder() as place:
        for number, file in enumerate(span.files, 1):
            text = f"reading {file.name}, {number} of {len(span.files)} ({file.size / 1e6:,.0f} MB)"
            progress(text, done / size if size else None)
            path = bring(file, place)
            changes.take(log_events.read(path, file.name), file.name)
            path.unlink()
            done += file.size
    return Timeline(
        since=since,
        until=until,
        kept_from=span.kept_from,
        changes=changes.found,
        left_out=changes.left_out,
        minutes=dict(changes.minutes),
        rows=rows_now(session, sorted({*refs, *(each.ref for each in changes.found)}, key=str)),
        files=len(span.files),
        size=size,
        as_text=changes.as_text,
    )


def family(session: Session) -> str:
    """Name the family that a server is of, and its programs."""
    return "mariadb" if "mariadb" in session.greeted.lower() else "mysql"


def listing(session: Session) -> list[KeptFile]:
    """List the files; a login that may not is told what it lacks."""
    try:
        return files.kept(session)
    except DatabaseError as error:
        if number_of(error) == PRIVILEGE:
            raise DatabaseError("find", error.what, MAY_READ, code="db.privilege") from error
        raise


def logs_cascades(version: str) -> bool:
    """Say whether what a foreign key's rule does stands in the binlog."""
    if "mariadb" in version.lower():
        return False
    numbers = version.split("-", maxsplit=1)[0].split(".")
    return tuple(int(number) for number in numbers[:2] if number.isdigit()) >= LOGS_CASCADES


def parents(session: Session, refs: Sequence[TableRef]) -> Mapping[TableRef, TableRef]:
    """Find the tables whose changes a foreign key's rule may carry into one of these, each with that one."""
    return {
        TableRef(str(database), str(table)): ref
        for ref in refs
        for database, table in session.rows(PARENTS, (ref.database, ref.table))
        if TableRef(str(database), str(table)) not in refs
    }


def rows_now(session: Session, refs: Sequence[TableRef]) -> Mapping[TableRef, int]:
    """Read about how many rows the tables have, as the server estimates it; none where a table is gone."""
    sql = "SELECT TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
    found = {ref: session.rows(sql, (ref.database, ref.table)) for ref in refs}
    return {ref: int(rows[0][0] or 0) for ref, rows in found.items() if rows}
