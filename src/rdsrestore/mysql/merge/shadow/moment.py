"""Whether this is a moment in which a table may be exchanged."""

from __future__ import annotations

import re

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.tables.in_place import MOST, tied
from rdsrestore.mysql.merge.shadow.pinned import Statements
from rdsrestore.mysql.merge.shadow.places import Places
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import Session
from rdsrestore.mysql.session.waiting import AWAY

COUNTER = re.compile(r"\n\)[^\n]*? AUTO_INCREMENT=(\d+) DEFAULT CHARSET=")
OPEN = (
    "SELECT trx_mysql_thread_id, CAST(trx_started AS CHAR) FROM information_schema.INNODB_TRX"
    " WHERE trx_mysql_thread_id NOT IN (0, CONNECTION_ID())"
)
Transaction = tuple[object, ...]
"""Its connection, and when it began."""


class Held(Exception):  # noqa: N818 - no error: others were quicker
    """Somebody held the table all the time."""


class Unfit(Exception):  # noqa: N818 - no error: rows go another way then
    """The shadow can't be used; the words say why."""


def still_open(session: Session, known: frozenset[Transaction] | None) -> frozenset[Transaction]:
    """Name the transactions that have not ended, of those that were open at the first look. Raises Unfit.

    Of a table whose indexes are younger than its snapshot a transaction gets error 1412, whatever it does there.
    """
    try:
        now = frozenset(session.rows(OPEN))
    except DatabaseError as error:
        if error.code in AWAY:
            raise
        raise Unfit(error.what) from error
    return now if known is None else known & now


def look_first(session: Session, places: Places, older: frozenset[Transaction]) -> int:
    """See that nothing speaks against it any more, and read which number the table gives out next.

    Raises Held, and Unfit where it has too many rows to be carried over, or is gone or tied.
    """
    if older:
        raise Held
    live = qualified(places.live)
    (rows,) = session.one(f"SELECT COUNT(*) FROM (SELECT 1 FROM {live} LIMIT {MOST + 1}) AS t")
    if rows > MOST:
        raise Unfit(f"more than {MOST:,} rows were written to it since")
    table = catalog.definition(session, places.live)
    if why := tied(table) if table else "it is gone":
        raise Unfit(why)
    return counter(definition(session, places.live))


def definition(connection: Statements | Session, table: TableRef) -> str:
    """Read the server's own statement."""
    ((_name, statement),) = connection.rows(f"SHOW CREATE TABLE {qualified(table)}")
    return str(statement)


def counter(statement: str) -> int:
    """Say which number a table gives out next."""
    found = COUNTER.search(statement)
    return int(found[1]) if found else 1
