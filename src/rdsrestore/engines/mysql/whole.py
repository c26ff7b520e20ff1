"""A table that has none of a dump's rows takes the dump as it is: statement by statement, several at a time.

What guards rows that others write meanwhile is the plain INSERT itself: a key that is taken is an error, the statement
is halved down to the row that does not fit, and that row is left alone. LOAD DATA, where it may be used, counts only if
the server took every row as it is. Each transaction notes what it wrote, so that
an answer that was lost is neither repeated nor forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import replace

from rdsrestore.core.changes import (
    Act,
    Conflict,
    Group,
    PlanLine,
    Relation,
    SavedTable,
    Story,
    TableDifference,
    TableLoad,
)
from rdsrestore.core.crew import Crew
from rdsrestore.core.model import Merge, OnConflict, TableRef
from rdsrestore.core.ports import Progress
from rdsrestore.core.sections import each_done
from rdsrestore.core.tables import DumpFile, TableDefinition
from rdsrestore.core.targets import Target
from rdsrestore.engines.mysql import bulk, catalog, ddl, foretold, staging
from rdsrestore.engines.mysql.apply import patiently, stop_at_conflict
from rdsrestore.engines.mysql.catalog import qualified
from rdsrestore.engines.mysql.connect import Login, Session, connect
from rdsrestore.engines.mysql.plan import count, lost_children, rows_then
from rdsrestore.engines.mysql.shelf import Shelf
from rdsrestore.engines.mysql.spans import FULL, Stride, Tempo
from rdsrestore.engines.mysql.statements import Statement, Unlike, Write, feed, insert, statements
from rdsrestore.engines.mysql.tally import Tally
from rdsrestore.engines.mysql.team import Pass, Team, unseal


def fits(session: Session, target: Target, live: TableDefinition) -> bool:
    """Whether a table can take its dump as it is: of the same shape, and without any of its rows.

    Nothing else may follow from inserting them: no trigger, no parent to look for, no value to be corrected.
    """
    then = target.dump.definition
    plain = bool(target.dump.rows) and not (
        target.after or target.back or target.dump.floats or live.references or live.triggers
    )
    plain = plain and not any(column.generated for column in live.columns)
    if not plain or unfiltered(target) or not then.key or not ddl.same_shape(live, then):
        return False
    if apart(target):
        return target.policy.on_conflict is not OnConflict.STOP or foretold.foreseeable(live, target.dump)
    return not session.rows(f"SELECT 1 FROM {qualified(live.ref)} LIMIT 1")


def unfiltered(target: Target) -> bool:
    """Whether the dump has rows that the filter leaves out, which are needed to tell newer ones."""
    return target.policy.where is not None and target.policy.merge is Merge.EXACT


def apart(target: Target) -> bool:
    """Whether the dump has just those rows whose keys production has not: where keys alone were compared."""
    known = target.located is not None and target.located.common is not None
    return known and target.policy.merge is Merge.MISSING


def notes(board: Tally) -> str:
    """Name the table that says which of the dump's statements are written."""
    return f"{board.plan[:-1]}_whole`"


def prepare(session: Session, board: Tally, dump: DumpFile, shelf: Shelf) -> None:
    """Prove the file, and begin the notes: `n` is where a statement begins in the file."""
    staging.refuse_changed(shelf, dump)
    staging.refuse_oversize(session, dump)
    session.run(f"DROP TABLE IF EXISTS {notes(board)}")
    session.run(
        f"CREATE TABLE {notes(board)} (n BIGINT UNSIGNED NOT NULL PRIMARY KEY, done BIGINT UNSIGNED NOT NULL,"
        " unfit BIGINT UNSIGNED NOT NULL, why VARCHAR(250) NULL, ended BOOLEAN NOT NULL)"
        " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
    )


def difference(session: Session, board: Tally, target: Target, shelf: Shelf) -> TableDifference:
    """Sum up: every row of the dump is missing; rows that others wrote since are production's alone."""
    dump, located = target.dump, target.located
    live = located.live if located and located.live is not None else count(session, board.live.ref)
    common = (located.common or 0) if located else 0
    known = live and foretold.foreseeable(board.live, dump)
    conflicts = foretold.conflicts(session, board, shelf, dump) if known else ()
    missing = dump.rows - sum(each.rows for each in conflicts)
    groups = [Group(Relation.MISSING, Story.UNKNOWN, Act.INSERT, missing, foretold.sample(shelf, dump))]
    groups += [Group(Relation.EXTRA, Story.UNKNOWN, Act.KEEP, live - common)] if live > common else []
    return TableDifference(
        board.then.ref,
        board.live.ref,
        restored=rows_then(target),
        live=live,
        groups=tuple(groups),
        conflicts=conflicts,
        children=lost_children(session, board, target),
        unseen=common,
        notes=(*((foretold.UNKNOWN,) if live and not known else ()), *(located.notes if located else ())),
        print=print_of(target),
    )


def print_of(target: Target) -> str:
    """The plan's digest: this very file."""
    return f"whole {target.dump.sha256}"


