"""One run at a time on a table, across machines: the server's named locks, which end with the connection."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import DatabaseError, Refused
from rdsrestore.domain.ids import TableRef
from rdsrestore.mysql.session.login import process_list
from rdsrestore.mysql.session.login.connection import Session

BEAT = USUAL.keepalive
"""Seconds between two looks at the locks: networks forget a connection that is silent for 350."""
IDLE = 600
"""How long the server keeps the connection of a machine that fell silent, and with it the locks, in seconds."""


class Lock:
    """A run's own lock and each table's, on a session that serves nothing else; usable from several threads."""

    def __init__(self, session: Session, run: str, refs: Sequence[TableRef]) -> None:
        self._session = session
        self._whats = (run, *map(str, refs))
        self._one_at_a_time = threading.Lock()
        self._taken_over: Refused | None = None

    def take(self, where: str) -> None:
        """Take all of them; Refused with code `table.locked` where another run has one, naming its connection."""
        self._session.run(f"SET SESSION wait_timeout = {IDLE}")
        for what in self._whats:
            (got,) = self._session.one("SELECT GET_LOCK(%s, 0)", (name(what),))
            if got != 1:
                raise Refused(
                    where,
                    f"another run of rdsrestore works on {what} right now{holder(self._session, what)}",
                    "wait for it, or stop it first; rdsrestore runs lists those of this machine. "
                    "If it has ended, end its connection: CALL mysql.rds_kill(NUMBER) on RDS, else KILL NUMBER",
                    code="table.locked",
                )

    def keep(self, where: str) -> None:
        """See that all are still held, and take them again where the connection was lost.

        Raises Refused with code `table.locked` where another run was quicker, DatabaseError where nobody answers.
        """
        with self._one_at_a_time:
            self.check()
            alive = self._session.alive
            if not (alive and all(map(self._has, self._whats))):
                try:
                    self.take(where)
                except Refused as error:
                    self._taken_over = error
                    raise

    def check(self) -> None:
        """Raise what the last look found out, without a look of its own."""
        if self._taken_over:
            raise self._taken_over

    def beat(self, every: float, ended: threading.Event) -> None:
        """Keep them until the event; what is in the way is told by `check`, and tried again where it may pass."""
        while not ended.wait(every):
            try:
                self.keep("lock")
            except Refused:
                return
            except DatabaseError:
                continue

    def _has(self, what: str) -> bool:
        (ours,) = self._session.one("SELECT IS_USED_LOCK(%s) = CONNECTION_ID()", (name(what),))
        return bool(ours)


@contextmanager
def held(session: Session, run: str, refs: Sequence[TableRef], every: float = BEAT) -> Iterator[Lock]:
    """Hold the locks of a run until the context ends, with a look at them every so many seconds.

    Raises Refused with code `table.locked` where another run has one.
    """
    lock, ended = Lock(session, run, refs), threading.Event()
    lock.take("start")
    thread = threading.Thread(target=lock.beat, args=(every, ended), daemon=True, name="lock")
    thread.start()
    try:
        yield lock
    finally:
        ended.set()
        thread.join(USUAL.thread)


@contextmanager
def known(session: Session) -> Iterator[str]:
    """Yield a condition that holds on this session's own server and on no other, for as long as the session lasts.

    Servers look it up once a statement, not once a row.
    """
    (got,) = session.one("SELECT GET_LOCK(%s, 0)", (mark := f"rdsrestore:{secrets.token_hex(16)}",))
    if got != 1:
        raise DatabaseError("lock", "the server gives no named lock", "run the same command again", code="db.failed")
    try:
        yield f"IS_USED_LOCK('{mark}') IS NOT NULL"
    finally:
        with contextlib.suppress(DatabaseError):  # it ends with the connection
            session.run("DO RELEASE_LOCK(%s)", (mark,))


def holder(session: Session, what: str) -> str:
    """Say from where the lock is held, as far as the server tells."""
    (number,) = session.one("SELECT IS_USED_LOCK(%s)", (name(what),))
    found = session.through(process_list.read) if number else ()
    return "".join(
        f", as {each.user} from {each.host} (connection {number})" for each in found if each.number == number
    )


def name(what: str) -> str:
    """Name the lock of a run or a table; servers allow 64 characters."""
    return f"rdsrestore:{hashlib.sha256(what.encode()).hexdigest()[:40]}"
