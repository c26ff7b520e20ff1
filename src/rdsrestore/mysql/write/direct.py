"""A table that has none of a dump's rows takes the dump as it is: statement by statement, several at a time.

What guards rows that others write meanwhile is the plain INSERT itself: a key that is taken is an error, the statement
is halved down to the row that does not fit, and that row is left alone. LOAD DATA, where it may be used, counts only if
the server took every row as it is. Each transaction notes what it wrote, so that
an answer that was lost is neither repeated nor forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain

from rdsrestore.diff.parallel import each_done
from rdsrestore.diff.worker_pool import WorkerPool
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.outcome.load_result import SavedTable, TableLoad
from rdsrestore.domain.request.merge_policy import Merge, OnConflict
from rdsrestore.domain.tables.definition import TableDefinition, trigger_notes
from rdsrestore.domain.tables.dump_file import DumpFile
from rdsrestore.domain.tables.rows import Act, Conflict, Group, PlanLine, Provenance, Relation, TableDifference
from rdsrestore.domain.tables.target import Target
from rdsrestore.mysql.dump import bulk
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.dump.statements import Statement, Unlike, Write, feed, statements
from rdsrestore.mysql.merge import staging, target_table
from rdsrestore.mysql.merge.bare import bare_table
from rdsrestore.mysql.merge.batches import Pacing
from rdsrestore.mysql.merge.merge_context import MergeContext
from rdsrestore.mysql.merge.plan import count, lost_children
from rdsrestore.mysql.merge.shadow.places import Places
from rdsrestore.mysql.pace.batch_size import FULL, BatchSize
from rdsrestore.mysql.pace.turns import Turns
from rdsrestore.mysql.schema import catalog, ddl
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import Session
from rdsrestore.mysql.session.login.pool import Logins
from rdsrestore.mysql.session.remote import Credential, RemoteExecutor, decrypt
from rdsrestore.mysql.write import preflight_conflicts
from rdsrestore.mysql.write.merged import patiently, stop_at_conflict
from rdsrestore.ports.progress import Progress


def fits(session: Session, target: Target, live: TableDefinition) -> bool:
    """Whether a table can take its dump as it is: of the same shape, and without any of its rows.

    Nothing else may follow from inserting them: no trigger, no parent to look for, no value to be corrected. Each
    value has to be one that a literal writes.
    """
    then = target.dump.definition
    dump = target.dump
    bound = live.references or live.triggers or any(column.generated for column in live.columns)
    plain = bool(dump.rows) and not (target.after or target.undo or bound)
    plain = plain and not (dump.floats or dump.unlabelled or dump.unchecked)
    if not plain or unfiltered(target) or not then.key or not ddl.same_shape(live, then):
        return False
    if staging.oversize(session, dump):  # what does not fit into a packet as it is written can be shortened for staging
        return False
    if apart(target):
        return target.policy.on_conflict is not OnConflict.STOP or preflight_conflicts.foreseeable(live, target.dump)
    return not session.rows(f"SELECT 1 FROM {qualified(live.ref)} LIMIT 1")


def unfiltered(target: Target) -> bool:
    """Whether the dump has rows that the filter leaves out, which are needed to tell newer ones."""
    return target.policy.where is not None and target.policy.merge is Merge.EXACT


def apart(target: Target) -> bool:
    """Whether the dump has just those rows whose keys production has not: where keys alone were compared."""
    known = target.located is not None and target.located.common is not None and not target.located.stale
    return known and target.policy.merge is Merge.MISSING


def notes(context: MergeContext) -> str:
    """Name the table that says which of the dump's statements are written: to the table itself, or to its shadow."""
    places = Places(context.schema, context.then.ref)
    return qualified(places.filled if context.live.ref == places.shadow else places.whole)


def prepare(session: Session, context: MergeContext, dump: DumpFile, store: DumpStore) -> None:
    """Prove the file, and begin the notes: `n` is where a statement begins in the file."""
    staging.refuse_changed(store, dump)
    session.run(f"DROP TABLE IF EXISTS {notes(context)}")
    session.run(
        f"CREATE TABLE {notes(context)} (n BIGINT UNSIGNED NOT NULL PRIMARY KEY, done BIGINT UNSIGNED NOT NULL,"
        " unfit BIGINT UNSIGNED NOT NULL, why VARCHAR(250) NULL, ended BOOLEAN NOT NULL)"
        " ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4"
    )


