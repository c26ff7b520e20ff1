"""Write one act of the plan to production, a bounded transaction at a time, guarded by what each row is expected to be.

Plain INSERT, UPDATE and DELETE by key: never REPLACE, IGNORE or ON DUPLICATE KEY, which touch rows that nobody named. A
statement changes only rows that still are what the plan found, and in the same transaction the plan notes which ones
became what they should: what was written since is left alone, and an answer that was lost is neither repeated nor
forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import tenacity

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.request.merge_policy import OnConflict
from rdsrestore.domain.tables.definition import Column, ForeignKey
from rdsrestore.domain.tables.rows import Act, Provenance
from rdsrestore.mysql.merge.batches import LineRange, Pacing, paced
from rdsrestore.mysql.merge.merge_context import MergeContext, chosen, points_to
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.error_text import reason
from rdsrestore.mysql.session.errors import UNFIT, number_of, words_of
from rdsrestore.mysql.session.login.connection import Session, quoted
from rdsrestore.mysql.write import keyless_delete
from rdsrestore.mysql.write.keyless_delete import WRITTEN
from rdsrestore.mysql.write.rewriting_triggers import end_where_rewritten, try_first_without_key

T = TypeVar("T")


SIGNALLED = 1644


WAITS = frozenset({1062, 1216, 1217, 1451, 1452})
"""What another row of the run may put right: a key to be given up, a parent to come, a child to go."""


PARENTS = frozenset({1216, 1452})


TRIES = 8


POINTED_TO = "rows that are not restored point to it"


@dataclass(frozen=True)
class Way:
    """How to go through the plan.

    `trial` inserts into the probe and notes nothing, `wait` leaves a row that another one holds up for the next round,
    `down` goes from the last line to the first, and `pacing` says how fast.
    """

    act: Act
    trial: bool = False
    wait: bool = False
    down: bool = False
    pacing: Pacing = field(default_factory=Pacing)


def walk(session: Session, context: MergeContext, way: Way) -> Iterator[int]:
    """Go through the plan's lines of one act once; yields how many are behind."""
    first, last = session.one(f"SELECT MIN(l.rr_n), MAX(l.rr_n) FROM {context.plan} AS l WHERE {chosen(way.act)}")
    if first is None:
        return

    def work(lines: LineRange) -> None:
        settle(session, context, lines, way)

    if context.keyless and way.act is Act.INSERT and not way.trial:
        which = f"{LineRange(int(first), int(first)).condition} AND {chosen(way.act)}"
        write = partial(run_all, session, context, which, way)
        way.pacing.hold()
        patiently(lambda: try_first_without_key(session, context, which, write))
    yield from paced(int(first), int(last), work, down=way.down, pacing=way.pacing)


def settle(session: Session, context: MergeContext, lines: LineRange, way: Way) -> None:
    """Write one range, halving it down to the row that does not fit."""
    try:
        patiently(lambda: transact(session, context, lines, way))
    except DatabaseError as error:
        number = number_of(error)
        if number not in UNFIT and error.code != "db.rewritten":
            raise
        if way.wait and number in PARENTS and not ready(session, context, lines, way.act):
            return
        if lines.low == lines.high:
            if error.code == "db.rewritten":
                which = f"{lines.condition} AND {chosen(way.act)}"
                write = partial(run_all, session, context, which, way)
                end_where_rewritten(session, context, lines, way.act, write)
            if not (way.wait and number in WAITS):
                mark(session, context, lines, way, error)
            return
        halves = lines.halves()
        for half in reversed(halves) if way.down else halves:
            settle(session, context, half, way)


def patiently(act: Callable[[], T]) -> T:
    """Repeat a transaction that a lock or a deadlock threw back; returns what the last try does.

    Each try starts from what the plan says is still to do.
    """
    retry = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, DatabaseError) and error.retryable),
        stop=tenacity.stop_after_attempt(TRIES),
        wait=tenacity.wait_random_exponential(multiplier=0.1, max=5),
        reraise=True,
    )
    return retry(act)


