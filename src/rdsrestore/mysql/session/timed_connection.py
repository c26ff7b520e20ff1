"""Connections that know how long they have waited for the server's next byte."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pymysql

if TYPE_CHECKING:
    Driver = pymysql.Connection[Any]
else:
    Driver = pymysql.Connection  # has no parameters while it runs


@dataclass(frozen=True)
class Wait:
    """A wait that began then, by the monotonic clock; `sending` where the server has not taken all yet."""

    since: float
    sending: bool


class TimedConnection(Driver):
    """A connection that another thread may look at, and end with a reason."""

    where = ""
    """What errors and progress call the server."""
    again: Callable[[], TimedConnection]
    """Logs in to the same server once more, within bounds."""
    made = 0.0
    wait: Wait | None = None
    _reason: pymysql.OperationalError | None = None

    def end(self, reason: pymysql.OperationalError) -> None:
        """End it from another thread: whoever waits gets the reason."""
        self._reason = reason
        self.hang_up()

    def hang_up(self) -> None:
        """End it below its TLS, which another thread may be reading from: that thread finds the end of it."""
        door = self._sock  # type: ignore[attr-defined]  # the driver can't be interrupted otherwise
        with suppress(OSError):
            if door is not None:
                socket.socket.shutdown(door, socket.SHUT_RDWR)

    def _read_bytes(self, number: int) -> bytes:
        return bytes(self._within(super()._read_bytes, number, sending=False))  # type: ignore[misc]

    def _write_bytes(self, data: bytes) -> None:
        self._within(super()._write_bytes, data, sending=True)  # type: ignore[misc]

    def _within(self, act: Callable[[Any], Any], value: object, *, sending: bool) -> Any:  # noqa: ANN401 - the driver's
        self.wait = Wait(time.monotonic(), sending)
        try:
            return act(value)
        except pymysql.MySQLError as error:
            raise self._reason or error from error
        finally:
            self.wait = None
