"""Connections that know how long they have waited for the server's next byte."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pymysql
from pymysql.constants import COMMAND

if TYPE_CHECKING:
    Driver = pymysql.Connection[Any]
else:
    Driver = pymysql.Connection  # has no parameters while it runs


PIECE = 1 << 18
"""Bytes that are sent as one wait."""


@dataclass(frozen=True)
class Wait:
    """A wait for the next bytes, or for some to be taken, that began then, by the monotonic clock."""

    since: float


class TimedConnection(Driver):
    """A connection that another thread may look at, and end with a reason."""

    where = ""
    """What errors and progress call the server."""
    again: Callable[[], TimedConnection]
    """Logs in to the same server once more, within bounds."""
    made = 0.0
    asked = 0
    """Statements sent: what the server counts as its Questions."""
    wait: Wait | None = None
    _read_timeout: float | None
    _reason: pymysql.OperationalError | None = None

    def there(self, within: float) -> bool:
        """Ask the server for a sign of life; False where none comes within so many seconds."""
        usual, self._read_timeout = self._read_timeout, within  # the driver has no other way to set it
        try:
            self.ping(reconnect=False)
        except (pymysql.MySQLError, OSError):
            return False
        finally:
            self._read_timeout = usual
        return True

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

    def _execute_command(self, command: int, sql: str | bytes) -> None:
        if command == COMMAND.COM_QUERY:
            self.asked += 1
        super()._execute_command(command, sql)  # type: ignore[misc]

    def _read_bytes(self, number: int) -> bytes:
        return bytes(self._within(super()._read_bytes, number))  # type: ignore[misc]

    def _write_bytes(self, data: bytes) -> None:
        """Send a piece at a time: a long statement on a slow way is no silence, a server that takes nothing is one."""
        write = super()._write_bytes  # type: ignore[misc]
        whole = memoryview(data)
        for begin in range(0, len(whole), PIECE):
            self._within(write, whole[begin : begin + PIECE])

    def _within(self, act: Callable[[Any], Any], value: object) -> Any:  # noqa: ANN401 - the driver's
        self.wait = Wait(time.monotonic())
        try:
            return act(value)
        except pymysql.MySQLError as error:
            raise self._reason or error from error
        finally:
            self.wait = None