def transact(session: Session, context: MergeContext, lines: LineRange, way: Way) -> None:
    """Write one range in one transaction.

    Raises DatabaseError with code `db.rewritten` where the server changed what it was given.
    """
    which = f"{lines.condition} AND {chosen(way.act)}"
    with session.transaction():
        if way.trial:
            session.run(trial(context, which))
            return
        if context.keyless and way.act is Act.DELETE:
            stop_at_conflict(context, keyless_delete.take_away(session, context, which))
            return
        written = run_all(session, context, which, way)
        done, unfit = check_off(session, context, lines, way)
        if done != written:
            who = "a trigger" if context.live.triggers else "production"
            by_itself = f"{who} changed the row while it was written"
            raise DatabaseError("load", WRITTEN if done > written else by_itself, code="db.rewritten")
        stop_at_conflict(context, unfit)


def stop_at_conflict(context: MergeContext, unfit: int) -> None:
    """Raise DatabaseError with code `conflict.stop` where rows do not fit and the policy is to stop then."""
    if unfit and context.policy.on_conflict is OnConflict.STOP:
        raise DatabaseError(
            f"load {context.live.ref}",
            f"{unfit} rows were written by others since the preview, and --on-conflict stop says not to go on",
            "run the same command again: what was put back stays, and the rest is compared anew",
            code="conflict.stop",
        )


def run_all(session: Session, context: MergeContext, which: str, way: Way) -> int:
    """Write one range; returns how many rows the server says that it wrote."""
    return sum(session.run(statement) for statement in statements(context, which, way))


def statements(context: MergeContext, which: str, way: Way) -> Iterator[str]:
    """Write the statements of one range."""
    if way.act is Act.INSERT:
        yield insert(context, which, down=way.down)
    elif way.act is Act.DELETE:
        yield f"USE {quoted(context.live.ref.database)}"  # servers want one selected where an alias is deleted from
        yield delete(context, which)
    else:
        yield update(context, f"{which} AND l.rr_story <> '{Provenance.MERGED}'", merged=False)
        if context.policy.three_way:
            yield update(context, f"{which} AND l.rr_story = '{Provenance.MERGED}'", merged=True)


def insert(context: MergeContext, which: str, *, down: bool) -> str:
    """Insert rows whose key is absent."""
    still = "" if context.keyless else f" LEFT JOIN {context.target} AS p ON {context.meet('l', 'p')}"
    free = "" if context.keyless else f" AND {context.absent()}"
    return (
        f"INSERT INTO {context.target} ({context.names}) SELECT {context.of('s')} FROM {context.by_line}"
        f" STRAIGHT_JOIN {context.source} AS s ON {context.meet('s', 'l')}{still}"
        f" WHERE {which}{free} ORDER BY l.rr_n{' DESC' if down else ''}"
    )


def trial(context: MergeContext, which: str) -> str:
    """Insert rows into the probe, as they would be."""
    return (
        f"INSERT INTO {context.probe} ({context.names}) SELECT {context.of('s')} FROM {context.by_line}"
        f" STRAIGHT_JOIN {context.source} AS s ON {context.meet('s', 'l')} WHERE {which} ORDER BY l.rr_n"
    )


def update(context: MergeContext, which: str, *, merged: bool) -> str:
    """Give rows their restored values; every column is named, so that none follows the clock."""
    after = f" STRAIGHT_JOIN {context.after} AS a ON {context.meet('a', 'l')}" if merged else ""
    sets = [
        f"p.{quoted(column.name)} = {context.wanted(column, merged=merged)}"
        for column in context.carried
        if column.name not in context.key or spelled(column)
    ]
    sets += [
        f"p.{quoted(column.name)} = p.{quoted(column.name)}"
        for column in context.live.base_columns
        if column.on_update and column not in context.carried
    ]
    return (
        f"UPDATE {context.by_line} STRAIGHT_JOIN {context.target} AS p ON {context.meet('l', 'p')}"
        f" STRAIGHT_JOIN {context.source} AS s ON {context.meet('s', 'l')}{after}"
        f" SET {', '.join(sets)} WHERE {which} AND {context.digest('p')} = l.rr_before"
    )


