"""Ranges of keys and of plan lines, so that no statement and no transaction is as large as the table."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import tenacity

from rdsrestore.core.errors import DatabaseError
from rdsrestore.core.ports import Progress
from rdsrestore.core.tables import ForeignKey
from rdsrestore.engines.mysql.connect import Row, Session, quoted
from rdsrestore.engines.mysql.faults import UNFIT, number_of
from rdsrestore.engines.mysql.tally import Tally, points_to

RANGE = 20_000
NO_PARENT, SIGNALLED = 1452, 1644
OWN_VALUES = (
    (re.compile(r"(?: entry|:)? '.*' for (column|key) ", re.DOTALL), r" for \1 "),
    (re.compile(r" for value .*", re.DOTALL), ""),
    (re.compile(r" at row \d+.*", re.DOTALL), ""),
    (re.compile(r"`(?:[^`]|``)*`\.`(?:[^`]|``)*_probe`"), "the table"),
    (re.compile(r"the table\.(`(?:[^`]|``)*`)"), r"\1"),
)
"""What a server's words say of one row, and what is left of it."""
BOTH_WAYS = 2
"""Rounds without any progress after which the rest has no parents: one up, one down."""
FIRST, SMALLEST, LARGEST = 500, 50, 20_000
GOAL = 0.3
"""Seconds that one transaction should take."""
TRIES = 8
STATEMENT_LENGTH = 200


@dataclass(frozen=True)
class Way:
    """How to fill.

    `keep` for the real landing, `wait` to leave a child whose parent is not there yet for the next round, `down` from
    the last key to the first.
    """

    keep: bool
    wait: bool = False
    down: bool = False


@dataclass(frozen=True)
class Span:
    """Lines of the plan from `low` to `high`, both included."""

    low: int
    high: int

    def halves(self) -> tuple[Span, Span]:
        """Cut it in two."""
        middle = (self.low + self.high) // 2
        return Span(self.low, middle), Span(middle + 1, self.high)


def ranges(session: Session, board: Tally) -> Iterator[str]:
    """Yield conditions on staging (s) that cut its keys into ranges, in order; each bound is a literal."""
    low: Row | None = None
    while True:
        after = f" WHERE {beyond(session, board, low, 's')}" if low else ""
        order = board.keys("s")
        found = session.rows(
            f"SELECT {order} FROM {board.staging} AS s{after} ORDER BY {order} LIMIT 1 OFFSET {RANGE - 1}"
        )
        high = found[0] if found else None
        parts = [beyond(session, board, low, "s")] if low else []
        parts += [f"NOT ({beyond(session, board, high, 's')})"] if high else []
        yield " AND ".join(parts) or "1 = 1"
        if high is None:
            return
        low = high


def beyond(session: Session, board: Tally, bound: Row, alias: str) -> str:
    """The condition that a key comes after a bound, written so that an index range is used."""
    names = [f"{alias}.{quoted(name)}" for name in board.key]
    values = [session.literal(value) for value in bound]
    steps = [
        " AND ".join(
            [*(f"{names[each]} = {values[each]}" for each in range(place)), f"{names[place]} > {values[place]}"]
        )
        for place in range(len(names))
    ]
    return "(" + " OR ".join(f"({step})" for step in steps) + ")"


def fill(session: Session, board: Tally, target: str, progress: Progress, *, keep: bool) -> int:
    """Insert the plan's rows that are still to do into `target`, in key order; returns how many statements it took.

    With `keep` each transaction also marks its rows as done, so that a statement whose answer was lost is neither
    repeated nor forgotten. A row that does not fit is marked as a conflict and the others go on. In a table that
    references itself a child waits for its parent, in as many rounds as that takes.
    """
    statements, idle, down = 0, 0, False
    left = to_do(session, board)
    while keep and own_parents(board) and left and idle < BOTH_WAYS:
        statements += walk(session, board, target, progress, Way(keep=keep, wait=True, down=down))
        before, left, down = left, to_do(session, board), not down
        idle = idle + 1 if left == before else 0
    return statements + (walk(session, board, target, progress, Way(keep=keep)) if left else 0)


def to_do(session: Session, board: Tally) -> int:
    """Count the rows that are still to be inserted."""
    (left,) = session.one(f"SELECT COUNT(*) FROM {board.plan} WHERE rr_act = 'insert' AND rr_st = 'todo'")
    return int(left)


def own_parents(board: Tally) -> tuple[ForeignKey, ...]:
    """The foreign keys by which a table references itself."""
    return tuple(key for key in board.live.references if key.parent == board.live.ref)


def ready(session: Session, board: Tally, span: Span) -> bool:
    """Whether any row of a span that is still to do has its parents in the table by now, or needs none."""
    conditions = [
        f"({' OR '.join(f's.{quoted(name)} IS NULL' for name in key.columns)}"
        f" OR EXISTS (SELECT 1 FROM {board.landing} AS q WHERE {points_to(key, 'q')}))"
        for key in own_parents(board)
    ]
    return bool(
        session.rows(
            f"SELECT 1 FROM {board.plan} AS l JOIN {board.staging} AS s ON {board.meet('s', 'l')}"
            f" WHERE {to_insert(span)} AND {' AND '.join(conditions)} LIMIT 1"
        )
    )


