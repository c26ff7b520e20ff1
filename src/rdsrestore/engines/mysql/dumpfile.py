"""Read a dump to its last byte and refuse everything that is not rows of the one table.

The frame, which is short, is checked statement by statement with sqlparse. The rows are scanned by one compiled
pattern over a memory map: literals in brackets, nothing else, so that memory stays flat and a row's own text can never
be taken for a statement.
"""

from __future__ import annotations

import hashlib
import mmap
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlparse
from sqlparse import tokens
from sqlparse.exceptions import SQLParseError

from rdsrestore.core.errors import ToolError
from rdsrestore.core.tables import Column
from rdsrestore.engines.mysql.connect import quoted

SANDBOX = re.compile(rb"/\*M?!999999\\- enable the sandbox mode \*/ ?\n")
TEXT = rb"'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'"
LITERAL = rb"(?:NULL|0x[0-9A-Fa-f]++|-?[0-9]++(?:\.[0-9]*+)?(?:[eE][-+]?[0-9]++)?|(?:_binary )?" + TEXT + rb")"
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


@dataclass(frozen=True)
class Scanned:
    """What a dump holds: its rows, between which bytes their statements stand, its size and digest.

    `longest` is the longest of those statements, in bytes.
    """

    rows: int
    start: int
    end: int
    bytes: int
    sha256: str
    longest: int


def scan(path: Path, table: str, columns: Sequence[Column]) -> Scanned:
    """Check a whole dump of `table`, which has to name all its columns in order, or all that are not generated.

    ToolError with code `dump.incomplete` or `dump.foreign` where it is not what it should be.
    """
    size = path.stat().st_size
    if not size:
        raise incomplete(path, "it is empty")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if not data[max(0, size - 200) :].rstrip().splitlines()[-1].startswith(TRAILER):
            raise incomplete(path, "its last line does not say that it was completed")
        sandbox = SANDBOX.match(data)
        rows, start, end, longest = read(data, sandbox.end() if sandbox else 0, opening(table, columns), path)
        digest = hashlib.file_digest(file, "sha256")
    return Scanned(rows, start, end, size, digest.hexdigest(), longest)


def opening(table: str, columns: Sequence[Column]) -> re.Pattern[bytes]:
    """Make the pattern of the only statement that may carry rows, up to its VALUES."""
    base = [column for column in columns if not column.generated]
    lists = {", ".join(quoted(column.name) for column in each) for each in (columns, base)}
    named = b"|".join(re.escape(each.encode()) for each in sorted(lists))
    return re.compile(
        rb"^INSERT INTO " + re.escape(quoted(table).encode()) + rb" \((?:" + named + rb")\) VALUES", re.MULTILINE
    )


def read(data: mmap.mmap, place: int, head: re.Pattern[bytes], path: Path) -> tuple[int, int, int, int]:
    """Walk through frame and rows.

    Returns how many rows there are, from where to where their statements reach, and how long the longest one is.
    """
    count, start, longest = 0, None, 0
    while True:
        insert = head.search(data, place, min(len(data), place + FRAME_LIMIT))
        check_frame(data[place : insert.start() if insert else min(len(data), place + FRAME_LIMIT)], path)
        if insert is None:
            if place + FRAME_LIMIT < len(data):
                raise foreign(path, "its frame is longer than any we know")
            return (0, 0, 0, 0) if start is None else (count, start, place, longest)
        start = insert.start() if start is None else start
        rows, place = rows_from(data, insert.end(), path)
        count, longest = count + rows, max(longest, place - insert.start())
        data.madvise(mmap.MADV_DONTNEED, 0, place - place % mmap.PAGESIZE)


def rows_from(data: mmap.mmap, place: int, path: Path) -> tuple[int, int]:
    """Count the rows of one INSERT; returns how many there are and where it ends."""
    count, more = 0, True
    while more:
        row = ROW.match(data, place)
        if row is None:
            raise foreign(path, f"at byte {place:,} there is no row of plain values")
        count, place, more = count + 1, row.end(), row[1] == b","
    return count, place


def check_frame(frame: bytes, path: Path) -> None:
    """Refuse every statement between the rows that is not one of the settings that dumps begin and end with."""
    for statement in parsed(frame, path):
        words = [token for token in statement.flatten() if not token.is_whitespace and token.value != ";"]
        for token in words:
            if token.ttype not in tokens.Comment:
                raise foreign(path, f"it holds the statement {str(statement).strip()[:60]!r}")
            setting = VERSIONED.fullmatch(token.value.strip())
            if setting and not harmless(setting.group(2).strip()):
                raise foreign(path, f"it holds the setting {setting.group(2)[:60]!r}")
            if token.value.startswith(("/*!", "/*M!")) and not setting:
                raise foreign(path, "it holds a hidden statement")


def parsed(frame: bytes, path: Path) -> Iterator[sqlparse.sql.Statement]:
    """Parse a frame, which is never as long as to be too much for the parser."""
    try:
        yield from sqlparse.parse(frame.decode("utf-8", "replace"))
    except SQLParseError as error:
        raise foreign(path, "what stands between its rows is no frame") from error


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
