"""A new table without most of its indexes while rows come in, and with all of them afterwards.

What it has to be is noted in the scratch schema before anything is taken off: whoever goes on after a kill, or cleans
up, gives the table its indexes from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import tenacity

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.mysql.merge.bare.left_out import Index, left_out, with_them, without
from rdsrestore.mysql.schema import catalog, ddl
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.errors import number_of
from rdsrestore.mysql.session.login.connection import Session, quoted
from rdsrestore.mysql.session.waiting import AWAY, HELD, HELD_FOR, repeated
from rdsrestore.ports.progress import Progress

NOTES = "rdsrestore_bare"
PROBE = "rdsrestore_bare_probe"
BESIDE = "ALGORITHM=INPLACE"
"""The server builds the indexes beside the rows, or refuses: it never writes the table anew."""
DOUBLED = frozenset({1062, 1586})
"""A unique index that can't be built: two rows have the same values."""
DOUBLES = "two of its rows have the same values of a unique key"
PLACE = "place_database = %s AND place_table = %s"


class Note(NamedTuple):
    """What a table has to be in the end, what an ALTER TABLE adds for that, and whether it is being emptied.

    Nothing is to be added once that is done.
    """

    created: str
    added: str
    emptied: bool


def take_off(session: Session, schema: str, table: TableDefinition) -> int:
    """Take off an empty table the indexes that can wait; returns how many, 0 where it stays as it is.

    That is so where the definition asks for it, and where the server does not make the very same of it again: both
    statements are tried on a table like it in the scratch schema.
    """
    indexes = left_out(table)
    if not indexes or noted(session, schema, table.ref):
        return 0
    if session.rows(f"SELECT 1 FROM {qualified(table.ref)} LIMIT 1") or not comes_back(session, schema, table, indexes):
        return 0
    session.run(
        f"CREATE TABLE IF NOT EXISTS {quoted(schema)}.{NOTES} (place_database VARCHAR(64) NOT NULL, place_table"
        " VARCHAR(64) NOT NULL, created LONGTEXT NOT NULL, added LONGTEXT NOT NULL, emptied BOOLEAN NOT NULL,"
        " PRIMARY KEY (place_database, place_table)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
    )
    values = (table.ref.database, table.ref.table, table.create_sql, with_them(indexes))
    session.run(f"INSERT INTO {quoted(schema)}.{NOTES} VALUES (%s, %s, %s, %s, FALSE)", values)
    try:
        session.run(f"ALTER TABLE {qualified(table.ref)} {without(indexes)}, {BESIDE}")
    except DatabaseError as error:
        if error.code in AWAY:
            raise
        return 0
    return len(indexes)


def comes_back(session: Session, schema: str, table: TableDefinition, indexes: tuple[Index, ...]) -> bool:
    """Whether a table like it is the same, to the last byte, once its indexes are taken off and added again."""
    probe = TableRef(schema, PROBE)
    session.run(f"DROP TABLE IF EXISTS {qualified(probe)}")
    try:
        session.run(f"CREATE TABLE {qualified(probe)} LIKE {qualified(table.ref)}")
        before = body(catalog.read_statement(session, probe))
        for change in (without(indexes), with_them(indexes)):
            session.run(f"ALTER TABLE {qualified(probe)} {change}, {BESIDE}")
        return before == body(catalog.read_statement(session, probe)) != ""
    except DatabaseError as error:
        if error.code in AWAY:
            raise
        return False
    finally:
        session.run(f"DROP TABLE IF EXISTS {qualified(probe)}")


