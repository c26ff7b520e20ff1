"""Class every restored row against the live table, inside production and without touching it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rdsrestore.diff import chunk_file
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.tables.rows import Provenance, Relation, TableDifference
from rdsrestore.domain.tables.target import Target
from rdsrestore.mysql.checksum.key_conditions import batches, key_columns
from rdsrestore.mysql.compare import cascades, constraints, drift, related_rows
from rdsrestore.mysql.merge import plan
from rdsrestore.mysql.merge.batches import key_ranges, resting
from rdsrestore.mysql.merge.job import Job
from rdsrestore.mysql.merge.keyless import classify_without_key
from rdsrestore.mysql.merge.merge_context import MergeContext
from rdsrestore.mysql.merge.undo_plan import undo_source
from rdsrestore.mysql.schema import ddl
from rdsrestore.mysql.session.errors import UNFIT, number_of
from rdsrestore.mysql.session.login.connection import Session, quoted
from rdsrestore.mysql.session.settings import as_select
from rdsrestore.ports.progress import Progress

ALL = "18446744073709551615"
RELATION = f"IF(p_same IS NULL, '{Relation.MISSING}', '{Relation.CHANGED}')"
PROVENANCE = (
    f"CASE WHEN a_same IS NULL THEN IF(p_same IS NULL, '{Provenance.TAKEN}', '{Provenance.EDITED}')"
    f" WHEN s_same = a_same THEN '{Provenance.LATER}' WHEN p_same IS NULL THEN '{Provenance.EDITED}'"
    f" WHEN p_same = a_same THEN '{Provenance.TAKEN}' ELSE '{Provenance.EDITED}' END"
)
"""What the three states of a row, as digests or NULL for none, say of how it came about."""
EXTRA_PROVENANCE = (
    f"CASE WHEN a_same IS NULL THEN '{Provenance.LATER}'"
    f" WHEN p_same = a_same THEN '{Provenance.TAKEN}' ELSE '{Provenance.EDITED}' END"
)


def compare(session: Session, jobs: Sequence[Job], progress: Progress, rest: float = 0) -> tuple[TableDifference, ...]:
    """Write the plans of a run's tables, parents before children, and sum them up; rest after each range.

    DatabaseError (`db.schema-drift`, `db.no-key`, `db.no-history`) where one can't be made.
    """
    extra = [classify_table(session, context, target, progress, rest) for context, target in jobs]
    contexts = [context for context, _target in jobs]
    for context in contexts:
        plan.measure(session, context)
    related_rows.narrow(session, contexts)
    for context, target in jobs:
        if not target.undo:
            find_unfit(session, context, target, contexts, progress)
        cascades.refuse(session, context, undoes=target.undo is not None)
    return tuple(summed_up(session, *job, newer) for job, newer in zip(jobs, extra, strict=True))


def classify_table(session: Session, context: MergeContext, target: Target, progress: Progress, rest: float) -> int:
    """Write one table's plan; returns how many rows are production's alone that it does not name."""
    extra = 0
    plan.make(session, context)
    if target.undo:
        undo_source(target.undo).plan(session, context)
        return extra
    drift.check(session, context)
    if context.policy.three_way:
        check_after(context, target)
    if context.keyless:
        extra = classify_without_key(session, context, progress)
    else:
        with fitting_keys(context):
            classify(session, context, target, progress, rest)
        classify_extra(session, context, target, progress, rest)
        find_merged(session, context)
    plan.decide(session, context)
    set_goals(session, context)
    return extra


def find_unfit(
    session: Session, context: MergeContext, target: Target, contexts: Sequence[MergeContext], progress: Progress
) -> None:
    """Mark what the target table would not take: it may have written its own rows under a laxer `sql_mode`."""
    if not context.keyless:
        constraints.mark_taken_keys(session, context)
    constraints.mark_orphans(session, context, contexts)
    computed = any(column.generated for column in context.live.columns)
    if computed or target.dump.unchecked or not ddl.same_shape(context.live, context.then):
        constraints.probe(session, context, progress)


def summed_up(session: Session, context: MergeContext, target: Target, extra: int) -> TableDifference:
    """Count one table's classes."""
    (live,) = session.one(f"SELECT COUNT(*) FROM {context.target}")
    found = plan.summed_up(session, context, target, int(live), extra)
    return replace(found, unlike=(), undoes=True) if target.undo else found


