"""A table that has none of a dump's rows takes the dump as it is: statement by statement, several at a time.

What guards rows that others write meanwhile is the plain INSERT itself: a key that is taken is an error, the statement
is halved down to the row that does not fit, and that row is left alone. Each transaction notes what it wrote, so that
an answer that was lost is neither repeated nor forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, replace

from rdsrestore.core.changes import (
    Act,
    Conflict,
    Group,
    Ledger,
    Relation,
    SavedTable,
    Story,
    TableDifference,
    TableLoad,
    Target,
)
from rdsrestore.core.crew import Crew
from rdsrestore.core.errors import DatabaseError
from rdsrestore.core.model import Merge
from rdsrestore.core.ports import Progress
from rdsrestore.core.sections import each_done
from rdsrestore.core.tables import DumpFile, Fingerprint, TableDefinition
from rdsrestore.engines.mysql import bulk, ddl, dumpfile, pieces, rowhash, staging
from rdsrestore.engines.mysql.apply import patiently, reason, stop_at_conflict
from rdsrestore.engines.mysql.catalog import qualified
from rdsrestore.engines.mysql.connect import Login, Session, connect, quoted
from rdsrestore.engines.mysql.faults import UNFIT, number_of, words_of
from rdsrestore.engines.mysql.logins import Logins
from rdsrestore.engines.mysql.plan import count, lost_children
from rdsrestore.engines.mysql.shelf import Shelf
from rdsrestore.engines.mysql.tally import Tally
from rdsrestore.engines.mysql.team import Pass, Team, unseal

WRITERS = 3
"""Statements under way at a time: while one waits for the disk that its commit is to reach, others go on."""
Write = Callable[[Session, "Statement"], tuple[int, int, str]]
"""Returns how many rows were written, how many do not fit, and why the last of these does not."""
HEAD = re.compile(dumpfile.INSERT + rb"`(?:[^`]|``)*+` (\((?:`(?:[^`]|``)*+`(?:, )?)++\) VALUES)")


def fits(session: Session, target: Target, live: TableDefinition) -> bool:
    """Whether a table can take its dump as it is: of the same shape, and without any of its rows.

    Nothing else may follow from inserting them: no trigger, no parent to look for, no value to be corrected.
    """
    then = target.dump.definition
    plain = not (target.after or target.back or target.dump.floats or live.references or live.triggers)
    plain = plain and not any(column.generated for column in live.columns)
    if not plain or not then.key or not ddl.same_shape(live, then):
        return False
    apart = target.located is not None and target.located.common == 0 and target.policy.merge is Merge.MISSING
    return apart or not session.rows(f"SELECT 1 FROM {qualified(live.ref)} LIMIT 1")


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
        " unfit BIGINT UNSIGNED NOT NULL, why VARCHAR(250) NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
    )


def difference(session: Session, board: Tally, target: Target) -> TableDifference:
    """Sum up: every row of the dump is missing; rows that others wrote since are production's alone."""
    live = count(session, board.live.ref)
    groups = [Group(Relation.MISSING, Story.UNKNOWN, Act.INSERT, target.dump.rows)]
    groups += [Group(Relation.EXTRA, Story.UNKNOWN, Act.KEEP, live)] if live else []
    return TableDifference(
        board.then.ref,
        board.live.ref,
        restored=target.dump.rows,
        live=live,
        groups=tuple(groups),
        children=lost_children(session, board, target),
        print=print_of(target),
    )


def print_of(target: Target) -> str:
    """The plan's digest: this very file."""
    return f"whole {target.dump.sha256}"


def save(board: Tally, target: Target) -> SavedTable:
    """Name what the way back rests on: the dump itself, since every row of it is new to production."""
    names = tuple(column.name for column in board.columns)
    return SavedTable(board.live.ref, board.then.key, names, target.dump, whole=True)


@dataclass(frozen=True)
class Statement:
    """One INSERT of a dump: where it begins in the file, and its text for the table that takes the rows.

    `bulk` is the LOAD DATA that may be tried first; empty where it may not.
    """

    place: int
    head: bytes
    values: bytes
    bulk: str = ""


def statements(shelf: Shelf, dump: DumpFile, landing: str, text: str = "") -> Iterator[Statement]:
    """Read a dump's statements one by one; `text` is the LOAD DATA that may be tried first."""
    with shelf.reading(dump.path) as file:
        for place, part in dumpfile.parts(file):
            if head := HEAD.match(part):
                into = dumpfile.INSERT + landing.encode() + b" " + head[1]
                yield Statement(place, into, part[head.end() :].rstrip().rstrip(b";"), text)


def load(
    login: Login,
    board: Tally,
    target: Target,
    shelf: Shelf,
    hold: Callable[[], None],
    progress: Progress,
    team: Team | None = None,
) -> None:
    """Write the dump's statements that no note says to be written, each in a transaction of its own."""
    last = max(target.dump.span[1], 1)
    staging.refuse_changed(shelf, target.dump)
    with closing(connect(login, "production")) as session:
        known = {int(place) for (place,) in session.stream(f"SELECT n FROM {notes(board)}")}
        text = bulk.statement(board.live, target.dump.definition) if bulk.allowed(session, board.live) else ""

    def waiting() -> Iterator[Statement]:
        for statement in statements(shelf, target.dump, board.landing, text):
            share = statement.place / last
            progress(f"{board.live.ref.table}: {share:.0%} of {target.dump.rows:,} rows", share)
            if statement.place not in known:
                hold()
                yield statement

    def write(given: Iterator[Statement]) -> None:
        with closing(connect(login, f"load {board.live.ref}")) as session:
            for statement in given:
                put(session, board, statement)

    if team:
        write_elsewhere(waiting(), board, team, team.admit(login, f"load {board.live.ref}"))
        return
    with Crew(WRITERS, write) as crew:
        for statement in waiting():
            crew.give(statement)


