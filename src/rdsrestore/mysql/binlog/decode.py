"""The events that tell of a transaction: its name, its statements, its rows."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from uuid import UUID

from rdsrestore.mysql.binlog import tagged
from rdsrestore.mysql.binlog.log_events import Kind, LogEvent

QUERY_HEAD = 13
STANDALONE, GROUP_COMMIT, XA = 1, 2, 64 | 128
SHOWN = 2000
"""Characters of a statement that are kept."""
MICROSECONDS_AT = 42
"""Where a GTID event of MySQL 8 has the time of its commit (Gtid_event: immediate_commit_timestamp, 7 bytes)."""


@dataclass(frozen=True)
class Transaction:
    """How a transaction is called, and when it was committed where the server notes that, in microseconds."""

    gtid: str
    committed: int | None = None
    thread: int | None = None


NAMELESS = Transaction("")


@dataclass(frozen=True)
class Statement:
    """A statement's text, the database it ran in, and the thread that ran it."""

    text: str
    database: str
    thread: int


def transaction(event: LogEvent) -> Transaction:
    """Read how a transaction is called; nothing of it where the server gave it no name."""
    body = event.body
    if event.type == Kind.MARIADB_GTID:
        return mariadb(event)
    if event.type == Kind.TAGGED_GTID:
        return Transaction(*tagged.name(body))
    if event.type not in {Kind.GTID, Kind.ANONYMOUS_GTID}:
        return NAMELESS
    number = int.from_bytes(body[17:25], "little")
    name = f"{UUID(bytes=bytes(body[1:17]))}:{number}" if event.type == Kind.GTID else ""
    noted = int.from_bytes(body[MICROSECONDS_AT : MICROSECONDS_AT + 7], "little") & (1 << 55) - 1
    return Transaction(name, noted or None)


def mariadb(event: LogEvent) -> Transaction:
    """Read MariaDB's name of a transaction (Gtid_log_event), and the thread where it is noted."""
    body = event.body
    sequence, domain, flags = int.from_bytes(body[:8], "little"), int.from_bytes(body[8:12], "little"), body[12]
    at = 13 + (8 if flags & GROUP_COMMIT else 6 if not flags & XA else 0)
    thread = None
    if not flags & XA and len(body) > at and body[at] & 16:
        more = body[at]
        at += 1 + (1 if more & 1 else 0) + (8 if more & 12 else 0)
        thread = int.from_bytes(body[at : at + 4], "little") or None
    return Transaction(f"{domain}-{event.server}-{sequence}", thread=thread)


def statement(event: LogEvent, *, whole: bool = False) -> Statement:
    """Read a statement that was logged as text: its beginning, or the `whole` of it."""
    body = event.body
    thread, _seconds, size, _error, more = (
        int.from_bytes(body[at : at + width], "little") for at, width in ((0, 4), (4, 4), (8, 1), (9, 2), (11, 2))
    )
    start = QUERY_HEAD + (13 if event.type == Kind.EXECUTE_LOAD else 0) + more
    database = bytes(body[start : start + size]).decode("utf-8", "replace")
    words = body[start + size + 1 :]
    if event.type == Kind.COMPRESSED_QUERY:
        words = memoryview(zlib.decompress(words[1 + (words[0] & 7) :]))
    return Statement(bytes(words).decode("utf-8", "replace") if whole else text(words), database, thread)


def annotation(event: LogEvent) -> str:
    """Read the text that the server notes beside the rows that it changed: MySQL puts its length before it."""
    return text(event.body[1:] if event.type == Kind.ROWS_QUERY else event.body)


def text(words: memoryview) -> str:
    """Read a text's beginning."""
    return bytes(words[: SHOWN * 4]).decode("utf-8", "replace")[:SHOWN]
