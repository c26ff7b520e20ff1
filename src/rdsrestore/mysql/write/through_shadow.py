"""A table that has none of a dump's rows, and few of its own, takes them by way of a shadow that then has its place.

Whatever is in the way of that, the live table is as it was, and is loaded into as any other.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from rdsrestore.diff.parallel import each_done
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.outcome.load_result import TableLoad
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.dump_file import Fingerprint
from rdsrestore.domain.tables.target import Target
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.dump import chunks
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.merge.bare import bare_table
from rdsrestore.mysql.merge.batches import Pacing
from rdsrestore.mysql.merge.merge_context import MergeContext
from rdsrestore.mysql.merge.shadow import shadow_table
from rdsrestore.mysql.merge.shadow.cut_over import cut_over
from rdsrestore.mysql.merge.shadow.exchange import Exchange
from rdsrestore.mysql.merge.shadow.pinned import Pinned
from rdsrestore.mysql.merge.shadow.places import Places, State
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import Session
from rdsrestore.mysql.session.login.pool import Logins
from rdsrestore.mysql.session.remote import RemoteExecutor
from rdsrestore.mysql.session.waiting import HELD
from rdsrestore.mysql.write import direct, preflight_conflicts
from rdsrestore.ports.progress import Progress

CHECKERS = 2
"""Ranges whose checksums are taken at a time."""


@dataclass(frozen=True)
class Load:
    """What a load needs beside the table's own sides."""

    logins: Logins
    store: DumpStore
    pacing: Pacing
    progress: Progress
    remote: RemoteExecutor | None


def load(work: Load, context: MergeContext, target: Target) -> bool:
    """Bring all rows into the live table by an exchange; False where they have to go into it one by one.

    Safe to repeat: what was done is seen from the tables that are there.
    """
    places = Places(context.schema, context.live.ref)
    with work.logins.borrowed() as session:
        found = shadow_table.settled(session, places)
        if found is State.OVER:
            return True
        if found is State.FILLING and shadow_table.carrying(session, places):
            shadow_table.take_away(session, places)
            found = shadow_table.settled(session, places)
            if found is State.OVER:
                return True
        if found is State.NOTHING and (why := begun(session, work, context, target)):
            return given_up(session, work, places, why)
    if why := filled(work, context, target, places):
        with work.logins.borrowed() as session:
            return given_up(session, work, places, why)
    work.pacing.hold()
    with work.logins.borrowed() as session:
        exchange = exchange_of(session, work, context)
        work.progress(f"{context.live.ref.table}: all rows are in and checked; taking the table's place", None)
        if why := cut_over(exchange, lambda: Pinned(work.logins.login), session, work.progress):
            return given_up(session, work, places, why)
        shadow_table.finish(session, places)
    return True


def exchange_of(session: Session, work: Load, context: MergeContext) -> Exchange:
    """Lay out what is exchanged."""
    mariadb = "mariadb" in session.greeted.lower()
    return Exchange(Places(context.schema, context.live.ref), context.live, mariadb, work.pacing.held_up)


def begun(session: Session, work: Load, context: MergeContext, target: Target) -> str:
    """Make the shadow, without the indexes that can wait; says what is in the way where anything is."""
    places = Places(context.schema, context.live.ref)
    if direct.loaded(session, context).rows:
        return "rows of the backup are in it already"
    known = preflight_conflicts.foreseeable(context.live, target.dump)
    if known and (taken := preflight_conflicts.conflicts(session, context, work.store, target.dump)):
        return f"some rows will be left alone: {taken[0].reason}"
    try:
        shadow = shadow_table.begin(session, places, context.live)
    except DatabaseError as error:
        if error.code in HELD:
            raise
        return error.what
    bare_table.take_off(session, context.schema, shadow)
    return ""


def given_up(session: Session, work: Load, places: Places, why: str) -> bool:
    """Take the shadow away, and say why."""
    shadow_table.give_up(session, places, why)
    work.progress(f"{places.live.table}: the rows go into the table itself: {why}", None)
    return False


def filled(work: Load, context: MergeContext, target: Target, places: Places) -> str:
    """Fill the shadow, give it its indexes, and prove that it has the dump's rows; says why it can't be used."""
    shadow = shadow_table.beside(context.live, places)
    beside = replace(context, live=shadow)
    direct.fill(work.logins, beside, target, work.store, work.pacing, work.progress, work.remote)
    work.pacing.hold()
    with work.logins.borrowed() as session:
        if not bare_table.put_back(session, context.schema, places.shadow, work.progress):
            return bare_table.DOUBLES
        work.progress(f"{context.live.ref.table}: comparing its rows with the copy's checksum", None)
        if content(session, work.logins, shadow, target) != target.dump.content:
            return "not every row of the backup fits"
    return ""


def content(session: Session, logins: Logins, table: TableDefinition, target: Target) -> Fingerprint:
    """Take the fingerprint of a table that is the size of a dump, range by range, some at a time."""
    sized = target.dump.definition

    def take(condition: str | None) -> Fingerprint:
        with logins.borrowed() as own:
            return row_hash.fingerprint(own, qualified(table.ref), table.base_columns, condition, index=table.key_index)

    with ThreadPoolExecutor(CHECKERS, thread_name_prefix="checker") as pool:
        ranges = chunks.cut(session, table, None, sized)
        return sum(each_done(ranges, lambda each: pool.submit(take, each), CHECKERS), Fingerprint(0, 0))


def loaded(session: Session, context: MergeContext) -> TableLoad:
    """Say what has been written so far, and by which way."""
    how = shadow_table.told(session, Places(context.schema, context.live.ref))
    return replace(direct.loaded(session, context), how=how)
