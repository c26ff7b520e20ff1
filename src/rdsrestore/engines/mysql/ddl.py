"""The tables that a run makes on production.

Staging ones after the restored definition, and landings after its own statement.
"""

from __future__ import annotations

import re

import sqlparse
from sqlparse import tokens

from rdsrestore.core.errors import DatabaseError
from rdsrestore.core.model import TableRef
from rdsrestore.core.tables import Column, TableDefinition
from rdsrestore.engines.mysql.catalog import qualified
from rdsrestore.engines.mysql.connect import quoted

ROW = "rdsrestore_row"
"""The key of a staged row where the table has none of its own."""
FOREIGN_KEY = re.compile(r",?\s*\n\s*CONSTRAINT `(?:[^`]|``)*` FOREIGN KEY [^\n]*?(?=,?\n)")
COUNTER = re.compile(r" AUTO_INCREMENT=\d+")


def staging(definition: TableDefinition, schema: str) -> str:
    """Write the staging table.

    The restored columns, all optional but the key, and nothing that could reject or change a row.
    """
    keyed = set(definition.key)
    columns = [staged(column, keyed) for column in definition.columns]
    if definition.key:
        columns.append(f"PRIMARY KEY ({', '.join(map(quoted, definition.key))})")
    else:
        columns.append(f"{quoted(ROW)} BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY")
    place = qualified(TableRef(schema, definition.ref.table))
    return f"CREATE TABLE {place} ({', '.join(columns)}) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"


def staged(column: Column, keyed: set[str]) -> str:
    """Write one column of a staging table; a generated one only takes what the dump may say of it."""
    optional = "NOT NULL" if column.name in keyed else "NULL DEFAULT NULL"
    return f"{quoted(column.name)} {typed(column)} {optional}"


def typed(column: Column) -> str:
    """Write a column's type with its character set and collation."""
    if column.collation and column.kind != "json":
        return f"{column.type} CHARACTER SET {column.charset} COLLATE {column.collation}"
    return column.type


def landing(definition: TableDefinition, target: TableRef, *, with_foreign_keys: bool) -> str:
    """Write the statement that creates a landing, from the copy's own SHOW CREATE TABLE.

    Raises DatabaseError with code `db.definition` where that text is not one plain CREATE TABLE of the table.
    """
    text = definition.create_sql
    head = f"CREATE TABLE {quoted(definition.ref.table)} ("
    statements = sqlparse.parse(text)
    if len(statements) != 1 or not text.startswith(head) or not plain(statements[0]):
        raise DatabaseError(
            "landing",
            f"the definition of {definition.ref} is not one plain CREATE TABLE",
            "create the table by hand, then run again without --recreate",
            code="db.definition",
        )
    if not with_foreign_keys:
        text = FOREIGN_KEY.sub("", text)
    return f"CREATE TABLE {qualified(target)} ({text[len(head) :]}"


def plain(statement: sqlparse.sql.Statement) -> bool:
    """Whether a statement only creates: it is a CREATE, ends nothing early, and reads from no other table."""
    words = [token for token in statement.flatten() if not token.is_whitespace]
    stops = [token for token in words if token.ttype in tokens.Punctuation and token.value == ";"]
    selects = [token for token in words if token.ttype in tokens.DML]
    return statement.get_type() == "CREATE" and not stops and not selects


def same_shape(one: TableDefinition, other: TableDefinition) -> bool:
    """Whether two definitions accept the same rows.

    Their statements are equal but for name, keys to others and counter.
    """
    return shape(one) == shape(other) != ""


def shape(definition: TableDefinition) -> str:
    """Reduce a definition to what decides whether a row fits."""
    body = definition.create_sql.partition("(")[2]
    return COUNTER.sub("", FOREIGN_KEY.sub("", body))
