"""A file of keys from the operator: one a line, as plain values with commas between, or a run's own plan-*.jsonl.

Each value is held against its column before any server reads it: what a server compares with a column of another type
it bends until it fits, and then it means other rows (MySQL manual, "Type Conversion in Expression Evaluation").
"""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.tables.definition import Column, TableDefinition
from rdsrestore.domain.tables.key_range import Chunk, Key
from rdsrestore.mysql.checksum import key_conditions
from rdsrestore.mysql.checksum.key_conditions import TEXTUAL, key_columns
from rdsrestore.mysql.checksum.key_literals import plain_literal, written_literal
from rdsrestore.mysql.checksum.key_ranges import literal
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import Session

T = TypeVar("T")
BATCH = 200
"""Keys that are looked for in one statement."""
OTHERS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\0")
"""What no text in UTF-8 holds."""


@dataclass(frozen=True)
class Line:
    """What one line says: `values` as they stand there, or as the literals of a plan where they are `written`."""

    number: int
    values: tuple[str, ...]
    written: bool


def check(session: Session, path: Path, definition: TableDefinition | None) -> None:
    """Read the file for nothing but its faults; UsageError names the first line that holds no key of the table."""
    lines = list(read(path))
    if definition:
        list(keys(session, path, lines, definition))


def find(
    session: Session, path: Path, then: TableDefinition, now: TableDefinition | None
) -> tuple[list[Chunk], list[str]]:
    """Look the file's keys up in the table as it was; returns those that are there, and in words the other ones.

    A chunk has the table's own spelling of each key, and how production, which has the table as `now`, would spell it.
    UsageError names the first line that holds no key.
    """
    lines = list(read(path))
    mine = list(keys(session, path, lines, then))
    theirs = list(keys(session, path, lines, now)) if now else mine
    seen: set[Key] = set()
    chunks, lacking = list[Chunk](), list[str]()
    for places in together(range(len(lines))):
        found = look_up(session, then, [mine[place] for place in places])
        fresh = tuple(dict.fromkeys(key for key in found.values() if key not in seen))
        seen.update(fresh)
        chunks.append(Chunk(keys=fresh, others=tuple(theirs[place] for place in places)))
        missing = (lines[place] for offset, place in enumerate(places) if offset not in found)
        lacking += [f"{', '.join(line.values)} (line {line.number})" for line in missing]
    return chunks, lacking


def look_up(session: Session, definition: TableDefinition, some: Sequence[Key]) -> dict[int, Key]:
    """Find rows by their keys; returns the key of each that is there, by its place among those asked for."""
    columns = key_columns(definition.key, definition.columns, definition.columns)
    shown = ", ".join(column.shown for column in columns)
    each = (
        f"SELECT {place}, {shown} FROM {qualified(definition.ref)} WHERE {key_conditions.equal(columns, key)}"
        for place, key in enumerate(some)
    )
    found = session.rows(" UNION ALL ".join(each))
    return {int(place): tuple(literal(session, value) for value in values) for place, *values in found}


def keys(session: Session, path: Path, lines: Sequence[Line], definition: TableDefinition) -> Iterator[Key]:
    """Write each line as literals of the key's columns; UsageError names the first that is no key."""
    known = {column.name: column for column in definition.columns}
    columns = [known[name] for name in definition.key]
    for some in together(lines):
        written = [tuple(literals(path, line, columns)) for line in some]
        refuse_bent(session, path, some, written, columns)
        yield from written


def together(some: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut a sequence into what one statement asks for."""
    yield from (some[start : start + BATCH] for start in range(0, len(some), BATCH))


def literals(path: Path, line: Line, columns: Sequence[Column]) -> Iterator[str]:
    """Write one line's values as literals, one for each column of the key."""
    if len(line.values) != len(columns):
        names = ", ".join(column.name for column in columns)
        raise wrong(path, line.number, f"{len(line.values)} values are no key of ({names})")
    write = written_literal if line.written else plain_literal
    for value, column in zip(line.values, columns, strict=True):
        found = write(value, column)
        if not found:
            raise wrong(path, line.number, f"its value for {column.name} is no {column.type}")
        yield found


def refuse_bent(
    session: Session, path: Path, lines: Sequence[Line], written: Sequence[Key], columns: Sequence[Column]
) -> None:
    """Refuse a text that its column's character set can't hold: a server would look for question marks."""
    for place, column in enumerate(columns):
        if column.kind not in TEXTUAL or column.charset == "utf8mb4":
            continue
        tried = (
            f"CAST(CONVERT(CONVERT({key[place]} USING {column.charset}) USING utf8mb4) AS BINARY)"
            f" = CAST({key[place]} AS BINARY)"
            for key in written
        )
        for line, same in zip(lines, session.one(f"SELECT {', '.join(tried)}"), strict=True):
            if not same:
                raise wrong(
                    path, line.number, f"{column.name} is {column.charset}, which has not all of its characters"
                )


def read(path: Path) -> Iterator[Line]:
    """Read a file line by line; UsageError where it is no text in UTF-8 or holds none."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise UsageError("--keys-from", f"{path} can't be read: {error.strerror}", "give a file of keys") from error
    except UnicodeDecodeError as error:
        data, text = error.object, ""
    if not text or any(sign in data for sign in OTHERS):
        bad = "is empty" if not data else "is not in UTF-8"
        raise UsageError("--keys-from", f"{path} {bad}", "give a text file in UTF-8, one key a line")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = [parse(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not found:
        raise UsageError("--keys-from", f"{path} holds no key", "write one key a line, commas between columns")
    yield from found


def parse(path: Path, number: int, line: str) -> Line:
    """Take one line apart."""
    if "\ufeff" in line:
        raise wrong(path, number, "it holds a byte-order mark")
    if line.startswith("{") and (values := of_plan(path, number, line)):
        return Line(number, values, written=True)
    try:
        (plain,) = csv.reader([line], strict=True)
    except (csv.Error, ValueError) as error:
        raise wrong(path, number, "its quotes do not match") from error
    return Line(number, tuple(plain), written=False)


def of_plan(path: Path, number: int, line: str) -> tuple[str, ...]:
    """Read a line of a plan; nothing where it is a value that begins like one."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return ()
    values = said.get("key") if isinstance(said, dict) else None
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise wrong(path, number, "it is no line of a plan")
    return tuple(values)


def wrong(path: Path, number: int, what: str) -> UsageError:
    """Say which line is none, and not what stands in it."""
    hint = "write one key a line, commas between columns, texts that hold commas or quotes in double quotes"
    return UsageError("--keys-from", f"{path}, line {number}: {what}", hint)
