"""Find the position in a binlog where a point-in-time restore has to stop.

Every event starts with a header of 19 bytes: timestamp, type, server id, length, position of the next event, flags
(MariaDB knowledge base, "Event header"). A transaction begins with a GTID event; everything that was committed before
a second ends before the first one that carries that second or a later one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rdsrestore.domain.errors import ToolError

HEADER = struct.Struct("<IBIIIH")
MAGIC = 4
GTID_EVENTS = frozenset({162, 33, 34, 42})
"""MariaDB's, and MySQL's with and without an identifier: each opens a transaction."""

END = ("SHOW MASTER STATUS", "SHOW BINARY LOG STATUS")
"""The statement has another name from MySQL 8.4 on."""


@dataclass(frozen=True, order=True)
class Position:
    """A place in the binlogs: a file's name and an offset in it, ordered as they were written."""

    file: str
    offset: int


class Event(NamedTuple):
    """What an event's header says of it: when (Unix time), which type, how many bytes."""

    stamp: int
    kind: int
    length: int


def stop_position(folder: Path, start: Position, second: int) -> Position:
    """Return the position before the first transaction at or after `second` (Unix time), reading from `start` on."""
    files = (path for path in logs(folder) if path.name >= start.file)
    end = start
    for path in files:
        for offset, event in events(path, start.offset if path.name == start.file else MAGIC):
            if event.kind in GTID_EVENTS and event.stamp >= second:
                return Position(path.name, offset)
            end = Position(path.name, offset + event.length)
    return end


def logs(folder: Path) -> Sequence[Path]:
    """List a server's binlogs in their order; beside them may lie an index of each, as `binlog.000001.idx`."""
    return sorted(path for path in folder.glob("binlog.*") if path.suffix[1:].isdigit())


def upload(folder: Path, into: Path) -> None:
    """See that every binlog of a server lies in a folder of backups too, where a purge does not reach it.

    They are the same files, so that one which is still written to is there up to its end.
    """
    into.mkdir(mode=0o700, exist_ok=True)
    for path in logs(folder):
        with suppress(FileExistsError, FileNotFoundError):  # there already; purged just now, and so there as well
            (into / path.name).hardlink_to(path)


def spans(folder: Path, start: Position, stop: Position) -> Iterator[tuple[Path, int, int]]:
    """Yield each file between two positions, with where to begin and to end in it.

    A server that was killed may leave half an event at the end of a file, at which programs that read it give up.
    """
    for path in logs(folder):
        if not start.file <= path.name <= stop.file:
            continue
        first = start.offset if path.name == start.file else MAGIC
        last = max((offset + event.length for offset, event in events(path, first)), default=first)
        yield path, first, min(last, stop.offset) if path.name == stop.file else last


def events(path: Path, offset: int) -> Iterator[tuple[int, Event]]:
    """Yield the whole events of a file with where they begin, from one on."""
    data = path.read_bytes()
    while offset + HEADER.size <= len(data):
        stamp, kind, _server, length, _next, _flags = HEADER.unpack_from(data, offset)
        if length < HEADER.size or offset + length > len(data):
            return
        yield offset, Event(stamp, kind, length)
        offset += length


def last_position(sql: Callable[[str], str]) -> Position:
    """Ask a server where its binlog ends, by a function that runs a statement and returns tab-separated lines."""
    for statement in END:
        try:
            file, offset = sql(statement).splitlines()[-1].split("\t")[:2]
        except ToolError:
            continue
        return Position(file, int(offset))
    raise ToolError("lab", "the server does not say where its binlog ends")
