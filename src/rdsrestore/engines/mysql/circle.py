"""Rows that point to each other in a circle: none can be first.

All are written in one transaction, links last, or taken away in one, links first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rdsrestore.core.changes import Act
from rdsrestore.core.errors import DatabaseError
from rdsrestore.core.policy import may
from rdsrestore.core.tables import TAKES_CHILDREN, ForeignKey
from rdsrestore.engines.mysql.apply import Way, check_off, delete, patiently
from rdsrestore.engines.mysql.connect import Session, quoted
from rdsrestore.engines.mysql.faults import UNFIT, number_of
from rdsrestore.engines.mysql.spans import Span
from rdsrestore.engines.mysql.tally import Tally, chosen

LARGEST = 5_000
"""Rows of one circle that are written in one transaction."""
TODO = chosen(Act.INSERT)
GOING = chosen(Act.DELETE)
NOTED = "goes with its circle"


def close(session: Session, boards: Sequence[Tally], hold: Callable[[], None]) -> None:
    """Insert the rows that wait for each other without their links, tie these, and check every row.

    Where that fails nothing is written, and the rows are left to be reported one by one.
    """
    waiting = [(board, span) for board in in_order(boards) if (span := reach(session, board))]
    together(session, [board for board, _span in waiting], Act.INSERT, hold, lambda: tie(session, waiting))


def unlock(session: Session, boards: Sequence[Tally], hold: Callable[[], None]) -> None:
    """Cut the links of the rows that are to go and point to each other, and delete those that are as they were found.

    Where that fails nothing is written, and the rows are left to be reported one by one.
    """
    going = [
        board for board in in_order(boards) if Act.DELETE in may(board.policy) and count(session, board, Act.DELETE)
    ]
    together(session, going, Act.DELETE, hold, lambda: untie(session, going))


def in_order(boards: Sequence[Tally]) -> Sequence[Tally]:
    """Put first the tables whose rows can do without all that they point to."""
    return sorted(boards, key=lambda board: len(board.live.references) - len(links(board)))


def together(
    session: Session, boards: Sequence[Tally], act: Act, hold: Callable[[], None], work: Callable[[], None]
) -> None:
    """Do the work in one transaction, where there are links that a row can be without, and not too many rows."""
    if not any(map(links, boards)) or sum(count(session, board, act) for board in boards) > LARGEST:
        return
    hold()
    try:
        patiently(work)
    except DatabaseError as error:
        if number_of(error) not in UNFIT and error.code != "db.rewritten":
            raise


def reach(session: Session, board: Tally) -> Span | None:
    """Find between which lines of its plan a table has rows left to insert."""
    first, last = session.one(f"SELECT MIN(l.rr_n), MAX(l.rr_n) FROM {board.plan} AS l WHERE {TODO}")
    return None if first is None else Span(int(first), int(last))


def count(session: Session, board: Tally, act: Act) -> int:
    """Count the rows of one act that a table has left."""
    (rows,) = session.one(f"SELECT COUNT(*) FROM {board.plan} AS l WHERE {chosen(act)}")
    return int(rows)


def links(board: Tally) -> tuple[ForeignKey, ...]:
    """The foreign keys that a row can be without for a moment, and that no rows of other tables follow."""
    followers = (key for key in board.live.referenced_by if key.on_update in TAKES_CHILDREN)
    fixed = {*board.key, *(name for key in followers for name in key.parent_columns)}
    free = {column.name for column in board.carried if column.nullable and column.name not in fixed}
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


def untie(session: Session, boards: Sequence[Tally]) -> None:
    """Lock and note the rows that still are what was found, cut their links, delete them, children before parents."""
    noted = f"{GOING} AND l.rr_why = '{NOTED}'"
    with session.transaction():
        for board in boards:
            rows = both(board)
            found = f"{GOING} AND {board.digest('p')} = l.rr_before"
            session.rows(f"SELECT l.rr_n FROM {rows} WHERE {found} FOR UPDATE")
            session.run(f"UPDATE {rows} SET l.rr_why = '{NOTED}' WHERE {found}")
        for board in boards:
            if links(board):
                session.run(cut(board, noted))
        for board in reversed(boards):
            session.run(f"USE {quoted(board.live.ref.database)}")
            session.run(delete(board, noted, guard=False))
            if session.rows(f"SELECT 1 FROM {both(board)} WHERE {noted} LIMIT 1"):
                raise DatabaseError("load", "rows that are not restored point to it", code="db.rewritten")
            session.run(f"UPDATE {board.plan} AS l SET l.rr_st = 'done', l.rr_why = NULL WHERE {noted}")


def both(board: Tally) -> str:
    """Join the plan with the rows that it speaks of."""
    return f"{board.plan} AS l JOIN {board.landing} AS p ON {board.meet('l', 'p')}"


def cut(board: Tally, which: str) -> str:
    """Open the links of rows; a column that follows the clock stays as it is."""
    names = dict.fromkeys(name for key in links(board) for name in key.columns)
    kept = [column.name for column in board.live.base_columns if column.on_update and column.name not in names]
    sets = [f"p.{quoted(name)} = NULL" for name in names] + [f"p.{quoted(name)} = p.{quoted(name)}" for name in kept]
    return (
        f"UPDATE {board.landing} AS p JOIN {board.plan} AS l ON {board.meet('l', 'p')}"
        f" SET {', '.join(sets)} WHERE {which}"
    )


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