def put_back(session: Session, schema: str, place: TableRef, progress: Progress) -> bool:
    """Give a table the indexes that it lacks, in one statement; False where two rows share what has to be unique.

    DatabaseError with code `db.definition` where it is not afterwards what it was made as.
    """
    note = noted(session, schema, place)
    if note is None or not note.added or whole(session, place, note):
        return True
    building = f"{place.table}: all rows are in; building its indexes"
    progress(building, None)

    def tell(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        progress(f"{building}; waiting: {error.what if isinstance(error, DatabaseError) else 'no answer'}", None)

    try:
        repeated(HELD, HELD_FOR, longest=5.0, before_sleep=tell)(lambda: add(session, place, note))
    except DatabaseError as error:
        if number_of(error) in DOUBLED:
            return False
        raise
    if not whole(session, place, note):
        raise DatabaseError(
            f"indexes of {place}",
            "its definition is not the one that it was made with: somebody has altered it meanwhile",
            "hold SHOW CREATE TABLE against the backup's; its rows are all there",
            code="db.definition",
        )
    session.run(f"UPDATE {quoted(schema)}.{NOTES} SET added = '' WHERE {PLACE}", (place.database, place.table))
    return True


def add(session: Session, place: TableRef, note: Note) -> None:
    """Add them, unless an earlier try went through whose answer was lost."""
    try:
        session.run(f"ALTER TABLE {qualified(place)} {note.added}, {BESIDE}")
    except DatabaseError:
        if not whole(session, place, note):
            raise


def put_all_back(session: Session, schema: str) -> None:
    """Give every table of a run that is left without indexes what it lacks: nobody could tell afterwards."""
    if not catalog.exists(session, TableRef(schema, NOTES)):
        return
    for database, table in session.rows(f"SELECT place_database, place_table FROM {quoted(schema)}.{NOTES}"):
        place = TableRef(str(database), str(table))
        if catalog.exists(session, place) and (why := hindrance(session, schema, place)):
            raise bare(place, why)


def hindrance(session: Session, schema: str, place: TableRef) -> str:
    """Give a table the indexes that it lacks; says why that can't be done, where it can't."""
    try:
        return "" if put_back(session, schema, place, lambda _text, _share: None) else DOUBLES
    except DatabaseError as error:
        if error.code in HELD:
            raise
        return error.what


def bare(place: TableRef, why: str) -> DatabaseError:
    """Say that a table is left without indexes."""
    return DatabaseError(
        f"indexes of {place}",
        f"they can't be built: {why}",
        f"look at it, DROP TABLE {qualified(place)}, then rdsrestore cleanup",
        code="db.definition",
    )


def begin_again(session: Session, schema: str, place: TableRef, written: int, forget: Callable[[], object]) -> None:
    """Empty a table whose indexes can't be built over its rows, and give it all of them: then each row is asked.

    `written` is how many rows are ours; where it has others too nothing is done. `forget` what was written comes last,
    and all of this is repeated where it was cut off.
    """
    note = noted(session, schema, place)
    if note is None:
        raise bare(place, DOUBLES)
    with nobody_else(session, schema, place):
        (rows,) = session.one(f"SELECT COUNT(*) FROM {qualified(place)}")
        if rows != written and not (note.emptied and rows == 0):
            raise bare(place, DOUBLES)
        mark(session, schema, place, emptied=True)
        session.run(f"TRUNCATE TABLE {qualified(place)}")
    add(session, place, note)
    forget()
    mark(session, schema, place, emptied=False)


@contextmanager
def nobody_else(session: Session, schema: str, place: TableRef) -> Iterator[None]:
    """Keep others from writing to a table, so that what is counted there is what is emptied."""
    session.run(f"LOCK TABLES {qualified(place)} WRITE, {quoted(schema)}.{NOTES} WRITE")
    try:
        yield
    finally:
        session.run("UNLOCK TABLES")


def mark(session: Session, schema: str, place: TableRef, *, emptied: bool) -> None:
    """Note whether a table is being emptied."""
    text = f"UPDATE {quoted(schema)}.{NOTES} SET emptied = %s WHERE {PLACE}"
    session.run(text, (emptied, place.database, place.table))


def noted(session: Session, schema: str, place: TableRef) -> Note | None:
    """Read what is noted of a table; None where it never lacked an index."""
    if not catalog.exists(session, TableRef(schema, NOTES)):
        return None
    found = session.rows(
        f"SELECT created, added, emptied FROM {quoted(schema)}.{NOTES} WHERE {PLACE}", (place.database, place.table)
    )
    return Note(str(found[0][0]), str(found[0][1]), bool(found[0][2])) if found else None


def forget(session: Session, schema: str, place: TableRef) -> None:
    """Strike out what is noted of a table that is no more."""
    if catalog.exists(session, TableRef(schema, NOTES)):
        session.run(f"DELETE FROM {quoted(schema)}.{NOTES} WHERE {PLACE}", (place.database, place.table))


def whole(session: Session, place: TableRef, note: Note) -> bool:
    """Whether a table is what it has to be."""
    return body(catalog.read_statement(session, place)) == body(note.created)


def body(create_sql: str) -> str:
    """A definition but for name and counter."""
    return ddl.COUNTER.sub("", create_sql.partition("(")[2])
