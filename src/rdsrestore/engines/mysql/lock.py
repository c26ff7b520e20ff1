"""One run at a time on a table, across machines: the server's named locks, which end with the connection."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rdsrestore.core.errors import DatabaseError, Refused
from rdsrestore.core.model import TableRef
from rdsrestore.engines.mysql.connect import Session

HOURS = 8 * 3600
"""How long an idle connection is kept by the server, in seconds."""


@contextmanager
def held(session: Session, run: str, refs: Sequence[TableRef]) -> Iterator[None]:
    """Take the run's lock and each table's; all end with the connection.

    Raises Refused with code `table.locked` where another run has one; it names the connection that does.
    """
    session.run(f"SET SESSION wait_timeout = {HOURS}")
    for what in (run, *map(str, refs)):
        (got,) = session.one("SELECT GET_LOCK(%s, 0)", (name(what),))
        if got != 1:
            raise Refused(
                "start",
                f"another run of rdsrestore works on {what} right now{holder(session, what)}",
                "wait for it, or stop it first; rdsrestore runs lists those of this machine",
                code="table.locked",
            )
    yield


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
    found = session.rows(
        "SELECT user, host, id FROM information_schema.processlist WHERE id = IS_USED_LOCK(%s)", (name(what),)
    )
    return "".join(f", as {user} from {host} (connection {number})" for user, host, number in found)


def name(what: str) -> str:
    """Name the lock of a run or a table; servers allow 64 characters."""
    return f"rdsrestore:{hashlib.sha256(what.encode()).hexdigest()[:40]}"
