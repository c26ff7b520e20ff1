"""Logins to servers of the MySQL family."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from rdsrestore.domain.deadlines import USUAL, Deadlines
from rdsrestore.domain.ids import Endpoint, TableRef
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.request.merge_verdict import may
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.rows import Act
from rdsrestore.domain.tables.server import ClientTools
from rdsrestore.mysql.binlog import fetch
from rdsrestore.mysql.binlog_rows import BinlogRows
from rdsrestore.mysql.dump.program import client_programs, option_file, relay
from rdsrestore.mysql.production import MysqlProduction
from rdsrestore.mysql.restored_database import MysqlRestoredDatabase
from rdsrestore.mysql.session import age_key, named_lock, remote
from rdsrestore.mysql.session.cut_off import Line
from rdsrestore.mysql.session.login.connection import Login, connect
from rdsrestore.mysql.session.login.first_login import reach
from rdsrestore.mysql.session.login.pool import Logins
from rdsrestore.mysql.session.road.direct import Tunnel, direct
from rdsrestore.mysql.session.road.ssh import SshTunnel
from rdsrestore.mysql.session.road.ssm import SessionTunnel
from rdsrestore.mysql.write.throttle import delay
from rdsrestore.ports.databases import Access
from rdsrestore.ports.progress import Progress

STATEMENTS: dict[str, tuple[str, ...]] = {
    "raise-retention": ("CALL mysql.rds_set_configuration",),
    "keep-binlog": ("SHOW BINARY LOGS", "the replication protocol's COM_BINLOG_DUMP"),
    "rewind-binlog": ("SHOW BINARY LOGS", "the replication protocol's COM_BINLOG_DUMP", "SELECT"),
    "rewind-transaction": ("SHOW BINARY LOGS", "the replication protocol's COM_BINLOG_DUMP", "SELECT"),
    "dump": ("mysqldump -t",),
    "scratch": ("CREATE DATABASE",),
    "stage": ("CREATE TABLE and INSERT in the scratch schema",),
    "landing": ("CREATE TABLE", "ALTER TABLE of one beside, whose indexes come after its rows"),
    "look": ("SELECT, SHOW or EXPLAIN, in a transaction that can't write",),
    "compare": ("SELECT",),
    "cross-check": ("SELECT",),
    "verify": ("SELECT",),
    "swap": ("RENAME TABLE",),
    "swap-back": ("RENAME TABLE",),
}
WRITES = {
    Act.INSERT: "INSERT … SELECT of missing rows",
    Act.UPDATE: "UPDATE of changed rows",
    Act.DELETE: "DELETE of newer rows",
}
"""What a load runs for each act of its policy."""
PRODUCTION, COPY = "production", "dump: the copy"
"""What errors call the servers."""
OFTEN = 5.0
"""Longest pause between two first logins to a copy, in seconds."""


Server = TypeVar("Server", MysqlProduction, MysqlRestoredDatabase)


@contextmanager
def lent(server: Server) -> Iterator[Server]:
    """Have a server's session kept for the next step; after an error it is closed, in whatever state it is."""
    try:
        yield server
    except BaseException:
        server.drop()
        raise
    server.close()


@dataclass(frozen=True)
class Rhythm:
    """How often is asked, in seconds: between two first logins to a copy, and between two looks at a run's locks."""

    poll: float = OFTEN
    beat: float = named_lock.BEAT