def spelled(column: Column) -> bool:
    """Whether two values can be equal and yet be written differently."""
    return bool(column.collation and not column.collation.endswith("_bin"))


def delete(context: MergeContext, which: str, *, guard: bool = True) -> str:
    """Delete rows that no other row points to, and that are what was found where nobody else has seen to that."""
    lines = context.by_line if guard else f"{context.plan} AS l"
    joins, free = "", f" AND {context.digest('p')} = l.rr_before" if guard else ""
    for number, key in enumerate((*context.live.referenced_by, *own_keys(context))):
        other = f" AND NOT ({context.meet('p', f'c{number}')})" if key.child == context.live.ref else ""
        joins += f" LEFT JOIN {qualified(key.child)} AS c{number} ON {points_to(key, 'p', f'c{number}')}{other}"
        free += f" AND c{number}.{quoted(key.columns[0])} IS NULL"
    joined = f"{lines} STRAIGHT_JOIN {context.target} AS p ON {context.meet('l', 'p')}{joins}"
    return f"DELETE p FROM {joined} WHERE {which}{free}"


def check_off(session: Session, context: MergeContext, lines: LineRange, way: Way) -> tuple[int, int]:
    """Note of a range's rows what production has now: done where it is what it should be, else in conflict.

    Returns how many are done and how many are in conflict.
    """
    which = f"{lines.condition} AND {chosen(way.act)}"
    if context.keyless:
        return session.run(f"UPDATE {context.by_line} SET l.rr_st = 'done' WHERE {which}"), 0
    count = (
        "SELECT COALESCE(SUM(l.rr_st = 'done'), 0), COALESCE(SUM(l.rr_st = 'conflict'), 0)"
        f" FROM {context.by_line} WHERE {lines.condition} AND l.rr_act = '{way.act}'"
    )
    before = session.one(count)
    as_found = f"{context.digest('p')} = l.rr_before"
    if way.act is Act.DELETE:
        right = context.absent()
        why = f"IF({as_found}, '{POINTED_TO}', '{WRITTEN}')"
        left = f"IF({as_found}, 'todo', 'conflict')" if way.wait else "'conflict'"
    else:
        right = f"{context.digest('p')} <=> l.rr_after"
        why, left = f"'{WRITTEN}'", "'conflict'"
    session.run(
        f"UPDATE {context.by_line} LEFT JOIN {context.target} AS p ON {context.meet('l', 'p')}"
        f" SET l.rr_why = IF({right}, NULL, {why}), l.rr_st = IF({right}, 'done', {left}) WHERE {which}"
    )
    after = session.one(count)
    return int(after[0]) - int(before[0]), int(after[1]) - int(before[1])


def mark(session: Session, context: MergeContext, lines: LineRange, way: Way, error: DatabaseError) -> None:
    """Mark one row as one that does not fit, with the server's reason."""
    words = "a trigger refused it" if number_of(error) == SIGNALLED else words_of(error)
    session.run(
        f"UPDATE {context.by_line} SET l.rr_st = 'conflict', l.rr_why = %s"
        f" WHERE {lines.condition} AND {chosen(way.act)}",
        (reason(words),),
    )


def own_keys(context: MergeContext) -> tuple[ForeignKey, ...]:
    """The foreign keys by which a table references itself."""
    return tuple(key for key in context.live.references if key.parent == context.live.ref)


def ready(session: Session, context: MergeContext, lines: LineRange, act: Act) -> bool:
    """Whether any row of a range that is still to do has its parents in the table by now, or needs none."""
    conditions = [
        f"({' OR '.join(f's.{quoted(name)} IS NULL' for name in key.columns)}"
        f" OR EXISTS (SELECT 1 FROM {qualified(key.parent)} AS q WHERE {points_to(key, 'q')}))"
        for key in context.live.references
    ]
    return bool(
        session.rows(
            f"SELECT 1 FROM {context.by_line} STRAIGHT_JOIN {context.source} AS s ON {context.meet('s', 'l')}"
            f" WHERE {lines.condition} AND {chosen(act)} AND {' AND '.join(conditions)} LIMIT 1"
        )
    )
