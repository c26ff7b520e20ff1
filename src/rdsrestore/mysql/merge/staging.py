"""The scratch schema: ours by its marker, filled from dumps, proved equal to the copy."""

from __future__ import annotations

from collections.abc import Iterator

from rdsrestore.domain.errors import DatabaseError, ToolError, VerifyError
from rdsrestore.domain.ids import PREFIX, RUN_ID, RunId, TableRef
from rdsrestore.domain.tables.dump_file import DumpFile
from rdsrestore.domain.tables.target import AFTER, Target
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.dump import dump_scan, float_repair
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.dump.statements import shortened, statements
from rdsrestore.mysql.merge.bare import bare_table
from rdsrestore.mysql.merge.merge_context import after_of
from rdsrestore.mysql.merge.shadow import shadow_table
from rdsrestore.mysql.merge.undo_plan import undo_source
from rdsrestore.mysql.schema import ddl
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import Session, quoted
from rdsrestore.mysql.session.settings import as_select
from rdsrestore.ports.progress import Progress

MARKER = "rdsrestore_run"
TARGET_TABLES = "rdsrestore_landings"
DATABASES = "rdsrestore_databases"
NAMED = f"SCHEMA_NAME LIKE '{PREFIX}|_%' ESCAPE '|'"
RENAMED = 1024
"""Bytes by which the name of another place may lengthen a statement."""


def create(session: Session, schema: str, run: str) -> None:
    """Make the schema with its marker; one that is ours already is kept."""
    session.run(f"CREATE DATABASE IF NOT EXISTS {quoted(schema)} CHARACTER SET utf8mb4")
    session.run(
        f"CREATE TABLE IF NOT EXISTS {quoted(schema)}.{MARKER} (run VARCHAR(40) NOT NULL PRIMARY KEY) ENGINE=InnoDB"
    )
    session.run(
        f"INSERT INTO {quoted(schema)}.{MARKER} SELECT %s FROM DUAL WHERE NOT EXISTS"
        f" (SELECT 1 FROM {quoted(schema)}.{MARKER} AS known WHERE known.run = %s)",
        (run, run),
    )
    session.run(
        f"CREATE TABLE IF NOT EXISTS {quoted(schema)}.{TARGET_TABLES}"
        " (name VARCHAR(140) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY) ENGINE=InnoDB"
    )


def runs(session: Session) -> list[str]:
    """Name the runs of the schemas that carry our marker, or our name alone: a run may be cut off between the two."""
    marked = session.rows("SELECT TABLE_SCHEMA FROM information_schema.TABLES WHERE TABLE_NAME = %s", (MARKER,))
    found = (session.rows(f"SELECT run FROM {quoted(schema)}.{MARKER} LIMIT 1") for (schema,) in marked)
    return [str(run) for rows in found for (run,) in rows if RUN_ID.fullmatch(str(run))] + list(bare(session))


def bare(session: Session) -> Iterator[str]:
    """Name the runs whose schemas are there and empty."""
    for (name,) in session.rows(f"SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE {NAMED}"):
        run = str(name).removeprefix(f"{PREFIX}_").replace("_", "-")
        tables = "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s LIMIT 1"
        if RUN_ID.fullmatch(run) and RunId(run).schema == name and not session.rows(tables, (name,)):
            yield run


def exists(session: Session, schema: str) -> bool:
    """Whether the schema is there."""
    return bool(session.rows("SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s", (schema,)))


def drop(session: Session, schema: str) -> None:
    """Drop the schema, once no table needs what is noted in it any more.

    DatabaseError with code `db.not-ours` where it holds tables and no marker of ours.
    """
    if not exists(session, schema):
        return
    tables = session.rows("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s", (schema,))
    if tables and (MARKER,) not in tables:
        raise DatabaseError(
            "scratch", f"schema {schema} was not made by this tool", "look at it before you drop it", code="db.not-ours"
        )
    shadow_table.settle_all(session, schema)
    bare_table.put_all_back(session, schema)
    session.run(f"DROP DATABASE {quoted(schema)}")


def stage_target(session: Session, schema: str, target: Target, store: DumpStore, progress: Progress) -> None:
    """Load what a table's plan will rest on: the rows as they were, as the incident left them, or an undo file."""
    if target.after:
        stage(session, schema, target.after, store.at(AFTER), progress)
        place = after_of(schema, target.after.definition.ref)
        session.run(f"DROP TABLE IF EXISTS {place}")
        staged = qualified(TableRef(schema, target.after.definition.ref.table))
        session.run(f"RENAME TABLE {staged} TO {place}")
    stage(session, schema, target.dump, store, progress)
    if target.undo:
        undo_source(target.undo).place(session, schema)


