"""The server with the damaged table, as the steps see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from rdsrestore.core.bounds import Pace
from rdsrestore.core.changes import Ledger, PlanLine, SavedTable, TableDifference, TableLoad, Traces
from rdsrestore.core.errors import DatabaseError
from rdsrestore.core.model import Invariant, Policy, Secret, TableRef
from rdsrestore.core.ports import Progress
from rdsrestore.core.tables import DumpFile, Fingerprint, ServerFacts, TableDefinition
from rdsrestore.core.targets import Target
from rdsrestore.engines.mysql import (
    books,
    catalog,
    compare,
    keyfile,
    landing,
    load,
    lock,
    lossless,
    plan,
    rehearsal,
    staging,
    tally,
    undo,
    verify,
    where,
    whole,
)
from rdsrestore.engines.mysql.apply import persistently
from rdsrestore.engines.mysql.connect import Login, Session, connect
from rdsrestore.engines.mysql.dropping import presently
from rdsrestore.engines.mysql.invariants import read
from rdsrestore.engines.mysql.logins import Logins
from rdsrestore.engines.mysql.ranges import TableRows, table_rows
from rdsrestore.engines.mysql.server import facts
from rdsrestore.engines.mysql.shelf import Shelf
from rdsrestore.engines.mysql.spans import FULL, SOFT, Tempo
from rdsrestore.engines.mysql.tally import Tally
from rdsrestore.engines.mysql.team import Team
from rdsrestore.engines.mysql.throttle import Throttle
from rdsrestore.engines.mysql.traces import traces

WHERE = "production"


class MysqlProduction:
    """Logs in at the first call, and again where the connection was lost between two calls.

    Files are encrypted for `key`, and read with it, where it is given; a `team` does ranges elsewhere. Nothing is
    written to live rows without the run's `mine`, the locks that keep other runs off, where it has any.
    """

    def __init__(
        self, login: Login, key: Secret | None, team: Team | None = None, mine: lock.Lock | None = None
    ) -> None:
        self._login = login
        self._key = key
        self._team = team
        self._lock = mine
        self._session: Session | None = None
        self._logins = Logins(login, WHERE)

    def close(self) -> None:
        """Log out."""
        self._logins.close()
        if self._session:
            self._session.close()
            self._session = None

    def server(self) -> ServerFacts:
        """Read what the server is and allows."""
        return facts(self._ready(), self._login.endpoint)

    def databases(self) -> Sequence[str]:
        """Name the users' databases."""
        return catalog.databases(self._ready())

    def tables(self, database: str) -> Sequence[str]:
        """Name a database's base tables."""
        return catalog.tables(self._ready(), database)

    def definition(self, ref: TableRef) -> TableDefinition | None:
        """Read a table's definition; None where it does not exist."""
        return catalog.definition(self._ready(), ref)

    def similar(self, ref: TableRef) -> Sequence[str]:
        """Name the tables of the same database that read like it."""
        return catalog.similar(self._ready(), ref)

    def count(self, ref: TableRef) -> int:
        """Count a table's rows exactly."""
        (number,) = self._ready().one(f"SELECT COUNT(*) FROM {catalog.qualified(ref)}")
        return int(number)

    def check_where(self, ref: TableRef, expression: str) -> str:
        """Say what is wrong with a row filter; empty where it is one expression over the table's own columns."""
        columns = frozenset(column.name for column in catalog.read_columns(self._ready(), ref))
        problem = where.problem(expression, columns)
        if problem:
            return problem
        try:
            self._ready().rows(f"EXPLAIN SELECT 1 FROM {catalog.qualified(ref)} WHERE ({expression})")
        except DatabaseError as error:
            return f"is not understood by the server: {error.what}"
        return ""

    def rehearse(self, database: str, definitions: Sequence[TableDefinition]) -> None:
        """Have this machine's dump program dump a row of one of these tables, or of another of the database."""
        rehearsal.rehearse(self._ready(), self._login, database, definitions)

    def create_scratch(self, schema: str, run: str) -> None:
        """Make the run's scratch schema, marked as ours; ours already is fine."""
        staging.create(self._ready(), schema, run)

    def drop_scratch(self, schema: str) -> None:
        """Drop the scratch schema if it is ours; gone already is fine."""
        presently(lambda: staging.drop(self._ready(), schema))

    def scratches(self) -> Sequence[str]:
        """Name the runs whose scratch schemas are on the server."""
        return staging.runs(self._ready())

    def at_work(self, run: str) -> str:
        """Say from where a run is worked on right now."""
        return lock.holder(self._ready(), run)

    def scratch_exists(self, schema: str) -> bool:
        """Say whether the scratch schema is still there."""
        return staging.exists(self._ready(), schema)

    def traces(self, schema: str) -> Traces:
        """Say what a scratch schema tells of its run."""
        return traces(self._ready(), schema)

    def create_landing(self, schema: str, dump: DumpFile, place: TableRef, *, with_foreign_keys: bool) -> None:
        """Create an empty table from the restored definition and note it in the scratch schema."""
        landing.create(self._ready(), schema, dump, place, with_foreign_keys=with_foreign_keys)

    def drop_landing(self, schema: str, place: TableRef) -> None:
        """Drop a table that `create_landing` made for this run and that is still empty; otherwise leave it."""
        presently(lambda: landing.drop(self._ready(), schema, place))

    def read(self, database: str, invariants: Sequence[Invariant]) -> Sequence[str]:
        """Read what has to be right."""
        return read(self._ready(), database, invariants)

    def rows(self, definition: TableDefinition, other: TableDefinition, policy: Policy) -> TableRows:
        """Give access to a table's rows by ranges."""
        given = self._team.admit(self._login, WHERE) if self._team else self._logins
        return table_rows(self._ready(), definition, other, policy, given)

    def check_keys(self, definition: TableDefinition | None, path: Path) -> None:
        """Hold a file of keys against a table's key."""
        keyfile.check(self._ready(), path, definition)

    def check_key_values(self, definition: TableDefinition, key: Sequence[str]) -> None:
        """Refuse keys that no literal finds."""
        lossless.check_keys(self._ready(), definition, key)

    def swap(self, live: TableRef, shadow: TableRef, aside: TableRef) -> None:
        """Let two tables change places in one step."""
        if self._lock:
            self._lock.keep("swap")
        landing.swap(self._ready(), live, shadow, aside)

    def print(self, schema: str, target: Target) -> str:
        """Return the digest of a table's plan as it is now."""
        if target.whole:
            return whole.print_of(target)
        return plan.digest(self._ready(), self._board(schema, target))

    def stage(self, schema: str, target: Target, folder: Path, progress: Progress) -> None:
        """Load a table's dumps into the scratch schema; VerifyError where they differ from the copy's fingerprint."""
        if target.whole:
            whole.prepare(self._ready(), self._board(schema, target), target.dump, Shelf(folder, self._key))
            return
        staging.stage_target(self._ready(), self._login, schema, target, Shelf(folder, self._key), progress)

    def takes_whole(self, target: Target) -> bool:
        """Say whether a table can take its rows as they are, without staging: it has none of them."""
        live = self.definition(target.landing)
        return live is not None and whole.fits(self._ready(), target, live)

    def compare(
        self, schema: str, targets: Sequence[Target], folder: Path, progress: Progress
    ) -> tuple[TableDifference, ...]:
        """Class every staged row against its landing and keep the result in the scratch schema.

        Changes nothing else.
        """
        jobs = [(self._board(schema, target), target) for target in targets]
        session = self._ready()
        staged = iter(compare.compare(session, [job for job in jobs if not job[1].whole], progress))
        return tuple(
            whole.difference(session, *job, Shelf(folder, self._key)) if job[1].whole else next(staged) for job in jobs
        )

    def lines(self, schema: str, target: Target) -> Iterator[PlanLine]:
        """Yield what the plan says of each row."""
        if target.whole:
            return whole.lines(self._ready(), self._board(schema, target))
        return plan.lines(self._ready(), self._board(schema, target))

    def save(self, schema: str, target: Target, folder: Path, progress: Progress) -> SavedTable:
        """Write what the rows are that are to change into an undo file, and prove it."""
        if target.whole:
            return whole.save(self._board(schema, target), target)
        return undo.save(self._ready(), self._login, self._board(schema, target), Shelf(folder, self._key), progress)

    def rest(self, schema: str, target: Target) -> Fingerprint | None:
        """Take the fingerprint of the rows that the plan does not touch; None where rows have no key."""
        if target.whole:
            return books.rest(self._login, self._board(schema, target), target)
        return verify.rest(self._ready(), self._board(schema, target))

    def load(self, schema: str, targets: Sequence[Target], folder: Path, pace: Pace, progress: Progress) -> None:
        """Carry out the plans in transactions of bounded size, guarded by what each row is expected to be."""
        jobs = [(self._board(schema, target), target) for target in targets]

        def write() -> None:
            if self._lock:
                self._lock.keep("load")
            with closing(Throttle(pace, self._ready(), self._login, progress)) as throttle:
                tempo = Tempo(lambda: self._hold(throttle), SOFT if pace.limits.gentle else FULL)
                for board, target in jobs:
                    if target.whole:
                        shelf = Shelf(folder, self._key)
                        whole.load(self._login, board, target, shelf, tempo, progress, self._team)
                load.load(self._ready(), [job[0] for job in jobs if not job[1].whole], tempo, progress)

        persistently(write, progress)

    def _hold(self, throttle: Throttle) -> None:
        if self._lock:
            self._lock.check()
        throttle.hold()

    def loaded(self, schema: str, target: Target) -> TableLoad:
        """Say what has been written so far, also where the table itself is gone."""
        there = self.definition(target.landing) or replace(target.dump.definition, ref=target.landing)
        board = self._laid_out(schema, target, there)
        return whole.loaded(self._ready(), board) if target.whole else load.loaded(self._ready(), board)

    def ledger(
        self, schema: str, target: Target, folder: Path, before: int, untouched: Fingerprint | None, progress: Progress
    ) -> Ledger:
        """Balance the books: what is there now against what was planned, and the rest against what it was."""
        if target.whole:
            known = books.Books(target, Shelf(folder, self._key), before, untouched)
            return books.ledger(self._ready(), self._login, self._board(schema, target), known, progress)
        return verify.ledger(self._ready(), self._board(schema, target), before, untouched)

    def _board(self, schema: str, target: Target) -> Tally:
        live = self.definition(target.landing)
        if live is None:
            raise DatabaseError(
                WHERE, f"{target.landing} is gone", "add --recreate to create it again", code="db.no-table"
            )
        return self._laid_out(schema, target, live)

    def _laid_out(self, schema: str, target: Target, live: TableDefinition) -> Tally:
        return undo.board(schema, target.back, live) if target.back else tally.board(schema, target, live)

    def _ready(self) -> Session:
        if self._session is None or not self._session.alive:
            self.close()
            self._session = connect(self._login, WHERE)
        return self._session
