"""Connections that can be cut all at once: a server that has gone silent holds up nobody who wants to leave."""

from __future__ import annotations

import threading
from collections import Counter

from rdsrestore.domain.deadlines import USUAL, Deadlines
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.mysql.session.silence import Tell, Watch
from rdsrestore.mysql.session.timed_connection import TimedConnection

LOOK = 0.5
"""Seconds between two looks at connections that wait."""


class Line:
    """What connections go over.

    `patience` bounds the wait for each answer in seconds; with None a statement takes as long as its server works on
    it, and `tell` hears of one that takes long.
    """

    def __init__(
        self, patience: float | None = None, deadlines: Deadlines = USUAL, tell: Tell = lambda _text: None
    ) -> None:
        self.patience = patience
        self.deadlines = deadlines
        self._watch = Watch(deadlines, tell)
        self._watched = self._cut = False
        self._open: list[TimedConnection] = []
        self._asked = Counter[Endpoint]()
        self._lock = threading.Lock()

    def ready(self, where: str) -> None:
        """Let a connection be made; DatabaseError with code `db.cut` where the line is cut."""
        if self._cut:
            raise DatabaseError(where, "the run ends, so nothing is begun any more", code="db.cut")

    def take(self, connection: TimedConnection, where: str) -> None:
        """Take up a new connection; where the line was cut meanwhile it is closed, and the error is `ready`'s."""
        with self._lock:
            if not self._cut:
                self._drop_closed()
                self._open.append(connection)
                if self.patience is None and not self._watched:
                    self._watched = True
                    threading.Thread(target=self._look, name="silence", daemon=True).start()
                return
        connection.close()
        self.ready(where)

    def asked(self, endpoint: Endpoint) -> int:
        """Count the statements that were sent to a server over this line."""
        with self._lock:
            return self._asked[endpoint] + sum(each.asked for each in self._open if place(each) == endpoint)

    def cut(self) -> None:
        """Cut every connection, whoever waits for its answer; none can be made over this line any more."""
        with self._lock:
            self._cut, cut = True, self._open
            self._open = []
        for each in cut:
            each.hang_up()

    def _drop_closed(self) -> None:
        known, self._open = self._open, [each for each in self._open if each.open]
        for each in known:
            if each not in self._open:
                self._asked[place(each)] += each.asked

    def _look(self) -> None:
        """Look after the connections until none is open."""
        pause = threading.Event()
        while not pause.wait(min(LOOK, self.deadlines.ask)):
            with self._lock:
                self._drop_closed()
                if not self._open:
                    self._watched = False
                    return
                connections = tuple(self._open)
            self._watch.look(connections)


def place(connection: TimedConnection) -> Endpoint:
    """Name the server that a connection was made to."""
    return Endpoint(connection.host, connection.port)
