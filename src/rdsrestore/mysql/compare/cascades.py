"""Rows of other tables that the server would change together with rewritten ones."""

from __future__ import annotations

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.tables.definition import TAKES_CHILDREN, ForeignKey
from rdsrestore.domain.tables.rows import Act
from rdsrestore.mysql.merge.merge_context import MergeContext, chosen
from rdsrestore.mysql.session.login.connection import Session, quoted


def refuse(session: Session, context: MergeContext, *, undoes: bool) -> None:
    """Refuse a plan that gives another value to what rows of other tables follow.

    DatabaseError with code `table.on-update`, which names table, columns and number of rows. A table's own rows are
    not meant: where they would follow, the server refuses the row (InnoDB: a recursive ON UPDATE acts like RESTRICT).
    """
    for key in context.live.referenced_by:
        if key.on_update in TAKES_CHILDREN and (rows := rewritten(session, context, key)):
            names = ", ".join(key.parent_columns)
            raise DatabaseError(
                f"compare {context.live.ref}",
                f"{rows:,} row{'s' if rows > 1 else ''} would get another {names}, and rows of {key.child} follow it"
                f" ({key.name}, ON UPDATE {key.on_update}), which no undo would bring back",
                "nothing was written; take these rows back by hand"
                if undoes
                else f"nothing was written; leave these rows out with --where, or {names} out with --columns",
                code="table.on-update",
            )


def rewritten(session: Session, context: MergeContext, key: ForeignKey) -> int:
    """Count the rows to change whose referenced columns get another value, to the last byte."""
    known = {column.name: column for column in context.compared}
    generated = {column.name for column in context.live.columns if column.generated}
    differ = [f"NOT ({context.same(known[name], 's', 'p')})" for name in key.parent_columns if name in known]
    differ += ["1 = 1" for name in key.parent_columns if name in generated]
    there = [f"p.{quoted(name)} IS NOT NULL" for name in key.parent_columns]
    if not differ or context.keyless:
        return 0
    (rows,) = session.one(
        f"SELECT COUNT(*) FROM {context.plan} AS l JOIN {context.source} AS s ON {context.meet('s', 'l')}"
        f" JOIN {context.target} AS p ON {context.meet('l', 'p')}"
        f" WHERE {chosen(Act.UPDATE)} AND {' AND '.join(there)} AND ({' OR '.join(differ)})"
    )
    return int(rows)
