"""A file of keys from the operator: one a line, as plain values with commas between, or a run's own plan-*.jsonl."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

from rdsrestore.core.errors import UsageError
from rdsrestore.core.spans import Key, Slice
from rdsrestore.core.tables import Column, TableDefinition
from rdsrestore.engines.mysql import rowhash

BATCH = 500
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)
NUMBERS = rowhash.WHOLE | rowhash.APPROXIMATE | {"decimal"}


def read(path: Path, definition: TableDefinition) -> Iterator[Slice]:
    """Yield the file's keys; UsageError names the first line that does not hold one."""
    known = {column.name: column for column in definition.columns}
    columns = [known[name] for name in definition.key]
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = ((number, line.rstrip("\r\n")) for number, line in enumerate(file, start=1))
            keys = dict.fromkeys(parse(path, number, line, columns) for number, line in lines if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("--keys-from", f"{path} can't be read: {error}", "give a text file in UTF-8") from error
    for group in chunks(list(keys)):
        yield Slice(keys=group, others=group)


def chunks(keys: list[Key]) -> Iterator[tuple[Key, ...]]:
    """Cut a list of keys."""
    yield from (tuple(keys[start : start + BATCH]) for start in range(0, len(keys), BATCH))


def parse(path: Path, number: int, line: str, columns: list[Column]) -> Key:
    """Read one line as literals of the key's columns."""
    try:
        if line.startswith("{"):
            values = json.loads(line)["key"]
            literals = tuple(value if is_literal(value) else "" for value in values)
        else:
            values = next(csv.reader([line]))
            literals = tuple(map(literal, values, columns)) if len(values) == len(columns) else ()
    except (ValueError, KeyError, TypeError, csv.Error, StopIteration):
        literals = ()
    if len(literals) != len(columns) or not all(literals):
        names = ", ".join(column.name for column in columns)
        raise UsageError(
            "--keys-from",
            f"{path}, line {number} is no key of ({names})",
            "write one key a line, commas between columns",
        )
    return literals


def is_literal(value: object) -> bool:
    """Whether a text is one literal and nothing else."""
    return isinstance(value, str) and any(form.fullmatch(value) for form in (NUMBER, HEX, QUOTED))


def literal(value: str, column: Column) -> str:
    """Write a plain value as a literal of a column; empty where it can't be one."""
    if column.kind in NUMBERS:
        return value.strip() if NUMBER.fullmatch(value.strip()) else ""
    if column.kind in rowhash.BYTES:
        return value if HEX.fullmatch(value) else f"0x{value.encode().hex()}"
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0")
    return f"'{escaped}'"
