"""Class every restored row against the live table, inside production and without touching it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rdsrestore.core import slices
from rdsrestore.core.changes import Relation, Story, TableDifference
from rdsrestore.core.errors import DatabaseError
from rdsrestore.core.ports import Progress
from rdsrestore.core.targets import Target
from rdsrestore.engines.mysql import cascades, constraints, ddl, drift, plan, scope, undo
from rdsrestore.engines.mysql.conditions import batches, key_columns
from rdsrestore.engines.mysql.connect import Session, quoted
from rdsrestore.engines.mysql.faults import UNFIT, number_of
from rdsrestore.engines.mysql.multiset import classify_without_key
from rdsrestore.engines.mysql.spans import key_ranges
from rdsrestore.engines.mysql.tally import Tally

Job = tuple[Tally, Target]
ALL = "18446744073709551615"
RELATION = f"IF(p_same IS NULL, '{Relation.MISSING}', '{Relation.CHANGED}')"
STORY = (
    f"CASE WHEN a_same IS NULL THEN IF(p_same IS NULL, '{Story.TAKEN}', '{Story.EDITED}')"
    f" WHEN s_same = a_same THEN '{Story.LATER}' WHEN p_same IS NULL THEN '{Story.EDITED}'"
    f" WHEN p_same = a_same THEN '{Story.TAKEN}' ELSE '{Story.EDITED}' END"
)
"""What the three states of a row, as digests or NULL for none, say of how it came about."""
EXTRA_STORY = (
    f"CASE WHEN a_same IS NULL THEN '{Story.LATER}' WHEN p_same = a_same THEN '{Story.TAKEN}' ELSE '{Story.EDITED}' END"
)


def compare(session: Session, jobs: Sequence[Job], progress: Progress) -> tuple[TableDifference, ...]:
    """Write the plans of a run's tables, parents before children, and sum them up.

    DatabaseError (`db.schema-drift`, `db.no-key`, `db.no-history`) where one can't be made.
    """
    extra = [classify_table(session, board, target, progress) for board, target in jobs]
    boards = [board for board, _target in jobs]
    for board in boards:
        plan.measure(session, board)
    scope.narrow(session, boards)
    for board, target in jobs:
        if not target.back:
            find_unfit(session, board, boards, progress)
        cascades.refuse(session, board, undoes=target.back is not None)
    return tuple(summed_up(session, *job, newer) for job, newer in zip(jobs, extra, strict=True))


def classify_table(session: Session, board: Tally, target: Target, progress: Progress) -> int:
    """Write one table's plan; returns how many rows are production's alone that it does not name."""
    extra = 0
    plan.make(session, board)
    if target.back:
        plan_back(session, board, whole=target.back.whole)
        return extra
    drift.check(session, board)
    if board.policy.three_way:
        check_after(board, target)
    if board.keyless:
        extra = classify_without_key(session, board, progress)
    else:
        with fitting_keys(board):
            classify(session, board, target, progress)
        classify_extra(session, board, target, progress)
        find_merged(session, board)
    plan.decide(session, board)
    set_goals(session, board)
    return extra


def plan_back(session: Session, board: Tally, *, whole: bool) -> None:
    """Write the plan that takes an earlier restore back."""
    if board.keyless:
        raise DatabaseError(
            f"undo {board.live.ref}",
            "the table has no key, so that restored rows can't be told from others",
            "delete them by hand: the undo file in the run's folder has their digests",
            code="db.no-key",
        )
    undo.plan_back(session, board, whole=whole)


def find_unfit(session: Session, board: Tally, boards: Sequence[Tally], progress: Progress) -> None:
    """Mark what the landing would not take."""
    if not board.keyless:
        constraints.mark_taken_keys(session, board)
    constraints.mark_orphans(session, board, boards)
    if not ddl.same_shape(board.live, board.then):
        constraints.probe(session, board, progress)


def summed_up(session: Session, board: Tally, target: Target, extra: int) -> TableDifference:
    """Count one table's classes."""
    (live,) = session.one(f"SELECT COUNT(*) FROM {board.landing}")
    found = plan.summed_up(session, board, target, int(live), extra)
    return replace(found, unlike=()) if target.back else found


def check_after(board: Tally, target: Target) -> None:
    """Refuse a second moment at which the table had not all the columns."""
    known = {column.name for column in target.after.definition.columns} if target.after else set()
    lacking = [column.name for column in board.columns if column.name not in known]
    if lacking or board.keyless:
        why = f"column {', '.join(lacking)} was not there at --incident-end" if lacking else "it has no key"
        raise DatabaseError(
            f"compare {board.live.ref}", why, "leave out --incident-end for this table", code="db.no-history"
        )


@contextmanager
def fitting_keys(board: Tally) -> Iterator[None]:
    """Say so where restored keys don't fit production's any more, or two of them have become one."""
    try:
        yield
    except DatabaseError as error:
        if number_of(error) not in UNFIT:
            raise
        raise drift.found(board, f"restored rows do not fit its key ({', '.join(board.key)}) as it is now") from error


def classify(session: Session, board: Tally, target: Target, progress: Progress) -> None:
    """Write one line of plan for each restored row that differs, in key order, a range of keys at a time."""
    three, done, step = board.policy.three_way, 0, 0
    for condition in key_ranges(session, board.source, board.key, "s"):
        progress(f"comparing {board.live.ref.table} with production", done / max(target.dump.rows, 1))
        step = classify_range(session, board, condition, STORY if three else f"'{Story.UNKNOWN}'")
        done += max(step, 1)


