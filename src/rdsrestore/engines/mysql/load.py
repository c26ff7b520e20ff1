"""Put the missing rows into the landing, and say what came of each."""

from __future__ import annotations

from collections.abc import Iterator

from rdsrestore.core.ports import Progress
from rdsrestore.core.tables import TableCheck, TableLoad
from rdsrestore.engines.mysql import rowhash
from rdsrestore.engines.mysql.chunks import fill
from rdsrestore.engines.mysql.compare import conflicts
from rdsrestore.engines.mysql.connect import Session, quoted
from rdsrestore.engines.mysql.tally import Tally


def load(session: Session, board: Tally, progress: Progress) -> TableLoad:
    """Insert what the plan says is missing; safe to repeat, since each transaction leaves its trace in the plan."""
    statements = fill(session, board, board.landing, progress, keep=True)
    return loaded(session, board, statements)


def loaded(session: Session, board: Tally, statements: int = 0) -> TableLoad:
    """Say what has been inserted so far."""
    (inserted,) = session.one(f"SELECT COUNT(*) FROM {board.plan} WHERE rr_act = 'insert' AND rr_st = 'done'")
    return TableLoad(board.live.ref, int(inserted), statements, conflicts(session, board))


def inserted_keys(session: Session, board: Tally) -> Iterator[str]:
    """Yield, for each row that was inserted, the SQL condition that finds it; nothing where rows have no key."""
    if board.keyless:
        return
    rows = session.stream(
        f"SELECT {board.keys('l')} FROM {board.plan} AS l"
        " WHERE l.rr_act = 'insert' AND l.rr_st = 'done' ORDER BY l.rr_n"
    )
    for row in rows:
        pairs = zip(board.key, row, strict=True)
        yield " AND ".join(f"{quoted(name)} = {session.literal(value)}" for name, value in pairs)


def verify(session: Session, board: Tally, before: int) -> TableCheck:
    """Count what is there now against what was planned, and compare the content of what was loaded."""
    (after,) = session.one(f"SELECT COUNT(*) FROM {board.landing}")
    (expected, done) = session.one(
        f"SELECT COALESCE(SUM(rr_st <> 'conflict'), 0), COALESCE(SUM(rr_st = 'done'), 0) FROM {board.plan}"
    )
    if board.keyless:
        equal = rowhash.fingerprint(session, board.landing, board.columns) == rowhash.fingerprint(
            session, board.staging, board.columns
        )
        return TableCheck(
            board.live.ref, int(expected), int(after), int(done), int(done) if equal else 0, before, int(after)
        )
    joined = f"{board.plan} AS l JOIN {board.landing} AS p ON {board.meet('l', 'p')}"
    (actual,) = session.one(f"SELECT COUNT(*) FROM {joined} WHERE l.rr_st <> 'conflict'")
    (matching,) = session.one(
        f"SELECT COUNT(*) FROM {joined} JOIN {board.staging} AS s ON {board.meet('s', 'l')}"
        f" WHERE l.rr_st = 'done' AND {board.digest('p')} = {board.digest('s')}"
    )
    return TableCheck(board.live.ref, int(expected), int(actual), int(done), int(matching), before, int(after))
