"""A trigger of the table that gives restored rows other values: the load ends with its name, and the columns'.

The rows would not be what the backup has, however often they were tried.
"""

from __future__ import annotations

from collections.abc import Callable

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.tables.definition import Column, Trigger
from rdsrestore.domain.tables.rows import Act
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.merge.batches import LineRange
from rdsrestore.mysql.merge.merge_context import MergeContext
from rdsrestore.mysql.session.login.connection import Session


def rewriting(context: MergeContext, act: Act) -> tuple[Trigger, ...]:
    """The triggers that can change a row on its way into the table; one that fires afterwards can't."""
    return tuple(each for each in context.live.triggers if (each.timing, each.event) == ("BEFORE", act.value.upper()))


def end_where_rewritten(
    session: Session, context: MergeContext, row: LineRange, act: Act, write: Callable[[], object]
) -> None:
    """Write the one row of `row` once more, look which of its columns became something else, and take it back.

    Raises DatabaseError with code `table.trigger-rewrites` where some did and a trigger can be the cause.
    """
    triggers = rewriting(context, act)
    if not triggers:
        return
    with session.transaction():
        write()
        columns = rewritten_columns(session, context, row, act)
        if columns:
            names = " or ".join(f"{each.name} ({each.timing} {each.event})" for each in triggers)
            raise DatabaseError(
                f"load {context.live.ref}",
                f"trigger {names} changes {', '.join(columns)} of the rows that are put back",
                "drop the trigger until they are back and run the same command again, or add --into NEW_TABLE",
                code="table.trigger-rewrites",
            )


def rewritten_columns(session: Session, context: MergeContext, row: LineRange, act: Act) -> list[str]:
    """Name the columns of production's row that are not what the plan wanted to write."""
    written = [each for each in context.carried if act is Act.INSERT or each.name not in context.key]
    three_way = act is Act.UPDATE and context.policy.three_way
    after = f" JOIN {context.after} AS a ON {context.meet('a', 'l')}" if three_way else ""
    wanted = [goal(context, each, act) for each in written]
    same = ", ".join(
        f"{row_hash.one(context.seen(each), context.value(each, 'p'))} <=> {row_hash.one(context.seen(each), value)}"
        for each, value in zip(written, wanted, strict=True)
    )
    found = session.rows(
        f"SELECT {same} FROM {context.by_line} JOIN {context.target} AS p ON {context.meet('l', 'p')}"
        f" JOIN {context.source} AS s ON {context.meet('s', 'l')}{after} WHERE {row.condition} LIMIT 1"
    )
    return [each.name for answer in found for each, as_wanted in zip(written, answer, strict=True) if not as_wanted]


def goal(context: MergeContext, column: Column, act: Act) -> str:
    """The value that a column was to have."""
    if act is Act.INSERT:
        return context.value(column, "s")
    return context.becomes(column, lambda side: context.value(column, side), merged=context.policy.three_way)
