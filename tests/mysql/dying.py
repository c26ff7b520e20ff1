"""A process that exchanges a table with its shadow, and is killed at one statement of that: before it, or after it."""

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
from rdsrestore.mysql.merge.shadow.cut_over import Exchange, cut_over
from rdsrestore.mysql.merge.shadow.pinned import Pinned
from rdsrestore.mysql.merge.shadow.places import Places
from rdsrestore.mysql.session.login.connection import Login, connect


class Dying:
    """Connections of which one kills its process when it comes to a statement that begins with a word."""

    def __init__(self, login: Login, word: str, when: str) -> None:
        self._pinned, self._word, self._when = Pinned(login), word, when
        self.number = self._pinned.number

    def run(self, sql: str) -> int:
        if self._when == "before" and sql.startswith(self._word):
            os.kill(os.getpid(), signal.SIGKILL)
        done = self._pinned.run(sql)
        if self._when == "after" and sql.startswith(self._word):
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        return self._pinned.rows(sql)

    def close(self) -> None:
        self._pinned.close()


def main(port: str, ca: str, database: str, word: str, when: str) -> None:
    login = Login(Endpoint(HOST, int(port)), USER, Secret(PASSWORD), Path(ca))
    session = connect(login, "test")
    mariadb = "mariadb" in session.greeted.lower()
    exchange = Exchange(Places(SCHEMA, TableRef(database, "t")), "`id`, `a`, `b`, `c`", mariadb, "`id`")
    why = cut_over(exchange, lambda: Dying(login, word, when), session, silent)
    sys.exit(f"it was not killed: {why}")


if __name__ == "__main__":
    main(*sys.argv[1:])
