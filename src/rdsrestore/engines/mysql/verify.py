"""The books after the load: what is there against what was planned, and the rest against what it was."""

from __future__ import annotations

from rdsrestore.core.changes import Ledger
from rdsrestore.core.tables import Fingerprint
from rdsrestore.engines.mysql import multiset, rowhash
from rdsrestore.engines.mysql.connect import Session
from rdsrestore.engines.mysql.spans import key_ranges
from rdsrestore.engines.mysql.tally import Tally


def rest(session: Session, board: Tally) -> Fingerprint | None:
    """Take the fingerprint of all rows that the plan does not touch, a range at a time.

    None without a key, and where nothing could reach them: each statement changed as many rows as it named, and no
    trigger or key does more than that.
    """
    reach = board.live.triggers or any(key.parent == board.live.ref for key in board.live.references)
    if board.keyless or not reach:
        return None
    whole = Fingerprint(0, 0)
    for condition in key_ranges(session, board.landing, board.key, "t"):
        named = f"SELECT 1 FROM {board.plan} AS l WHERE {board.meet('l', 't')} AND l.rr_act <> 'keep'"
        whole += rowhash.fingerprint(
            session, board.landing, board.live.base_columns, f"{condition} AND NOT EXISTS ({named})"
        )
    return whole


def ledger(session: Session, board: Tally, before: int, untouched: Fingerprint | None) -> Ledger:
    """Balance one table's books; `untouched` is what `rest` said before the load."""
    (after,) = session.one(f"SELECT COUNT(*) FROM {board.landing}")
    found = session.rows(
        "SELECT rr_act, COUNT(*), COALESCE(SUM(rr_st = 'done'), 0), COALESCE(SUM(rr_st = 'conflict'), 0)"
        f" FROM {board.plan} WHERE rr_act <> 'keep' GROUP BY rr_act"
    )
    done = {act: int(rows) for act, _planned, rows, _unfit in found}
    now = rest(session, board) if untouched else None
    right, gone = matching(session, board, sum(done.values()))
    return Ledger(
        landing=board.live.ref,
        before=before,
        after=int(after),
        inserted=done.get("insert", 0),
        deleted=done.get("delete", 0),
        planned=sum(int(planned) for _act, planned, _done, _unfit in found),
        done=sum(done.values()),
        unfit=sum(int(unfit) for _act, _planned, _done, unfit in found),
        matching=right,
        rest=None if now is None else now == untouched,
        gone=gone,
    )


def matching(session: Session, board: Tally, done: int) -> tuple[int, int]:
    """Count the written rows that production still has as they were planned, and those that others took away since.

    Without a key a row that somebody changed can't be told from one that is gone.
    """
    if board.keyless:
        right = multiset.present(session, board)
        return right, done - right
    right, gone = session.one(
        f"SELECT COALESCE(SUM(IF(l.rr_act = 'delete', {board.absent()}, {board.digest('p')} <=> l.rr_after)), 0),"
        f" COALESCE(SUM(IF(l.rr_act = 'delete', NOT {board.absent()}, {board.absent()})), 0)"
        f" FROM {board.plan} AS l LEFT JOIN {board.landing} AS p ON {board.meet('l', 'p')} WHERE l.rr_st = 'done'"
    )
    return int(right), int(gone)