def difference(session: Session, context: MergeContext, target: Target, store: DumpStore) -> TableDifference:
    """Sum up: every row of the dump is missing; rows that others wrote since are production's alone."""
    dump, located = target.dump, target.located
    counted = located.live if located and not located.stale else None
    live = count(session, context.live.ref) if counted is None else counted
    common = (located.common or 0) if located else 0
    known = live and preflight_conflicts.foreseeable(context.live, dump)
    conflicts = preflight_conflicts.conflicts(session, context, store, dump) if known else ()
    missing = dump.rows - sum(each.rows for each in conflicts)
    groups = [Group(Relation.MISSING, Provenance.UNKNOWN, Act.INSERT, missing, preflight_conflicts.sample(store, dump))]
    groups += [Group(Relation.EXTRA, Provenance.UNKNOWN, Act.KEEP, live - common)] if live > common else []
    return TableDifference(
        context.then.ref,
        context.live.ref,
        restored=target.rows_then,
        live=live,
        groups=tuple(groups),
        conflicts=conflicts,
        children=lost_children(session, context, target),
        unseen=common,
        notes=(
            *trigger_notes(context.then, context.live),
            *((preflight_conflicts.UNKNOWN,) if live and not known else ()),
            *(located.notes if located else ()),
        ),
        digest=print_of(target),
    )


def print_of(target: Target) -> str:
    """The plan's digest: this very file."""
    return f"whole {target.dump.sha256}"


def save(context: MergeContext, target: Target) -> SavedTable:
    """Name what the way back rests on: the dump itself, since every row of it is new to production."""
    names = tuple(column.name for column in context.columns)
    return SavedTable(context.live.ref, context.then.key, names, target.dump, direct=True)


def load(
    logins: Logins,
    context: MergeContext,
    target: Target,
    store: DumpStore,
    pacing: Pacing,
    progress: Progress,
    remote: RemoteExecutor | None = None,
) -> None:
    """Write the dump's statements; a new table gets its indexes once all rows are in, where that may be.

    Where rows share what has to be unique, it is filled again with all indexes: then these rows are left alone.
    """
    schema, place = context.schema, context.live.ref

    def begin_again(session: Session) -> None:
        written = loaded(session, context).inserted
        bare_table.begin_again(session, schema, place, written, lambda: session.run(f"DELETE FROM {notes(context)}"))

    with logins.borrowed() as session:
        note = bare_table.noted(session, schema, place)
        if note and note.emptied:
            begin_again(session)
        elif pacing.long and place != context.then.ref and target_table.made(session, schema, place):
            bare_table.take_off(session, schema, context.live)
    fill(logins, context, target, store, pacing, progress, remote)
    pacing.hold()
    with logins.borrowed() as session:
        if bare_table.put_back(session, schema, place, progress):
            return
        begin_again(session)
    fill(logins, context, target, store, pacing, progress, remote)


def fill(
    logins: Logins,
    context: MergeContext,
    target: Target,
    store: DumpStore,
    pacing: Pacing,
    progress: Progress,
    remote: RemoteExecutor | None,
) -> None:
    """Write the dump's statements that no note says to be written, some rows of each in a transaction."""
    last = max(target.dump.span[1], 1)
    staging.refuse_changed(store, target.dump)
    with logins.borrowed() as session:
        ended = {int(place) for (place,) in session.stream(f"SELECT n FROM {notes(context)} WHERE ended")}
        text = bulk.statement(context.live, target.dump.definition) if bulk.allowed(session, context.live) else ""

    def waiting() -> Iterator[Statement]:
        for statement in statements(store, target.dump.path, context.target, text):
            share = statement.place / last
            progress(f"{context.live.ref.table}: {share:.0%} of {target.dump.rows:,} rows", share)
            if statement.place not in ended:
                pacing.hold()
                yield statement

    def write(given: Iterator[Statement]) -> None:
        first = next(given, None)  # whoever has nothing to write needs no login
        if first is None:
            return
        with logins.borrowed() as session:
            for statement in chain([first], given):
                put(session, context, statement, pacing.turns)

    if remote:
        given = remote.admit(logins.login, f"load {context.live.ref}")
        write_elsewhere(waiting(), context, remote, given, pacing)
        return
    with WorkerPool(pacing.writers, write) as workers:
        for statement in waiting():
            workers.give(statement)


