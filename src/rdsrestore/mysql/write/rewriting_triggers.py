"""A trigger of the table that gives restored rows other values: the load ends with its name, and the columns'.

The rows would not be what the backup has, however often they were tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.tables.definition import Column, Trigger
from rdsrestore.domain.tables.rows import Act
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.merge.batches import LineRange
from rdsrestore.mysql.merge.merge_context import MergeContext
from rdsrestore.mysql.session.errors import UNFIT, number_of
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
    if rewriting(context, act):
        with session.transaction():
            write()
            look_at_written(session, context, row.condition, act, act)


def look_at_written(session: Session, context: MergeContext, rows: str, act: Act, last: Act) -> None:
    """Hold rows of the plan, of one act, against what became of them in this transaction, with what was done `last`.

    Raises DatabaseError with code `table.trigger-rewrites` where they differ and a trigger can be the cause.
    """
    triggers = rewriting(context, last)
    columns = rewritten_columns(session, context, rows, act) if triggers else ()
    if columns:
        raise told(context, triggers, columns)


def try_first_without_key(session: Session, context: MergeContext, which: str, write: Callable[[], object]) -> None:
    """Write one row of a table without a key, look whether the table has more of each of its values, and take it back.

    A row that can't be written is left to be tried with the others. Raises DatabaseError with code
    `table.trigger-rewrites`.
    """
    triggers = rewriting(context, Act.INSERT)
    if not triggers:
        return
    session.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")  # what others write meanwhile is not counted
    with session.transaction():
        before = copies(session, context, which)
        session.run("SAVEPOINT rr_first")
        try:
            write()
        except DatabaseError as error:
            if number_of(error) in UNFIT:
                return
            raise
        after = copies(session, context, which)
        session.run("ROLLBACK TO SAVEPOINT rr_first")
    columns = [name for name, rows in after.items() if rows <= before[name]]
    if columns:
        raise told(context, triggers, columns)


def told(context: MergeContext, triggers: Sequence[Trigger], columns: Iterable[str]) -> DatabaseError:
    """Say which columns some of the triggers change."""
    names = " or ".join(f"{each.name} ({each.timing} {each.event})" for each in triggers)
    return DatabaseError(
        f"load {context.live.ref}",
        f"trigger {names} changes {', '.join(columns)} of the rows that are put back",
        "drop the trigger until they are back and run the same command again, or add --into NEW_TABLE",
        code="table.trigger-rewrites",
    )


def rewritten_columns(session: Session, context: MergeContext, rows: str, act: Act) -> tuple[str, ...]:
    """Name the columns of production's rows that are not what the plan wanted to write."""
    written = [each for each in context.carried if act is Act.INSERT or each.name not in context.key]
    three_way = act is Act.UPDATE and context.policy.three_way
    after = f" JOIN {context.after} AS a ON {context.meet('a', 'l')}" if three_way else ""
    same = ", ".join(f"MIN({as_wanted(context, each, act)})" for each in written)
    found = session.one(
        f"SELECT {same} FROM {context.by_line} JOIN {context.target} AS p ON {context.meet('l', 'p')}"
        f" JOIN {context.source} AS s ON {context.meet('s', 'l')}{after} WHERE {rows}"
    )
    return tuple(each.name for each, so in zip(written, found, strict=True) if so is not None and not so)


def copies(session: Session, context: MergeContext, which: str) -> Mapping[str, int]:
    """Count, for each column, production's rows that have there what a row of the plan is to have."""
    counts = ", ".join(f"COALESCE(SUM({as_wanted(context, each, Act.INSERT)}), 0)" for each in context.carried)
    found = session.one(
        f"SELECT {counts} FROM {context.by_line} JOIN {context.source} AS s ON {context.meet('s', 'l')}"
        f" JOIN {context.target} AS p WHERE {which}"
    )
    return {each.name: int(rows) for each, rows in zip(context.carried, found, strict=True)}


def as_wanted(context: MergeContext, column: Column, act: Act) -> str:
    """The condition that a column of production's row is what it was to become."""
    seen = context.seen(column)
    return f"({row_hash.one(seen, context.value(column, 'p'))} <=> {row_hash.one(seen, goal(context, column, act))})"


def goal(context: MergeContext, column: Column, act: Act) -> str:
    """The value that a column was to have."""
    if act is Act.INSERT:
        return context.value(column, "s")
    return context.becomes(column, lambda side: context.value(column, side), merged=context.policy.three_way)
