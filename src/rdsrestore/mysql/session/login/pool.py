"""Sessions of one login for several threads."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator
from contextlib import contextmanager

from rdsrestore.mysql.session.login.connection import Login, Session, connect


class Logins:
    """Sessions of one login for several threads: as many as are in use at a time, each taken up again when free."""

    def __init__(self, login: Login, where: str) -> None:
        self.login = login
        self._where = where
        self._free = queue.SimpleQueue[Session]()
        self._closed = False

    @contextmanager
    def borrowed(self) -> Iterator[Session]:
        """Lend a session that is free, or a new one."""
        try:
            session = self._free.get_nowait()
        except queue.Empty:
            session = connect(self.login, self._where)
        try:
            yield session
        finally:
            self._free.put(session)
            if self._closed:  # somebody closed the others while this one was lent
                self.close()

    def logins(self) -> Logins:
        """Return these: what a worker elsewhere has to open first is at hand here."""
        return self

    def close(self) -> None:
        """Close all that are free, and those that are lent once they come back."""
        self._closed = True
        with contextlib.suppress(queue.Empty):
            while True:
                self._free.get_nowait().close()
