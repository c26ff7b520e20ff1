"""One value as a literal of a column, and nothing that the server would have to bend for it."""

from __future__ import annotations

import ipaddress
import math
import re
import uuid
from collections.abc import Callable

from rdsrestore.domain.tables.definition import Column
from rdsrestore.mysql.schema import compared_types

INTEGER = re.compile(r"-?[0-9]{1,20}")
DECIMAL = re.compile(r"-?([0-9]{1,65})(?:\.([0-9]{1,38}))?")
FLOAT = re.compile(r"-?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?")
HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)
DAY = r"[0-9]{4}-(?:0[0-9]|1[0-2])-(?:[0-2][0-9]|3[01])"
CLOCK = r"[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
TEMPORAL = {
    "date": re.compile(DAY),
    "time": re.compile(rf"-?[0-9]{{2,3}}:{CLOCK}"),
    "datetime": re.compile(rf"{DAY}(?:[ T](?:[01][0-9]|2[0-3]):{CLOCK})?"),
}
TEMPORAL["timestamp"] = TEMPORAL["datetime"]
NAMED: dict[str, Callable[[str], object]] = {
    "uuid": uuid.UUID,
    "inet4": ipaddress.IPv4Address,
    "inet6": ipaddress.ip_address,
}
BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
YEARS = frozenset({0, *range(1901, 2156)})
SIZE = re.compile(r"\(([0-9]+)(?:,([0-9]+))?\)")
EMPTY = "''"


def plain_literal(text: str, column: Column) -> str:
    """Write a value as somebody typed it; empty where it is none of the column's type."""
    if column.kind in compared_types.TEXT:
        escaped = text.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    if column.kind in compared_types.BYTES:
        return text if HEX.fullmatch(text) else f"0x{text.encode().hex()}" if text else EMPTY
    return exact(text.strip(), column)


def written_literal(text: str, column: Column) -> str:
    """Take a literal as a plan has it; empty where it is none of the column's type."""
    quoted = bool(QUOTED.fullmatch(text))
    if column.kind in compared_types.TEXT:
        return text if quoted else ""
    if column.kind in compared_types.BYTES:
        return text if HEX.fullmatch(text) or text == EMPTY else ""
    if column.kind == "bit" and HEX.fullmatch(text):
        return exact(str(int(text, 16)), column)
    apart = column.kind in TEMPORAL or column.kind in NAMED
    return exact(text[1:-1] if apart else text, column) if apart == quoted else ""


def exact(text: str, column: Column) -> str:
    """Write a number, a time or an address; empty where the column can't hold just this."""
    kind = column.kind
    if kind in compared_types.WHOLE:
        return whole(text, column)
    if kind == "decimal":
        return decimal(text, column)
    if kind in compared_types.APPROXIMATE:
        return text if FLOAT.fullmatch(text) and math.isfinite(float(text)) else ""
    return f"'{text}'" if (kind in TEMPORAL and TEMPORAL[kind].fullmatch(text)) or named(text, kind) else ""


def named(text: str, kind: str) -> bool:
    """Whether a text is an address or an identifier of a kind."""
    if kind not in NAMED:
        return False
    try:
        NAMED[kind](text)
    except ValueError:
        return False
    return True


def whole(text: str, column: Column) -> str:
    """Write a whole number within the column's bounds."""
    if not INTEGER.fullmatch(text):
        return ""
    number = int(text)
    if column.kind == "year":
        return str(number) if number in YEARS else ""
    if column.kind == "bit":
        size = SIZE.search(column.type)
        return str(number) if 0 <= number < 1 << int(size[1] if size else 1) else ""
    bits = BITS[column.kind]
    low, high = (0, 1 << bits) if "unsigned" in column.type else (-1 << bits - 1, 1 << bits - 1)
    return str(number) if low <= number < high else ""


def decimal(text: str, column: Column) -> str:
    """Write a number that has no more digits than the column."""
    found, size = DECIMAL.fullmatch(text), SIZE.search(column.type)
    if not found or not size:
        return ""
    digits, places = int(size[1]), int(size[2] or 0)
    before, after = found[1].lstrip("0"), (found[2] or "").rstrip("0")
    return text if len(before) <= digits - places and len(after) <= places else ""
