"""Find the position in a binlog where a point-in-time restore has to stop.

Every event starts with a header of 19 bytes: timestamp, type, server id, length, position of the next event, flags
(MariaDB knowledge base, "Event header"). A transaction begins with a GTID event; everything that was committed before
a second ends before the first one that carries that second or a later one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rdsrestore.domain.errors import ToolError

HEADER = struct.Struct("<IBIIIH")
MAGIC = 4
GTID_EVENTS = frozenset({162, 33, 34})
"""MariaDB's, and MySQL's with and without an identifier: each opens a transaction."""

END = ("SHOW MASTER STATUS", "SHOW BINARY LOG STATUS")
"""The statement has another name from MySQL 8.4 on."""


@dataclass(frozen=True, order=True)
class Position:
    """A place in the binlogs: a file's name and an offset in it, ordered as they were written."""

    file: str
    offset: int


def stop_position(folder: Path, start: Position, second: int) -> Position:
    """Return the position before the first transaction at or after `second` (Unix time), reading from `start` on."""
    files = sorted(path for path in folder.glob("binlog.[0-9]*") if path.name >= start.file)
    end = start
    for path in files:
        offset = start.offset if path.name == start.file else MAGIC
        data = path.read_bytes()
        while offset + HEADER.size <= len(data):
            stamp, kind, _server, length, _next, _flags = HEADER.unpack_from(data, offset)
            if kind in GTID_EVENTS and stamp >= second:
                return Position(path.name, offset)
            offset += max(length, HEADER.size)
        end = Position(path.name, min(offset, len(data)))
    return end


def last_position(sql: Callable[[str], str]) -> Position:
    """Ask a server where its binlog ends, by a function that runs a statement and returns tab-separated lines."""
    for statement in END:
        try:
            file, offset = sql(statement).splitlines()[-1].split("\t")[:2]
        except ToolError:
            continue
        return Position(file, int(offset))
    raise ToolError("lab", "the server does not say where its binlog ends")
