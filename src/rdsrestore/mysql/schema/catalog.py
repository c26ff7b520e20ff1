"""A table's definition as the server's catalogue has it, matched to the last byte of its name."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pymysql

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.tables.definition import Column, TableDefinition, Trigger, UniqueKey
from rdsrestore.mysql.schema import foreign_keys
from rdsrestore.mysql.schema.unsupported import LABELLED, hindrances, labels
from rdsrestore.mysql.session.errors import number_of
from rdsrestore.mysql.session.login.connection import Session, quoted

SYSTEM = ("information_schema", "mysql", "performance_schema", "sys", "innodb", "tmp")
HERE = "TABLE_SCHEMA = %s AND TABLE_NAME = %s AND CAST(TABLE_NAME AS BINARY) = CAST(%s AS BINARY)"
"""Takes what `exactly` gives: by the plain name alone a server looks at one table only, where it would open all."""
HIDDEN = re.compile(r"KEY `((?:[^`]|``)*)` .*(?:INVISIBLE|IGNORED)")
"""An index that no statement may name: MySQL's invisible ones, MariaDB's ignored ones."""
COMPARED = 2_000
"""Labels of a column that are compared with each other at the most."""
NEXT = re.compile(r" AUTO_INCREMENT=\d+")
"""What each row that an application adds changes in the server's own statement."""
OF_TRIGGERS = (
    "EVENT_OBJECT_SCHEMA = %s AND EVENT_OBJECT_TABLE = %s AND CAST(EVENT_OBJECT_TABLE AS BINARY) = CAST(%s AS BINARY)"
)
TRIGGERS = (
    "SELECT GROUP_CONCAT(HEX(CONCAT_WS('|', TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, DEFINER)) ORDER BY 1)"
    f" FROM information_schema.TRIGGERS WHERE {OF_TRIGGERS}"
)
DEFAULT = "SELECT DEFAULT_{}_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s LIMIT 1"


def definition(session: Session, ref: TableRef) -> TableDefinition | None:
    """Read a table's definition; None where there is none of exactly that name.

    One that this session has read before is looked at again, in two statements where reading it takes eight: the
    server's own statement, its triggers and the keys that point to it are what they were, or all is read anew.
    """
    seen, known = look(session, ref), session.known.get(ref)
    if seen and known and seen.same_as(known[0]):
        rows, size = seen.size
        again: TableDefinition = replace(known[1], rows=rows, bytes=size, create_sql=seen.create_sql)
        return again
    found = read_definition(session, ref)
    if seen:
        session.known[ref] = seen, found
    return found


@dataclass(frozen=True)
class Look:
    """What shows that a table's definition is as it was; `size` are rows and bytes, by a guess."""

    create_sql: str
    rest: tuple[object, ...]
    size: tuple[int, int]

    def same_as(self, other: Look) -> bool:
        """Whether nothing has changed but what rows change."""
        mine, theirs = (NEXT.sub("", each.create_sql, count=1) for each in (self, other))
        return bool(mine) and (mine, self.rest) == (theirs, other.rest)


def look(session: Session, ref: TableRef) -> Look | None:
    """Look at a table; None where there is none, or the login may not see which keys point to it."""
    pointing, places = foreign_keys.summary(session, ref)
    try:
        found = session.rows(
            f"SELECT TABLE_ROWS, DATA_LENGTH + INDEX_LENGTH, ({DEFAULT.format('CHARACTER_SET')}),"
            f" ({DEFAULT.format('COLLATION')}), ({TRIGGERS}), ({pointing}) FROM information_schema.TABLES"
            f" WHERE {HERE} AND TABLE_TYPE = 'BASE TABLE'",
            (ref.database, ref.database, *exactly(ref), *places, *exactly(ref)),
        )
    except DatabaseError as error:
        if number_of(error) != foreign_keys.NO_PRIVILEGE:
            raise
        return None
    if not found:
        return None
    rows, size, *rest = found[0]
    return Look(read_statement(session, ref), tuple(rest), (int(rows or 0), int(size or 0)))


