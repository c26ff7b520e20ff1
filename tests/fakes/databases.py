"""Production, the copy, and the logins to both."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from fakes.faults import Faults
from fakes.rows import FakeRows
from fakes.scene import BILLING, NOW, definition
from rdsrestore.diff import chunk_file
from rdsrestore.domain.errors import DatabaseError, Refused
from rdsrestore.domain.ids import Endpoint, TableRef
from rdsrestore.domain.incident import BINLOG, BinlogCopy, BinlogSurvey, Change, KeptFile, Looked, Timeline
from rdsrestore.domain.outcome.load_result import Ledger, SavedTable, TableLoad, Traces
from rdsrestore.domain.request.invariants import Invariant
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.request.merge_verdict import verdict
from rdsrestore.domain.request.throttle_rules import ThrottleRules
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.dump_file import DumpFile, Fingerprint
from rdsrestore.domain.tables.key_range import Chunk
from rdsrestore.domain.tables.question import Take
from rdsrestore.domain.tables.rows import Act, Conflict, Group, PlanLine, Provenance, Relation, TableDifference
from rdsrestore.domain.tables.selection import Selection
from rdsrestore.domain.tables.server import ClientTools, ServerFacts
from rdsrestore.domain.tables.target import AFTER, Located, Target, TurnedBack
from rdsrestore.domain.tables.transaction import LaterChanges, LoggedTransaction, TransactionName
from rdsrestore.ports.databases import Databases
from rdsrestore.ports.progress import Progress


@dataclass
class FakeServer:
    """Production and the copy in one: tables as mappings from key to content."""

    workers: tuple[Executor, int] | None = None
    live: dict[TableRef, dict[int, str]] = field(default_factory=lambda: {BILLING: {}})
    then: dict[TableRef, dict[int, str]] = field(default_factory=lambda: {BILLING: {1: "a", 2: "b", 3: "c"}})
    scratch: dict[str, str] = field(default_factory=dict)
    """The run that each schema is of."""
    held: set[str] = field(default_factory=set)
    rotated: bool = False
    """Whether the copies have another master password than production has now."""
    definitions: dict[TableRef, TableDefinition] = field(default_factory=dict)
    facts: ServerFacts = field(
        default_factory=lambda: ServerFacts(
            version="10.11.8",
            flavour="mariadb",
            read_only=False,
        )
    )
    plans: dict[TableRef, list[PlanLine]] = field(default_factory=dict)
    done: defaultdict[TableRef, list[PlanLine]] = field(default_factory=lambda: defaultdict(list))
    refused: defaultdict[TableRef, list[PlanLine]] = field(default_factory=lambda: defaultdict(list))
    seen: dict[TableRef, dict[int, str]] = field(default_factory=dict)
    """What production's rows were at the comparison."""
    made: set[TableRef] = field(default_factory=set)
    lose: int = 0
    lacks: int = 0
    """Rows that the backup has not, which the log has."""
    changes: list[Change] = field(default_factory=list)
    """What the log tells."""
    logs: dict[str, bytes] = field(default_factory=lambda: {"binlog.000001": b"rows"})
    delays: dict[Endpoint, int] = field(default_factory=dict)
    """By how many seconds replicas stay behind."""
    transactions: list[LoggedTransaction] = field(default_factory=list)
    """Those that the log has."""
    later: LaterChanges = field(default_factory=LaterChanges)
    """Who changed a transaction's rows since."""
    hours: int | None = None
    """For how many the log is kept."""
    faults: Faults = field(default_factory=Faults)

    def define(self, table: TableDefinition) -> None:
        """Give a table another definition, on both sides."""
        self.definitions[table.ref] = table

    def lose_rows(self, number: int) -> None:
        """Make the load lose rows unnoticed."""
        self.lose = number

    def check_rows_from_binlog(self, endpoint: Endpoint, user: str, definition: TableDefinition) -> None:
        del endpoint, user, definition
        self.faults.before("check_rows_from_binlog")

    def try_rows_from_binlog(
        self, endpoint: Endpoint, user: str, definition: TableDefinition, moment: datetime, progress: Progress
    ) -> None:
        del endpoint, user, definition, moment, progress
        self.faults.before("rows_from_binlog")

    def rows_from_binlog(
        self,
        endpoint: Endpoint,
        user: str,
        definition: TableDefinition,
        moment: datetime,
        folder: Path,
        progress: Progress,
    ) -> TurnedBack:
        del endpoint, user, moment
        self.faults.before("rows_from_binlog")
        dump = FakeCopy(self).dump(definition, Selection(), folder, progress)
        path = folder / f"slices-{definition.ref.stem}.jsonl"
        keys = tuple((str(key),) for key in self.then[definition.ref])
        located = Located(definition.ref, str(path), *chunk_file.write(path, [Chunk(keys=keys)]))
        return TurnedBack(dump, located, located)

    def delay(self, endpoint: Endpoint, user: str) -> int | None:
        del user
        self.faults.before("delay")
        return self.delays.get(endpoint)

    def transaction(
        self, endpoint: Endpoint, user: str, name: TransactionName, since: datetime | None, progress: Progress
    ) -> LoggedTransaction:
        del endpoint, user, since
        progress(f"looking for {name.text}", None)
        for each in self.transactions:
            if name.text in {each.gtid, f"{each.file}:{each.position}"}:
                return each
        raise Refused("--transaction", f"{name.text} is not there", "look with find", code="transaction.unknown")

    def later_changes(
        self,
        endpoint: Endpoint,
        user: str,
        definitions: Sequence[TableDefinition],
        transaction: LoggedTransaction,
        progress: Progress,
    ) -> LaterChanges:
        del endpoint, user, definitions, transaction, progress
        self.faults.before("later_changes")
        return self.later

    def rows_of_transaction(
        self,
        endpoint: Endpoint,
        user: str,
        definitions: Sequence[TableDefinition],
        transaction: LoggedTransaction,
        folder: Path,
        progress: Progress,
    ) -> Sequence[TurnedBack]:
        found = []
        (folder / AFTER).mkdir(exist_ok=True)
        for each in definitions:
            back = self.rows_from_binlog(endpoint, user, each, transaction.at, folder, progress)
            after = FakeCopy(self).dump(each, Selection(), folder / AFTER, progress)
            found.append(replace(back, after=after, later=self.later))
        return found

    # production

    def server(self) -> ServerFacts:
        self.faults.before("server")
        return self.facts

    def timeline(self, of: Looked, since: datetime, until: datetime, progress: Progress) -> Timeline:
        progress("reading the binlog", None)
        found = [each for each in self.changes if not of.tables or each.ref.table in of.tables]
        return Timeline(since, until, since, [each for each in found if since <= each.at <= until])

    def binlog(self, since: datetime) -> BinlogSurvey:
        self.faults.before("binlog")
        return BinlogSurvey(
            NOW, tuple(KeptFile(name, len(data)) for name, data in self.logs.items()), since, self.hours
        )

    def copy_binlog(self, file: KeptFile, folder: Path) -> BinlogCopy:
        self.faults.before("copy_binlog")
        data = self.logs[file.name]
        (folder / BINLOG).mkdir(exist_ok=True)
        (folder / BINLOG / file.name).write_bytes(data)
        return BinlogCopy(file.name, file.name, len(data), hashlib.sha256(data).hexdigest(), NOW)

    def copied_timeline(
        self,
        copies: Sequence[BinlogCopy],
        folder: Path,
        of: Looked,
        time: tuple[datetime, datetime],
        progress: Progress,
    ) -> Timeline:
        del copies, folder
        return self.timeline(of, *time, progress)

    def retention(self) -> int | None:
        self.faults.before("retention")
        return self.hours

    def retain(self, hours: int | None) -> None:
        self.faults.before("retain")
        self.hours = hours
        self.faults.done("retain")

    def databases(self) -> Sequence[str]:
        return ("shop",)

    def tables(self, database: str) -> Sequence[str]:
        return tuple(ref.table for ref in self.live if ref.database == database)

    def definition(self, ref: TableRef) -> TableDefinition | None:
        return self.definitions.get(ref, definition(ref)) if ref in self.live else None

    def similar(self, ref: TableRef) -> Sequence[str]:
        return tuple(known.table for known in self.live if known.table[:3] == ref.table[:3])

    def count(self, ref: TableRef) -> int:
        return len(self.live[ref])

    def check_where(self, ref: TableRef, where: str) -> str:
        del ref
        return "is not one expression" if ";" in where else ""

    def where_here(self, definition: TableDefinition, where: str) -> tuple[str, str]:
        del definition
        return where, ""

    def rehearse(self, database: str, definitions: Sequence[TableDefinition]) -> None:
        del database, definitions
        self.faults.before("rehearse")

    def check_replicas(self, replicas: Sequence[Endpoint]) -> None:
        del replicas
        self.faults.before("replicas")

    def create_scratch(self, schema: str, run: str) -> None:
        self.faults.before("create_scratch")
        self.scratch[schema] = run
        self.faults.done("create_scratch")

    def drop_scratch(self, schema: str) -> None:
        self.faults.before("drop_scratch")
        self.scratch.pop(schema, None)
        self.faults.done("drop_scratch")

    def scratches(self) -> Sequence[str]:
        return tuple(self.scratch.values())

    def at_work(self, run: str) -> str:
        return "another login" if run in self.held else ""

    def scratch_exists(self, schema: str) -> bool:
        return schema in self.scratch

    def traces(self, schema: str) -> Traces:
        made = tuple(str(ref) for ref in self.made if ref in self.live)
        return Traces(sum(map(len, self.done.values())), made) if schema in self.scratch else Traces()

    def create_target_table(self, schema: str, dump: DumpFile, target: TableRef, *, with_foreign_keys: bool) -> None:
        del schema, dump, with_foreign_keys
        self.faults.before("create_landing")
        if target in self.live:
            raise DatabaseError("landing", f"{target} exists already", "choose another name", code="db.table-exists")
        self.live[target] = {}
        self.made.add(target)

    def drop_target_table(self, schema: str, target: TableRef) -> None:
        del schema
        if target in self.made and not self.live.get(target, {1: ""}):
            del self.live[target]

    def rows(self, definition: TableDefinition, other: TableDefinition, policy: Policy) -> FakeRows:
        del other, policy
        return FakeRows(self.live[definition.ref])

    def check_key_values(self, definition: TableDefinition, key: Sequence[str]) -> None:
        del definition, key

    def check_keys(self, definition: TableDefinition | None, path: Path) -> None:
        del definition
        path.read_text("utf-8")

    def swap(self, live: TableRef, shadow: TableRef, former: TableRef) -> None:
        self.faults.before("swap")
        if shadow in self.live:
            self.live[former], self.live[live] = self.live[live], self.live.pop(shadow)

    def plan_digest(self, schema: str, target: Target) -> str:
        del schema
        return hashlib.sha256(repr(self.plans[target.ref]).encode()).hexdigest()

    def stage(self, schema: str, target: Target, folder: Path, progress: Progress) -> None:
        del schema, target, folder, progress
        self.faults.before("stage")
        self.faults.done("stage")

    def takes_directly(self, target: Target) -> bool:
        del target
        return False

    def against_shadow(self, ref: TableRef) -> str:
        del ref
        return "it has triggers"

    def compare(
        self, schema: str, targets: Sequence[Target], folder: Path, progress: Progress, rest: float = 0
    ) -> Sequence[TableDifference]:
        del schema, folder, progress, rest
        self.faults.before("compare")
        return [self.difference(target) for target in targets]

    def difference(self, target: Target) -> TableDifference:
        ref = target.dump.definition.ref
        then, live = self.then[ref], self.live[target.ref]
        lines = [self.line(target.policy, key, then, live) for key in sorted({*then, *live})]
        self.plans[target.ref] = [line for line in lines if line.relation is not Relation.SAME]
        self.seen[target.ref] = dict(live)
        self.done[target.ref], self.refused[target.ref] = [], []
        kinds = [(line.relation, line.act) for line in self.plans[target.ref]]
        groups = tuple(
            Group(*kind[:1], Provenance.UNKNOWN, kind[1], kinds.count(kind)) for kind in dict.fromkeys(kinds)
        )
        digest = self.plan_digest("", target)
        return TableDifference(ref, target.ref, len(then), len(live), groups, digest=digest)

    def line(self, policy: Policy, key: int, then: dict[int, str], live: dict[int, str]) -> PlanLine:
        relation = Relation.CHANGED if then.get(key) != live.get(key) else Relation.SAME
        relation = Relation.MISSING if key not in live else Relation.EXTRA if key not in then else relation
        act = verdict(relation, Provenance.UNKNOWN, policy).act
        return PlanLine((str(key),), relation, Provenance.UNKNOWN, act, "todo", "")

    def lines(self, schema: str, target: Target) -> Iterator[PlanLine]:
        del schema
        return iter(self.plans[target.ref])

    def save(self, schema: str, target: Target, folder: Path, progress: Progress) -> SavedTable:
        del schema, folder, progress
        self.faults.before("save")
        return SavedTable(target.ref, ("id",), ("id",), target.dump)

    def untouched_rows(self, schema: str, target: Target) -> Fingerprint | None:
        del schema
        touched = {line.key for line in self.plans[target.ref] if line.act is not Act.KEEP}
        return Fingerprint(len([key for key in self.live[target.ref] if (str(key),) not in touched]), 1)

    def read(self, database: str, invariants: Sequence[Invariant]) -> Sequence[str]:
        del database
        return [str(len(self.live[BILLING])) for _invariant in invariants]

    def load(
        self, schema: str, targets: Sequence[Target], folder: Path, rules: ThrottleRules, progress: Progress
    ) -> float:
        del schema, folder, rules, progress
        self.faults.before("load")
        for target in targets:
            then, live = self.then[target.dump.definition.ref], self.live[target.ref]
            over = [*self.done[target.ref], *self.refused[target.ref]]
            todo = [line for line in self.plans[target.ref] if line.act is not Act.KEEP and line not in over]
            for line in todo[: len(todo) - self.lose]:
                key = int(line.key[0])
                if live.get(key) != self.seen[target.ref].get(key):
                    self.refused[target.ref].append(line)
                    continue
                self.done[target.ref].append(line)
                if line.act is Act.DELETE:
                    del live[key]
                else:
                    live[key] = then[key]
                self.faults.before("between rows")
        self.faults.done("load")
        return 0.0

    def loaded(self, schema: str, target: Target) -> TableLoad:
        del schema
        acts = [line.act for line in self.done[target.ref]]
        refused = len(self.refused[target.ref])
        conflicts = (Conflict("production changed the row", refused),) if refused else ()
        inserted, updated, deleted = (acts.count(act) for act in (Act.INSERT, Act.UPDATE, Act.DELETE))
        return TableLoad(target.ref, inserted, updated, deleted, conflicts=conflicts)

    def ledger(
        self, schema: str, target: Target, folder: Path, before: int, untouched: Fingerprint | None, progress: Progress
    ) -> Ledger:
        del folder, progress
        self.faults.before("ledger")
        load, live = self.loaded(schema, target), self.live[target.ref]
        planned = [line for line in self.plans[target.ref] if line.act is not Act.KEEP]
        rest = self.untouched_rows(schema, target) == untouched
        return Ledger(
            target.ref, before, len(live), load.inserted, load.deleted, len(planned), load.rows, 0, load.rows, rest
        )

    # databases

    @contextmanager
    def production(self, endpoint: Endpoint, user: str) -> Iterator[FakeServer]:
        del endpoint, user
        self.faults.before("login")
        yield self

    @contextmanager
    def copy(self, endpoint: Endpoint, user: str, password: Secret) -> Iterator[FakeCopy]:
        del endpoint, user, password
        self.faults.before("copy")
        yield FakeCopy(self)

    def listen(self, progress: Progress) -> None:
        self.progress = progress

    def log_out(self) -> None:
        self.faults.done("log_out")

    def hang_up(self) -> None:
        self.faults.done("hang_up")

    def reach(
        self,
        endpoint: Endpoint,
        user: str,
        password: Secret,
        within: float,
        progress: Progress,
        *,
        certain: bool = False,
    ) -> None:
        del endpoint, user, password, within, progress
        self.faults.before("reach")
        if certain and self.rotated:
            raise DatabaseError("the copy", "Access denied", code="db.denied")

    def tools(self) -> ClientTools:
        return ClientTools("/usr/bin/mysqldump")

    @contextmanager
    def alone(self, endpoint: Endpoint, user: str, run: str, refs: Sequence[TableRef]) -> Iterator[None]:
        del endpoint, user, refs
        self.faults.before("lock")
        self.held.add(run)
        try:
            yield
        finally:
            self.held.discard(run)

    def statements_of(self, step: str, policy: Policy) -> Sequence[str]:
        del policy
        return (f"sql of {step}",)

    def close(self) -> None:
        """Have nothing to leave."""


