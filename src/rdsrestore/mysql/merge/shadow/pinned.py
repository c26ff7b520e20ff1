"""Connections that are never made again by themselves: what one has locked is locked until it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from rdsrestore.mysql.session.errors import translated
from rdsrestore.mysql.session.login.connection import Login, connect


class Statements(Protocol):
    """A connection that is never made again by itself: what it has locked is locked until it ends."""

    number: int

    def run(self, sql: str) -> int:
        """Run a statement and return how many rows it affected."""
        ...

    def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        """Run a query."""
        ...

    def close(self) -> None:
        """End it, with its locks and whatever it has not committed."""
        ...


class Pinned:
    """One login's one connection: a `Session` would log in again where it was lost, without its locks."""

    def __init__(self, login: Login) -> None:
        self._session = connect(login, "load")
        self._connection = self._session.through(lambda connection: connection)
        self.number = int(self.rows("SELECT CONNECTION_ID()")[0][0])

    def run(self, sql: str) -> int:
        """Run a statement."""
        with translated("load"), self._connection.cursor() as cursor:
            return int(cursor.execute(sql))

    def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        """Run a query."""
        with translated("load"), self._connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def close(self) -> None:
        """Log out."""
        self._session.close()