def to_insert(span: Span) -> str:
    """The condition for a span's rows of the plan (l) that are still to do."""
    return f"l.rr_n BETWEEN {span.low} AND {span.high} AND l.rr_act = 'insert' AND l.rr_st = 'todo'"


def walk(session: Session, board: Tally, target: str, progress: Progress, way: Way) -> int:
    """Go through the plan once, in transactions sized by how long they take."""
    (last,) = session.one(f"SELECT COALESCE(MAX(rr_n), 0) FROM {board.plan}")
    done, size, statements = 0, FIRST, 0
    while done < last:
        progress(f"{board.live.ref.table}: row {done + 1:,} of {last:,}", done / last)
        begun = time.monotonic()
        span = Span(last - done - size + 1, last - done) if way.down else Span(done + 1, done + size)
        statements += settle(session, board, target, span, way)
        done += size
        taken = max(time.monotonic() - begun, 0.001)
        size = min(max(int(size * min(max(GOAL / taken, 0.5), 2)), SMALLEST), LARGEST)
    return statements


def settle(session: Session, board: Tally, target: str, span: Span, way: Way) -> int:
    """Insert one span, halving it down to the row that does not fit."""
    try:
        patiently(lambda: insert(session, board, target, span, way))
    except DatabaseError as error:
        number = number_of(error)
        if number not in UNFIT and error.code != "db.rewritten":
            raise
        if way.wait and number == NO_PARENT and not ready(session, board, span):
            return 1
        if span.low == span.high:
            if not (way.wait and number == NO_PARENT):
                mark(session, board, span.low, error)
            return 1
        halves = span.halves()
        return sum(settle(session, board, target, half, way) for half in (reversed(halves) if way.down else halves))
    return 1


def patiently(act: Callable[[], None]) -> None:
    """Repeat a transaction that a lock or a deadlock threw back.

    Each try starts from what the plan says is still to do.
    """
    retry = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, DatabaseError) and error.retryable),
        stop=tenacity.stop_after_attempt(TRIES),
        wait=tenacity.wait_random_exponential(multiplier=0.1, max=5),
        reraise=True,
    )
    retry(act)


def insert(session: Session, board: Tally, target: str, span: Span, way: Way) -> None:
    """Insert one span in one transaction.

    Raises DatabaseError with code `db.rewritten` where the server changed what it was given.
    """
    chosen = to_insert(span)
    source = f"{board.plan} AS l JOIN {board.staging} AS s ON {board.meet('s', 'l')}"
    watched = way.keep and not board.keyless
    still = f" LEFT JOIN {target} AS p ON {board.meet('l', 'p')}" if watched else ""
    free = f" AND {board.absent}" if watched else ""
    with session.transaction():
        inserted = session.run(
            f"INSERT INTO {target} ({board.names}) SELECT {board.of('s')} FROM {source}{still}"
            f" WHERE {chosen}{free} ORDER BY l.rr_n{' DESC' if way.down else ''}"
        )
        if way.keep and check_off(session, board, span, chosen) != inserted:
            raise DatabaseError("load", "production changed the row while it was inserted", code="db.rewritten")


def check_off(session: Session, board: Tally, span: Span, chosen: str) -> int:
    """Mark a span's rows: done where production has the restored content now, else in conflict.

    Returns how many are done.
    """
    if board.keyless:
        return session.run(f"UPDATE {board.plan} AS l SET l.rr_st = 'done' WHERE {chosen}")
    equal = f"p.{quoted(board.key[0])} IS NOT NULL AND {board.digest('p')} = {board.digest('s')}"
    count = f"SELECT COUNT(*) FROM {board.plan} WHERE rr_n BETWEEN {span.low} AND {span.high} AND rr_st = 'done'"
    (before,) = session.one(count)
    session.run(
        f"UPDATE {board.plan} AS l JOIN {board.staging} AS s ON {board.meet('s', 'l')}"
        f" LEFT JOIN {board.landing} AS p ON {board.meet('l', 'p')}"
        f" SET l.rr_why = IF({equal}, NULL, 'a row with this key was written during the run'),"
        f" l.rr_st = IF({equal}, 'done', 'conflict') WHERE {chosen}"
    )
    (after,) = session.one(count)
    return int(after) - int(before)


def mark(session: Session, board: Tally, row: int, error: DatabaseError) -> None:
    """Mark one row as one that does not fit, with the server's reason."""
    cause = error.__cause__
    words = str(cause.args[1]) if cause is not None and len(cause.args) > 1 else error.what
    if number_of(error) == SIGNALLED:
        words = "a trigger refused it"
    session.run(
        f"UPDATE {board.plan} SET rr_st = 'conflict', rr_why = %s WHERE rr_n = %s AND rr_st = 'todo'",
        (reason(words), row),
    )


def reason(words: str) -> str:
    """Leave out the row's own values, so that rows with one fault share one reason and no content is told."""
    for pattern, said in OWN_VALUES:
        words = pattern.sub(said, words)
    return words[:STATEMENT_LENGTH]
