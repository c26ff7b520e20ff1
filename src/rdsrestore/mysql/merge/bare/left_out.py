"""Which indexes of a new table can wait until its rows are in: a decision from its definition alone.

What stays is whatever the engine needs while rows come in, and whatever it can't build beside the table afterwards
without writing every row anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rdsrestore.domain.tables.definition import TableDefinition

TOKEN = re.compile(r"`(?:[^`]|``)*`|'(?:[^'\\]|''|\\.)*'|[(),]", re.DOTALL)
"""What may hold a comma or bracket, and these themselves."""
NAME = r"`(?:[^`]|``)+`"
INDEX = re.compile(
    rf"(?P<unique>UNIQUE )?KEY (?P<name>{NAME}) \((?P<first>{NAME})(?:\(\d+\))?(?: DESC)?"
    rf"(?:,{NAME}(?:\(\d+\))?(?: DESC)?)*\)(?P<rest>.*)",
    re.DOTALL,
)
"""A B-tree over columns: not FULLTEXT, SPATIAL or VECTOR, nor over an expression, whose hidden column goes with it."""
HASHED = "USING HASH"
"""MariaDB's unique keys over long values, which have a hidden column."""


@dataclass(frozen=True)
class Index:
    """An index as the server's own statement has it; `name` is quoted."""

    name: str
    text: str


def left_out(table: TableDefinition) -> tuple[Index, ...]:
    """Name the indexes that can wait, in the order of the definition; none where the table has to be whole at once.

    A table without a primary key has its rows in the order of another one, or of none; foreign keys need their index
    on both sides; the column that counts needs one that begins with it.
    """
    parts = list(parts_of(table.create_sql))
    primary = next((part for part in parts if part.startswith("PRIMARY KEY (")), "")
    if not primary or table.engine != "InnoDB" or table.versioned or table.references or table.referenced_by:
        return ()
    counting = {f"`{each.name.replace('`', '``')}`" for each in table.columns if each.auto_increment}
    needed = {name for name in counting if not primary.startswith(f"PRIMARY KEY ({name}")}
    found = ((INDEX.fullmatch(part), part) for part in parts)
    return tuple(
        Index(match["name"], part)
        for match, part in found
        if match and match["first"] not in needed and HASHED not in match["rest"]
    )


def parts_of(create_sql: str) -> Iterator[str]:
    """Yield what stands between the brackets of a CREATE TABLE: columns, keys, checks; nothing where it has no end."""
    depth, begun, found = 0, 0, list[str]()
    for token in TOKEN.finditer(create_sql):
        if token[0] == "(":
            depth += 1
            begun = begun or token.end()
        elif token[0] == ")":
            depth -= 1
        if (token[0] == "," and depth == 1) or (token[0] == ")" and depth == 0):
            found.append(create_sql[begun : token.start()].strip())
            begun = token.end()
        if token[0] == ")" and depth == 0:
            yield from found
            return


def without(indexes: tuple[Index, ...]) -> str:
    """Write what an ALTER TABLE does to be rid of them."""
    return ", ".join(f"DROP KEY {each.name}" for each in indexes)


def with_them(indexes: tuple[Index, ...]) -> str:
    """Write what an ALTER TABLE does to have them again."""
    return ", ".join(f"ADD {each.text}" for each in indexes)
