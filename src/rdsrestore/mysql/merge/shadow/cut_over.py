"""Put a filled shadow in the live table's place, with all rows that were written to that meanwhile.

Its rows are carried over; then it is locked, what has changed since follows, and one RENAME exchanges both before
anybody else gets the lock.
MySQL renames tables that the same connection has locked. MariaDB does not (error 1192): there another connection's
RENAME waits for the lock, and a table of the former one's name keeps it from being made before all rows are over.
Whatever ends our connections in between leaves the live table as it was.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.mysql.merge.bare import bare_table
from rdsrestore.mysql.merge.shadow import catch_up, shadow_table
from rdsrestore.mysql.merge.shadow.catch_up import Carried
from rdsrestore.mysql.merge.shadow.exchange import Exchange
from rdsrestore.mysql.merge.shadow.moment import Held, Transaction, Unfit, counter, definition, look_first, still_open
from rdsrestore.mysql.merge.shadow.pinned import Statements
from rdsrestore.mysql.merge.shadow.places import Places
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.errors import number_of
from rdsrestore.mysql.session.login import process_list
from rdsrestore.mysql.session.login.connection import Session
from rdsrestore.mysql.session.waiting import AWAY
from rdsrestore.ports.progress import Progress

POLLED, POLL = 0.5, 0.002
"""Seconds for which a lock that never waits is asked for, and between two of these questions."""
RESTS = (0.3, 0.7, 1.5, 3.0, 5.0)
"""Seconds between two tries to get the lock."""
GONE = 5.0
"""Seconds within which a connection of ours that was closed has to be gone."""
HELD = frozenset({1205, 1213, 1317, 1969, 3024, 3572})
"""Errors of a statement that did not get its lock in time, or was ended for that."""
DUPLICATE = 1062
TAKEN = "rows that were written since share a key, or a unique value, with restored ones"
WAITS = "Waiting for table metadata lock"


def cut_over(exchange: Exchange, dial: Callable[[], Statements], session: Session, progress: Progress) -> str:
    """Exchange the tables; says why not where that can't be: then the live table is as it was, and the shadow is not.

    DatabaseError where production goes away: what came of it is seen from the tables.
    """
    name = exchange.places.live.table
    shadow_table.mark_carrying(session, exchange.places)
    carried = catch_up.begin(session, exchange)
    older: frozenset[Transaction] | None = None
    for rest in RESTS:
        try:
            older = still_open(session, older)
            number = look_first(session, exchange.places, older)
            if exchange.counting:
                set_counter(session, exchange.places, number)
            with connections(exchange, dial, session) as (holder, other):
                carried = catch_up.catch_up(exchange, carried, holder)
                begun = time.monotonic()
                rows = once(exchange, carried, holder, other)
                taken = time.monotonic() - begun
        except Unfit as error:
            return str(error)
        except Held:
            progress(f"{name}: waiting for a moment in which nobody holds the table", None)
            time.sleep(rest)
        else:
            text = f"{name}: its place is taken, with {rows:,} rows written since, which took {taken:.2f} s"
            progress(text, None)
            complete(exchange, session, rows)
            return ""
    return f"in {len(RESTS)} tries there was no moment in which nobody held it"


@contextmanager
def connections(
    exchange: Exchange, dial: Callable[[], Statements], session: Session
) -> Iterator[tuple[Statements, Statements]]:
    """Log in twice; whatever ends the try ends both, and with them what was not committed. Raises Held, Unfit."""
    held = False
    with ExitStack() as stack:
        holder, other = (stack.enter_context(closing(dial())) for _each in range(2))
        try:
            yield holder, other
        except DatabaseError as error:
            if error.code in AWAY:
                raise
            if number_of(error) not in HELD:
                raise Unfit(TAKEN if number_of(error) == DUPLICATE else error.what) from error
            held = True
        except Held:
            held = True
    if held and exchange.mariadb:
        await_end(session, other.number)
        shadow_table.drop_sentry(session, exchange.places)
    if held:
        raise Held


def once(exchange: Exchange, carried: Carried, holder: Statements, other: Statements) -> int:
    """Try once; returns how many rows of the live table are in the shadow. Raises Held, Unfit, DatabaseError."""
    holder.run("SET SESSION lock_wait_timeout = 1, wait_timeout = 2, autocommit = 0")
    other.run("SET SESSION lock_wait_timeout = 1")
    return (on_mariadb if exchange.mariadb else on_mysql)(exchange, carried, holder, other)


def await_end(session: Session, number: int) -> None:
    """Wait until a connection is gone: a RENAME of its own must not find the name free. Raises Unfit."""
    until = time.monotonic() + GONE
    while any(each.number == number for each in session.through(process_list.read)):
        if time.monotonic() > until:
            raise Unfit("a statement of ours did not end")
        time.sleep(POLL)


def on_mysql(exchange: Exchange, carried: Carried, holder: Statements, other: Statements) -> int:
    """Lock, carry over, rename, unlock: all on one connection; the other one ends what takes too long before that."""
    with ended_after(exchange.patience, holder, other):
        holder.run(exchange.lock(carried.seen))
        rows = carried_over(exchange, carried, holder)
    with final():
        holder.run(exchange.places.rename)
    holder.run("UNLOCK TABLES")
    return rows


def on_mariadb(exchange: Exchange, carried: Carried, holder: Statements, other: Statements) -> int:
    """Lock, carry over, have the other connection's RENAME wait, and let it go by dropping the sentry."""
    holder.run(exchange.places.sentry)
    with ThreadPoolExecutor(1, thread_name_prefix="rename") as pool, closed_at_an_error(holder):
        locked(exchange.lock(carried.seen), holder)
        until = time.monotonic() + exchange.held_up
        with ended_after(exchange.patience, holder, other):
            rows = carried_over(exchange, carried, holder)
        renaming = pool.submit(other.run, exchange.places.rename)
        while not waits(holder, other.number):
            if renaming.done() or time.monotonic() > until:
                raise Held  # the RENAME finds the sentry once the lock is gone
        with final():
            holder.run(f"DROP TABLE {qualified(exchange.places.former)}")
            holder.run("UNLOCK TABLES")
            renaming.result()
    return rows


