"""Read a dump to its last byte and refuse everything that is not rows of the one table.

The frame, which is short, is checked statement by statement with sqlparse. The rows are scanned by one compiled
pattern over a memory map: literals in brackets, nothing else, so that memory stays flat and a row's own text can never
be taken for a statement.
"""

from __future__ import annotations

import hashlib
import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlparse
from sqlparse import tokens

from rdsrestore.core.errors import ToolError
from rdsrestore.engines.mysql.connect import quoted

SANDBOX = re.compile(rb"/\*M?!999999\\- enable the sandbox mode \*/ ?\n")
TEXT = rb"'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'"
LITERAL = rb"(?:NULL|0x[0-9A-Fa-f]*+|-?[0-9]++(?:\.[0-9]*+)?(?:[eE][-+]?[0-9]++)?|(?:_binary )?" + TEXT + rb")"
ROW = re.compile(rb"\s*+\(" + LITERAL + rb"(?:," + LITERAL + rb")*+\)([,;])", re.DOTALL)
FRAME_LIMIT = 1 << 16
TRAILER = b"-- Dump completed"
VARIABLES = frozenset(
    [
        "CHARACTER_SET_CLIENT",
        "CHARACTER_SET_RESULTS",
        "COLLATION_CONNECTION",
        "TIME_ZONE",
        "UNIQUE_CHECKS",
        "FOREIGN_KEY_CHECKS",
        "SQL_MODE",
        "SQL_NOTES",
        "NOTE_VERBOSITY",
    ]
)
VERSIONED = re.compile(r"/\*M?!(\d{5,6}) (.*)\*/", re.DOTALL)
ASSIGNMENT = re.compile(r"(@OLD_)?(\w+)\s*=\s*(@OLD_\w+|@@\w+|'[^'\\]*'|\d+)", re.IGNORECASE)
CHUNK = 1 << 20


@dataclass(frozen=True)
class Scanned:
    """What a dump holds: its rows, the columns they name, where the first statement starts, its size and digest."""

    rows: int
    columns: tuple[str, ...]
    start: int
    bytes: int
    sha256: str


def scan(path: Path, table: str) -> Scanned:
    """Check a whole dump of `table`.

    ToolError with code `dump.incomplete` or `dump.foreign` where it is not what it should be.
    """
    size = path.stat().st_size
    if not size:
        raise incomplete(path, "it is empty")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if not data[max(0, size - 200) :].rstrip().splitlines()[-1].startswith(TRAILER):
            raise incomplete(path, "its last line does not say that it was completed")
        sandbox = SANDBOX.match(data)
        start = sandbox.end() if sandbox else 0
        rows, columns = read(data, start, table, path)
        digest = hashlib.sha256()
        for offset in range(0, size, CHUNK):
            digest.update(data[offset : offset + CHUNK])
    return Scanned(rows, columns, start, size, digest.hexdigest())


def read(data: mmap.mmap, start: int, table: str, path: Path) -> tuple[int, tuple[str, ...]]:
    """Walk through frame and rows; returns the number of rows and the columns named by every INSERT."""
    opening = re.compile(
        rb"^INSERT INTO " + re.escape(quoted(table).encode()) + rb" \(([^\n]*?)\) VALUES", re.MULTILINE
    )
    count, heads, place = 0, set[bytes](), start
    while True:
        insert = opening.search(data, place, min(len(data), place + FRAME_LIMIT))
        check_frame(data[place : insert.start() if insert else min(len(data), place + FRAME_LIMIT)], path)
        if insert is None:
            if place + FRAME_LIMIT < len(data):
                raise foreign(path, "its frame is longer than any we know")
            return count, columns_of(heads, path)
        heads.add(insert.group(1))
        ends = 0
        place = insert.end()
        for end in row_ends(data, place, path):
            ends, place = ends + 1, end
        count += ends


def row_ends(data: mmap.mmap, place: int, path: Path) -> Iterator[int]:
    """Yield the end of each row of one INSERT."""
    while True:
        row = ROW.match(data, place)
        if row is None:
            raise foreign(path, f"at byte {place} there is no row of plain values")
        place = row.end()
        yield place
        if row.group(1) == b";":
            return


def columns_of(heads: set[bytes], path: Path) -> tuple[str, ...]:
    """Read the column names, which all INSERTs have to share."""
    if len(heads) > 1:
        raise foreign(path, "its INSERT statements name different columns")
    names = re.findall(r"`((?:[^`]|``)*)`", next(iter(heads), b"").decode())
    return tuple(name.replace("``", "`") for name in names)


def check_frame(frame: bytes, path: Path) -> None:
    """Refuse every statement between the rows that is not one of the settings that dumps begin and end with."""
    for statement in sqlparse.parse(frame.decode("utf-8", "replace")):
        words = [token for token in statement.flatten() if not token.is_whitespace and token.value != ";"]
        for token in words:
            if token.ttype not in tokens.Comment:
                raise foreign(path, f"it holds the statement {str(statement).strip()[:60]!r}")
            setting = VERSIONED.fullmatch(token.value.strip())
            if setting and not harmless(setting.group(2).strip()):
                raise foreign(path, f"it holds the setting {setting.group(2)[:60]!r}")
            if token.value.startswith("/*!") and not setting:
                raise foreign(path, "it holds a hidden statement")


def harmless(setting: str) -> bool:
    """Whether a versioned comment only sets what every dump sets."""
    if not setting.upper().startswith("SET "):
        return False
    body = setting[4:].strip()
    if re.fullmatch(r"NAMES \w+", body, re.IGNORECASE):
        return True
    parts = [part.strip() for part in re.split(r",(?=(?:[^']*'[^']*')*[^']*$)", body)]
    found = [ASSIGNMENT.fullmatch(part) for part in parts]
    return all(each is not None and each.group(2).upper() in VARIABLES for each in found)


def incomplete(path: Path, why: str) -> ToolError:
    """Say that a dump was cut short."""
    return ToolError("dump", f"{path.name} is incomplete: {why}", "run the same command again", code="dump.incomplete")


def foreign(path: Path, why: str) -> ToolError:
    """Say that a dump holds what it must not hold."""
    return ToolError(
        "dump", f"{path.name} was refused: {why}", "nothing of it was loaded; look at the file", code="dump.foreign"
    )
