"""Who did something, as an instance's audit log tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

ACTS = frozenset({"QUERY", "WRITE"})
"""Operations that are a statement, or a table that one writes to."""


@dataclass(frozen=True)
class AuditEntry:
    """What one line of an audit log says, in UTC, without the statement, which may hold data.

    `server` wrote it, `thread` is the connection's id there, `host` is where its `user` came from.
    """

    at: datetime
    server: str
    user: str
    host: str
    thread: int
    operation: str


def who(entries: Sequence[AuditEntry], thread: int, at: datetime) -> str:
    """Name who had a connection at a moment, as user@host: by the nearest act, else by whatever was logged of it.

    Empty where nothing was, or where several servers of a cluster have a connection of that id: it may be either's.
    """
    own = [each for each in entries if each.thread == thread and each.user]
    if len({each.server for each in own}) > 1:
        return ""
    acts = [each for each in own if each.operation in ACTS] or own
    found = min(acts, key=lambda each: abs(each.at - at), default=None)
    return f"{found.user}@{found.host}".rstrip("@") if found else ""
