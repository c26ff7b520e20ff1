"""A table's foreign keys, both ways, asked for so that no server opens every table that it has."""

from __future__ import annotations

from collections import defaultdict

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.tables.definition import ForeignKey
from rdsrestore.mysql.session.errors import number_of
from rdsrestore.mysql.session.login.connection import Session

NO_PRIVILEGE = 1227
COLUMNS = """
SELECT CONSTRAINT_NAME, TABLE_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
  FROM information_schema.KEY_COLUMN_USAGE
 WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s AND REFERENCED_TABLE_NAME IS NOT NULL
 ORDER BY CONSTRAINT_NAME, ORDINAL_POSITION
"""
RULES = """
SELECT CONSTRAINT_NAME, TABLE_NAME, DELETE_RULE, UPDATE_RULE FROM information_schema.REFERENTIAL_CONSTRAINTS
 WHERE CONSTRAINT_SCHEMA = %s AND TABLE_NAME = %s
"""
CHILDREN = """
SELECT DISTINCT CONSTRAINT_SCHEMA, TABLE_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS
 WHERE UNIQUE_CONSTRAINT_SCHEMA = %s AND REFERENCED_TABLE_NAME = %s
"""
NAME = "CONVERT(CONVERT(CONVERT(SUBSTRING_INDEX(FOR_NAME, '/', {}) USING binary) USING filename) USING utf8mb4)"
FILE = "CONVERT(CONVERT(%s USING filename) USING binary)"
INNODB_CHILDREN = f"""
SELECT DISTINCT {NAME.format(1)}, {NAME.format(-1)} FROM information_schema.INNODB_SYS_FOREIGN
 WHERE CAST(REF_NAME AS BINARY) = CONCAT({FILE}, '/', {FILE})
"""
INNODB_SUMMARY = f"""
SELECT GROUP_CONCAT(HEX(CONCAT_WS('|', ID, FOR_NAME, N_COLS, TYPE)) ORDER BY ID) FROM
  information_schema.INNODB_SYS_FOREIGN WHERE CAST(REF_NAME AS BINARY) = CONCAT({FILE}, '/', {FILE})
"""
SUMMARY = """
SELECT GROUP_CONCAT(HEX(CONCAT_WS('|', CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, DELETE_RULE, UPDATE_RULE))
  ORDER BY CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME) FROM information_schema.REFERENTIAL_CONSTRAINTS
 WHERE UNIQUE_CONSTRAINT_SCHEMA = %s AND REFERENCED_TABLE_NAME = %s
"""
"""MariaDB's views of foreign keys open each table of the server where the child is not named; InnoDB's own list, which
has names as files have them, is read from memory. It takes PROCESS."""


def summary(session: Session, ref: TableRef) -> tuple[str, tuple[str, str]]:
    """Write a query, with its values, of one text that is another where other keys point to a table.

    It ends with the error NO_PRIVILEGE for a login that may not see them so.
    """
    place = (ref.database, ref.table)
    return (INNODB_SUMMARY if "mariadb" in session.greeted.lower() else SUMMARY), place


def outgoing(session: Session, ref: TableRef) -> tuple[ForeignKey, ...]:
    """Read a table's own foreign keys; those whose rules the login may not see are left out."""
    place = (ref.database, ref.table)
    rules = {name: tuple(rest) for name, table, *rest in session.rows(RULES, place) if table == ref.table}
    if not rules:
        return ()
    parts: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for name, table, *rest in session.rows(COLUMNS, place):
        if table == ref.table and name in rules:
            parts[name].append(tuple(rest))
    return tuple(
        ForeignKey(
            name=name,
            child=ref,
            columns=tuple(part[0] for part in each),
            parent=TableRef(each[0][1], each[0][2]),
            parent_columns=tuple(part[3] for part in each),
            on_delete=rules[name][0],
            on_update=rules[name][1],
        )
        for name, each in parts.items()
    )


def incoming(session: Session, ref: TableRef) -> tuple[ForeignKey, ...]:
    """Read the foreign keys of other tables that point to one, by child and name."""
    others = sorted(
        (child for child in children(session, ref) if child != ref), key=lambda each: (each.database, each.table)
    )
    return tuple(key for child in others for key in outgoing(session, child) if key.parent == ref)


def children(session: Session, ref: TableRef) -> set[TableRef]:
    """Name the tables that have a foreign key to one."""
    place = (ref.database, ref.table)
    if "mariadb" in session.greeted.lower():
        try:
            return {TableRef(str(database), str(table)) for database, table in session.rows(INNODB_CHILDREN, place)}
        except DatabaseError as error:
            if number_of(error) != NO_PRIVILEGE:
                raise
    return {TableRef(str(database), str(table)) for database, table in session.rows(CHILDREN, place)}
