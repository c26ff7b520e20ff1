"""Carry out the plans of a run's tables, and say what came of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rdsrestore.core.changes import Act, TableLoad
from rdsrestore.core.policy import may
from rdsrestore.core.ports import Progress
from rdsrestore.engines.mysql import apply, circle
from rdsrestore.engines.mysql.apply import Way
from rdsrestore.engines.mysql.connect import Session
from rdsrestore.engines.mysql.plan import conflicts
from rdsrestore.engines.mysql.spans import Tempo
from rdsrestore.engines.mysql.tally import Tally

BOTH_WAYS = 2
"""Rounds without any progress after which the rest can't be put right: one up, one down."""


def load(session: Session, boards: Sequence[Tally], tempo: Tempo, progress: Progress) -> None:
    """Write all tables, parents before children; safe to repeat, since each transaction leaves its trace in the plan.

    Rows are deleted first, from the children up, so that they make room. What another row of the run holds up waits, in
    as many rounds as that takes: a child for its parent, a unique value for the row that gives it up.
    """
    idle, down, left = 0, False, to_do(session, boards)
    while left and idle < BOTH_WAYS:
        carry_out(session, boards, tempo, progress, Way(Act.DELETE, wait=True, down=down, stride=tempo.stride))
        before, left, down = left, to_do(session, boards), not down
        idle = idle + 1 if left == before else 0
    if left:
        circle.unlock(session, boards, tempo.hold)
        circle.close(session, boards, tempo.hold)
        carry_out(session, boards, tempo, progress, Way(Act.DELETE, stride=tempo.stride))


def carry_out(session: Session, boards: Sequence[Tally], tempo: Tempo, progress: Progress, way: Way) -> None:
    """Go through every plan once, first with the deletions."""
    works = [(board, Act.DELETE) for board in reversed(boards)]
    works += [(board, act) for board in boards for act in (Act.INSERT, Act.UPDATE)]
    for board, act in works:
        if act not in may(board.policy):
            continue
        whole = left(session, board, act)
        for done in apply.walk(session, board, replace(way, act=act), tempo.hold):
            progress(f"{board.live.ref.table}: {act} {min(done, whole):,} of {whole:,} rows", min(done / whole, 1))


def to_do(session: Session, boards: Sequence[Tally]) -> int:
    """Count the rows that are still to be written."""
    return sum(left(session, board, act) for board in boards for act in may(board.policy))


def left(session: Session, board: Tally, act: Act) -> int:
    """Count the rows of one act that are still to be written."""
    (rows,) = session.one(f"SELECT COUNT(*) FROM {board.plan} WHERE rr_act = %s AND rr_st = 'todo'", (act.value,))
    return int(rows)


def loaded(session: Session, board: Tally) -> TableLoad:
    """Say what has been written so far."""
    found = session.rows(f"SELECT rr_act, COUNT(*) FROM {board.plan} WHERE rr_st = 'done' GROUP BY rr_act")
    done = {Act(act): int(rows) for act, rows in found}
    return TableLoad(
        landing=board.live.ref,
        inserted=done.get(Act.INSERT, 0),
        updated=done.get(Act.UPDATE, 0),
        deleted=done.get(Act.DELETE, 0),
        conflicts=conflicts(session, board),
    )