def check_after(context: MergeContext, target: Target) -> None:
    """Refuse a second moment at which the table had not all the columns, or not of the same types."""
    types = {column.name: column.type for column in target.after.definition.columns} if target.after else {}
    lacking = [column.name for column in context.columns if column.name not in types]
    retyped = [column.name for column in context.then.columns if types.get(column.name, column.type) != column.type]
    why = "it has no key" if context.keyless else ""
    if lacking:
        why = f"column {', '.join(lacking)} was not there at --incident-end"
    elif retyped:
        why = f"column {', '.join(retyped)} had another type at --incident-end"
    if why:
        raise DatabaseError(
            f"compare {context.live.ref}", why, "leave out --incident-end for this table", code="db.no-history"
        )


@contextmanager
def fitting_keys(context: MergeContext) -> Iterator[None]:
    """Say so where restored keys don't fit production's any more, or two of them have become one."""
    try:
        yield
    except DatabaseError as error:
        if number_of(error) not in UNFIT:
            raise
        raise drift.found(
            context, f"restored rows do not fit its key ({', '.join(context.key)}) as it is now"
        ) from error


def classify(session: Session, context: MergeContext, target: Target, progress: Progress, rest: float) -> None:
    """Write one line of plan for each restored row that differs, in key order, a range of keys at a time."""
    three, done, step = context.policy.three_way, 0, 0
    for condition in resting(key_ranges(session, context.source, context.key, "s"), rest):
        progress(f"comparing {context.live.ref.table} with production", done / max(target.dump.rows, 1))
        with as_select(session, wanted=same_keys(context)):
            step = classify_range(session, context, condition, PROVENANCE if three else f"'{Provenance.UNKNOWN}'")
        done += max(step, 1)


def same_keys(context: MergeContext) -> bool:
    """Say whether there is a filter, and every key fits: a strict mode is what finds one that would be cut."""
    types = {column.name: (column.type, column.charset) for column in context.then.columns}
    now = {column.name: (column.type, column.charset) for column in context.live.columns}
    return bool(context.policy.where) and all(types.get(name) == now.get(name) for name in context.key)


def classify_range(session: Session, context: MergeContext, condition: str, provenance: str) -> int:
    """Class the restored rows of one range; returns how many differ."""
    three, where = context.policy.three_way, context.policy.where
    own = f"(SELECT * FROM {context.source} WHERE ({where}))" if where else context.source
    one = context.compared == context.columns  # a digest takes longer than anything else that is done with a row
    before, as_restored = ("UNHEX(p_same)", "UNHEX(s_same)") if one else ("p_all", "s_all")
    whole = [f"{context.digest('s')} AS s_all", f"IF({context.absent()}, NULL, {context.digest('p')}) AS p_all"]
    fields = [
        context.keys("s"),
        *([] if one else whole),
        f"{context.compared_digest('s')} AS s_same",
        f"IF({context.absent()}, NULL, {context.compared_digest('p')}) AS p_same",
        f"IF({context.absent('a')}, NULL, {context.compared_digest('a')}) AS a_same" if three else "NULL AS a_same",
    ]
    after = f" LEFT JOIN {context.after} AS a ON {context.meet('s', 'a')}" if three else ""
    names = ", ".join(map(quoted, context.key))
    return session.run(
        f"INSERT INTO {context.plan} ({names}, rr_relation, rr_story, rr_before, rr_after)"
        f" SELECT {names}, {RELATION}, {provenance}, {before}, {as_restored} FROM"
        f" (SELECT {', '.join(fields)} FROM {own} AS s LEFT JOIN {context.target} AS p"
        f" ON {context.meet('s', 'p')}{after}"
        f" WHERE {condition} LIMIT {ALL}) AS sides"
        f" WHERE NOT (s_same <=> p_same) ORDER BY {names}"
    )


