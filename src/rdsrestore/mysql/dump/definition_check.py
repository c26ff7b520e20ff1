"""Whether a server's own CREATE TABLE says all of a definition: it knows the characters of the basic plane alone.

MariaDB writes a default's other characters as question marks, MySQL those of expressions, and both those of labels.
"""

from __future__ import annotations

from collections.abc import Iterator

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.tables.definition import Column, TableDefinition
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.schema.catalog import HERE, exactly, qualified
from rdsrestore.mysql.schema.unsupported import LABELLED, labels
from rdsrestore.mysql.session.login.connection import Session, quoted

PROBE, NUMBER = "rdsrestore_spelling", "rdsrestore_n"
LAST = "\uffff"
"""The last character of the basic plane."""
EXPRESSIONS = f"""
SELECT GENERATION_EXPRESSION FROM information_schema.COLUMNS WHERE {HERE}
UNION ALL SELECT COLUMN_DEFAULT FROM information_schema.COLUMNS WHERE {HERE} AND EXTRA LIKE '%%DEFAULT_GENERATED%%'
"""
CHECKS = f"""
SELECT CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS JOIN information_schema.TABLE_CONSTRAINTS
 USING (CONSTRAINT_SCHEMA, CONSTRAINT_NAME) WHERE {HERE}
"""


def check(session: Session, definition: TableDefinition) -> None:
    """Refuse to make a table after a statement that does not say all; DatabaseError with code `db.definition`."""
    problem = "" if definition.create_sql else "it has a default that is no text"
    if problem := problem or ", ".join(unspoken(session, definition)):
        raise DatabaseError(
            str(definition.ref),
            f"the server's own CREATE TABLE does not say all of the definition: {problem}",
            "create the table by hand as it was, then run again without --recreate and --into",
            code="db.definition",
        )


def unspoken(session: Session, definition: TableDefinition) -> Iterator[str]:
    """Name what the statement writes as question marks."""
    mariadb = "MariaDB" in session.greeted
    texts = [each for each in definition.base_columns if each.charset and (mariadb or each.kind in LABELLED)]
    if texts:
        yield from (f"default or labels of column {name}" for name in bent_literals(session, definition, texts))
    if not mariadb:
        place = exactly(definition.ref)
        found = session.rows(EXPRESSIONS, place * 2)
        if session.rows("SELECT 1 FROM information_schema.TABLES WHERE TABLE_NAME = 'CHECK_CONSTRAINTS'"):
            found += session.rows(CHECKS, place)
        if any(max(true(text or ""), default="") > LAST for (text,) in found):
            yield "a character within an expression"


def bent_literals(session: Session, definition: TableDefinition, columns: list[Column]) -> list[str]:
    """Name the columns whose default or labels do not survive, by a temporary table that gets them without a text."""
    place = f"{quoted(definition.ref.database)}.{quoted(PROBE)}"
    names = ", ".join(quoted(column.name) for column in columns)
    session.run(f"DROP TEMPORARY TABLE IF EXISTS {place}")
    key = f"({NUMBER} INT NOT NULL AUTO_INCREMENT PRIMARY KEY)"  # some servers want every table to have one
    session.run(f"CREATE TEMPORARY TABLE {place} {key} AS SELECT {names} FROM {qualified(definition.ref)} LIMIT 0")
    session.run(f"INSERT IGNORE INTO {place} () VALUES ()")
    for column in columns:
        numbers = [str(n + 1 if column.kind == "enum" else 1 << n) for n in range(len(labels(column)))]
        if column.kind in LABELLED:
            values = ", ".join(f"({number})" for number in numbers)
            session.run(f"INSERT IGNORE INTO {place} ({quoted(column.name)}) VALUES {values}")
    tests = (f"SUM({row_hash.bent(quoted(each.name), each.charset or '', 'utf8mb3')})" for each in columns)
    found = session.one(f"SELECT {', '.join(tests)} FROM {place}")
    session.run(f"DROP TEMPORARY TABLE {place}")
    return [column.name for column, rows in zip(columns, found, strict=True) if rows]


def true(text: str) -> str:
    """Read an expression of MySQL's catalogue, which shows a literal's bytes as a character each."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text
