"""The server with the damaged table, as the steps see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from rdsrestore.domain.ids import Endpoint, TableRef
from rdsrestore.domain.incident import BinlogCopy, BinlogSurvey, KeptFile, Looked, Timeline
from rdsrestore.domain.outcome.load_result import Ledger, SavedTable, TableLoad, Traces
from rdsrestore.domain.request.invariants import Invariant
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.request.throttle_rules import ThrottleRules
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.dump_file import DumpFile, Fingerprint
from rdsrestore.domain.tables.rows import PlanLine, TableDifference
from rdsrestore.domain.tables.server import ServerFacts
from rdsrestore.domain.tables.target import Target
from rdsrestore.mysql.binlog import history, keep
from rdsrestore.mysql.checksum import key_file
from rdsrestore.mysql.checksum.key_ranges import TableRows, table_rows
from rdsrestore.mysql.dump import lossless
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.dump.program import rehearsal
from rdsrestore.mysql.merge import staging, target_table
from rdsrestore.mysql.merge.batches import Pacing
from rdsrestore.mysql.merge.job import Job, lay_out, lay_out_former
from rdsrestore.mysql.merge.shadow import ability
from rdsrestore.mysql.merge.traces import traces
from rdsrestore.mysql.pace.watcher import Watcher
from rdsrestore.mysql.schema import catalog, where_filter, where_zone
from rdsrestore.mysql.schema.server_info import facts
from rdsrestore.mysql.session import named_lock
from rdsrestore.mysql.session.login.connection import Session
from rdsrestore.mysql.session.login.pool import Logins
from rdsrestore.mysql.session.remote import RemoteExecutor
from rdsrestore.mysql.session.waiting import drop_when_free, load_when_back
from rdsrestore.mysql.verify.invariants import read
from rdsrestore.mysql.write import direct
from rdsrestore.mysql.write.throttle import Throttle
from rdsrestore.mysql.write_strategy import Strategies
from rdsrestore.ports.progress import Progress


class MysqlProduction:
    """Takes a session of `logins` at the first call, and another where the connection was lost between two calls.

    Files are encrypted for `key`, and read with it, where it is given; a `remote` does ranges elsewhere. Nothing is
    written to live rows without the run's `mine`, the locks that keep other runs off, where it has any.
    """

    def __init__(
        self,
        logins: Logins,
        key: Secret | None,
        remote: RemoteExecutor | None = None,
        mine: named_lock.Lock | None = None,
    ) -> None:
        self._logins, self._login = logins, logins.login
        self._key, self._team, self._lock = key, remote, mine
        self._session: Session | None = None
        self._strategies = Strategies(self._ready, logins, remote)

    def close(self) -> None:
        """Give the session back; whoever has the logins logs out."""
        if self._session:
            self._logins.give(self._session)
        self._session = None

    def drop(self) -> None:
        """Log out: nobody knows what the session was at."""
        if self._session:
            self._session.close()
        self._session = None

    def server(self) -> ServerFacts:
        """Read what the server is and allows."""
        return facts(self._ready(), self._login.straight)

    def timeline(self, of: Looked, since: datetime, until: datetime, progress: Progress) -> Timeline:
        """Read from the binlog what was done to tables in a time."""
        return history.timeline(self._ready(), self._login, of, since, until, progress)

    def binlog(self, since: datetime) -> BinlogSurvey:
        """Look at the binlog from the file on that holds a moment."""
        return keep.present(self._ready(), self._login, since)

    def copy_binlog(self, file: KeptFile, folder: Path) -> BinlogCopy:
        """Copy a file of the binlog byte for byte."""
        return keep.copy(self._ready(), self._login, file, self._store(folder))

    def copied_timeline(
        self,
        copies: Sequence[BinlogCopy],
        folder: Path,
        of: Looked,
        time: tuple[datetime, datetime],
        progress: Progress,
    ) -> Timeline:
        """Tell from copied files what was done to tables in a time."""
        return keep.timeline(self._ready(), copies, self._store(folder), of, time, progress)

    def retention(self) -> int | None:
        """Read for how many hours RDS keeps a file."""
        return keep.hours(self._ready())

    def retain(self, hours: int | None) -> None:
        """Set for how many hours RDS keeps a file."""
        keep.retain(self._ready(), hours)

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
        return where_filter.check(self._ready(), ref, expression)

    def where_here(self, definition: TableDefinition, where: str) -> tuple[str, str]:
        """Write a filter so that it means in a session in UTC what it means in the server's own zone."""
        timestamps = frozenset(column.name.lower() for column in definition.columns if column.kind == "timestamp")
        zone, there = self._ready().one(
            "SELECT @@GLOBAL.time_zone, CONVERT_TZ('2017-06-01 10:14:00', '+00:00', @@GLOBAL.time_zone)"
        )
        if there is None or zone in {"+00:00", "UTC", "SYSTEM"}:
            return where, ""
        meant = where_zone.in_zone(where, timestamps, str(zone))
        unchanged = meant is None or meant == where_filter.one_line(where) or self.check_where(definition.ref, meant)
        return (where, "") if unchanged else (str(meant), str(zone))

    def rehearse(self, database: str, definitions: Sequence[TableDefinition]) -> None:
        """Have this machine's dump program dump a row of one of these tables, or of another of the database."""
        rehearsal.rehearse(self._ready(), self._login, database, definitions)

    def check_replicas(self, replicas: Sequence[Endpoint]) -> None:
        """Ask each replica how far it is behind; DatabaseError where one can't be asked."""
        with closing(Throttle(ThrottleRules(), self._ready, self._login, lambda _text, _share: None)) as throttle:
            for each in replicas:
                throttle.lag(each)

    def create_scratch(self, schema: str, run: str) -> None:
        """Make the run's scratch schema, marked as ours; ours already is fine."""
        staging.create(self._ready(), schema, run)

    def drop_scratch(self, schema: str) -> None:
        """Drop the scratch schema if it is ours; gone already is fine."""
        drop_when_free(lambda: staging.drop(self._ready(), schema))

    def scratches(self) -> Sequence[str]:
        """Name the runs whose scratch schemas are on the server."""
        return staging.runs(self._ready())

    def at_work(self, run: str) -> str:
        """Say from where a run is worked on right now."""
        return named_lock.holder(self._ready(), run)

    def scratch_exists(self, schema: str) -> bool:
        """Say whether the scratch schema is still there."""
        return staging.exists(self._ready(), schema)

    def traces(self, schema: str) -> Traces:
        """Say what a scratch schema tells of its run."""
        return traces(self._ready(), schema)

    def create_target_table(self, schema: str, dump: DumpFile, place: TableRef, *, with_foreign_keys: bool) -> None:
        """Create an empty table from the restored definition and note it in the scratch schema."""
        target_table.create(self._ready(), schema, dump, place, with_foreign_keys=with_foreign_keys)

    def drop_target_table(self, schema: str, place: TableRef) -> None:
        """Drop a table that `create_target_table` made for this run and that is still empty; otherwise leave it."""
        drop_when_free(lambda: target_table.drop(self._ready(), schema, place))

    def read(self, database: str, invariants: Sequence[Invariant]) -> Sequence[str]:
        """Read what has to be right."""
        return read(self._ready(), database, invariants)

    def rows(self, definition: TableDefinition, other: TableDefinition, policy: Policy) -> TableRows:
        """Give access to a table's rows by ranges."""
        given = self._team.admit(self._login, "production") if self._team else self._logins
        return table_rows(self._ready(), definition, other, policy, given)

    def check_keys(self, definition: TableDefinition | None, path: Path) -> None:
        """Hold a file of keys against a table's key."""
        key_file.check(self._ready(), path, definition)

    def check_key_values(self, definition: TableDefinition, key: Sequence[str]) -> None:
        """Refuse keys that no literal finds."""
        lossless.check_keys(self._ready(), definition, key)

    def swap(self, live: TableRef, shadow: TableRef, former: TableRef) -> None:
        """Let two tables change places in one step."""
        if self._lock:
            self._lock.keep("swap")
        target_table.swap(self._ready(), live, shadow, former)

    def against_shadow(self, ref: TableRef) -> str:
        """Say why another table can't take this one's place with all its rows."""
        return ability.against_shadow(self._ready(), ref)

    def plan_digest(self, schema: str, target: Target) -> str:
        """Return the digest of a table's plan as it is now."""
        return self._strategies.of(target).digest(schema, target)

    def stage(self, schema: str, target: Target, folder: Path, progress: Progress) -> None:
        """Load a table's dumps into the scratch schema; VerifyError where they differ from the copy's fingerprint."""
        self._strategies.of(target).stage(schema, target, self._store(folder), progress)

    def takes_directly(self, target: Target) -> bool:
        """Say whether a table can take its rows as they are, without staging: it has none of them."""
        live = self.definition(target.ref)
        return live is not None and direct.fits(self._ready(), target, live)

    def compare(
        self, schema: str, targets: Sequence[Target], folder: Path, progress: Progress, rest: float = 0
    ) -> tuple[TableDifference, ...]:
        """Class every staged row against its target and keep the result in the scratch schema.

        Changes nothing else.
        """
        jobs = [self._job(schema, target) for target in targets]
        return self._strategies.compare(jobs, self._store(folder), progress, rest)

    def lines(self, schema: str, target: Target) -> Iterator[PlanLine]:
        """Yield what the plan says of each row."""
        return self._strategies.of(target).lines(self._job(schema, target))

    def save(self, schema: str, target: Target, folder: Path, progress: Progress) -> SavedTable:
        """Write what the rows are that are to change into an undo file, and prove it."""
        return self._strategies.of(target).save(self._job(schema, target), self._store(folder), progress)

    def untouched_rows(self, schema: str, target: Target) -> Fingerprint | None:
        """Take the fingerprint of the rows that the plan does not touch; None where rows have no key."""
        return self._strategies.of(target).untouched(self._job(schema, target))

    def load(
        self, schema: str, targets: Sequence[Target], folder: Path, rules: ThrottleRules, progress: Progress
    ) -> float:
        """Carry out the plans in transactions of bounded size, guarded by what each row is expected to be."""
        jobs = [self._job(schema, target) for target in targets]
        rested = 0.0

        def write() -> None:
            if self._lock:
                self._lock.keep("load")
            self.close()  # whoever writes takes it
            nonlocal rested
            watcher = Watcher(self._logins, schema, rules, progress, elsewhere=bool(self._team))
            mine = self._lock.check if self._lock else None
            with closing(Throttle(rules, self._ready, self._login, progress, mine)) as throttle, watcher:
                pacing = Pacing.within(rules, throttle.hold, watcher.turns)
                self._strategies.load(jobs, self._store(folder), pacing, watcher.told)
            rested += pacing.turns.rested

        load_when_back(write, progress)
        return rested

    def loaded(self, schema: str, target: Target) -> TableLoad:
        """Say what has been written so far, also where the table itself is gone."""
        return self._strategies.of(target).loaded(lay_out_former(self._ready(), schema, target))

    def ledger(
        self, schema: str, target: Target, folder: Path, before: int, untouched: Fingerprint | None, progress: Progress
    ) -> Ledger:
        """Reconcile: what is there now against what was planned, and the rest against what it was."""
        job = self._job(schema, target)
        return self._strategies.of(target).ledger(job, self._store(folder), before, untouched, progress)

    def _job(self, schema: str, target: Target) -> Job:
        return lay_out(self._ready(), schema, target)

    def _store(self, folder: Path) -> DumpStore:
        return DumpStore(folder, self._key)

    def _ready(self) -> Session:
        if self._session is None or not self._session.alive:
            self.drop()
            self._session = self._logins.take()
        return self._session
