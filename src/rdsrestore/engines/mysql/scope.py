"""Which rows of related tables come along: children that went with restored rows, parents that restored rows need."""

from __future__ import annotations

from collections.abc import Sequence

from rdsrestore.core.tables import ForeignKey
from rdsrestore.core.targets import Role
from rdsrestore.engines.mysql.connect import Session, quoted
from rdsrestore.engines.mysql.tally import Tally, points_to


def narrow(session: Session, boards: Sequence[Tally]) -> None:
    """Leave of the related tables' plans only rows that belong to restored ones.

    Goes on until no more rows are found, so that levels and circles of tables are followed to their end.
    """
    relatives = [board for board in boards if board.role is not Role.ASKED]
    for board in relatives:
        session.run(f"UPDATE {board.plan} SET rr_st = 'away' WHERE rr_st = 'todo'")
    while relatives and sum(reach(session, board, boards) for board in relatives):
        pass
    for board in relatives:
        session.run(f"UPDATE {board.plan} SET rr_st = 'idle', rr_act = 'keep' WHERE rr_st = 'away'")


def reach(session: Session, board: Tally, boards: Sequence[Tally]) -> int:
    """Bring along the rows of one table that belong to rows already chosen; returns how many."""
    if board.role is Role.CHILD:
        pairs = [(key, other) for key in board.live.references for other in boards if other.live.ref == key.parent]
        return sum(session.run(children(board, other, key)) for key, other in pairs)
    pairs = [(key, other) for other in boards for key in other.live.references if key.parent == board.live.ref]
    return sum(session.run(parents(board, other, key)) for key, other in pairs)


def children(board: Tally, parent: Tally, key: ForeignKey) -> str:
    """Choose the children of rows that are inserted; what only lost its link has to have none now."""
    unlinked = " AND ".join(f"p.{quoted(name)} IS NULL" for name in key.columns)
    return (
        f"UPDATE {board.plan} AS l JOIN {board.source} AS s ON {board.meet('s', 'l')}"
        f" JOIN {parent.source} AS q ON {points_to(key, 'q')} JOIN {parent.plan} AS m ON {parent.meet('q', 'm')}"
        f" LEFT JOIN {board.landing} AS p ON {board.meet('l', 'p')}"
        f" SET l.rr_st = 'todo' WHERE l.rr_st = 'away' AND m.rr_act = 'insert' AND m.rr_st = 'todo'"
        f" AND (l.rr_act = 'insert' OR ({unlinked}))"
    )


def parents(board: Tally, child: Tally, key: ForeignKey) -> str:
    """Choose the missing parents of rows that are written."""
    return (
        f"UPDATE {board.plan} AS l JOIN {board.source} AS s ON {board.meet('s', 'l')}"
        f" JOIN {child.source} AS c ON {points_to(key, 's', 'c')} JOIN {child.plan} AS m ON {child.meet('c', 'm')}"
        " SET l.rr_st = 'todo' WHERE l.rr_st = 'away' AND l.rr_act = 'insert'"
        " AND m.rr_act IN ('insert', 'update') AND m.rr_st = 'todo'"
    )
