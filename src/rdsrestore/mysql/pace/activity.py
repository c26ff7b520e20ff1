"""What others do on a server, as any login may see it: its counters, less what we have asked ourselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rdsrestore.domain.ids import TableRef
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import Session

COUNTERS = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Threads_running')"
UNDER_WAY = 4
"""Statements of ours, one a session, that are counted here and not there yet, as they are on their way."""
TABLE = "rdsrestore_pace"


@dataclass(frozen=True)
class Look:
    """The server's counters at a moment; ours were between `least` and `most`, as we were at work meanwhile."""

    at: float
    questions: int
    running: int
    least: int
    most: int

    def since(self, earlier: Look) -> int:
        """Count the statements that others surely made since an earlier look: never more than they did."""
        ours = self.most - earlier.least + UNDER_WAY
        return max(self.questions - earlier.questions - ours, 0)


def look(session: Session, ours: Callable[[], int]) -> Look:
    """Read the counters; `ours` counts the statements that this process has sent to the server."""
    least = ours()
    found = {str(name).lower(): int(value) for name, value in session.rows(COUNTERS)}
    return Look(time.monotonic(), found["questions"], found["threads_running"], least, ours())


def prepare(session: Session, schema: str) -> None:
    """Make a table of one row in the scratch schema, to commit to."""
    table = qualified(TableRef(schema, TABLE))
    session.run(f"CREATE TABLE IF NOT EXISTS {table} (n BIGINT NOT NULL) ENGINE=InnoDB")
    session.run(f"DELETE FROM {table}")
    session.run(f"INSERT INTO {table} VALUES (0)")


def commit(session: Session, schema: str) -> float:
    """Commit the smallest change, and return how long that took, in seconds: what any transaction waits for."""
    begun = time.monotonic()
    session.run(f"UPDATE {qualified(TableRef(schema, TABLE))} SET n = n + 1")
    return time.monotonic() - begun
