"""A server that owes an answer is asked on another connection: it works on, has lost ours, or says nothing at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import Enum, auto
from weakref import WeakKeyDictionary

import pymysql

from rdsrestore.domain.deadlines import Deadlines
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.mysql.session.errors import Silent
from rdsrestore.mysql.session.login import process_list
from rdsrestore.mysql.session.timed_connection import TimedConnection, Wait

LOST = 2013
MUTE = frozenset({"db.unreachable", "db.lost"})
"""What a server that says nothing leads to; any other error is an answer."""
BEGUN = 10
"""Seconds by which a server's own reckoning of its age may be off."""
UPTIME = "SHOW GLOBAL STATUS LIKE 'Uptime'"

Tell = Callable[[str], None]


class Sign(Enum):
    """What a server says of a connection, on another one."""

    WORKING = auto()
    IDLE = auto()
    UNKNOWN = auto()
    NOTHING = auto()


def asked(again: Callable[[], TimedConnection], act: Callable[[TimedConnection], Sign]) -> Sign:
    """Ask on a new connection; a server that refuses it speaks, and is taken to work on."""
    try:
        with closing(again()) as other:
            return act(other)
    except DatabaseError as error:
        return Sign.NOTHING if error.code in MUTE else Sign.WORKING
    except (pymysql.MySQLError, OSError):
        return Sign.NOTHING


def sign(connection: TimedConnection) -> Sign:
    """Ask a server what it does for a connection; one that began after it knows nothing of it."""

    def read(other: TimedConnection) -> Sign:
        with other.cursor() as cursor:
            cursor.execute(UPTIME)
            _name, age = cursor.fetchone() or ("", "0")
        number = connection.thread_id()  # type: ignore[no-untyped-call]  # the driver leaves it untyped
        found = next((each for each in process_list.read(other) if each.number == number), None)
        if found is None or int(age) + BEGUN < time.monotonic() - connection.made:
            return Sign.UNKNOWN
        return Sign.IDLE if found.command == process_list.IDLE else Sign.WORKING

    return asked(connection.again, read)


@dataclass
class Watch:
    """Looks at connections now and then; what is said goes to `tell`."""

    deadlines: Deadlines
    tell: Tell
    _seen: WeakKeyDictionary[TimedConnection, tuple[Wait, float, float]] = field(
        default_factory=WeakKeyDictionary, init=False
    )
    """Of each that waits: its wait, when the server last showed that it works on it, and when it was last asked."""

    def look(self, connections: Sequence[TimedConnection]) -> None:
        """Ask of each that has waited for long, and end those whose server is silent or has lost them."""
        for connection in connections:
            wait = connection.wait
            if wait is None:
                continue
            seen, heard, last = self._seen.get(connection, (wait, wait.since, wait.since))
            if seen is not wait:
                seen, heard, last = wait, wait.since, wait.since
            if time.monotonic() - last >= self.deadlines.ask:
                found = sign(connection)
                last = time.monotonic()
                heard = self._judge(connection, wait, found, heard)
            self._seen[connection] = (seen, heard, last)

    def _judge(self, connection: TimedConnection, wait: Wait, found: Sign, heard: float) -> float:
        """Say what was found, and end the wait where it has no end; returns when the server last worked on it."""
        if connection.wait is not wait:  # it was answered meanwhile
            return heard
        now = time.monotonic()
        silent = now - heard
        if found is Sign.WORKING:
            self.tell(f"{connection.where} works on a statement for {now - wait.since:.0f} s")
            return now
        if found is Sign.UNKNOWN:
            connection.end(pymysql.OperationalError(LOST, "the server does not know the connection any more"))
        elif silent < self.deadlines.silence:
            self.tell(
                f"no answer from {connection.where} for {silent:.0f} s, given up after {self.deadlines.silence:.0f} s"
            )
        elif found is Sign.IDLE:
            connection.end(pymysql.OperationalError(LOST, f"no answer on this connection for {silent:.0f} s"))
        else:
            connection.end(Silent(f"no answer for {silent:.0f} s, on a new connection neither"))
        return heard
