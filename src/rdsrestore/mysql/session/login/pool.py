"""Sessions of one login for several threads, and for one step after another."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator
from contextlib import contextmanager

from rdsrestore.mysql.session.login.connection import Login, Session, connect


class Logins:
    """Sessions of one login: as many as are in use at a time, each taken up again when free, the latest first.

    Whoever gives one back leaves its settings as they were. Each is asked whether it is still there before it is lent
    again: a login costs many times as much.
    """

    def __init__(self, login: Login, where: str) -> None:
        self.login = login
        self._where = where
        self._free = queue.LifoQueue[Session]()
        self._closed = False

    def take(self) -> Session:
        """Lend a session that is free and still there, or a new one."""
        with contextlib.suppress(queue.Empty):
            while True:
                session = self._free.get_nowait()
                if session.answers(self.login.patience):
                    return session
        return connect(self.login, self._where)

    def give(self, session: Session) -> None:
        """Take a session back."""
        self._free.put(session)
        if self._closed:  # somebody closed the others while this one was lent
            self.close()

    @contextmanager
    def borrowed(self) -> Iterator[Session]:
        """Lend a session; after an error nobody else gets it."""
        session = self.take()
        try:
            yield session
        except BaseException:
            session.close()
            raise
        self.give(session)

    def logins(self) -> Logins:
        """Return these: what a worker elsewhere has to open first is at hand here."""
        return self

    def close(self) -> None:
        """Close all that are free, and those that are lent once they come back."""
        self._closed = True
        with contextlib.suppress(queue.Empty):
            while True:
                self._free.get_nowait().close()
