"""Rows that point to each other in a circle: none can be first.

All are written in one transaction, links last, or taken away in one, links first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.request.merge_verdict import may
from rdsrestore.domain.tables.definition import TAKES_CHILDREN, ForeignKey
from rdsrestore.domain.tables.rows import Act
from rdsrestore.mysql.merge.batches import LineRange
from rdsrestore.mysql.merge.merge_context import MergeContext, chosen
from rdsrestore.mysql.session.errors import UNFIT, number_of
from rdsrestore.mysql.session.login.connection import Session, quoted
from rdsrestore.mysql.write.merged import Way, check_off, delete, patiently
from rdsrestore.mysql.write.rewriting_triggers import look_at_written

LARGEST = 5_000
"""Rows of one circle that are written in one transaction."""
TODO = chosen(Act.INSERT)
GOING = chosen(Act.DELETE)
NOTED = "goes with its circle"


def close(session: Session, contexts: Sequence[MergeContext], hold: Callable[[], None]) -> None:
    """Insert the rows that wait for each other without their links, tie these, and check every row.

    Where that fails nothing is written, and the rows are left to be reported one by one.
    """
    waiting = [(context, lines) for context in in_order(contexts) if (lines := reach(session, context))]
    together(session, [context for context, _span in waiting], Act.INSERT, hold, lambda: tie(session, waiting))


def unlock(session: Session, contexts: Sequence[MergeContext], hold: Callable[[], None]) -> None:
    """Cut the links of the rows that are to go and point to each other, and delete those that are as they were found.

    Where that fails nothing is written, and the rows are left to be reported one by one.
    """
    going = [
        context
        for context in in_order(contexts)
        if not context.keyless and Act.DELETE in may(context.policy) and count(session, context, Act.DELETE)
    ]
    together(session, going, Act.DELETE, hold, lambda: untie(session, going))


def in_order(contexts: Sequence[MergeContext]) -> Sequence[MergeContext]:
    """Put first the tables whose rows can do without all that they point to."""
    return sorted(contexts, key=lambda context: len(context.live.references) - len(links(context)))


def together(
    session: Session, contexts: Sequence[MergeContext], act: Act, hold: Callable[[], None], work: Callable[[], None]
) -> None:
    """Do the work in one transaction, where there are links that a row can be without, and not too many rows."""
    if not any(map(links, contexts)) or sum(count(session, context, act) for context in contexts) > LARGEST:
        return
    hold()
    try:
        patiently(work)
    except DatabaseError as error:
        if number_of(error) not in UNFIT and error.code != "db.rewritten":
            raise


def reach(session: Session, context: MergeContext) -> LineRange | None:
    """Find between which lines of its plan a table has rows left to insert."""
    first, last = session.one(f"SELECT MIN(l.rr_n), MAX(l.rr_n) FROM {context.plan} AS l WHERE {TODO}")
    return None if first is None else LineRange(int(first), int(last))


def count(session: Session, context: MergeContext, act: Act) -> int:
    """Count the rows of one act that a table has left."""
    (rows,) = session.one(f"SELECT COUNT(*) FROM {context.plan} AS l WHERE {chosen(act)}")
    return int(rows)


def links(context: MergeContext) -> tuple[ForeignKey, ...]:
    """The foreign keys that a row can be without for a moment, and that no rows of other tables follow."""
    followers = (key for key in context.live.referenced_by if key.on_update in TAKES_CHILDREN)
    fixed = {*context.key, *(name for key in followers for name in key.parent_columns)}
    free = {column.name for column in context.carried if column.nullable and column.name not in fixed}
    return tuple(key for key in context.live.references if set(key.columns) <= free)


def tie(session: Session, waiting: Sequence[tuple[MergeContext, LineRange]]) -> None:
    """Write all rows, then all links, then note what became of them, in one transaction."""
    with session.transaction():
        written = sum(session.run(without_links(context)) for context, _span in waiting)
        for context, _span in waiting:
            if links(context):
                session.run(with_links(context))
        done = sum(check_off(session, context, lines, Way(Act.INSERT))[0] for context, lines in waiting)
        if done != written:
            for context, lines in waiting:
                rows = f"{lines.condition} AND l.rr_act = '{Act.INSERT}' AND l.rr_st = 'conflict'"
                look_at_written(session, context, rows, Act.INSERT, Act.UPDATE if links(context) else Act.INSERT)
            raise DatabaseError("load", "production changed a row while it was written", code="db.rewritten")


def untie(session: Session, contexts: Sequence[MergeContext]) -> None:
    """Lock and note the rows that still are what was found, cut their links, delete them, children before parents."""
    noted = f"{GOING} AND l.rr_why = '{NOTED}'"
    with session.transaction():
        for context in contexts:
            rows = both(context)
            found = f"{GOING} AND {context.digest('p')} = l.rr_before"
            session.rows(f"SELECT l.rr_n FROM {rows} WHERE {found} FOR UPDATE")
            session.run(f"UPDATE {rows} SET l.rr_why = '{NOTED}' WHERE {found}")
        for context in contexts:
            if links(context):
                session.run(cut(context, noted))
        for context in reversed(contexts):
            session.run(f"USE {quoted(context.live.ref.database)}")
            session.run(delete(context, noted, guard=False))
            if session.rows(f"SELECT 1 FROM {both(context)} WHERE {noted} LIMIT 1"):
                raise DatabaseError("load", "rows that are not restored point to it", code="db.rewritten")
            session.run(f"UPDATE {context.plan} AS l SET l.rr_st = 'done', l.rr_why = NULL WHERE {noted}")


def both(context: MergeContext) -> str:
    """Join the plan with the rows that it speaks of."""
    return f"{context.plan} AS l JOIN {context.target} AS p ON {context.meet('l', 'p')}"


def cut(context: MergeContext, which: str) -> str:
    """Open the links of rows; a column that follows the clock stays as it is."""
    names = dict.fromkeys(name for key in links(context) for name in key.columns)
    kept = [column.name for column in context.live.base_columns if column.on_update and column.name not in names]
    sets = [f"p.{quoted(name)} = NULL" for name in names] + [f"p.{quoted(name)} = p.{quoted(name)}" for name in kept]
    return (
        f"UPDATE {context.target} AS p JOIN {context.plan} AS l ON {context.meet('l', 'p')}"
        f" SET {', '.join(sets)} WHERE {which}"
    )


def without_links(context: MergeContext) -> str:
    """Insert a table's rows with their links left open."""
    open_ones = {name for key in links(context) for name in key.columns}
    values = ", ".join("NULL" if each.name in open_ones else f"s.{quoted(each.name)}" for each in context.carried)
    return (
        f"INSERT INTO {context.target} ({context.names}) SELECT {values} FROM {context.plan} AS l"
        f" JOIN {context.source} AS s ON {context.meet('s', 'l')}"
        f" LEFT JOIN {context.target} AS p ON {context.meet('l', 'p')}"
        f" WHERE {TODO} AND {context.absent()} ORDER BY l.rr_n"
    )


def with_links(context: MergeContext) -> str:
    """Give the rows just inserted their links; every column is named, so that none follows the clock."""
    sets = ", ".join(
        f"p.{quoted(column.name)} = s.{quoted(column.name)}"
        for column in context.carried
        if column.name not in context.key
    )
    return (
        f"UPDATE {context.target} AS p JOIN {context.plan} AS l ON {context.meet('l', 'p')}"
        f" JOIN {context.source} AS s ON {context.meet('s', 'l')} SET {sets} WHERE {TODO}"
    )