def save(board: Tally, target: Target) -> SavedTable:
    """Name what the way back rests on: the dump itself, since every row of it is new to production."""
    names = tuple(column.name for column in board.columns)
    return SavedTable(board.live.ref, board.then.key, names, target.dump, whole=True)


def load(
    login: Login,
    board: Tally,
    target: Target,
    shelf: Shelf,
    tempo: Tempo,
    progress: Progress,
    team: Team | None = None,
) -> None:
    """Write the dump's statements that no note says to be written, some rows of each in a transaction."""
    last = max(target.dump.span[1], 1)
    staging.refuse_changed(shelf, target.dump)
    with closing(connect(login, "production")) as session:
        ended = {int(place) for (place,) in session.stream(f"SELECT n FROM {notes(board)} WHERE ended")}
        text = bulk.statement(board.live, target.dump.definition) if bulk.allowed(session, board.live) else ""

    def waiting() -> Iterator[Statement]:
        for statement in statements(shelf, target.dump.path, board.landing, text):
            share = statement.place / last
            progress(f"{board.live.ref.table}: {share:.0%} of {target.dump.rows:,} rows", share)
            if statement.place not in ended:
                tempo.hold()
                yield statement

    def write(given: Iterator[Statement]) -> None:
        with closing(connect(login, f"load {board.live.ref}")) as session:
            for statement in given:
                put(session, board, statement, tempo.stride)

    if team:
        write_elsewhere(waiting(), board, team, team.admit(login, f"load {board.live.ref}"), tempo.stride)
        return
    with Crew(tempo.stride.writers, write) as crew:
        for statement in waiting():
            crew.give(statement)


def write_elsewhere(waiting: Iterator[Statement], board: Tally, team: Team, given: Pass, stride: Stride) -> None:
    """Have a team write statements; the notes see to it that one which is done twice is written once."""

    def submit(each: Statement) -> Future[None]:
        return team.executor.submit(errand, given, board, replace(each, values=team.seal(each.values)), stride)

    for _done in each_done(waiting, submit, team.size if stride is FULL else stride.writers):
        pass


def errand(given: Pass, board: Tally, sealed: Statement, stride: Stride) -> None:
    """On a worker: write one statement."""
    with given.logins().borrowed() as session:
        put(session, board, replace(sealed, values=unseal(sealed.values)), stride)


def put(session: Session, board: Tally, statement: Statement, stride: Stride) -> None:
    """Write one statement, some rows at a time, and rest in between."""
    while not stride.took(lambda: written(session, board, statement, stride.rows)):
        pass


def written(session: Session, board: Tally, statement: Statement, most: int | None) -> bool:
    """Write the statement's next rows; returns whether it is done."""
    with suppress(Unlike):
        if statement.bulk:
            return patiently(lambda: transact(session, board, statement, most, feed))
    return patiently(lambda: transact(session, board, statement, most, insert))


def transact(session: Session, board: Tally, statement: Statement, most: int | None, write: Write) -> bool:
    """Write the rows that follow those which are noted, and note what came of them; returns whether these are all."""
    with session.transaction():
        place = f"WHERE n = {statement.place}"
        found = session.rows(f"SELECT done + unfit, ended FROM {notes(board)} {place} FOR UPDATE")
        behind, ended = found[0] if found else (0, 0)
        if ended:
            return True
        part, last = statement.after(int(behind), most)
        done, unfit, why = write(session, part)
        stop_at_conflict(board, unfit)
        if found:
            session.run(
                f"UPDATE {notes(board)} SET done = done + %s, unfit = unfit + %s, why = COALESCE(%s, why), ended = %s"
                f" {place}",
                (done, unfit, why or None, last),
            )
        else:
            values = (statement.place, done, unfit, why or None, last)
            session.run(f"INSERT INTO {notes(board)} VALUES (%s, %s, %s, %s, %s)", values)
        return last


def loaded(session: Session, board: Tally) -> TableLoad:
    """Say what has been written so far."""
    (done,) = session.one(f"SELECT COALESCE(SUM(done), 0) FROM {notes(board)}")
    found = session.rows(f"SELECT why, SUM(unfit) FROM {notes(board)} WHERE unfit > 0 GROUP BY why ORDER BY 2 DESC")
    return TableLoad(
        board.live.ref, inserted=int(done), conflicts=tuple(Conflict(str(why), int(rows)) for why, rows in found)
    )


def lines(session: Session, board: Tally) -> Iterator[PlanLine]:
    """Yield the rows that are not in the table, once some were left alone and the dump was staged to find them."""
    if catalog.definition(session, TableRef(board.schema, board.then.ref.table)) is None:
        return
    why = " or ".join(conflict.reason for conflict in loaded(session, board).conflicts)
    found = session.stream(
        f"SELECT {board.keys('s')} FROM {board.source} AS s LEFT JOIN {board.landing} AS p ON {board.meet('s', 'p')}"
        f" WHERE NOT ({board.digest('s')} <=> {board.digest('p')})"
    )
    for key in found:
        literals = tuple(map(session.literal, key))
        yield PlanLine(literals, Relation.MISSING, Story.UNKNOWN, Act.INSERT, "conflict", why)