class MysqlDatabases(BinlogRows):
    """Logs in with the operator's password, asked for at the first need, or with the run's own for a copy.

    Where production refuses the password, `renewed` is asked for the one that it was changed to.

    A statement takes as long as its server works on it; every other wait ends by `deadlines`.
    Dumps and undo files are encrypted for `key`, an age identity, where it is given; UsageError where it is none.
    `executor` is where workers are, as dask://host:port.
    """

    def __init__(
        self,
        password: Callable[[], Secret],
        ca: Path | None,
        key: Secret | None = None,
        executor: str | None = None,
        *,
        renewed: Callable[[Secret], Secret | None] = lambda _refused: None,
        rhythm: Rhythm = Rhythm(),
        deadlines: Deadlines = USUAL,
    ) -> None:
        option_file.sweep()
        relay.sweep()
        fetch.sweep()
        self._password = password
        self._renewed = renewed
        self._token: Callable[[Endpoint, str], Secret] | None = None
        self._key = age_key.check(key)
        super().__init__(self._key)
        self._team = remote.join(executor, self._key)
        self._ca = ca
        self._tunnel: Tunnel | None = None
        self._deadlines = deadlines
        self._progress: Progress = lambda _text, _share: None
        self._line = Line(None, deadlines, self._tell)
        self._rhythm = rhythm
        self._logins: dict[tuple[Endpoint, str, str], Logins] = {}
        self._lock: named_lock.Lock | None = None

    def through(self, tunnel: Tunnel) -> None:
        """Reach every server by that way from now on; it ends with this."""
        self._tunnel = tunnel

    def by_token(self, token: Callable[[Endpoint, str], Secret]) -> None:
        """Have it make a password for each login to production from now on; there is no other."""
        self._token = token

    def close(self) -> None:
        """Log out, leave the workers to others, with nothing of ours on them, the bastion, and what was only tried."""
        super().close()
        self.log_out()
        if self._team:
            self._team.leave()
        if self._tunnel:
            self._tunnel.close()

    @property
    def workers(self) -> tuple[Executor, int] | None:
        """Who does sections of a comparison elsewhere, and how many at a time."""
        return (self._team.executor, self._team.size) if self._team else None

    @contextmanager
    def production(self, endpoint: Endpoint, user: str) -> Iterator[MysqlProduction]:
        """Log in to the source."""
        logins = self._kept(self._own(endpoint, user), PRODUCTION)
        with lent(MysqlProduction(logins, self._key, self._team, self._lock)) as server:
            yield server

    @contextmanager
    def copy(self, endpoint: Endpoint, user: str, password: Secret) -> Iterator[MysqlRestoredDatabase]:
        """Log in to a temporary instance."""
        logins = self._kept(self._login(endpoint, user, password), COPY)
        with lent(MysqlRestoredDatabase(logins, self._key, self._team)) as server:
            yield server

    @contextmanager
    def alone(self, endpoint: Endpoint, user: str, run: str, refs: Sequence[TableRef]) -> Iterator[None]:
        """Hold an advisory lock on the run and on each table."""
        login = replace(self._own(endpoint, user), line=Line(self._deadlines.cleaning))
        with (
            closing(connect(login, "production")) as session,
            named_lock.held(session, run, refs, self._rhythm.beat) as mine,
        ):
            self._lock = mine
            try:
                yield
            finally:
                self._lock = None

    def reach(
        self,
        endpoint: Endpoint,
        user: str,
        password: Secret,
        within: float,
        progress: Progress,
        *,
        certain: bool = False,
    ) -> None:
        """Log in to a temporary instance until it lets us in."""
        reach(
            self._login(endpoint, user, password),
            "the copy",
            min(self._rhythm.poll, OFTEN),
            within,
            progress,
            certain=certain,
        )

    def listen(self, progress: Progress) -> None:
        """Tell from now on of a server that takes long to answer."""
        self._progress = progress

    def hang_up(self) -> None:
        """Cut what steps are connected to; from here on each answer has the seconds of cleaning up."""
        line, self._line = self._line, Line(self._deadlines.cleaning)
        line.cut()
        self.log_out()

    def delay(self, endpoint: Endpoint, user: str) -> int | None:
        """Ask a replica by how many seconds it stays behind on purpose."""
        return delay(self._own(endpoint, user))

    def tools(self) -> ClientTools:
        """Find the dump program."""
        return client_programs.tools()

    def statements_of(self, step: str, policy: Policy) -> Sequence[str]:
        """Name what a step runs on a server under a policy, for the plan."""
        if step == "load":
            acts = may(policy)
            return tuple(statement for act, statement in WRITES.items() if act in acts)
        return STATEMENTS.get(step, ())

    def _kept(self, login: Login, where: str) -> Logins:
        """Return the sessions of a login that earlier steps have left; the password may be another one since."""
        kept = self._logins.setdefault((login.endpoint, login.user, where), Logins(login, where))
        kept.login = login
        return kept

    def log_out(self) -> None:
        """Close the sessions that steps have left for the next one."""
        for logins in self._logins.values():
            logins.close()
        self._logins = {}

    def _own(self, endpoint: Endpoint, user: str) -> Login:
        if token := self._token:
            return replace(self._login(endpoint, user, Secret("")), token=lambda: token(endpoint, user))
        return replace(self._login(endpoint, user, self._password()), renewed=self._renewed)

    def _login(self, endpoint: Endpoint, user: str, password: Secret) -> Login:
        road = self._tunnel or direct
        return Login(endpoint, user, password, self._ca, self._deadlines.connect, self._line, road=road)

    def _tell(self, text: str) -> None:
        self._progress(text, None)


def databases(access: Access) -> MysqlDatabases:
    """Make the adapter of this family's engines."""
    made = MysqlDatabases(
        access.password,
        access.ca,
        key=access.dump_key,
        executor=access.executor,
        rhythm=Rhythm(poll=access.poll),
        renewed=access.renewed,
    )
    if access.bastion:
        made.through(SshTunnel(access.bastion, asks=access.asks, config=access.ssh_config))
    if access.token:
        made.by_token(access.token)
    if access.sessions:
        made.through(SessionTunnel(access.sessions))
    return made