def write_elsewhere(
    waiting: Iterator[Statement], context: MergeContext, remote: RemoteExecutor, given: Credential, pacing: Pacing
) -> None:
    """Have workers write statements; the notes see to it that one which is done twice is written once."""
    batch = pacing.turns.size()

    def submit(each: Statement) -> Future[None]:
        return remote.executor.submit(task, given, context, replace(each, values=remote.encrypt(each.values)), batch)

    for _done in each_done(waiting, submit, remote.size if batch is FULL else batch.writers):
        pass


def task(given: Credential, context: MergeContext, sealed: Statement, batch: BatchSize) -> None:
    """On a worker: write one statement."""
    with given.logins().borrowed() as session:
        put(session, context, replace(sealed, values=decrypt(sealed.values)), Turns(lambda: batch))


def put(session: Session, context: MergeContext, statement: Statement, turns: Turns) -> None:
    """Write one statement, some rows at a turn, with the rests that the turns have."""
    done = False
    while not done:
        with turns.turn() as batch:
            done = written(session, context, statement, batch.rows)


def written(session: Session, context: MergeContext, statement: Statement, most: int | None) -> bool:
    """Write the statement's next rows; returns whether it is done."""
    with suppress(Unlike):
        if statement.bulk:
            return patiently(lambda: transact(session, context, statement, most, feed))
    fitting = partial(preflight_conflicts.insert, context)
    return patiently(lambda: transact(session, context, statement, most, fitting))


def transact(session: Session, context: MergeContext, statement: Statement, most: int | None, write: Write) -> bool:
    """Write the rows that follow those which are noted, and note what came of them; returns whether these are all."""
    with session.transaction():
        place = f"WHERE n = {statement.place}"
        found = session.rows(f"SELECT done + unfit, ended FROM {notes(context)} {place} FOR UPDATE")
        behind, ended = found[0] if found else (0, 0)
        if ended:
            return True
        part, last = statement.after(int(behind), most)
        done, unfit, why = write(session, part)
        stop_at_conflict(context, unfit)
        if found:
            session.run(
                f"UPDATE {notes(context)} SET done = done + %s, unfit = unfit + %s, why = COALESCE(%s, why), ended = %s"
                f" {place}",
                (done, unfit, why or None, last),
            )
        else:
            values = (statement.place, done, unfit, why or None, last)
            session.run(f"INSERT INTO {notes(context)} VALUES (%s, %s, %s, %s, %s)", values)
        return last


def loaded(session: Session, context: MergeContext) -> TableLoad:
    """Say what has been written so far."""
    (done,) = session.one(f"SELECT COALESCE(SUM(done), 0) FROM {notes(context)}")
    found = session.rows(f"SELECT why, SUM(unfit) FROM {notes(context)} WHERE unfit > 0 GROUP BY why ORDER BY 2 DESC")
    return TableLoad(
        context.live.ref, inserted=int(done), conflicts=tuple(Conflict(str(why), int(rows)) for why, rows in found)
    )


def lines(session: Session, context: MergeContext) -> Iterator[PlanLine]:
    """Yield the rows that are not in the table, once some were left alone and the dump was staged to find them."""
    if not catalog.exists(session, TableRef(context.schema, context.then.ref.table)):
        return
    why = " or ".join(sorted(conflict.reason for conflict in loaded(session, context).conflicts))
    found = session.stream(
        f"SELECT {context.keys('s')} FROM {context.source} AS s"
        f" LEFT JOIN {context.target} AS p ON {context.meet('s', 'p')}"
        f" WHERE NOT ({context.digest('s')} <=> {context.digest('p')})"
    )
    for key in found:
        literals = tuple(map(session.literal, key))
        yield PlanLine(literals, Relation.MISSING, Provenance.UNKNOWN, Act.INSERT, "conflict", why)
