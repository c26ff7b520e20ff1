"""Holding back: production's application comes first, and whoever is in charge can stop the load for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.request.throttle_rules import ThrottleRules
from rdsrestore.mysql.session.errors import number_of
from rdsrestore.mysql.session.login.connection import Login, Session, connect
from rdsrestore.ports.progress import Progress

LAG = ("Seconds_Behind_Source", "Seconds_Behind_Master")
STATEMENTS = ("SHOW REPLICA STATUS", "SHOW SLAVE STATUS")
"""New servers know the first alone, old ones the second."""
UNKNOWN = 1064
"""The error of a statement that the server's grammar lacks."""
OURS = 1
"""Threads of our own that run while we ask."""


@dataclass
class Throttle:
    """Asked before each transaction; `every` bounds how often the servers are asked, in seconds.

    `mine` raises where the run's locks are its own no more.
    """

    rules: ThrottleRules
    ready: Callable[[], Session]
    login: Login
    progress: Progress
    mine: Callable[[], None] | None = None
    every: float = 0.5
    _asked: float = field(default=float("-inf"), init=False)
    _replicas: dict[Endpoint, Session] = field(default_factory=dict, init=False)

    def hold(self) -> None:
        """Return once nothing is in the way, and say meanwhile what is; never gives up by itself."""
        if self.mine:
            self.mine()
        while reason := self.reason():
            self.progress(reason, None)
            time.sleep(min(self.every, 0.2))

    def reason(self) -> str:
        """Say what is in the way; empty where nothing is."""
        for flag in self.rules.flags:
            if flag.exists():
                return f"paused: {self.rules.held_by(flag)}"
        if time.monotonic() - self._asked < self.every:
            return ""
        found = self.busy() or next(self.behind(), "")
        self._asked = float("-inf") if found else time.monotonic()
        return found

    def busy(self) -> str:
        """Say so where more threads run on production than the limit."""
        limit = self.rules.limits.max_load
        if limit is None:
            return ""
        running = int(self.ready().one("SHOW GLOBAL STATUS LIKE 'Threads\\_running'")[1]) - OURS
        return f"waiting: {running} threads are running on production, the limit is {limit}" if running > limit else ""

    def behind(self) -> Iterator[str]:
        """Name the replicas that are further behind than the limit; one that does not answer counts as behind."""
        limit = self.rules.limits.max_lag
        for endpoint in self.rules.replicas if limit is not None else ():
            try:
                lag = self.lag(endpoint)
            except DatabaseError as error:
                if error.code in {"db.privilege", "db.denied"}:
                    raise
                yield f"waiting: replica {endpoint} can't be asked: {error.what}"
                continue
            if lag is None:
                yield f"waiting: replica {endpoint} does not replicate"
            elif limit is not None and lag > limit:
                yield f"waiting: replica {endpoint} is {lag:.0f} s behind, the limit is {limit:g}"

    def lag(self, endpoint: Endpoint) -> float | None:
        """Ask a replica how far it is behind, in seconds; None where it is stopped."""
        if endpoint not in self._replicas:
            login = replace(self.login, endpoint=endpoint)
            self._replicas[endpoint] = connect(login, f"replica {endpoint}")
        status = first_of(self._replicas[endpoint], STATEMENTS)
        value = next((status[name] for name in LAG if status.get(name) is not None), None)
        return None if value is None else float(value)

    def close(self) -> None:
        """Log out of the replicas."""
        for session in self._replicas.values():
            session.close()


def delay(login: Login) -> int | None:
    """Ask a replica by how many seconds it stays behind on purpose; None where it replicates from nobody.

    Both families call it SQL_Delay (manuals, "SHOW REPLICA STATUS"). DatabaseError where it can't be asked.
    """
    with closing(connect(login, f"replica {login.endpoint}")) as session:
        found = first_of(session, STATEMENTS).get("SQL_Delay")
    return None if found is None else int(found)


def first_of(session: Session, statements: Sequence[str]) -> dict[str, str | None]:
    """Run the first of several statements that the server knows; returns its first row by name.

    DatabaseError of whatever else stops it; with code `db.privilege` it names what to grant.
    """
    *others, last = statements
    try:
        for statement in others:
            try:
                return session.named(statement)
            except DatabaseError as error:
                if number_of(error) != UNKNOWN:
                    raise
        return session.named(last)
    except DatabaseError as error:
        if error.code != "db.privilege":
            raise
        grant = "REPLICA MONITOR" if "mariadb" in session.greeted.lower() else "REPLICATION CLIENT"
        hint = f"GRANT {grant} ON *.* to the login on production, or leave out --max-lag"
        raise DatabaseError(error.where, f"its lag can't be read without {grant}", hint, code=error.code) from error
