"""Read a dump to its last byte and refuse everything that is not rows of the one table.

The frame, which is short and never run, is checked statement by statement with sqlparse: its settings say how the
literals are to be read. Nothing but white space may stand between the statements with rows. These are scanned by one
compiled pattern, one by one: literals in brackets, nothing else, so that memory stays flat and a row's own text can
never be taken for a statement. RE2 does it where each row has a line of its own, as in MariaDB's dumps, in a third of
the time.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import re2
import sqlparse
from sqlparse import tokens
from sqlparse.exceptions import SQLParseError

from rdsrestore.domain.errors import ToolError
from rdsrestore.domain.tables.definition import Column
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.session.login.connection import quoted

SANDBOX = re.compile(rb"/\*M?!999999\\- enable the sandbox mode \*/ ?\n")
TEXT = rb"'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'"
NUMBER = rb"-?[0-9]++(?:\.[0-9]*+)?(?:[eE][-+]?[0-9]++)?"
LITERAL = rb"(?:" + TEXT + rb"|0x[0-9A-Fa-f]++|" + NUMBER + rb"|NULL|_binary " + TEXT + rb")"
ROW = re.compile(rb"\s*+\(" + LITERAL + rb"(?:," + LITERAL + rb")*+\)(?:,|;\s*\Z)", re.DOTALL)
PLAIN = LITERAL.replace(b"++", b"+").replace(b"*+", b"*").replace(rb"[^'\\]", rb"[^'\\\n]")
LINE = rb"\(" + PLAIN + rb"(?:," + PLAIN + rb")*\)"
"""The same row for RE2, which never backs up and needs not be told so; no text holds a line's end."""
INSERT = b"INSERT INTO "
FRAME_LIMIT = 1 << 16
TRAILER = b"-- Dump completed"
CHARSET = "utf8mb4"
SETTINGS: dict[str, frozenset[str]] = {
    "CHARACTER_SET_CLIENT": frozenset(),
    "CHARACTER_SET_RESULTS": frozenset(),
    "COLLATION_CONNECTION": frozenset(),
    "TIME_ZONE": frozenset({"'+00:00'"}),
    "UNIQUE_CHECKS": frozenset({"0"}),
    "FOREIGN_KEY_CHECKS": frozenset({"0"}),
    "SQL_MODE": frozenset({"'NO_AUTO_VALUE_ON_ZERO'"}),
    "SQL_NOTES": frozenset({"0"}),
    "NOTE_VERBOSITY": frozenset({"0"}),
}
"""What a frame may set, and to what: any other value would say that the rows are to be read otherwise than we do."""
VERSIONED = re.compile(r"/\*M?!(\d{5,6}) (.*)\*/", re.DOTALL)
NAMES = re.compile(rf"SET NAMES {CHARSET}", re.IGNORECASE)
KEPT = re.compile(r"@OLD_(\w+)\s*=\s*@@\1", re.IGNORECASE)
GIVEN_BACK = re.compile(r"(\w+)\s*=\s*@OLD_\1", re.IGNORECASE)
SET_TO = re.compile(r"(\w+)\s*=\s*('[^'\\]*'|\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Scanned:
    """What a dump holds: its rows, between which bytes their statements stand, and its size, all of it plain.

    `longest` is the longest of those statements, in bytes.
    """

    rows: int
    start: int
    end: int
    bytes: int
    longest: int


def scan(store: DumpStore, name: str, table: str, columns: Sequence[Column]) -> Scanned:
    """Check a whole dump of `table`, which has to name all its columns in order, or all that are not generated.

    ToolError with code `dump.incomplete` or `dump.foreign` where it is not what it should be.
    """
    first, head, tail = opening(table, columns), b"", b""
    count, start, end, size, longest = 0, None, 0, 0, 0
    with store.reading(name) as file:
        for place, part in parts(file):
            size = place + len(part)
            if not part.startswith(INSERT):
                head, tail = (head + part, b"") if start is None else (head, tail + part)
                if len(head) + len(tail) > FRAME_LIMIT:
                    raise foreign(name, "its frame is longer than any we know")
                continue
            if tail.strip():
                raise foreign(name, f"before byte {place:,} something stands between its rows")
            begin = first.match(part)
            if begin is None:
                raise foreign(name, f"at byte {place:,} there are rows of another table, or of other columns")
            found = counted(part[begin.end() :])
            if not found:
                raise torn(name, place, part)
            count, tail = count + found, b""
            start = place if start is None else start
            end = place + len(part.rstrip())
            longest = max(longest, end - place)
    frames = head + tail
    if not frames.rstrip().rpartition(b"\n")[2].startswith(TRAILER):
        raise incomplete(name, "its last line does not say that it was completed" if size else "it is empty")
    check_frame(SANDBOX.sub(b"", frames, count=1), name)
    return Scanned(count, start or 0, end, size, longest)


def parts(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield a dump's INSERTs one by one, and what stands between them, each with the byte that it begins at.

    No literal of a dump holds a line's end, so that an INSERT ends with the first line that ends in a semicolon.
    """
    place, held, ended = 0, list[bytes](), True
    for line in file:
        inside = bool(held) and held[0].startswith(INSERT)
        if held and (ended if inside else line.startswith(INSERT)):
            part = b"".join(held)
            yield place, part
            place, held = place + len(part), []
        held.append(line)
        ended = line.endswith((b";\n", b";\r\n"))
    if held:
        yield place, b"".join(held)


def counted(values: bytes) -> int:
    """Count the rows that follow VALUES; 0 where it is anything else."""
    if in_lines()(values):
        return values.count(b"),\n(") + 1  # no literal holds a line's end
    return len(rows(values))


@functools.cache
def in_lines() -> Callable[[bytes], object]:
    """Compile what tells whether rows each have a line of their own, and hold nothing but literals."""
    options = re2.Options()
    options.encoding, options.never_capture = re2.Options.Encoding.LATIN1, True
    found = re2.compile(rb"\s*" + LINE + rb"(?:,\n" + LINE + rb")*;\s*", options)
    return found.fullmatch  # type: ignore[no-any-return]  # it has no types


def rows(values: bytes) -> list[bytes]:
    """Cut what follows VALUES into rows, each with the comma or semicolon after it; none where it is anything else."""
    found = ROW.findall(values)
    return found if sum(map(len, found)) == len(values) and values.rstrip().endswith(b";") else []


def opening(table: str, columns: Sequence[Column]) -> re.Pattern[bytes]:
    """Make the pattern of the only statement that may carry rows, up to its VALUES."""
    base = [column for column in columns if not column.generated]
    lists = {", ".join(quoted(column.name) for column in each) for each in (columns, base)}
    named = b"|".join(re.escape(each.encode()) for each in sorted(lists))
    return re.compile(INSERT + re.escape(quoted(table).encode()) + rb" \((?:" + named + rb")\) VALUES")


def check_frame(frame: bytes, name: str) -> None:
    """Refuse every statement around the rows that is not one of the settings that dumps begin and end with."""
    for statement in parsed(frame, name):
        words = [token for token in statement.flatten() if not token.is_whitespace and token.value != ";"]
        for token in words:
            if token.ttype not in tokens.Comment:
                raise foreign(name, f"it holds the statement {str(statement).strip()[:60]!r}")
            setting = VERSIONED.fullmatch(token.value.strip())
            if setting and not harmless(setting.group(2).strip()):
                raise foreign(name, f"it holds the setting {setting.group(2)[:60]!r}")
            if token.value.startswith(("/*!", "/*M!")) and not setting:
                raise foreign(name, "it holds a hidden statement")


def parsed(frame: bytes, name: str) -> Iterator[sqlparse.sql.Statement]:
    """Parse a frame, which is never as long as to be too much for the parser."""
    try:
        yield from sqlparse.parse(frame.decode("utf-8", "replace"))
    except SQLParseError as error:
        raise foreign(name, "what stands between its rows is no frame") from error


def harmless(setting: str) -> bool:
    """Whether a versioned comment only sets what every dump sets, to what a dump sets it to."""
    if NAMES.fullmatch(setting):
        return True
    if not setting.upper().startswith("SET "):
        return False
    parts = (part.strip() for part in re.split(r",(?=(?:[^']*'[^']*')*[^']*$)", setting[4:]))
    return all(known(part) for part in parts)


def known(assignment: str) -> bool:
    """Whether an assignment keeps a setting, gives it back, or sets it to a value that dumps are written under."""
    moved = KEPT.fullmatch(assignment) or GIVEN_BACK.fullmatch(assignment)
    if moved:
        return moved[1].upper() in SETTINGS
    made = SET_TO.fullmatch(assignment)
    return made is not None and made[2].upper() in SETTINGS.get(made[1].upper(), ())


def torn(name: str, place: int, part: bytes) -> ToolError:
    """Say that a statement holds more than rows, or ends too early."""
    if not part.rstrip().endswith(b";"):
        return incomplete(name, f"the statement at byte {place:,} does not end")
    return foreign(name, f"at byte {place:,} there is more than rows of plain values")


def incomplete(name: str, why: str) -> ToolError:
    """Say that a dump was cut short."""
    return ToolError("dump", f"{name} is incomplete: {why}", "run the same command again", code="dump.incomplete")


def foreign(name: str, why: str) -> ToolError:
    """Say that a dump holds what it must not hold."""
    return ToolError(
        "dump", f"{name} was refused: {why}", "nothing of it was loaded; look at the file", code="dump.foreign"
    )
