"""Whether a dump program still gets rows: its file grows, or the server works on its statement."""

from __future__ import annotations

import re
import time
from pathlib import Path

from rdsrestore.domain.errors import ToolError
from rdsrestore.mysql.session.login import process_list
from rdsrestore.mysql.session.login.connection import Login, aside, dial
from rdsrestore.mysql.session.silence import Sign, asked
from rdsrestore.mysql.session.timed_connection import TimedConnection

MARK = re.compile("rdsrestore:[0-9a-f]{32}")
"""The lock that a dump's condition names, which tells its statement from any other."""


class Stall:
    """Looked at while a program fetches the rows of a condition from a server into a file."""

    def __init__(self, login: Login, condition: str, file: Path) -> None:
        mark = MARK.search(condition)
        self._mark = mark[0] if mark else condition
        self._login = login
        self._file = file
        self._size = 0
        self._heard = self._asked = time.monotonic()

    def look(self) -> None:
        """Ask the server where the file stands still; ToolError with code `tool.silent` at the deadline.

        It is worth another try where the server answers and knows nothing of the program's statement: what lay between
        them has forgotten the program's connection, whose keepalive nobody outside it can set.
        """
        now, size = time.monotonic(), self._file.stat().st_size
        if size != self._size:
            self._size, self._heard = size, now
        deadlines = self._login.line.deadlines
        if now - max(self._heard, self._asked) < deadlines.ask:
            return
        found = asked(lambda: dial(aside(self._login), "dump"), self._works)
        self._asked = now = time.monotonic()
        if found is Sign.WORKING:
            self._heard = now
        elif now - self._heard >= deadlines.silence:
            raise ToolError(
                "dump",
                f"the dump program got nothing from {self._login.endpoint} for {now - self._heard:.0f} s",
                "see in the RDS console what the instance does; run the same command again once it answers",
                code="tool.silent",
                retryable=found is Sign.IDLE,
            )

    def _works(self, other: TimedConnection) -> Sign:
        found = process_list.read(other)
        at_it = any(self._mark in each.statement and each.command != process_list.IDLE for each in found)
        return Sign.WORKING if at_it else Sign.IDLE