@contextmanager
def final() -> Iterator[None]:
    """Let nothing be tried again from here: what was carried over under the lock may be in the shadow. Raises Unfit."""
    try:
        yield
    except DatabaseError as error:
        if error.code in AWAY:
            raise
        raise Unfit(error.what) from error


@contextmanager
def closed_at_an_error(holder: Statements) -> Iterator[None]:
    """Give up the lock, and what was not committed under it, before anything else is waited for."""
    try:
        yield
    except BaseException:
        holder.close()
        raise


@contextmanager
def ended_after(seconds: float, holder: Statements, other: Statements) -> Iterator[None]:
    """End what the holder runs meanwhile where it takes longer. Raises Held."""
    over = threading.Event()

    def end() -> None:
        over.set()
        with suppress(DatabaseError):  # it ends by `lock_wait_timeout` then
            other.run(f"KILL QUERY {holder.number}")

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
    if over.is_set():
        raise Held  # nothing says which of the holder's statements is ended


def locked(lock: str, holder: Statements) -> None:
    """Lock as soon as nobody holds the table, without ever waiting for it: nobody waits behind us."""
    until = time.monotonic() + POLLED
    while True:
        try:
            holder.run(lock)
        except DatabaseError as error:
            if number_of(error) not in HELD or time.monotonic() > until:
                raise
            time.sleep(POLL)
        else:
            return


def carried_over(exchange: Exchange, carried: Carried, holder: Statements) -> int:
    """Carry over what has changed since, and the counter, in a transaction that the RENAME ends.

    Returns how many rows of the live table the shadow has then.

    The counter follows the rows; a number that was given out and is in no row has to be set, which is a statement more.
    """
    places = exchange.places
    live, shadow = definition(holder, places.live), definition(holder, places.shadow)
    if bare_table.body(live) != bare_table.body(shadow):
        raise Unfit("it was altered meanwhile")
    if exchange.counting:
        ((last,),) = holder.rows(exchange.last)
        if counter(live) > max(counter(shadow), int(last or 0) + 1):
            set_counter(holder, places, counter(live))
    return carried.rows + catch_up.moved(exchange, carried.seen, places.live, holder)


def set_counter(connection: Statements | Session, places: Places, number: int) -> None:
    """Have the shadow give out numbers from there on, or from beyond its rows."""
    connection.run(f"ALTER TABLE {qualified(places.shadow)} AUTO_INCREMENT = {number}")


def waits(holder: Statements, number: int) -> bool:
    """Whether a connection waits for a table: for the live one, whose lock is the first that a RENAME takes here."""
    text = f"SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = {number} AND STATE = '{WAITS}'"
    return bool(holder.rows(text))


def complete(exchange: Exchange, session: Session, carried: int) -> None:
    """Hold the former table against what was carried over, and leave it where it has other rows."""
    places = exchange.places
    (rows,) = session.one(f"SELECT COUNT(*) FROM {qualified(places.former)}")
    if rows != carried:
        shadow_table.forget(session, places)
        raise DatabaseError(
            f"load {places.live}",
            f"{carried:,} rows were carried over, and the former table has {rows:,}",
            f"look at {places.former}, which is left as it is: rows written at that moment may be there alone",
            code="load.left-behind",
        )
