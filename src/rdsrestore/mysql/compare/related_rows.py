"""Which rows of related tables come along: children that went with restored rows, parents that restored rows need."""

from __future__ import annotations

from collections.abc import Sequence

from rdsrestore.domain.tables.definition import ForeignKey
from rdsrestore.domain.tables.target import Role
from rdsrestore.mysql.merge.merge_context import MergeContext, points_to
from rdsrestore.mysql.session.login.connection import Session, quoted


def narrow(session: Session, contexts: Sequence[MergeContext]) -> None:
    """Leave of the related tables' plans only rows that belong to restored ones.

    Goes on until no more rows are found, so that levels and circles of tables are followed to their end.
    """
    relatives = [context for context in contexts if context.role is not Role.ASKED]
    for context in relatives:
        session.run(f"UPDATE {context.plan} SET rr_st = 'away' WHERE rr_st = 'todo'")
    while relatives and sum(reach(session, context, contexts) for context in relatives):
        pass
    for context in relatives:
        session.run(f"UPDATE {context.plan} SET rr_st = 'idle', rr_act = 'keep' WHERE rr_st = 'away'")


def reach(session: Session, context: MergeContext, contexts: Sequence[MergeContext]) -> int:
    """Bring along the rows of one table that belong to rows already chosen; returns how many."""
    if context.role is Role.CHILD:
        pairs = [(key, other) for key in context.live.references for other in contexts if other.live.ref == key.parent]
        return sum(session.run(children(context, other, key)) for key, other in pairs)
    pairs = [(key, other) for other in contexts for key in other.live.references if key.parent == context.live.ref]
    return sum(session.run(parents(context, other, key)) for key, other in pairs)


def children(context: MergeContext, parent: MergeContext, key: ForeignKey) -> str:
    """Choose the children of rows that are inserted; what only lost its link has to have none now."""
    unlinked = " AND ".join(f"p.{quoted(name)} IS NULL" for name in key.columns)
    return (
        f"UPDATE {context.plan} AS l JOIN {context.source} AS s ON {context.meet('s', 'l')}"
        f" JOIN {parent.source} AS q ON {points_to(key, 'q')} JOIN {parent.plan} AS m ON {parent.meet('q', 'm')}"
        f" LEFT JOIN {context.target} AS p ON {context.meet('l', 'p')}"
        f" SET l.rr_st = 'todo' WHERE l.rr_st = 'away' AND m.rr_act = 'insert' AND m.rr_st = 'todo'"
        f" AND (l.rr_act = 'insert' OR ({unlinked}))"
    )


def parents(context: MergeContext, child: MergeContext, key: ForeignKey) -> str:
    """Choose the missing parents of rows that are written."""
    return (
        f"UPDATE {context.plan} AS l JOIN {context.source} AS s ON {context.meet('s', 'l')}"
        f" JOIN {child.source} AS c ON {points_to(key, 's', 'c')} JOIN {child.plan} AS m ON {child.meet('c', 'm')}"
        " SET l.rr_st = 'todo' WHERE l.rr_st = 'away' AND l.rr_act = 'insert'"
        " AND m.rr_act IN ('insert', 'update') AND m.rr_st = 'todo'"
    )
