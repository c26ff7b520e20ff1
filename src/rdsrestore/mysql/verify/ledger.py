"""Reconciliation after the load: what is there against what was planned, and the rest against what it was."""

from __future__ import annotations

from rdsrestore.domain.outcome.load_result import Ledger
from rdsrestore.domain.tables.dump_file import Fingerprint
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.merge import keyless
from rdsrestore.mysql.merge.batches import key_ranges
from rdsrestore.mysql.merge.merge_context import MergeContext
from rdsrestore.mysql.session.login.connection import Session


def untouched_rows(session: Session, context: MergeContext) -> Fingerprint | None:
    """Take the fingerprint of all rows that the plan does not touch, a range at a time.

    None without a key, and where nothing could reach them: each statement changed as many rows as it named, and no
    trigger or key does more than that.
    """
    reach = context.live.triggers or any(key.parent == context.live.ref for key in context.live.references)
    if context.keyless or not reach:
        return None
    whole = Fingerprint(0, 0)
    for condition in key_ranges(session, context.target, context.key, "t"):
        named = f"SELECT 1 FROM {context.plan} AS l WHERE {context.meet('l', 't')} AND l.rr_act <> 'keep'"
        whole += row_hash.fingerprint(
            session, context.target, context.live.base_columns, f"{condition} AND NOT EXISTS ({named})"
        )
    return whole


def ledger(session: Session, context: MergeContext, before: int, untouched: Fingerprint | None) -> Ledger:
    """Reconcile one table; `untouched` is what `untouched_rows` said before the load."""
    (after,) = session.one(f"SELECT COUNT(*) FROM {context.target}")
    found = session.rows(
        "SELECT rr_act, COUNT(*), COALESCE(SUM(rr_st = 'done'), 0), COALESCE(SUM(rr_st = 'conflict'), 0)"
        f" FROM {context.plan} WHERE rr_act <> 'keep' GROUP BY rr_act"
    )
    done = {act: int(rows) for act, _planned, rows, _unfit in found}
    now = untouched_rows(session, context) if untouched else None
    right, gone = matching(session, context, sum(done.values()))
    return Ledger(
        target=context.live.ref,
        before=before,
        after=int(after),
        inserted=done.get("insert", 0),
        deleted=done.get("delete", 0),
        planned=sum(int(planned) for _act, planned, _done, _unfit in found),
        done=sum(done.values()),
        unfit=sum(int(unfit) for _act, _planned, _done, unfit in found),
        matching=right,
        untouched=None if now is None else now == untouched,
        gone=gone,
    )


def matching(session: Session, context: MergeContext, done: int) -> tuple[int, int]:
    """Count the written rows that production still has as they were planned, and those that others took away since.

    Without a key a row that somebody changed can't be told from one that is gone.
    """
    if context.keyless:
        right = keyless.present(session, context)
        return right, done - right
    right, gone = session.one(
        f"SELECT COALESCE(SUM(IF(l.rr_act = 'delete', {context.absent()}, {context.digest('p')} <=> l.rr_after)), 0),"
        f" COALESCE(SUM(IF(l.rr_act = 'delete', NOT {context.absent()}, {context.absent()})), 0)"
        f" FROM {context.plan} AS l LEFT JOIN {context.target} AS p ON {context.meet('l', 'p')} WHERE l.rr_st = 'done'"
    )
    return int(right), int(gone)