def write_elsewhere(waiting: Iterator[Statement], board: Tally, team: Team, given: Pass) -> None:
    """Have a team write statements; the notes see to it that one which is done twice is written once."""

    def submit(each: Statement) -> Future[None]:
        return team.executor.submit(errand, given, board, replace(each, values=team.seal(each.values)))

    for _done in each_done(waiting, submit, team.size):
        pass


def errand(given: Pass, board: Tally, sealed: Statement) -> None:
    """On a worker: write one statement."""
    with given.logins().borrowed() as session:
        put(session, board, replace(sealed, values=unseal(sealed.values)))


def put(session: Session, board: Tally, statement: Statement) -> None:
    """Write one statement and its note, unless the note is there."""
    with suppress(Unlike):
        if statement.bulk:
            patiently(lambda: transact(session, board, statement, feed))
            return
    patiently(lambda: transact(session, board, statement, insert))


def transact(session: Session, board: Tally, statement: Statement, write: Write) -> None:
    """Write one statement in a transaction, and note what came of it; nothing where that is noted already."""
    with session.transaction():
        if session.rows(f"SELECT 1 FROM {notes(board)} WHERE n = {statement.place} FOR UPDATE"):
            return
        done, unfit, why = write(session, statement)
        stop_at_conflict(board, unfit)
        session.run(f"INSERT INTO {notes(board)} VALUES (%s, %s, %s, %s)", (statement.place, done, unfit, why or None))


class Unlike(Exception):  # noqa: N818 - no error: it is written in another way
    """A row was left out or changed on the way."""


def feed(session: Session, statement: Statement) -> tuple[int, int, str]:
    """Give the server a statement's rows as they are; Unlike where it did not take each as it is."""
    rows, number = bulk.rows_of(statement.values)
    if not rows or session.through(lambda connection: bulk.feed(connection, statement.bulk, rows)) != (number, 0):
        raise Unlike
    return number, 0, ""


def insert(session: Session, statement: Statement) -> tuple[int, int, str]:
    """Insert a statement's rows, halving it down to those that do not fit.

    Returns how many were inserted, how many were not, and why the last of these was not.
    """
    try:
        return session.send(statement.head + statement.values), 0, ""
    except DatabaseError as error:
        if number_of(error) not in UNFIT:
            raise
        rows = [row[:-1] for row in dumpfile.rows(statement.values + b";")]
        if len(rows) == 1:
            return 0, 1, reason(words_of(error))
    middle = len(rows) // 2
    halves = (replace(statement, values=b",".join(part)) for part in (rows[:middle], rows[middle:]))
    first, second = (insert(session, half) for half in halves)
    return first[0] + second[0], first[1] + second[1], second[2] or first[2]


def loaded(session: Session, board: Tally) -> TableLoad:
    """Say what has been written so far."""
    (done,) = session.one(f"SELECT COALESCE(SUM(done), 0) FROM {notes(board)}")
    found = session.rows(f"SELECT why, SUM(unfit) FROM {notes(board)} WHERE unfit > 0 GROUP BY why ORDER BY 2 DESC")
    return TableLoad(
        board.live.ref, inserted=int(done), conflicts=tuple(Conflict(str(why), int(rows)) for why, rows in found)
    )


def rest(login: Login, board: Tally, dump: DumpFile) -> Fingerprint:
    """Take the fingerprint of the rows up to the dump's last key, range by range: new rows come after it, as a rule."""
    bound = f"{quoted(board.key[0])} <= {dump.top}" if dump.top else None
    with closing(connect(login, "production")) as session:
        conditions = list(pieces.cut(session, board.live, bound, dump.definition))
    with closing(Logins(login, "production")) as logins:

        def take(condition: str | None) -> Fingerprint:
            with logins.borrowed() as session:
                return rowhash.fingerprint(session, board.landing, board.live.base_columns, condition)

        with ThreadPoolExecutor(WRITERS, thread_name_prefix="checker") as pool:
            return sum(pool.map(take, conditions), Fingerprint(0, 0))


@dataclass(frozen=True)
class Books:
    """What is known before the books are balanced: `before` and `untouched` count and hash what was there."""

    target: Target
    shelf: Shelf
    before: int
    untouched: Fingerprint | None


def ledger(session: Session, login: Login, board: Tally, books: Books, progress: Progress) -> Ledger:
    """Balance the books by checksums of the whole; row by row only where others wrote meanwhile."""
    dump = books.target.dump
    written = loaded(session, board)
    unfit = sum(conflict.rows for conflict in written.conflicts)
    after, now = count(session, board.live.ref), rest(login, board, dump)
    same = not unfit and books.untouched is not None and now == books.untouched + dump.content
    matching = written.inserted
    if not same:
        staging.stage(session, login, board.schema, dump, books.shelf, progress)
        (matching,) = session.one(
            f"SELECT COUNT(*) FROM {board.source} AS s JOIN {board.landing} AS p ON {board.meet('s', 'p')}"
            f" WHERE {board.digest('s')} = {board.digest('p')}"
        )
    return Ledger(
        landing=board.live.ref,
        before=books.before,
        after=after,
        inserted=written.inserted,
        deleted=0,
        planned=dump.rows,
        done=written.inserted,
        unfit=unfit,
        matching=min(int(matching), written.inserted),
        rest=True if same and after == books.before + written.inserted else None,
    )
