"""What of the plan the target table would not take: known before anything is written, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.tables.definition import ForeignKey
from rdsrestore.domain.tables.rows import Act
from rdsrestore.mysql.merge.merge_context import MergeContext, points_to
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import Session, quoted
from rdsrestore.mysql.write import merged
from rdsrestore.ports.progress import Progress


def mark_taken_keys(session: Session, context: MergeContext) -> None:
    """Mark rows whose unique values another row has taken, unless that row gives them up in the same run."""
    names = {column.name for column in context.compared}
    for unique in context.live.unique_keys:
        if set(unique.columns) == set(context.key) or not set(unique.columns) <= names:
            continue
        why = f"a newer row has the same {', '.join(unique.columns)}"
        taken = " AND ".join(f"p.{quoted(name)} = {context.read(name, 's')}" for name in unique.columns)
        session.run(
            f"UPDATE {context.plan} AS l JOIN {context.source} AS s ON {context.meet('s', 'l')}"
            f" JOIN {context.target} AS p ON {taken} AND NOT ({context.meet('l', 'p')})"
            f" LEFT JOIN {context.plan} AS q ON {context.meet('q', 'p')} AND q.rr_act IN ('update', 'delete')"
            f" SET l.rr_st = 'conflict', l.rr_why = {session.literal(why)}"
            " WHERE l.rr_act IN ('insert', 'update') AND l.rr_st = 'todo' AND q.rr_n IS NULL"
        )


def mark_orphans(session: Session, context: MergeContext, contexts: Sequence[MergeContext]) -> None:
    """Mark rows whose parent is neither on production nor restored by this run.

    Repeated for tables that reference themselves.
    """
    names = {column.name for column in context.compared}
    for key in context.live.references:
        if set(key.columns) <= names:
            parent = next((each for each in contexts if each.live.ref == key.parent), None)
            while mark_without_parent(session, context, key, parent) and key.parent == context.live.ref:
                pass


def mark_without_parent(session: Session, context: MergeContext, key: ForeignKey, parent: MergeContext | None) -> int:
    """Mark the rows of one foreign key, whose parents this run may restore; returns how many there were."""
    conditions = [f"s.{quoted(name)} IS NOT NULL" for name in key.columns]
    conditions.append(f"NOT EXISTS (SELECT 1 FROM {qualified(key.parent)} AS q WHERE {points_to(key, 'q')})")
    if parent:
        place = restored(session, parent)
        conditions.append(f"NOT EXISTS (SELECT 1 FROM {place} AS q WHERE {points_to(key, 'q')})")
    why = f"its parent in {key.parent.table} is missing ({', '.join(key.columns)})"
    return session.run(
        f"UPDATE {context.plan} AS l JOIN {context.source} AS s ON {context.meet('s', 'l')}"
        f" SET l.rr_st = 'conflict', l.rr_why = {session.literal(why)}"
        f" WHERE l.rr_act IN ('insert', 'update') AND l.rr_st = 'todo' AND {' AND '.join(conditions)}"
    )


def restored(session: Session, parent: MergeContext) -> str:
    """Name a table of the parents that this run restores, made anew from their plan."""
    place = f"{parent.plan[:-1]}_parents`"
    session.run(f"DROP TABLE IF EXISTS {place}")
    session.run(f"CREATE TABLE {place} LIKE {parent.source}")
    session.run(
        f"INSERT INTO {place} SELECT s.* FROM {parent.source} AS s JOIN {parent.plan} AS l ON {parent.meet('s', 'l')}"
        " WHERE l.rr_act IN ('insert', 'update') AND l.rr_st = 'todo'"
    )
    return place


def probe(session: Session, context: MergeContext, progress: Progress) -> None:
    """Try the rows on an empty table like the target table: what does not fit is known before anything is written."""
    progress(f"trying the rows of {context.live.ref.table} on a table like production's", None)
    session.run(f"DROP TABLE IF EXISTS {context.probe}")
    session.run(f"CREATE TABLE {context.probe} LIKE {context.target}")
    for act in (Act.INSERT, Act.UPDATE):
        for _done in merged.walk(session, context, merged.Way(act, trial=True)):
            pass
    for name, own in renamed_checks(session, context):
        session.run(f"UPDATE {context.plan} SET rr_why = REPLACE(rr_why, %s, %s) WHERE rr_st = 'conflict'", (name, own))
    session.run(f"DROP TABLE {context.probe}")


def renamed_checks(session: Session, context: MergeContext) -> Iterator[tuple[str, str]]:
    """Pair the names of the probe's checks with those of the table itself: MySQL gives the probe's new ones."""
    if "mariadb" in session.greeted.lower():  # there a check's name is its table's own
        return
    probe = (context.schema, context.probe.rpartition("`.`")[2].rstrip("`"))
    theirs, ours = (catalog.checks(session, ref) for ref in (TableRef(*probe), context.live.ref))
    for name, clause in theirs.items():
        own = next((own for own, known in ours.items() if known == clause), None)
        if own:
            yield name, own
