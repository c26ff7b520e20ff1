"""Which files of its binlog a server still has, and which of them a time lies in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.incident import KeptFile
from rdsrestore.mysql.session.errors import number_of
from rdsrestore.mysql.session.login.connection import Session

NO_BINLOG = 1381
ENCRYPTION_HEAD = 512
"""Bytes that a file which is encrypted on the server has before what is sent of it."""
LONGEST_STATEMENT = timedelta(hours=1)
"""A statement is noted where it ended, under the time at which it began."""
OFF = (
    "give the instance a backup retention of a day or more: RDS keeps a binlog where it makes backups;"
    " Aurora where its cluster's parameter group sets binlog_format"
)


@dataclass(frozen=True)
class Span:
    """The files that a time lies in, oldest first, and when the oldest that the server has was begun."""

    files: Sequence[KeptFile]
    kept_from: datetime | None


def kept(session: Session) -> list[KeptFile]:
    """List the files, oldest first; DatabaseError with code `binlog.off` where the server writes none."""
    try:
        rows = session.rows("SHOW BINARY LOGS")
    except DatabaseError as error:
        if number_of(error) == NO_BINLOG:
            raise DatabaseError("find", "production writes no binlog", OFF, code="binlog.off") from error
        raise
    return [KeptFile(str(name), int(size) - head(more)) for name, size, *more in rows]


def head(more: Sequence[object]) -> int:
    """Say how much of a file is never sent, by what stands beside its size: MySQL says whether it is encrypted."""
    return ENCRYPTION_HEAD if "Yes" in more else 0


def spanning(
    files: Sequence[KeptFile], since: datetime, until: datetime, begun: Callable[[KeptFile], datetime]
) -> Span:
    """Choose the files that a time lies in, asking for as few beginnings as can be.

    What was written at a moment lies in the last file begun before it, or in one begun in that very second.
    """
    if not files:
        return Span((), None)
    oldest = begun(files[0])
    known = {0: oldest}

    def first_after(moment: datetime, low: int) -> int:
        """Find the first file that was begun after a moment, from `low` on."""
        high = len(files)
        while low < high:
            middle = (low + high) // 2
            known.setdefault(middle, begun(files[middle]))
            low, high = (low, middle) if known[middle] > moment else (middle + 1, high)
        return low

    start = max(first_after(since.replace(microsecond=0) - timedelta(seconds=1), 0) - 1, 0)
    return Span(files[start : first_after(until + LONGEST_STATEMENT, start)], oldest)
