"""How many bytes a row's columns may take in the row itself, and what is done so that a table of ours holds it.

A row is limited to 65,535 bytes without its long texts, which lie elsewhere (manual, "Limits on Table Column Count and
Row Size"). A table that is as wide as may be has no room for a column of ours, nor for its columns to be optional.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from rdsrestore.domain.tables.definition import Column

MOST = 65_535
OURS = 200
"""Bytes that columns of ours take at most."""
LENGTH = re.compile(r"\((\d+)")
SIGNS = {"utf8mb4": 4, "gb18030": 4, "utf16": 4, "utf16le": 4, "utf32": 4, "utf8mb3": 3, "utf8": 3, "ujis": 3}
SIGNS |= {"eucjpms": 3, "ucs2": 2, "gbk": 2, "big5": 2, "sjis": 2, "cp932": 2, "euckr": 2, "gb2312": 2}
"""Bytes of a character at most, where they are more than one."""
TEXTS, BYTES = frozenset({"char", "varchar"}), frozenset({"binary", "varbinary"})
OTHERS = 16
"""Bytes of any other type at most; a DECIMAL of 65 digits takes 30."""
DECIMAL = 30
SHORT = 255
"""Bytes up to which a value stays in the row."""


def in_row(column: Column) -> int:
    """Count the bytes that a column takes in its row at most."""
    found = LENGTH.search(column.type)
    if column.kind in TEXTS | BYTES and found:
        return int(found[1]) * (SIGNS.get(column.charset or "", 1) if column.kind in TEXTS else 1) + 2
    return DECIMAL if column.kind == "decimal" else OTHERS


def roomy(columns: Sequence[Column], key: Collection[str]) -> tuple[Column, ...]:
    """Let long values lie outside the row where all of them would not fit beside columns of ours; a key's stay."""
    if sum(map(in_row, columns)) + len(columns) // 8 + OURS <= MOST:
        return tuple(columns)
    return tuple(outside(column) if column.name not in key and in_row(column) > SHORT else column for column in columns)


def outside(column: Column) -> Column:
    """Make a column one whose values are the same and lie outside the row."""
    if column.kind in TEXTS:
        return replace(column, type="mediumtext", kind="mediumtext")
    return replace(column, type="mediumblob", kind="mediumblob") if column.kind in BYTES else column
