"""What a value becomes in a column that has another type now, and which values would not be the same any more.

Only where both are certain, whatever the server's mode and whoever altered the table, is a retyped column compared and
written; of every other pair of types each value counts as lost.
"""

from __future__ import annotations

import re

from rdsrestore.domain.tables.definition import Column
from rdsrestore.mysql.schema import compared_types

SIZE = re.compile(r"\(([\d,]+)\)")
INTEGERS = compared_types.WHOLE - {"year", "bit"}
BINARY_NUMBERS = INTEGERS | {"bit"}
CHARACTERS = compared_types.TEXT - {"enum", "set", "json"}
BYTES = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"})
SHOWN = INTEGERS | CHARACTERS | {"enum", "set", "year", "decimal", "date", "time", "datetime"}
"""Types whose values become the very text that is shown of them; a timestamp's depends on the time zone of whoever
altered the table."""
TEMPORAL = {"time": "TIME", "datetime": "DATETIME", "timestamp": "DATETIME", "date": "DATE"}
DATED = frozenset({"date", "datetime"})
LONGEST = {"tinytext": 255, "text": 65_535, "mediumtext": 16_777_215}
"""Bytes that a text without a length of its own holds; a longtext holds them all."""
FLOAT_EXACT = frozenset({"tinyint", "smallint", "mediumint"})
DOUBLE_EXACT, DOUBLE_DIGITS = 2**53, 15
"""Up to where a DOUBLE has every whole number, and how many decimal digits it keeps."""

NEVER = "-1e300"
"""A number that no column of numbers that people use holds, for text that is none."""
NUMBER = "'^-?(0|[1-9][0-9]*)([.][0-9]{1,30})?$'"
"""A number as servers write it, with no more decimals than they can hold."""
NUMERIC = "'^[[:space:]]*[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?[[:space:]]*$'"
"""Whatever servers take for a number."""
WIDEST = "DECIMAL(65,30)"


def converted(column: Column, then: Column, place: str) -> str:
    """Read a value of type `then` as production's column would show it; one that it could never hold equals none."""
    if column.kind in BINARY_NUMBERS and then.kind in BINARY_NUMBERS | {"year"}:
        return f"{place} + 0"
    if column.kind in INTEGERS | {"decimal"}:
        number = exact(column, place)
        if then.kind in CHARACTERS:
            return f"IF({place} IS NULL OR {place} REGEXP {NUMBER}, {number}, '{NEVER}')"
        return number if then.kind in INTEGERS | compared_types.APPROXIMATE | {"decimal"} else place
    if column.kind in TEMPORAL and then.kind in TEMPORAL:
        size = SIZE.search(column.type)
        return f"CAST({place} AS {TEMPORAL[column.kind]}{size[0] if size else ''})"
    return place


def exact(column: Column, place: str) -> str:
    """Read a number as a column of exact numbers rounds it."""
    size = SIZE.search(column.type)
    return f"CAST({place} AS DECIMAL{size[0] if column.kind == 'decimal' and size else '(65,0)'})"


def lost(column: Column, then: Column, place: str, *, key: bool = False) -> str:
    """Write the condition that a restored value would be another one in production's column; empty where none can be.

    A value that every server refuses is not meant: its row is found before anything is written. `key` says that rows
    are told apart by the column.
    """
    every = f"{place} IS NOT NULL"
    shown_otherwise = any(side.kind == "decimal" and "zerofill" in side.type for side in (column, then))
    if shown_otherwise or (key and then.kind in compared_types.TEXT and column.kind not in compared_types.TEXT):
        return every
    if column.kind in BINARY_NUMBERS | {"decimal"}:
        found = lost_number(column, then, place)
    elif column.kind in compared_types.APPROXIMATE:
        found = lost_digits(column, then, place)
    elif column.kind in CHARACTERS:
        found = lost_spaces(column, then, place) if then.kind in SHOWN else every
    elif column.kind in TEMPORAL:
        same = column.kind == then.kind or {column.kind, then.kind} <= DATED
        found = f"NOT ({place} <=> {converted(column, then, place)})" if same else every
    elif column.kind in {"enum", "set"}:
        found = lost_member(column, then, place)
    else:
        alike = column.kind == then.kind == "year" or (column.kind in BYTES - {"binary"} and then.kind in BYTES)
        found = "" if alike else every
    return found


def lost_number(column: Column, then: Column, place: str) -> str:
    """The condition for a column of exact numbers."""
    if column.kind in BINARY_NUMBERS and then.kind in BINARY_NUMBERS | {"year"}:
        return ""
    if column.kind == "bit" or then.kind not in INTEGERS | CHARACTERS | compared_types.APPROXIMATE | {"decimal"}:
        return f"{place} IS NOT NULL"
    if then.kind in CHARACTERS:
        rounded = f"CAST({place} AS {WIDEST}) <> {exact(column, place)}"
        return f"IF({place} REGEXP {NUMBER}, {rounded}, {place} REGEXP {NUMERIC})"
    return f"NOT ({place} <=> {exact(column, place)})"


def lost_digits(column: Column, then: Column, place: str) -> str:
    """The condition for a column of approximate numbers; one of a fixed length rounds."""
    size = SIZE.search(then.type)
    if "(" in column.type:
        return f"{place} IS NOT NULL"
    if then.kind in {"float", column.kind}:
        return ""
    if column.kind == "float":
        return "" if then.kind in FLOAT_EXACT else f"{place} IS NOT NULL"
    if then.kind in INTEGERS:
        return f"{place} NOT BETWEEN -{DOUBLE_EXACT} AND {DOUBLE_EXACT}"
    short = then.kind == "decimal" and size and int(size[1].split(",")[0]) <= DOUBLE_DIGITS
    return "" if short else f"{place} IS NOT NULL"


def lost_spaces(column: Column, then: Column, place: str) -> str:
    """The condition for a text: spaces at the end are all that a server cuts off without an error."""
    size = SIZE.search(column.type)
    if then.kind not in compared_types.TEXT or column.kind == "longtext":
        return ""
    if column.kind == "char" and then.kind != "char":
        return f"{place} LIKE '% '"
    if size:
        return f"{place} LIKE '% ' AND CHAR_LENGTH({place}) > {size[1]}"
    return f"{place} LIKE '% ' AND LENGTH(CONVERT({place} USING {column.charset})) > {LONGEST[column.kind]}"


def lost_member(column: Column, then: Column, place: str) -> str:
    """The condition for a list of values: servers also take a member in another spelling, or its number."""
    if column.kind == "set":
        longer = then.kind == "set" and column.type.startswith(f"{then.type[:-1]},")
        return "" if longer else f"{place} IS NOT NULL"
    if then.kind not in CHARACTERS | {"enum"} or "\\" in column.type:
        return f"{place} IS NOT NULL"
    text, members = f"CONVERT({place} USING {column.charset})", column.type[len("enum") :]
    known = f"CONVERT({place} USING utf8mb4) COLLATE utf8mb4_bin IN {members}"
    taken = f"{text} COLLATE {column.collation} IN {members} OR {place} REGEXP {NUMERIC}"
    return f"({place} LIKE '% ' OR (NOT ({known}) AND ({taken})))"