def classify_range(session: Session, board: Tally, condition: str, story: str) -> int:
    """Class the restored rows of one range; returns how many differ."""
    three, where = board.policy.three_way, board.policy.where
    own = f"(SELECT * FROM {board.source} WHERE ({where}))" if where else board.source
    one = board.compared == board.columns  # a digest takes longer than anything else that is done with a row
    before, as_restored = ("UNHEX(p_same)", "UNHEX(s_same)") if one else ("p_all", "s_all")
    whole = [f"{board.digest('s')} AS s_all", f"IF({board.absent()}, NULL, {board.digest('p')}) AS p_all"]
    fields = [
        board.keys("s"),
        *([] if one else whole),
        f"{board.compared_digest('s')} AS s_same",
        f"IF({board.absent()}, NULL, {board.compared_digest('p')}) AS p_same",
        f"IF({board.absent('a')}, NULL, {board.compared_digest('a')}) AS a_same" if three else "NULL AS a_same",
    ]
    after = f" LEFT JOIN {board.after} AS a ON {board.meet('s', 'a')}" if three else ""
    names = ", ".join(map(quoted, board.key))
    return session.run(
        f"INSERT INTO {board.plan} ({names}, rr_relation, rr_story, rr_before, rr_after)"
        f" SELECT {names}, {RELATION}, {story}, {before}, {as_restored} FROM"
        f" (SELECT {', '.join(fields)} FROM {own} AS s LEFT JOIN {board.landing} AS p ON {board.meet('s', 'p')}{after}"
        f" WHERE {condition} LIMIT {ALL}) AS sides"
        f" WHERE NOT (s_same <=> p_same) ORDER BY {names}"
    )


def classify_extra(session: Session, board: Tally, target: Target, progress: Progress) -> None:
    """Write a line of plan for each row that production alone has."""
    three, where = board.policy.three_way, board.policy.where
    known = [column.name for column in board.live.columns]
    shown = ", ".join(map(quoted, dict.fromkeys([*board.key, *(column.name for column in board.columns), *known])))
    names = ", ".join(map(quoted, board.key))
    fields = [
        board.keys("p"),
        f"{board.digest('p')} AS p_all",
        f"{board.compared_digest('p')} AS p_same",
        f"IF({board.absent('a')}, NULL, {board.compared_digest('a')}) AS a_same" if three else "NULL AS a_same",
    ]
    after = f" LEFT JOIN {board.after} AS a ON {board.meet('p', 'a')}" if three else ""
    for condition in places(session, board, target):
        progress(f"looking for rows that {board.live.ref.table} alone has", None)
        asked = f"({condition}) AND ({where})" if where else condition
        session.run(
            f"INSERT INTO {board.plan} ({names}, rr_relation, rr_story, rr_before)"
            f" SELECT {names}, '{Relation.EXTRA}', {EXTRA_STORY if three else repr(Story.UNKNOWN.value)}, p_all FROM"
            f" (SELECT {', '.join(fields)} FROM (SELECT {shown} FROM {board.landing} AS t WHERE {asked}) AS p"
            f" LEFT JOIN {board.source} AS s ON {board.meet('s', 'p')}"
            f" LEFT JOIN {board.plan} AS l ON {board.meet('l', 'p')}{after}"
            f" WHERE {board.absent('s')} AND l.rr_n IS NULL LIMIT {ALL}) AS sides"
        )


def places(session: Session, board: Tally, target: Target) -> Iterator[str]:
    """Yield conditions on production's rows (t) that together cover all that may be its alone."""
    if target.located is None:
        yield from key_ranges(session, board.landing, board.key, "t")
        return
    key = key_columns(board.key, board.live.columns, board.then.columns)
    yield from batches(slices.either(slices.read(Path(target.located.path))), key)


def find_merged(session: Session, board: Tally) -> None:
    """Find the rows of which the incident and somebody since changed different columns."""
    if board.policy.three_way:
        session.run(
            f"UPDATE {board.plan} AS l JOIN {board.source} AS s ON {board.meet('s', 'l')}"
            f" JOIN {board.landing} AS p ON {board.meet('l', 'p')} JOIN {board.after} AS a ON {board.meet('a', 'l')}"
            f" SET l.rr_story = '{Story.MERGED}'"
            f" WHERE l.rr_story = '{Story.EDITED}' AND l.rr_relation = '{Relation.CHANGED}' AND {board.apart()}"
        )


def set_goals(session: Session, board: Tally) -> None:
    """Note what rows are to be where they do not simply become the restored ones."""
    if board.keyless:
        return
    sides = (
        f"{board.plan} AS l JOIN {board.source} AS s ON {board.meet('s', 'l')}"
        f" JOIN {board.landing} AS p ON {board.meet('l', 'p')}"
    )
    if board.policy.columns:
        session.run(f"UPDATE {sides} SET l.rr_after = {board.goal(merged=False)} WHERE l.rr_act = 'update'")
    if board.policy.three_way:
        session.run(
            f"UPDATE {sides} JOIN {board.after} AS a ON {board.meet('a', 'l')}"
            f" SET l.rr_after = {board.goal(merged=True)}"
            f" WHERE l.rr_act = 'update' AND l.rr_story = '{Story.MERGED}'"
        )
        session.run(  # somebody has taken the incident's columns back by hand
            f"UPDATE {board.plan} SET rr_act = 'keep', rr_st = 'idle'"
            " WHERE rr_act = 'update' AND rr_st = 'todo' AND rr_after = rr_before"
        )