def packet(session: Session) -> int:
    """Read how many bytes of a statement production takes in."""
    (limit,) = session.one("SELECT @@GLOBAL.max_allowed_packet")
    return int(limit)


def oversize(session: Session, dump: DumpFile) -> bool:
    """Whether a dump has a statement that production would not take in as it is written."""
    return dump.longest + RENAMED >= packet(session)


def fitting(text: bytes, limit: int) -> bytes:
    """Make a statement fit into a packet; DatabaseError with code `db.packet` where nothing does."""
    text = text if len(text) < limit else shortened(text)
    if len(text) < limit:
        return text
    raise DatabaseError(
        "stage",
        f"a statement of {len(text):,} bytes is above production's max_allowed_packet of {limit:,}",
        "raise max_allowed_packet in production's parameter group, then rdsrestore resume",
        code="db.packet",
    )


def refuse_changed(store: DumpStore, dump: DumpFile) -> None:
    """Refuse a file that is not the one that was checked; ToolError with code `dump.changed`."""
    if store.digest(dump.path) != dump.sha256:
        raise ToolError(
            "stage", f"{dump.path} changed since it was dumped", "run the same command again", code="dump.changed"
        )


def stage(session: Session, schema: str, dump: DumpFile, store: DumpStore, progress: Progress) -> None:
    """Load one dump and prove it: the file is the one that was checked, and the rows are the copy's.

    Raises ToolError where the file changed, DatabaseError where the server does not take it, VerifyError where the rows
    differ.
    """
    definition = dump.definition
    refuse_changed(store, dump)
    place = qualified(TableRef(schema, definition.ref.table))
    session.run(f"DROP TABLE IF EXISTS {place}")
    session.run(ddl.staging(definition, schema))
    if dump.rows:
        load(session, place, store, dump.path, dump.bytes, progress)
    if dump.floats:
        repair(session, schema, dump, store, progress)
    progress(f"comparing {definition.ref.table} with the copy's checksum", None)
    found = row_hash.fingerprint(session, place, definition.columns)
    if found.rows != dump.rows:
        raise VerifyError(
            f"stage {definition.ref}",
            "rows staged",
            "run the same command again",
            expected=dump.rows,
            actual=found.rows,
        )
    if found != dump.content:
        raise ToolError(
            f"stage {definition.ref}",
            "the staged rows differ from the copy's, although their number is right",
            "nothing was written to the table; run again with another client program",
            code="stage.differs",
        )


def load(session: Session, place: str, store: DumpStore, name: str, size: int, progress: Progress) -> None:
    """Write a dump's rows to a table, a statement at a time, with what its own head says and our own settings alone.

    Nothing else of the file is sent, and the server takes no second statement with the first.
    """
    limit = packet(session)
    with as_select(session, wanted=True):
        for statement in statements(store, name, place):
            progress(f"loading {size / 1e6:,.0f} MB into the scratch schema", statement.place / size)
            session.send(fitting(statement.head + statement.values, limit))


def repair(session: Session, schema: str, dump: DumpFile, store: DumpStore, progress: Progress) -> None:
    """Give FLOAT columns back the digits that the dump lost."""
    definition, name = dump.definition, dump.floats or ""
    scanned = dump_scan.scan(store, name, float_repair.TABLE, float_repair.carried(definition))
    known = {column.name: column for column in definition.columns}
    keys = [ddl.keyed(known[name]) for name in definition.key]
    values = [f"{quoted(column.name)} DOUBLE NULL" for column in float_repair.rounded(definition)]
    names = ", ".join(map(quoted, definition.key))
    place = f"{quoted(schema)}.{quoted(float_repair.TABLE)}"
    session.run(f"DROP TABLE IF EXISTS {place}")
    session.run(
        f"CREATE TABLE {place} ({', '.join(keys + values)}, PRIMARY KEY ({names})) ENGINE=InnoDB ROW_FORMAT=DYNAMIC"
    )
    load(session, place, store, name, scanned.bytes, progress)
    table = qualified(TableRef(schema, definition.ref.table))
    exact = ", ".join(
        f"t.{quoted(column.name)} = f.{quoted(column.name)}" for column in float_repair.rounded(definition)
    )
    session.run(f"UPDATE {table} AS t JOIN {place} AS f USING ({names}) SET {exact}")
    session.run(f"DROP TABLE {place}")
