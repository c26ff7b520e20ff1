"""The shadow of a live table: made, noted in the scratch schema, taken away again, or left in the live one's place.

It is noted before it is made: whoever goes on after a kill, or cleans up from another machine, finds it there.
"""

from __future__ import annotations

from dataclasses import replace

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.mysql.merge.bare import bare_table
from rdsrestore.mysql.merge.shadow.places import SENTRY, Places, Seen, State, state
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import Session, quoted

NOTES = "rdsrestore_shadows"
PLACE = "place_database = %s AND place_table = %s"
LONGEST = 250
"""Characters of a reason that are kept."""
BESIDE = "by way of a table beside it, which took its place"


def ours(session: Session, places: Places) -> bool:
    """Whether tables of these names are ours: noted before they were made, and not given up."""
    if not catalog.exists(session, TableRef(places.schema, NOTES)):
        return False
    text = f"SELECT 1 FROM {quoted(places.schema)}.{NOTES} WHERE why IS NULL AND {PLACE}"
    return bool(session.rows(text, named(places)))


def look(session: Session, places: Places) -> State:
    """Say how far the exchange of a table is."""
    if not ours(session, places):
        return State.NOTHING
    former = catalog.exists(session, places.former)
    sentry = former and [each.name for each in catalog.read_columns(session, places.former)] == [SENTRY]
    live, shadow, noted = (catalog.exists(session, each) for each in (places.live, places.shadow, places.before))
    return state(Seen(live, shadow, former, sentry, noted))


def prepare(session: Session, schema: str) -> None:
    """Make the table of notes."""
    session.run(
        f"CREATE TABLE IF NOT EXISTS {quoted(schema)}.{NOTES} (place_database VARCHAR(64) NOT NULL, place_table"
        f" VARCHAR(64) NOT NULL, carrying BOOLEAN NOT NULL, why VARCHAR({LONGEST}) NULL,"
        " PRIMARY KEY (place_database, place_table)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
    )


def begin(session: Session, places: Places, live: TableDefinition) -> TableDefinition:
    """Make the empty shadow, with what says what is written to it; returns its definition.

    DatabaseError with code `db.definition` where the server does not make the very same table of it, with
    `db.table-exists` where somebody has given a table such a name.
    """
    if ours(session, places):
        take_away(session, places)
    for each in (places.shadow, places.former):
        if catalog.exists(session, each):
            raise DatabaseError("load", f"there is a table {each}", "look at it", code="db.table-exists")
    note(session, places, None)
    session.run(f"CREATE TABLE {qualified(places.filled)} LIKE {qualified(places.whole)}")
    session.run(f"CREATE TABLE {qualified(places.shadow)} LIKE {qualified(places.live)}")
    made = catalog.read_statement(session, places.shadow)
    if bare_table.body(made) != bare_table.body(live.create_sql):
        what = "the server gives a table like it another definition"
        raise DatabaseError("load", what, "look at SHOW CREATE TABLE of both", code="db.definition")
    return beside(live, places)


def beside(live: TableDefinition, places: Places) -> TableDefinition:
    """Define the shadow."""
    return replace(live, ref=places.shadow)


def mark_carrying(session: Session, places: Places) -> None:
    """Note that rows of the live table may be in the shadow from now on: after a kill it is filled anew."""
    session.run(f"UPDATE {quoted(places.schema)}.{NOTES} SET carrying = TRUE WHERE {PLACE}", named(places))


def carrying(session: Session, places: Places) -> bool:
    """Whether rows of the live table may be in the shadow."""
    text = f"SELECT 1 FROM {quoted(places.schema)}.{NOTES} WHERE carrying AND {PLACE}"
    return bool(session.rows(text, named(places)))


def give_up(session: Session, places: Places, why: str) -> None:
    """Take the shadow away, where there is one of ours, and note why."""
    if ours(session, places):
        take_away(session, places)
    note(session, places, why[:LONGEST])


def note(session: Session, places: Places, why: str | None) -> None:
    """Note an exchange in place of what was noted of it; one that is given up has nothing left that is ours."""
    prepare(session, places.schema)
    forget(session, places)
    session.run(f"INSERT INTO {quoted(places.schema)}.{NOTES} VALUES (%s, %s, FALSE, %s)", (*named(places), why))


def take_away(session: Session, places: Places) -> None:
    """Drop the shadow and what is noted of it; the live table is not touched."""
    session.run(f"DROP TABLE IF EXISTS {qualified(places.shadow)}")
    session.run(f"DROP TABLE IF EXISTS {qualified(places.filled)}")
    drop_sentry(session, places)
    bare_table.forget(session, places.schema, places.shadow)


def drop_sentry(session: Session, places: Places) -> None:
    """Drop our sentry, and nothing else of its name."""
    if catalog.exists(session, places.former):
        names = [each.name for each in catalog.read_columns(session, places.former)]
        if names == [SENTRY]:
            session.run(f"DROP TABLE {qualified(places.former)}")


def finish(session: Session, places: Places) -> None:
    """Drop the former table once the other has taken its place: all that it holds is there."""
    if catalog.exists(session, places.filled):  # the server died between two renames
        if catalog.exists(session, places.whole):
            session.run(f"RENAME TABLE {qualified(places.whole)} TO {qualified(places.before)}")
        session.run(f"RENAME TABLE {qualified(places.filled)} TO {qualified(places.whole)}")
    if catalog.exists(session, places.live):
        session.run(f"DROP TABLE IF EXISTS {qualified(places.former)}")


def settled(session: Session, places: Places) -> State:
    """Put right what a server left half done, drop what is not needed any more, and say how far the exchange is."""
    found = look(session, places)
    if found is State.TORN:
        session.run(places.give_back)
        found = look(session, places)
    if found is State.OVER:
        finish(session, places)
    return found


def settle_all(session: Session, schema: str) -> None:
    """End every exchange of a run: what has not taken the live table's place is dropped, and so is what had it."""
    if not catalog.exists(session, TableRef(schema, NOTES)):
        return
    for database, table in session.rows(f"SELECT place_database, place_table FROM {quoted(schema)}.{NOTES}"):
        places = Places(schema, TableRef(str(database), str(table)))
        if settled(session, places) is State.FILLING:
            take_away(session, places)
            settled(session, places)  # a statement of a process that was killed may have come to its end meanwhile


def forget(session: Session, places: Places) -> None:
    """Strike the exchange out: whatever is left of it is nobody's to drop."""
    session.run(f"DELETE FROM {quoted(places.schema)}.{NOTES} WHERE {PLACE}", named(places))


def told(session: Session, places: Places) -> str:
    """Say how rows came into the table; empty where no exchange was thought of."""
    if not catalog.exists(session, TableRef(places.schema, NOTES)):
        return ""
    found = session.rows(f"SELECT why FROM {quoted(places.schema)}.{NOTES} WHERE {PLACE}", named(places))
    if found and catalog.exists(session, places.before):
        return BESIDE
    return f"into the table itself: {found[0][0]}" if found and found[0][0] else ""


def named(places: Places) -> tuple[str, str]:
    """The values of a condition on a table's notes."""
    return places.live.database, places.live.table