@dataclass
class FakeCopy:
    """The restored side of a FakeServer."""

    side: FakeServer

    def definition(self, ref: TableRef) -> TableDefinition | None:
        return self.side.definitions.get(ref, definition(ref)) if ref in self.side.then else None

    def similar(self, ref: TableRef) -> Sequence[str]:
        return self.side.similar(ref)

    def read(self, database: str, invariants: Sequence[Invariant]) -> Sequence[str]:
        del database
        return [str(len(self.side.then[BILLING])) for _invariant in invariants]

    def rows(self, definition: TableDefinition, other: TableDefinition, policy: Policy) -> FakeRows:
        del other, policy
        self.side.faults.before("locate")
        return FakeRows(self.side.then[definition.ref])

    def ask(self, database: str, statement: str, most: int | None, take: Take) -> str:
        del database, most
        self.side.faults.before("look")
        take(("row",), iter([(row,) for row in self.side.then[BILLING].values()]))
        return statement.replace("17", "?")

    def keys(
        self, definition: TableDefinition, other: TableDefinition | None, path: Path
    ) -> tuple[Sequence[Chunk], Sequence[str]]:
        del other
        known = {str(key) for key in self.side.then[definition.ref]}
        asked = path.read_text("utf-8").splitlines()
        found = [Chunk(keys=((key,),), others=((key,),)) for key in asked if key in known]
        return found, [key for key in asked if key not in known]

    def check(self, definition: TableDefinition, selection: Selection, *, made: bool) -> None:
        del definition, selection, made
        self.side.faults.before("check")

    def trigger_statements(self, definition: TableDefinition, names: Sequence[str]) -> str:
        return "".join(f"CREATE TRIGGER {name} ON {definition.ref.table};\n" for name in names)

    def check_key_values(self, definition: TableDefinition, key: Sequence[str]) -> None:
        del definition, key

    def fingerprint(self, definition: TableDefinition, chunks: Path) -> Fingerprint:
        del chunks
        self.side.faults.before("fingerprint")
        return Fingerprint(len(self.side.then[definition.ref]) - self.side.lacks, 1)

    def dump(self, definition: TableDefinition, selection: Selection, folder: Path, progress: Progress) -> DumpFile:
        del selection
        self.side.faults.before("dump")
        rows = self.side.then[definition.ref]
        progress("dumping", 0.5)
        content = "\n".join(rows.values()).encode()
        (folder / f"{definition.ref.table}.sql").write_bytes(content)
        self.side.faults.done("dump")
        digest, prints = hashlib.sha256(content).hexdigest(), Fingerprint(len(rows), 1)
        return DumpFile(definition, f"{definition.ref.table}.sql", len(content), digest, len(rows), prints)


@dataclass(frozen=True)
class FakeEngines:
    """One engine's servers, whatever it is called."""

    databases: Databases

    def of(self, engine: str) -> Databases:
        del engine
        return self.databases

    def password_from(self) -> str:
        return ""

    def user(self) -> str | None:
        return None

    def password(self) -> Secret | None:
        return Secret("production's own")

    def close(self) -> None:
        self.databases.close()
