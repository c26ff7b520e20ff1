"""What a statement's text says of itself: whether it names a table, what it does, and whether it has a condition."""

from __future__ import annotations

import re
from functools import lru_cache

import sqlparse
from sqlparse.sql import Where
from sqlparse.tokens import Comment

from rdsrestore.domain.ids import TableRef
from rdsrestore.mysql.binlog.decode import SHOWN

CONTROL = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE\s+SAVEPOINT|XA)\b", re.IGNORECASE)
ENDS = re.compile(r"\s*(COMMIT|ROLLBACK(?!\s+(WORK\s+)?TO\b))", re.IGNORECASE)
BEGINNING = re.compile(r"^(?:\s+|/\*(?!!).*?\*/|--\s[^\n]*\n|#[^\n]*\n)+", re.DOTALL)
ROWS = frozenset({"DELETE", "UPDATE", "INSERT", "REPLACE", "LOAD", "WITH"})
DEFINES = re.compile(
    r"(?:ALTER\s+(?:ONLINE\s+)?(?:IGNORE\s+)?|DROP\s+|RENAME\s+|CREATE\s+OR\s+REPLACE\s+)(?:TABLES?|DATABASE|SCHEMA)\b"
    r"|TRUNCATE\b",
    re.IGNORECASE,
)
"""What changes a table that is there, or takes all of its rows."""
OF_DATABASE = re.compile(r"(?:ALTER|DROP|CREATE)\s+(?:DATABASE|SCHEMA)\b", re.IGNORECASE)
NAME = r"(`(?:[^`]|``)+`|\"(?:[^\"]|\"\")+\"|[\w$]+)"
OF_TABLE = re.compile(
    rf"(?:{DEFINES.pattern})\s+(?:TABLE\s+)?(?:IF\s+EXISTS\s+)?{NAME}(?:\s*\.\s*{NAME})?", re.IGNORECASE
)

RENAMES = re.compile(r"(?:RENAME\s+TABLES?|ALTER\s+(?:ONLINE\s+)?TABLE)\s+(?:IF\s+EXISTS\s+)?", re.IGNORECASE)
RENAMED = re.compile(
    rf"{NAME}(?:\s*\.\s*{NAME})?\s+(?:WAIT\s+\d+\s+|NOWAIT\s+)?"
    rf"(?:TO|RENAME(?!\s+(?:COLUMN|INDEX|KEY)\s)(?:\s+(?:TO|AS)|\s*=)?)\s*{NAME}(?:\s*\.\s*{NAME})?\s*,?\s*",
    re.IGNORECASE,
)


def control(text: str) -> bool:
    """Whether a statement only frames others."""
    return CONTROL.match(text) is not None


def ends(text: str) -> bool:
    """Whether a statement ends its transaction."""
    return ENDS.match(text) is not None


def plain(text: str) -> str:
    """Take off what comments stand before a statement."""
    return BEGINNING.sub("", text)


def first_word(text: str) -> str:
    """Name what a statement does."""
    words = re.match(r"\w+", plain(text))
    return words[0].upper() if words else ""


@lru_cache(64)
def naming(table: str) -> re.Pattern[str]:
    """Find a table's name where it stands as a whole word, quoted or not."""
    doubled = re.escape(table.replace("`", "``"))
    return re.compile(rf"(?<![\w$])(?:{re.escape(table)}|{doubled})(?![\w$])", re.IGNORECASE)


def concerns(text: str, database: str, ref: TableRef) -> bool:
    """Say whether a statement that ran in a database may be about a table: rather once too often than too little."""
    words = plain(text)
    if OF_DATABASE.match(words):
        return naming(ref.database).search(words) is not None
    there = database == ref.database or naming(ref.database).search(words) is not None
    return there and naming(ref.table).search(words) is not None


def defines(text: str) -> bool:
    """Say whether a statement changes what a table is, or takes all of its rows."""
    return DEFINES.match(plain(text)) is not None


def changes_rows(text: str) -> bool:
    """Say whether a statement writes rows."""
    return first_word(text) in ROWS


def table_of(text: str, database: str) -> TableRef | None:
    """Read the first table that a DROP, TRUNCATE, ALTER or RENAME is about; `database` is the one it ran in."""
    found = OF_TABLE.match(plain(text))
    if not found:
        return None
    first, second = (bare(found[each]) if found[each] else "" for each in (1, 2))
    return TableRef(first, second) if second else TableRef(database, first)


def renamed(text: str, database: str) -> dict[TableRef, TableRef]:
    """Read what a statement calls tables from now on, with what they were called before.

    One RENAME's names are taken in turn, as the server does; of an ALTER only a RENAME that is its first act.
    """
    words = plain(text)
    begun = RENAMES.match(words)
    at = begun.end() if begun else len(words)
    names: dict[TableRef, TableRef] = {}
    while found := RENAMED.match(words, at):
        first, second, third, fourth = (bare(each) if each else "" for each in found.groups())
        old = TableRef(first, second) if second else TableRef(database, first)
        new = TableRef(third, fourth) if fourth else TableRef(database, third)
        names[new] = names.pop(old, old)
        at = found.end()
    return names


def bare(name: str) -> str:
    """Take a name's quotes off."""
    return name[1:-1].replace(name[0] * 2, name[0]) if name[0] in '`"' else name


@lru_cache(256)
def unfiltered(text: str) -> bool:
    """Say whether a DELETE or UPDATE has neither a condition nor a limit; not where its text was cut short."""
    if len(text) >= SHOWN or first_word(text) not in {"DELETE", "UPDATE"}:
        return False
    (statement, *_more) = sqlparse.parse(plain(text))
    if any(isinstance(token, Where) for token in statement.tokens):
        return False
    words = {token.normalized.upper() for token in statement.flatten() if token.ttype not in Comment}
    return not words & {"WHERE", "LIMIT", "JOIN"}