def classify_extra(session: Session, context: MergeContext, target: Target, progress: Progress, rest: float) -> None:
    """Write a line of plan for each row that production alone has."""
    three, where = context.policy.three_way, context.policy.where
    known = [column.name for column in context.live.columns]
    shown = ", ".join(map(quoted, dict.fromkeys([*context.key, *(column.name for column in context.columns), *known])))
    names = ", ".join(map(quoted, context.key))
    fields = [
        context.keys("p"),
        f"{context.digest('p')} AS p_all",
        f"{context.compared_digest('p')} AS p_same",
        f"IF({context.absent('a')}, NULL, {context.compared_digest('a')}) AS a_same" if three else "NULL AS a_same",
    ]
    after = f" LEFT JOIN {context.after} AS a ON {context.meet('p', 'a')}" if three else ""
    found = EXTRA_PROVENANCE if three else f"'{Provenance.UNKNOWN}'"
    for condition in resting(places(session, context, target), rest):
        progress(f"looking for rows that {context.live.ref.table} alone has", None)
        asked = f"({condition}) AND ({where})" if where else condition
        with as_select(session, wanted=same_keys(context)):
            session.run(
                f"INSERT INTO {context.plan} ({names}, rr_relation, rr_story, rr_before)"
                f" SELECT {names}, '{Relation.EXTRA}', {found}, p_all FROM"
                f" (SELECT {', '.join(fields)} FROM (SELECT {shown} FROM {context.target} AS t WHERE {asked}) AS p"
                f" LEFT JOIN {context.source} AS s ON {context.meet('s', 'p')}"
                f" LEFT JOIN {context.plan} AS l ON {context.meet('l', 'p')}{after}"
                f" WHERE {context.absent('s')} AND l.rr_n IS NULL LIMIT {ALL}) AS sides"
            )


def places(session: Session, context: MergeContext, target: Target) -> Iterator[str]:
    """Yield conditions on production's rows (t) that together cover all that may be its alone."""
    if target.located is None:
        yield from key_ranges(session, context.target, context.key, "t")
        return
    key = key_columns(context.key, context.live.columns, context.then.columns)
    yield from batches(chunk_file.either(chunk_file.read(Path(target.located.path))), key)


def find_merged(session: Session, context: MergeContext) -> None:
    """Find the rows of which the incident and somebody since changed different columns."""
    if context.policy.three_way:
        session.run(
            f"UPDATE {context.plan} AS l JOIN {context.source} AS s ON {context.meet('s', 'l')}"
            f" JOIN {context.target} AS p ON {context.meet('l', 'p')}"
            f" JOIN {context.after} AS a ON {context.meet('a', 'l')}"
            f" SET l.rr_story = '{Provenance.MERGED}'"
            f" WHERE l.rr_story = '{Provenance.EDITED}' AND l.rr_relation = '{Relation.CHANGED}' AND {context.apart()}"
        )


def set_goals(session: Session, context: MergeContext) -> None:
    """Note what rows are to be where they do not simply become the restored ones."""
    if context.keyless:
        return
    sides = (
        f"{context.plan} AS l JOIN {context.source} AS s ON {context.meet('s', 'l')}"
        f" JOIN {context.target} AS p ON {context.meet('l', 'p')}"
    )
    if context.policy.columns:
        session.run(f"UPDATE {sides} SET l.rr_after = {context.goal(merged=False)} WHERE l.rr_act = 'update'")
    if context.policy.three_way:
        session.run(
            f"UPDATE {sides} JOIN {context.after} AS a ON {context.meet('a', 'l')}"
            f" SET l.rr_after = {context.goal(merged=True)}"
            f" WHERE l.rr_act = 'update' AND l.rr_story = '{Provenance.MERGED}'"
        )
        session.run(  # somebody has taken the incident's columns back by hand
            f"UPDATE {context.plan} SET rr_act = 'keep', rr_st = 'idle'"
            " WHERE rr_act = 'update' AND rr_st = 'todo' AND rr_after = rr_before"
        )
