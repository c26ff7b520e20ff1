"""Class every staged row against the live table, inside production and without touching it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rdsrestore.core.errors import DatabaseError
from rdsrestore.core.model import TableRef
from rdsrestore.core.ports import Progress
from rdsrestore.core.tables import Conflict, LostChildren, TableDifference
from rdsrestore.engines.mysql import ddl, tally
from rdsrestore.engines.mysql.catalog import qualified
from rdsrestore.engines.mysql.chunks import fill, ranges
from rdsrestore.engines.mysql.connect import Session, quoted
from rdsrestore.engines.mysql.faults import UNFIT, number_of
from rdsrestore.engines.mysql.tally import Tally, plan_name, plan_of, points_to

SAMPLE = 3
SHOWN = 60
KEYS = 5


def compare(session: Session, board: Tally, staged: Sequence[TableRef], progress: Progress) -> TableDifference:
    """Write the plan of one table and sum it up.

    DatabaseError (`db.no-key`, `db.schema-drift`) where it can't be made.
    """
    (live,) = session.one(f"SELECT COUNT(*) FROM {board.landing}")
    if board.keyless and live:
        raise DatabaseError(
            f"compare {board.live.ref}",
            "the table has rows and no key to tell them apart by",
            "use --into NEW_TABLE to load beside",
            code="db.no-key",
        )
    tally.check_drift(board, lost_columns(session, board))
    make_plan(session, board)
    with fitting_keys(board):
        classify(session, board, progress)
    if not board.keyless:
        mark_taken_keys(session, board)
    mark_orphans(session, board, staged)
    if not ddl.same_shape(board.live, board.dump.definition):
        probe(session, board, progress)
    return summed_up(session, board, int(live))


def lost_columns(session: Session, board: Tally) -> frozenset[str]:
    """Name the restored columns that hold values and that production does not have any more."""
    there = {column.name for column in board.live.columns}
    gone = [column.name for column in board.dump.definition.base_columns if column.name not in there]
    return frozenset(
        name for name in gone if session.rows(f"SELECT 1 FROM {board.staging} WHERE {quoted(name)} IS NOT NULL LIMIT 1")
    )


def make_plan(session: Session, board: Tally) -> None:
    """Create the plan's table, its key spelled as production spells it."""
    there = {column.name: column for column in (board.dump.definition if board.keyless else board.live).columns}
    keys = [
        ddl.keyed(there[name]) if name in there else f"{quoted(name)} BIGINT UNSIGNED NOT NULL" for name in board.key
    ]
    session.run(f"DROP TABLE IF EXISTS {board.plan}")
    session.run(
        f"CREATE TABLE {board.plan} ({', '.join(keys)}, rr_n BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,"
        " rr_act ENUM('insert','present') NOT NULL, rr_changed BOOL NOT NULL DEFAULT 0,"
        " rr_st ENUM('todo','done','conflict') NOT NULL DEFAULT 'todo', rr_why VARCHAR(250) NULL,"
        f" PRIMARY KEY ({', '.join(map(quoted, board.key))}), UNIQUE KEY rr_n (rr_n), KEY rr_work (rr_st, rr_act))"
        " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
    )


@contextmanager
def fitting_keys(board: Tally) -> Iterator[None]:
    """Say so where restored keys don't fit production's any more, or two of them have become one."""
    try:
        yield
    except DatabaseError as error:
        if number_of(error) not in UNFIT:
            raise
        raise tally.drift(board, f"restored rows do not fit its key ({', '.join(board.key)}) as it is now") from error


