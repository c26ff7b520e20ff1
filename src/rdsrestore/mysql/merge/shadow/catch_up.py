"""Carry the live table's rows over before it is locked, look by look, until little enough is left for under the lock.

A look is all of the live table's rows at one moment, kept in the scratch schema. What differs from the look before is
taken out of the shadow and put in, so that the shadow has just the last look's rows beside the restored ones. The
statements under the lock are the same, with the live table itself for the last look: how long a look takes to be
carried over is how long the application would wait.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from rdsrestore.domain.ids import TableRef
from rdsrestore.mysql.merge.bare.left_out import left_out, without
from rdsrestore.mysql.merge.shadow.exchange import Exchange
from rdsrestore.mysql.merge.shadow.moment import Unfit
from rdsrestore.mysql.merge.shadow.pinned import Statements
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import Session

LOOKS = 6
"""Looks that are taken at most before a lock is tried, or given up."""


@dataclass(frozen=True)
class Carried:
    """What the shadow has of the live table: the rows of the table `seen`, and how many these are.

    `spare` is the table for the next look.
    """

    seen: TableRef
    spare: TableRef
    rows: int = 0


def begin(session: Session, exchange: Exchange) -> Carried:
    """Make the tables of the looks, empty and with their primary key alone: nothing is carried over yet."""
    tables = exchange.places.looks
    for each in tables:
        session.run(f"DROP TABLE IF EXISTS {qualified(each)}")
        session.run(f"CREATE TABLE {qualified(each)} LIKE {qualified(exchange.places.live)}")
        if indexes := left_out(exchange.live):
            session.run(f"ALTER TABLE {qualified(each)} {without(indexes)}")
    return Carried(*tables)


def catch_up(exchange: Exchange, carried: Carried, holder: Statements) -> Carried:
    """Carry over until a look takes no longer than the application may wait. Raises Unfit, DatabaseError."""
    seconds = 0.0
    for _look in range(LOOKS):
        carried, seconds = look(exchange, carried, holder)
        if seconds <= exchange.enough:
            return carried
    raise Unfit(f"what is written to it meanwhile takes {seconds:.2f} s to carry over, for which others would wait")


def look(exchange: Exchange, carried: Carried, holder: Statements) -> tuple[Carried, float]:
    """Look once, and carry over what is new since the last look; returns how many seconds that took."""
    seen, now = carried.seen, carried.spare
    holder.run(f"DELETE FROM {qualified(now)}")
    holder.run(exchange.looked(now))
    begun = time.monotonic()
    holder.run("START TRANSACTION")
    rows = carried.rows + moved(exchange, seen, now, holder)
    holder.run("COMMIT")
    return Carried(now, seen, rows), time.monotonic() - begun


def moved(exchange: Exchange, seen: TableRef, now: TableRef, holder: Statements) -> int:
    """Have the shadow hold the rows of `now` in place of those of `seen`; returns how many more these are."""
    gone = holder.run(exchange.gone(seen, now))
    return holder.run(exchange.come(seen, now)) - gone
