"""Rows that point to each other in a circle: none can be first, so all are written in one transaction, links last."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rdsrestore.core.changes import Act
from rdsrestore.core.errors import DatabaseError
from rdsrestore.core.tables import ForeignKey
from rdsrestore.engines.mysql.apply import Way, check_off, patiently
from rdsrestore.engines.mysql.connect import Session, quoted
from rdsrestore.engines.mysql.faults import UNFIT, number_of
from rdsrestore.engines.mysql.spans import Span
from rdsrestore.engines.mysql.tally import Tally, chosen

LARGEST = 5_000
"""Rows of one circle that are written in one transaction."""
TODO = chosen(Act.INSERT)


def close(session: Session, boards: Sequence[Tally], hold: Callable[[], None]) -> None:
    """Insert the rows that wait for each other without their links, tie these, and check every row.

    Where that fails nothing is written, and the rows are left to be reported one by one.
    """
    ordered = sorted(boards, key=lambda board: len(board.live.references) - len(links(board)))
    waiting = [(board, span) for board in ordered if (span := reach(session, board))]
    if (
        not any(links(board) for board, _span in waiting)
        or sum(count(session, board) for board, _span in waiting) > LARGEST
    ):
        return
    hold()
    try:
        patiently(lambda: tie(session, waiting))
    except DatabaseError as error:
        if number_of(error) not in UNFIT and error.code != "db.rewritten":
            raise


def reach(session: Session, board: Tally) -> Span | None:
    """Find between which lines of its plan a table has rows left to insert."""
    first, last = session.one(f"SELECT MIN(l.rr_n), MAX(l.rr_n) FROM {board.plan} AS l WHERE {TODO}")
    return None if first is None else Span(int(first), int(last))


def count(session: Session, board: Tally) -> int:
    """Count the rows that a table has left to insert."""
    (rows,) = session.one(f"SELECT COUNT(*) FROM {board.plan} AS l WHERE {TODO}")
    return int(rows)


def links(board: Tally) -> tuple[ForeignKey, ...]:
    """The foreign keys that a row can be without for a moment."""
    free = {column.name for column in board.carried if column.nullable and column.name not in board.key}
    return tuple(key for key in board.live.references if set(key.columns) <= free)


def tie(session: Session, waiting: Sequence[tuple[Tally, Span]]) -> None:
    """Write all rows, then all links, then note what became of them, in one transaction."""
    with session.transaction():
        written = sum(session.run(without_links(board)) for board, _span in waiting)
        for board, _span in waiting:
            if links(board):
                session.run(with_links(board))
        done = sum(check_off(session, board, span, Way(Act.INSERT))[0] for board, span in waiting)
        if done != written:
            raise DatabaseError("load", "production changed a row while it was written", code="db.rewritten")


def without_links(board: Tally) -> str:
    """Insert a table's rows with their links left open."""
    open_ones = {name for key in links(board) for name in key.columns}
    values = ", ".join("NULL" if each.name in open_ones else f"s.{quoted(each.name)}" for each in board.carried)
    return (
        f"INSERT INTO {board.landing} ({board.names}) SELECT {values} FROM {board.plan} AS l"
        f" JOIN {board.source} AS s ON {board.meet('s', 'l')}"
        f" LEFT JOIN {board.landing} AS p ON {board.meet('l', 'p')} WHERE {TODO} AND {board.absent()} ORDER BY l.rr_n"
    )


def with_links(board: Tally) -> str:
    """Give the rows just inserted their links; every column is named, so that none follows the clock."""
    sets = ", ".join(
        f"p.{quoted(column.name)} = s.{quoted(column.name)}" for column in board.carried if column.name not in board.key
    )
    return (
        f"UPDATE {board.landing} AS p JOIN {board.plan} AS l ON {board.meet('l', 'p')}"
        f" JOIN {board.source} AS s ON {board.meet('s', 'l')} SET {sets} WHERE {TODO}"
    )