def classify(session: Session, board: Tally, progress: Progress) -> None:
    """Write one line of plan for each staged row, in key order, a range of keys at a time."""
    done = 0
    for condition in ranges(session, board):
        progress(f"comparing {board.live.ref.table} with production", done / max(board.dump.rows, 1))
        if board.keyless:
            select = f"SELECT {board.keys('s')}, 'insert', 0 FROM {board.staging} AS s"
        else:
            differs = f"IF(p.{quoted(board.key[0])} IS NULL, 0, {board.digest('s')} <> {board.digest('p')})"
            select = (
                f"SELECT {board.keys('s')}, IF({board.absent}, 'insert', 'present'), {differs}"
                f" FROM {board.staging} AS s LEFT JOIN {board.landing} AS p ON {board.meet('s', 'p')}"
            )
        names = ", ".join(map(quoted, board.key))
        done += session.run(
            f"INSERT INTO {board.plan} ({names}, rr_act, rr_changed)"
            f" {select} WHERE {condition} ORDER BY {board.keys('s')}"
        )


def mark_taken_keys(session: Session, board: Tally) -> None:
    """Mark rows whose unique values a newer row has taken."""
    for unique in board.live.unique_keys:
        if set(unique.columns) == set(board.key) or not set(unique.columns) <= {each.name for each in board.columns}:
            continue
        taken = " AND ".join(f"p.{quoted(name)} = {board.read(name, 's')}" for name in unique.columns)
        session.run(
            f"UPDATE {board.plan} AS l JOIN {board.staging} AS s ON {board.meet('s', 'l')}"
            f" JOIN {board.landing} AS p ON {taken} AND NOT ({board.meet('l', 'p')})"
            " SET l.rr_st = 'conflict', l.rr_why = %s WHERE l.rr_act = 'insert'",
            (f"a newer row has the same {', '.join(unique.columns)}",),
        )


def mark_orphans(session: Session, board: Tally, staged: Sequence[TableRef]) -> None:
    """Mark rows whose parent is neither on production nor restored by this run.

    Repeated for tables that reference themselves.
    """
    for key in board.live.references:
        if not set(key.columns) <= {column.name for column in board.columns}:
            continue
        present = " AND ".join(f"s.{quoted(name)} IS NOT NULL" for name in key.columns)
        conditions = [f"NOT EXISTS (SELECT 1 FROM {qualified(key.parent)} AS q WHERE {points_to(key, 'q')})"]
        inner = key.parent == board.live.ref
        if inner or key.parent in staged:
            parent = board.dump.definition.ref if inner else key.parent
            conditions.append(
                f"NOT EXISTS (SELECT 1 FROM {restored(session, board, parent)} AS q WHERE {points_to(key, 'q')})"
            )
        statement = (
            f"UPDATE {board.plan} AS l JOIN {board.staging} AS s ON {board.meet('s', 'l')}"
            f" SET l.rr_st = 'conflict', l.rr_why = %s WHERE l.rr_act = 'insert' AND l.rr_st = 'todo' AND {present}"
            f" AND {' AND '.join(conditions)}"
        )
        why = f"its parent in {key.parent.table} is missing ({', '.join(key.columns)})"
        while session.run(statement, (why,)) and inner:
            restored(session, board, board.dump.definition.ref)


def restored(session: Session, board: Tally, parent: TableRef) -> str:
    """Name a table of the parents that this run restores, made anew from their plan.

    Without a plan, which the later of two tables that reference each other has not got yet, these are all staged rows.
    """
    if not exists(session, board.schema, parent):
        return qualified(TableRef(board.schema, parent.table))
    place = f"{plan_of(board.schema, parent)[:-1]}_parents`"
    source = qualified(TableRef(board.schema, parent.table))
    plan = plan_of(board.schema, parent)
    columns = [row[0] for row in session.rows(f"SHOW COLUMNS FROM {plan}")]
    keys = columns[: columns.index("rr_n")]
    meet = " AND ".join(f"s.{quoted(name)} = l.{quoted(name)}" for name in keys)
    session.run(f"DROP TABLE IF EXISTS {place}")
    session.run(f"CREATE TABLE {place} LIKE {source}")
    session.run(
        f"INSERT INTO {place} SELECT s.* FROM {source} AS s JOIN {plan} AS l ON {meet}"
        " WHERE l.rr_act = 'insert' AND l.rr_st <> 'conflict'"
    )
    return place