def read_definition(session: Session, ref: TableRef) -> TableDefinition | None:
    """Read all of it."""
    place = exactly(ref)
    found = session.rows(
        f"SELECT TABLE_TYPE, ENGINE, TABLE_ROWS, DATA_LENGTH + INDEX_LENGTH, ({DEFAULT.format('CHARACTER_SET')}),"
        f" ({DEFAULT.format('COLLATION')}) FROM information_schema.TABLES WHERE {HERE}",
        (ref.database, ref.database, *place),
    )
    if not found:
        return None
    kind, engine, rows, size, charset, collation = found[0]
    table = kind in {"BASE TABLE", "SYSTEM VERSIONED"}
    columns = read_columns(session, ref)
    primary, unique = read_keys(session, ref, columns)
    computed = {column.name for column in columns if column.generated}
    own = [column for column in columns if not column.generated]
    carried = [each for each in unique if not computed & set(each.columns)]
    key = primary if primary and not computed & set(primary) else shortest(carried)  # no dump has a computed value
    create_sql = read_statement(session, ref) if table else ""
    return TableDefinition(
        ref=ref,
        kind="BASE TABLE" if table else kind,
        engine=engine or "",
        columns=columns,
        key=key,
        unique_keys=unique,
        references=foreign_keys.outgoing(session, ref),
        referenced_by=foreign_keys.incoming(session, ref),
        triggers=read_triggers(session, ref),
        versioned=kind == "SYSTEM VERSIONED",
        rows=int(rows or 0),
        bytes=int(size or 0),
        create_sql=create_sql,
        hindrances=tuple(hindrances(own, key, alike(session, own))) if table else (),
        in_database=(str(charset), str(collation)),
        key_index=index_of(key, primary, unique, create_sql),
    )


def index_of(key: Sequence[str], primary: Sequence[str], unique: Sequence[UniqueKey], create_sql: str) -> str:
    """Name the index of a key; empty where there is none, or none that a statement may name."""
    if not key or key == primary:
        return "PRIMARY" if key else ""
    hidden = {name.replace("``", "`") for name in HIDDEN.findall(create_sql)}
    return next((each.name for each in unique if each.columns == key and each.name not in hidden), "")


def exactly(ref: TableRef) -> tuple[str, str, str]:
    """Give the values of a condition on a table's name, to the byte."""
    return ref.database, ref.table, ref.table


def exists(session: Session, ref: TableRef) -> bool:
    """Say whether there is a table, or a view, of exactly that name."""
    return bool(session.rows(f"SELECT 1 FROM information_schema.TABLES WHERE {HERE}", exactly(ref)))


def read_statement(session: Session, ref: TableRef) -> str:
    """Read the server's own statement, byte by byte: some servers write a binary default into it as it is.

    Empty where it is not text throughout.
    """

    def ask(connection: pymysql.Connection[Any]) -> bytes:
        with connection.cursor() as cursor:
            connection.use_unicode = False
            try:
                cursor.execute(f"SHOW CREATE TABLE {qualified(ref)}")
                return bytes(cursor.fetchall()[0][1])
            finally:
                connection.use_unicode = True

    try:
        return session.through(ask).decode()
    except UnicodeDecodeError:
        return ""


def read_columns(session: Session, ref: TableRef) -> tuple[Column, ...]:
    """Read the columns in order."""
    found = session.rows(
        "SELECT COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, IS_NULLABLE, CHARACTER_SET_NAME, COLLATION_NAME, EXTRA,"
        " GENERATION_EXPRESSION, COLUMN_DEFAULT IS NULL"
        f" FROM information_schema.COLUMNS WHERE {HERE} ORDER BY ORDINAL_POSITION",
        exactly(ref),
    )
    return tuple(
        Column(
            name=name,
            type=text(full),
            kind=text(kind).lower(),
            nullable=nullable == "YES",
            charset=charset,
            collation=collation,
            generated=bool(expression),
            auto_increment="auto_increment" in extra.lower(),
            on_update="on update" in extra.lower(),
            required=bool(no_default) and nullable == "NO" and not expression and "auto_increment" not in extra.lower(),
        )
        for name, full, kind, nullable, charset, collation, extra, expression, no_default in found
    )


def read_keys(
    session: Session, ref: TableRef, columns: Sequence[Column]
) -> tuple[tuple[str, ...], tuple[UniqueKey, ...]]:
    """Read the primary key's columns and the other unique keys.

    A key over a column's first bytes identifies nothing, and one over a hash can't be had by any other table.
    """
    parts: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for name, column, prefix in session.rows(
        "SELECT INDEX_NAME, COLUMN_NAME, SUB_PART FROM information_schema.STATISTICS"
        f" WHERE {HERE} AND NON_UNIQUE = 0 AND INDEX_TYPE <> 'HASH' ORDER BY INDEX_NAME, SEQ_IN_INDEX",
        exactly(ref),
    ):
        parts[name].append((column, prefix is not None or column is None))
    whole = {
        name: tuple(column for column, _part in each)
        for name, each in parts.items()
        if not any(part for _column, part in each)
    }
    nullable = {column.name for column in columns if column.nullable}
    unique = tuple(
        UniqueKey(name, each, bool(nullable & set(each))) for name, each in whole.items() if name != "PRIMARY"
    )
    return whole.get("PRIMARY", ()), unique


