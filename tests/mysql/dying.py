"""A process that exchanges a table with its shadow, and is killed at one statement of that: before it, or after it.

The statement is named by how it begins; where it is one `under` the lock, those before that do not count.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mysql.site import HOST, PASSWORD, SCHEMA, USER, silent
from rdsrestore.domain.ids import Endpoint, TableRef
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.merge.shadow.cut_over import cut_over
from rdsrestore.mysql.merge.shadow.exchange import Exchange
from rdsrestore.mysql.merge.shadow.pinned import Pinned
from rdsrestore.mysql.merge.shadow.places import Places
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.session.login.connection import Login, connect

PATIENT = 5.0
"""Seconds for which others may wait: on a busy machine, too, the exchange comes to its end."""


class Dying:
    """Connections of which one kills its process when it comes to a statement that begins with a word."""

    def __init__(self, login: Login, word: str, when: str, *, under: bool) -> None:
        self._pinned, self._word, self._when = Pinned(login), word, when
        self._counts = not under
        self.number = self._pinned.number

    def run(self, sql: str) -> int:
        meant = self._counts and sql.startswith(self._word)
        if self._when == "before" and meant:
            os.kill(os.getpid(), signal.SIGKILL)
        done = self._pinned.run(sql)
        if self._when == "after" and meant:
            os.kill(os.getpid(), signal.SIGKILL)
        self._counts = self._counts or sql.startswith("LOCK")
        return done

    def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        return self._pinned.rows(sql)

    def close(self) -> None:
        self._pinned.close()


def main(port: str, ca: str, database: str, word: str, when: str, stage: str) -> None:
    login = Login(Endpoint(HOST, int(port)), USER, Secret(PASSWORD), Path(ca))
    session = connect(login, "test")
    live = catalog.definition(session, TableRef(database, "t"))
    assert live
    exchange = Exchange(Places(SCHEMA, live.ref), live, "mariadb" in session.greeted.lower(), PATIENT)
    why = cut_over(exchange, lambda: Dying(login, word, when, under=stage == "under"), session, silent)
    sys.exit(f"it was not killed: {why}")


if __name__ == "__main__":
    main(*sys.argv[1:])
