"""The tables that take restored rows where there are none: made, dropped while empty, put in another's place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.tables.definition import Column, TableDefinition
from rdsrestore.domain.tables.dump_file import DumpFile
from rdsrestore.mysql.merge import staging
from rdsrestore.mysql.schema import catalog, ddl
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import Session, quoted

CONTENTS = ("TABLES WHERE TABLE_SCHEMA", "ROUTINES WHERE ROUTINE_SCHEMA", "EVENTS WHERE EVENT_SCHEMA")
"""Where the catalogue lists what others may have put into a database."""


def create(session: Session, schema: str, dump: DumpFile, place: TableRef, *, with_foreign_keys: bool) -> None:
    """Create an empty table from the restored definition and note it in the scratch schema.

    Tables that point to each other in a circle can't all come after the ones that they point to.
    """
    if catalog.exists(session, place):
        raise DatabaseError("landing", f"{place} exists already", "choose another name", code="db.table-exists")
    named = with_foreign_keys or "mariadb" in session.greeted.lower()
    statement = ddl.target_table(dump.definition, place, with_foreign_keys=with_foreign_keys, check_names=named)
    session.run(f"REPLACE INTO {quoted(schema)}.{staging.TARGET_TABLES} VALUES (%s)", (str(place),))
    make_database(session, schema, dump.definition, place.database)
    session.run(f"USE {quoted(place.database)}")
    parents = {key.parent for key in dump.definition.references if with_foreign_keys} - {place}
    later = any(not catalog.exists(session, parent) for parent in parents)
    with unchecked(session) if later else nullcontext():
        session.run(statement)
    if bent := otherwise(dump.definition, catalog.definition(session, place)):
        with unchecked(session):
            session.run(f"DROP TABLE {qualified(place)}")
        raise DatabaseError(
            "landing",
            f"the server makes column {', '.join(bent)} of {place} otherwise than it was: its settings have changed",
            "set explicit_defaults_for_timestamp in production's parameter group to what it was, then run again",
            code="db.definition",
        )


def make_database(session: Session, schema: str, then: TableDefinition, name: str) -> None:
    """Make the database that is to hold a table again where it is gone, as it was, and note that."""
    if staging.exists(session, name):
        return
    how = " CHARACTER SET {} COLLATE {}".format(*then.in_database) if then.in_database else ""
    notes = f"{quoted(schema)}.{staging.DATABASES}"
    session.run(
        f"CREATE TABLE IF NOT EXISTS {notes} (name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"
        " PRIMARY KEY) ENGINE=InnoDB"
    )
    session.run(f"REPLACE INTO {notes} VALUES (%s)", (name,))
    session.run(f"CREATE DATABASE {quoted(name)}{how}")


def drop_database(session: Session, schema: str, name: str) -> None:
    """Drop a database that was made for this run, once nothing is left in it."""
    if not catalog.exists(session, TableRef(schema, staging.DATABASES)):
        return
    ours = session.rows(f"SELECT 1 FROM {quoted(schema)}.{staging.DATABASES} WHERE name = %s", (name,))
    filled = " UNION ALL ".join(f"(SELECT 1 FROM information_schema.{each} = %s LIMIT 1)" for each in CONTENTS)
    if ours and staging.exists(session, name) and not session.rows(filled, (name,) * len(CONTENTS)):
        session.run(f"DROP DATABASE {quoted(name)}")


def otherwise(then: TableDefinition, made: TableDefinition | None) -> Sequence[str]:
    """Name the columns that a made table has with another rule of what may stand in them, or comes by itself."""
    now = {column.name: rules(column) for column in made.columns} if made else {}
    return [column.name for column in then.columns if now.get(column.name) != rules(column)]


def rules(column: Column) -> tuple[bool, ...]:
    """What decides of a column's values beside its type, which other versions write otherwise."""
    return column.nullable, column.generated, column.auto_increment, column.on_update, column.required


def drop(session: Session, schema: str, place: TableRef) -> None:
    """Drop a table that was made for this run and that is still empty; otherwise leave it."""
    if not staging.exists(session, schema):
        return
    if catalog.exists(session, place):
        drop_table(session, schema, place)
    drop_database(session, schema, place.database)


def drop_table(session: Session, schema: str, place: TableRef) -> None:
    """Drop the table itself."""
    if made(session, schema, place) and not session.rows(f"SELECT 1 FROM {qualified(place)} LIMIT 1"):
        with unchecked(session):
            session.run(f"DROP TABLE {qualified(place)}")


def made(session: Session, schema: str, place: TableRef) -> bool:
    """Whether a table was made for this run."""
    known = f"SELECT 1 FROM {quoted(schema)}.{staging.TARGET_TABLES} WHERE name = %s"
    return bool(session.rows(known, (str(place),)))


@contextmanager
def unchecked(session: Session) -> Iterator[None]:
    """Let a table be made before one that it points to, or dropped although others point to it again."""
    session.run("SET SESSION foreign_key_checks = 0")
    try:
        yield
    finally:
        session.run("SET SESSION foreign_key_checks = 1")


def swap(session: Session, live: TableRef, shadow: TableRef, former: TableRef) -> None:
    """Let two tables change places in one step; numbers that were given out are not given out again."""
    if not catalog.exists(session, shadow) and catalog.exists(session, former):
        return
    (counter,) = session.one(
        f"SELECT AUTO_INCREMENT FROM information_schema.TABLES WHERE {catalog.HERE}", catalog.exactly(live)
    )
    if counter is not None:
        session.run(f"ALTER TABLE {qualified(shadow)} AUTO_INCREMENT = {int(counter)}")
    session.run(f"RENAME TABLE {qualified(live)} TO {qualified(former)}, {qualified(shadow)} TO {qualified(live)}")