def alike(session: Session, columns: Sequence[Column]) -> Sequence[str]:
    """Name the columns with labels that their collation can't tell apart, which servers let pass in a lenient mode."""
    tests = []
    for column in columns:
        names = labels(column) if column.kind in LABELLED and column.collation else []
        if 1 < len(names) <= COMPARED:
            read = f"USING {column.charset}) COLLATE {column.collation} AS label"
            each = " UNION ALL ".join(f"SELECT CONVERT({session.literal(name)} {read}" for name in names)
            named = session.literal(column.name)
            tests.append(f"SELECT {named} FROM ({each}) AS l HAVING COUNT(DISTINCT label) < COUNT(*)")
    return [str(name) for (name,) in session.rows(" UNION ALL ".join(tests))] if tests else []


def shortest(keys: Sequence[UniqueKey]) -> tuple[str, ...]:
    """Return the columns of the shortest key that can't be NULL; nothing where there is none."""
    usable = sorted((len(key.columns), key.name, key.columns) for key in keys if not key.nullable)
    return usable[0][2] if usable else ()


def read_triggers(session: Session, ref: TableRef) -> tuple[Trigger, ...]:
    """Read the table's triggers."""
    found = session.rows(
        "SELECT TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, DEFINER FROM information_schema.TRIGGERS"
        f" WHERE {OF_TRIGGERS}",
        exactly(ref),
    )
    return tuple(Trigger(*each) for each in found)


def checks(session: Session, ref: TableRef) -> dict[str, str]:
    """Read a table's checks by name, those of single columns too; none on servers that have no such list.

    MariaDB gives a name once in a table, MySQL once in a database, which is why its list names no table.
    """
    greeted = session.greeted.lower()
    listed = "SELECT c.CONSTRAINT_NAME, c.CHECK_CLAUSE FROM information_schema."
    if "mariadb" in greeted:
        listed += "CHECK_CONSTRAINTS c WHERE c.CONSTRAINT_SCHEMA = %s AND c.TABLE_NAME = %s"
        listed += " AND CAST(c.TABLE_NAME AS BINARY) = CAST(%s AS BINARY)"
    else:
        listed += (
            "TABLE_CONSTRAINTS t JOIN information_schema.CHECK_CONSTRAINTS c USING (CONSTRAINT_SCHEMA, CONSTRAINT_NAME)"
            " WHERE t.TABLE_SCHEMA = %s AND t.TABLE_NAME = %s"
            " AND CAST(t.TABLE_NAME AS BINARY) = CAST(%s AS BINARY) AND t.CONSTRAINT_TYPE = 'CHECK'"
        )
    found = () if greeted.startswith("5.") and "mariadb" not in greeted else session.rows(listed, exactly(ref))
    return {str(name): text(clause) for name, clause in found}


def tables(session: Session, database: str) -> tuple[str, ...]:
    """Name a database's base tables."""
    found = session.rows(
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s"
        " AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY 1",
        (database,),
    )
    return tuple(name for (name,) in found)


def databases(session: Session) -> tuple[str, ...]:
    """Name the users' databases."""
    found = session.rows("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA ORDER BY 1")
    return tuple(name for (name,) in found if name not in SYSTEM and not name.startswith("rdsrestore_"))


def similar(session: Session, ref: TableRef) -> tuple[str, ...]:
    """Name the tables of the same database that read like it."""
    names = {name.lower(): name for name in tables(session, ref.database)}
    return tuple(names[near] for near in difflib.get_close_matches(ref.table.lower(), names, n=3, cutoff=0.6))


def qualified(ref: TableRef) -> str:
    """Quote a table's full name."""
    return f"{quoted(ref.database)}.{quoted(ref.table)}"


def text(value: str | bytes) -> str:
    """Some servers give catalogue texts as bytes."""
    return value.decode() if isinstance(value, bytes) else value