def exists(session: Session, schema: str, parent: TableRef) -> bool:
    """Whether a table of this run has its plan already."""
    name = plan_name(parent)
    return bool(
        session.rows(
            "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s", (schema, name)
        )
    )


def probe(session: Session, board: Tally, progress: Progress) -> None:
    """Try the rows on an empty table like the landing: what does not fit is known before anything is written."""
    progress(f"trying the rows of {board.live.ref.table} on a table like production's", None)
    session.run(f"DROP TABLE IF EXISTS {board.probe}")
    session.run(f"CREATE TABLE {board.probe} LIKE {board.landing}")
    fill(session, board, board.probe, progress, keep=False)
    session.run(f"DROP TABLE {board.probe}")


def summed_up(session: Session, board: Tally, live: int) -> TableDifference:
    """Count the plan's classes."""
    missing, present, changed = session.one(
        "SELECT COALESCE(SUM(rr_act = 'insert' AND rr_st <> 'conflict'), 0), COALESCE(SUM(rr_act = 'present'), 0),"
        f" COALESCE(SUM(rr_changed), 0) FROM {board.plan}"
    )
    return TableDifference(
        ref=board.dump.definition.ref,
        landing=board.live.ref,
        restored=board.dump.rows,
        live=live,
        missing=int(missing),
        present=int(present),
        changed=int(changed),
        newer=live - int(present),
        conflicts=conflicts(session, board),
        sample=sample(session, board),
        children=tuple(
            LostChildren(child, rule_of(board, child), then, count(session, child))
            for child, then in board.dump.children
        ),
    )


def conflicts(session: Session, board: Tally) -> tuple[Conflict, ...]:
    """Group the rows that can't be put back by reason, with a few keys of each."""
    found = session.rows(
        f"SELECT rr_why, COUNT(*) FROM {board.plan} WHERE rr_st = 'conflict' GROUP BY rr_why ORDER BY 2 DESC"
    )
    return tuple(Conflict(str(why), int(number), keys_of(session, board, why)) for why, number in found)


def keys_of(session: Session, board: Tally, why: str) -> tuple[str, ...]:
    """A few keys of the rows with one reason."""
    found = session.rows(
        f"SELECT {board.keys('l')} FROM {board.plan} AS l WHERE l.rr_st = 'conflict' AND l.rr_why = %s LIMIT {KEYS}",
        (why,),
    )
    return tuple(", ".join(map(shown, row)) for row in found)


def sample(session: Session, board: Tally) -> tuple[tuple[tuple[str, str], ...], ...]:
    """A few of the missing rows, each value cut to a length that fits a screen."""
    found = session.rows(
        f"SELECT {board.of('s')} FROM {board.plan} AS l JOIN {board.staging} AS s ON {board.meet('s', 'l')}"
        f" WHERE l.rr_act = 'insert' AND l.rr_st <> 'conflict' ORDER BY l.rr_n LIMIT {SAMPLE}"
    )
    names = [column.name for column in board.columns]
    return tuple(tuple(zip(names, map(shown, row), strict=True)) for row in found)


def shown(value: object) -> str:
    """Write a value for people, on one line."""
    if value is None:
        return "NULL"
    text = f"0x{value.hex()}" if isinstance(value, bytes) else str(value).replace("\n", "\\n")
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def rule_of(board: Tally, child: TableRef) -> str:
    """What happens to a child's rows when the parent's are deleted."""
    return next(key.on_delete for key in board.dump.definition.referenced_by if key.child == child)


def count(session: Session, ref: TableRef) -> int:
    """Count a table's rows; none where the table is gone."""
    try:
        (number,) = session.one(f"SELECT COUNT(*) FROM {qualified(ref)}")
    except DatabaseError as error:
        if error.code == "db.no-table":
            return 0
        raise
    return int(number)
