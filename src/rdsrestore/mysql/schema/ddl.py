"""The tables that a run makes on production.

Staging ones after the restored definition, and target tables after its own statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from sqlparse import tokens
from sqlparse.engine import FilterStack
from sqlparse.exceptions import SQLParseError
from sqlparse.sql import Statement, Token

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.tables.definition import Column, TableDefinition
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.schema.row_size import roomy
from rdsrestore.mysql.session.login.connection import quoted

ROW = "rdsrestore_row"
"""The key of a staged row where the table has none of its own."""
FOLLOWING = {"ON": {"UPDATE", "DELETE"}, "ROW": {"START"}}
"""Words of a definition that are statements elsewhere, by the word before."""
FOREIGN_KEY = re.compile(r",?\s*\n\s*CONSTRAINT `(?:[^`]|``)*` FOREIGN KEY [^\n]*?(?=,?\n)")
CHECK_NAME = re.compile(r"(\n\s*)CONSTRAINT `(?:[^`]|``)*` (?=CHECK )")
"""MySQL wants the names of checks to be unique in a database."""
USUAL_COLLATION = re.compile(r"^\) [^\n]*\bCOLLATE=(\w+)", re.MULTILINE)
SAID_AGAIN = r"^(  `(?:[^`]|``)+` \w+(?:\((?:'(?:[^'\n]|'')*'|[^')\n])*\))?) COLLATE {}(?=[ ,\n])"
"""A column's collation that is its table's: who says it gets it, as MySQL shows it then, with the character set."""
TEXT = re.compile(r"`(?:[^`]|``)*+`|'(?:[^'\\\n]|\\.|'')*+'")
"""A name, or a text as servers write it; sqlparse takes one that ends in a backslash for one that goes on."""
EXECUTED = re.compile(r"/\*M?!\d*(.*)\*/\s*", re.DOTALL)
COUNTER = re.compile(r" AUTO_INCREMENT=\d+")


def staging(definition: TableDefinition, schema: str) -> str:
    """Write the staging table.

    The restored columns, all optional but the key, and nothing that could reject or change a row.
    """
    names = set(definition.key)
    known = roomy(definition.columns, names)
    columns = [staged(column) if column.name not in names else keyed(column) for column in known]
    if definition.key:
        columns.append(f"PRIMARY KEY ({', '.join(map(quoted, definition.key))})")
    else:
        columns.append(f"{quoted(ROW)} BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY")
    place = qualified(TableRef(schema, definition.ref.table))
    return f"CREATE TABLE {place} ({', '.join(columns)}) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4"


def staged(column: Column) -> str:
    """Write one column of a staging table; a generated one only takes what the dump may say of it."""
    return f"{quoted(column.name)} {typed(column)} NULL DEFAULT NULL"


def keyed(column: Column) -> str:
    """Write one column of a key; some servers let a TIMESTAMP without a default follow the clock."""
    fixed = " DEFAULT '2000-01-01 00:00:00'" if column.kind == "timestamp" else ""
    return f"{quoted(column.name)} {typed(column)} NOT NULL{fixed}"


def typed(column: Column) -> str:
    """Write a column's type with its character set and collation."""
    if column.collation and column.kind != "json":
        return f"{column.type} CHARACTER SET {column.charset} COLLATE {column.collation}"
    return column.type


def target_table(
    definition: TableDefinition, ref: TableRef, *, with_foreign_keys: bool, check_names: bool = True
) -> str:
    """Write the statement that creates a target table, from the copy's own SHOW CREATE TABLE.

    Without foreign keys it can stand beside the table itself; without `check_names` the server names the checks.
    Raises DatabaseError with code `db.definition` where that text is not one plain CREATE TABLE of the table.
    """
    text = definition.create_sql
    head = f"CREATE TABLE {quoted(definition.ref.table)} ("
    if not text.startswith(head) or not plain(text):
        raise DatabaseError(
            "landing",
            f"the definition of {definition.ref} is not one plain CREATE TABLE",
            "create the table by hand, then run again without --recreate",
            code="db.definition",
        )
    if usual := USUAL_COLLATION.search(text):
        text = re.sub(SAID_AGAIN.format(usual[1]), r"\1", text, flags=re.MULTILINE)
    if not with_foreign_keys:
        text = FOREIGN_KEY.sub("", text)
    if not check_names:
        text = CHECK_NAME.sub(r"\1", text)
    return f"CREATE TABLE {qualified(ref)} ({text[len(head) :]}"


def plain(text: str) -> bool:
    """Whether a text only creates: it is one CREATE, ends nothing early, and reads from no other table."""
    bare = TEXT.sub(without_text, text)
    try:
        statements = parsed(bare)
        words = list(words_of(bare))
    except SQLParseError:
        return False
    stops = [token for token in words if token.ttype in tokens.Punctuation and token.value == ";"]
    acts = [
        token
        for before, token in pairwise(words)
        if token.ttype in tokens.DML and token.value.upper() not in FOLLOWING.get(before.value.upper(), ())
    ]
    return len(statements) == 1 and statements[0].get_type() == "CREATE" and not stops and not acts


def without_text(found: re.Match[str]) -> str:
    """Empty a text, unless a comment may end within it: then its first quote was the comment's."""
    return "''" if found[0].startswith("'") and "*/" not in found[0] else found[0]


def parsed(text: str) -> tuple[Statement, ...]:
    """Take statements apart into words; not into groups, whose limit a table of many partitions goes over."""
    return tuple(FilterStack().run(text))


def words_of(text: str) -> Iterator[Token]:
    """Yield a text's words, also those in comments that servers execute."""
    for statement in parsed(text):
        for token in statement.flatten():
            hidden = EXECUTED.fullmatch(token.value) if token.ttype in tokens.Comment else None
            if hidden:
                yield from words_of(hidden[1])
            elif not token.is_whitespace:
                yield token


def same_shape(one: TableDefinition, other: TableDefinition) -> bool:
    """Whether two definitions accept the same rows.

    Their statements are equal but for name, keys to others and counter.
    """
    return shape(one) == shape(other) != ""


def shape(definition: TableDefinition) -> str:
    """Reduce a definition to what decides whether a row fits."""
    body = definition.create_sql.partition("(")[2]
    return COUNTER.sub("", FOREIGN_KEY.sub("", body))
