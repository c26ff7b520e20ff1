"""Carry out the plans of a run's tables, and say what came of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rdsrestore.domain.outcome.load_result import TableLoad
from rdsrestore.domain.request.merge_verdict import may
from rdsrestore.domain.tables.rows import Act
from rdsrestore.mysql.merge.batches import Pacing
from rdsrestore.mysql.merge.merge_context import MergeContext
from rdsrestore.mysql.merge.plan import conflicts
from rdsrestore.mysql.session.login.connection import Session
from rdsrestore.mysql.write import fk_cycles, merged
from rdsrestore.mysql.write.merged import Way
from rdsrestore.ports.progress import Progress

BOTH_WAYS = 2
"""Rounds without any progress after which the rest can't be put right: one up, one down."""


def load(session: Session, contexts: Sequence[MergeContext], pacing: Pacing, progress: Progress) -> None:
    """Write all tables, parents before children; safe to repeat, since each transaction leaves its trace in the plan.

    Rows are deleted first, from the children up, so that they make room. What another row of the run holds up waits, in
    as many rounds as that takes: a child for its parent, a unique value for the row that gives it up.
    """
    idle, down, left = 0, False, to_do(session, contexts)
    while left and idle < BOTH_WAYS:
        carry_out(session, contexts, progress, Way(Act.DELETE, wait=True, down=down, pacing=pacing))
        before, left, down = left, to_do(session, contexts), not down
        idle = idle + 1 if left == before else 0
    if left:
        fk_cycles.unlock(session, contexts, pacing.hold)
        fk_cycles.close(session, contexts, pacing.hold)
        carry_out(session, contexts, progress, Way(Act.DELETE, pacing=pacing))


def carry_out(session: Session, contexts: Sequence[MergeContext], progress: Progress, way: Way) -> None:
    """Go through every plan once, first with the deletions."""
    works = [(context, Act.DELETE) for context in reversed(contexts)]
    works += [(context, act) for context in contexts for act in (Act.INSERT, Act.UPDATE)]
    for context, act in works:
        if act not in may(context.policy):
            continue
        whole = left(session, context, act)
        for done in merged.walk(session, context, replace(way, act=act)):
            progress(f"{context.live.ref.table}: {act} {min(done, whole):,} of {whole:,} rows", min(done / whole, 1))


def to_do(session: Session, contexts: Sequence[MergeContext]) -> int:
    """Count the rows that are still to be written."""
    return sum(left(session, context, act) for context in contexts for act in may(context.policy))


def left(session: Session, context: MergeContext, act: Act) -> int:
    """Count the rows of one act that are still to be written."""
    (rows,) = session.one(f"SELECT COUNT(*) FROM {context.plan} WHERE rr_act = %s AND rr_st = 'todo'", (act.value,))
    return int(rows)


def loaded(session: Session, context: MergeContext) -> TableLoad:
    """Say what has been written so far."""
    found = session.rows(f"SELECT rr_act, COUNT(*) FROM {context.plan} WHERE rr_st = 'done' GROUP BY rr_act")
    done = {Act(act): int(rows) for act, rows in found}
    return TableLoad(
        target=context.live.ref,
        inserted=done.get(Act.INSERT, 0),
        updated=done.get(Act.UPDATE, 0),
        deleted=done.get(Act.DELETE, 0),
        conflicts=conflicts(session, context),
    )
