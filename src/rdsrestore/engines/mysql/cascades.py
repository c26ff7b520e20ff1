"""Rows of other tables that the server would change together with rewritten ones."""

from __future__ import annotations

from rdsrestore.core.changes import Act
from rdsrestore.core.errors import DatabaseError
from rdsrestore.core.tables import TAKES_CHILDREN, ForeignKey
from rdsrestore.engines.mysql.connect import Session, quoted
from rdsrestore.engines.mysql.tally import Tally, chosen


def refuse(session: Session, board: Tally, *, undoes: bool) -> None:
    """Refuse a plan that gives another value to what rows of other tables follow.

    DatabaseError with code `table.on-update`, which names table, columns and number of rows. A table's own rows are
    not meant: where they would follow, the server refuses the row (InnoDB: a recursive ON UPDATE acts like RESTRICT).
    """
    for key in board.live.referenced_by:
        if key.on_update in TAKES_CHILDREN and (rows := rewritten(session, board, key)):
            names = ", ".join(key.parent_columns)
            raise DatabaseError(
                f"compare {board.live.ref}",
                f"{rows:,} row{'s' if rows > 1 else ''} would get another {names}, and rows of {key.child} follow it"
                f" ({key.name}, ON UPDATE {key.on_update}), which no undo would bring back",
                "nothing was written; take these rows back by hand"
                if undoes
                else f"nothing was written; leave these rows out with --where, or {names} out with --columns",
                code="table.on-update",
            )


def rewritten(session: Session, board: Tally, key: ForeignKey) -> int:
    """Count the rows to change whose referenced columns get another value, to the last byte."""
    known = {column.name: column for column in board.compared}
    generated = {column.name for column in board.live.columns if column.generated}
    differ = [f"NOT ({board.same(known[name], 's', 'p')})" for name in key.parent_columns if name in known]
    differ += ["1 = 1" for name in key.parent_columns if name in generated]
    there = [f"p.{quoted(name)} IS NOT NULL" for name in key.parent_columns]
    if not differ or board.keyless:
        return 0
    (rows,) = session.one(
        f"SELECT COUNT(*) FROM {board.plan} AS l JOIN {board.source} AS s ON {board.meet('s', 'l')}"
        f" JOIN {board.landing} AS p ON {board.meet('l', 'p')}"
        f" WHERE {chosen(Act.UPDATE)} AND {' AND '.join(there)} AND ({' OR '.join(differ)})"
    )
    return int(rows)
