"""Connections that can be cut all at once: a server that has gone silent holds up nobody who wants to leave."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any

import pymysql

from rdsrestore.domain.errors import DatabaseError


class Line:
    """What connections go over; `patience` bounds the wait for each answer in seconds, None where one may take long."""

    def __init__(self, patience: float | None = None) -> None:
        self.patience = patience
        self._cut = False
        self._open: list[pymysql.Connection[Any]] = []
        self._lock = threading.Lock()

    def ready(self, where: str) -> None:
        """Let a connection be made; DatabaseError with code `db.cut` where the line is cut."""
        if self._cut:
            raise DatabaseError(where, "the run ends, so nothing is begun any more", code="db.cut")

    def take(self, connection: pymysql.Connection[Any], where: str) -> None:
        """Take up a new connection; where the line was cut meanwhile it is closed, and the error is `ready`'s."""
        with self._lock:
            if not self._cut:
                self._open = [each for each in self._open if each.open]
                self._open.append(connection)
                return
        connection.close()
        self.ready(where)

    def cut(self) -> None:
        """Cut every connection, whoever waits for its answer; none can be made over this line any more."""
        with self._lock:
            self._cut, cut = True, self._open
            self._open = []
        for each in cut:
            hang_up(each)


def hang_up(connection: pymysql.Connection[Any]) -> None:
    """End a connection below its TLS, which another thread may be reading from: that thread finds the end of it."""
    door = connection._sock  # type: ignore[attr-defined]  # noqa: SLF001 - the driver can't be interrupted otherwise
    with suppress(OSError):
        if door is not None:
            socket.socket.shutdown(door, socket.SHUT_RDWR)
