"""Stand-ins for the world, with verbs: what a test says happened, happened. No patching anywhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from rdsrestore.domain.cloud.instance import (
    ApiCall,
    GroupSpec,
    Identity,
    Leftover,
    RestoreSpec,
    SnapshotInfo,
    SourceInstance,
    SwitchSpec,
)
from rdsrestore.domain.errors import CloudError, DatabaseError
from rdsrestore.domain.ids import Endpoint, TableRef
from rdsrestore.domain.outcome.load_result import Ledger, SavedTable, TableLoad, Traces
from rdsrestore.domain.request.answer import Answer, Question
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.request.merge_verdict import verdict
from rdsrestore.domain.request.request import Invariant, Request
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.domain.request.throttle_rules import ThrottleRules
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.definition import Column, TableDefinition
from rdsrestore.domain.tables.dump_file import DumpFile, Fingerprint
from rdsrestore.domain.tables.key_range import Chunk, Key, KeyRange
from rdsrestore.domain.tables.rows import Act, Group, PlanLine, Provenance, Relation, TableDifference
from rdsrestore.domain.tables.selection import Selection
from rdsrestore.domain.tables.server import ClientTools, ServerFacts
from rdsrestore.domain.tables.target import Target
from rdsrestore.ports.databases import Databases
from rdsrestore.ports.progress import Progress
from rdsrestore.workflow.events import Event
from rdsrestore.workflow.step import World

NOW = datetime(2017, 6, 1, 10, 30, tzinfo=UTC)
BEFORE = Moment(datetime(2017, 6, 1, 10, 14, tzinfo=UTC), "2017-06-01T10:14Z")
BILLING = TableRef("shop", "billing")
LINES = TableRef("shop", "billing_lines")

SOURCE = SourceInstance(
    id="production",
    resource_id="db-SOURCE",
    engine="mariadb",
    version="10.11.8",
    status="available",
    endpoint=Endpoint("production.example", 3306),
    instance_class="db.t3.medium",
    storage=20,
    storage_type="gp3",
    vpc="vpc-1",
    subnet_group="private",
    parameter_group="production-params",
    option_group=None,
    ca_certificate=None,
    publicly_accessible=False,
    master_user="admin",
    retention_days=7,
    earliest=NOW - timedelta(days=7),
    latest=NOW - timedelta(minutes=3),
)


def request(**changes: object) -> Request:
    base = Request(
        instance="production",
        database="shop",
        tables=("billing",),
        point=BEFORE,
        operator="ada",
        user="admin",
        switch_role="arn:aws:iam::123456789012:role/switch",
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # a test names the fields it changes


def definition(ref: TableRef = BILLING, **changes: object) -> TableDefinition:
    columns = (
        Column("id", "bigint", "bigint", nullable=False),
        Column("amount", "decimal(12,2)", "decimal", nullable=True),
    )
    base = TableDefinition(ref, "BASE TABLE", "InnoDB", columns, ("id",), rows=3, bytes=300)
    return replace(base, **changes)  # type: ignore[arg-type]  # a test names the fields it changes


@dataclass
class FakeClock:
    """Stands still until told."""

    time: datetime = NOW

    def now(self) -> datetime:
        return self.time


@dataclass
class Faults:
    """Errors that a test wants at named calls: `times` each, before the effect or after it."""

    planned: dict[str, BaseException] = field(default_factory=dict)
    after: dict[str, Callable[[], None]] = field(default_factory=dict)

    def fail(self, call: str, error: BaseException) -> None:
        """Make the next call of that name fail before it does anything."""
        self.planned[call] = error

    def when(self, call: str, then: Callable[[], None]) -> None:
        """Do something each time the call of that name has had its effect."""
        self.after[call] = then

    def before(self, call: str) -> None:
        error = self.planned.pop(call, None)
        if error:
            raise error

    def done(self, call: str) -> None:
        then = self.after.get(call)
        if then:
            then()


@dataclass
class FakeCloud:
    """An account with one source instance."""

    held: SourceInstance = SOURCE
    groups: dict[str, str] = field(default_factory=dict)
    rules: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
    copies: dict[str, RestoreSpec] = field(default_factory=dict)
    strangers: list[Leftover] = field(default_factory=list)
    switches: dict[str, datetime] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    address: str | None = "203.0.113.7/32"
    followers: dict[str, Endpoint | None] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    calls: list[ApiCall] = field(default_factory=list)

    def keep(self, name: str) -> None:
        """Make every deletion of that resource fail."""
        self.stuck.add(name)

    def _call(self, operation: str) -> None:
        self.faults.before(operation)
        self.calls.append(ApiCall("rds", operation, f"request-{len(self.calls)}", 200))

    def identity(self) -> Identity:
        return Identity("123456789012", "arn:aws:iam::123456789012:user/ada")

    def caller(self) -> str:
        if self.address is None:
            raise CloudError("caller", "unknown", code="aws.caller-unknown")
        return self.address

    def instances(self) -> Sequence[str]:
        return (self.held.id,)

    def source(self, instance: str) -> SourceInstance:
        if instance != self.held.id:
            raise CloudError("instance", f"there is no {instance}", code="aws.no-instance")
        return self.held

    def snapshots(self, instance: str) -> Sequence[SnapshotInfo]:
        return (SnapshotInfo("nightly", instance, "available", NOW),)

    def snapshot(self, snapshot: str) -> SnapshotInfo:
        return SnapshotInfo(snapshot, self.held.id, "available", NOW)

    def replicas(self, instance: str) -> Mapping[str, Endpoint | None]:
        del instance
        self.faults.before("replicas")
        return self.followers

    def denied(self, vpc: str) -> Sequence[str]:
        del vpc
        return ()

    def doubted(self, *, switch: bool) -> Sequence[str]:
        del switch
        return ()

    def hourly_cost(self, source: SourceInstance, instance_class: str) -> Decimal | None:
        del source, instance_class
        return Decimal("0.136")

    def await_restorable(self, instance: str, moment: datetime, progress: Progress) -> datetime:
        progress(f"waiting for {instance}", None)
        return moment

    def create_group(self, spec: GroupSpec, run: str) -> str:
        del run
        self._call("create_group")
        self.groups[spec.name] = f"sg-{spec.name}"
        self.faults.done("create_group")
        return self.groups[spec.name]

    def delete_group(self, name: str, progress: Progress) -> None:
        del progress
        self._call("delete_group")
        if name in self.stuck or name in self.copies:
            raise CloudError(name, "still in use", "wait")
        self.groups.pop(name, None)
        self.faults.done("delete_group")

    def open_rule(self, group: str, cidr: str, port: int, run: str) -> str:
        del run
        self._call("open_rule")
        self.rules.setdefault(group, set()).add((cidr, port))
        self.faults.done("open_rule")
        return "sgr-1"

    def close_rules(self, group: str) -> None:
        self._call("close_rules")
        self.rules.pop(group, None)
        self.faults.done("close_rules")

    def find_group(self, name: str) -> str | None:
        return self.groups.get(name)

    def restore(self, spec: RestoreSpec, run: str) -> str:
        del run
        self._call("restore")
        self.copies[spec.name] = spec
        self.faults.done("restore")
        return "db-COPY"

    def await_available(self, name: str, timeout: float, progress: Progress) -> Endpoint:
        del timeout
        self._call("await_available")
        progress("creating", None)
        self.faults.done("await_available")
        return Endpoint(f"{name}.example", 3306)

    def reset_password(self, name: str, password: Secret, progress: Progress) -> None:
        del name, password, progress
        self._call("reset_password")
        self.faults.done("reset_password")

    def delete_instance(self, name: str, progress: Progress) -> None:
        del progress
        self._call("delete_instance")
        if name in self.stuck:
            raise CloudError(name, "is still deleting", "wait")
        self.copies.pop(name, None)
        self.faults.done("delete_instance")

    def leftovers(self, run: str | None = None) -> Sequence[Leftover]:
        self.faults.before("leftovers")
        ours = [Leftover("instance", name, name.removeprefix("rdsrestore-"), "available") for name in self.copies]
        ours += [Leftover("group", name, name.removeprefix("rdsrestore-"), "") for name in self.groups]
        return tuple(each for each in (*ours, *self.strangers) if run in (None, each.run))

    def arm(self, spec: SwitchSpec) -> None:
        self.faults.before("arm")
        self.switches |= dict.fromkeys(spec.instances, spec.at)
        self.faults.done("arm")

    def put_off(self, spec: SwitchSpec) -> None:
        self.switches |= {name: spec.at for name in spec.instances if name in self.switches}

    def disarm(self, instances: Sequence[str]) -> None:
        self.faults.before("disarm")
        for name in instances:
            self.switches.pop(name, None)

    def armed(self, instances: Sequence[str]) -> Sequence[str]:
        return [name for name in instances if name in self.switches]

    def deposit(self, bucket: str, key: str, content: bytes) -> None:
        self.faults.before("deposit")
        del bucket, key, content

    def take_calls(self) -> Sequence[ApiCall]:
        taken, self.calls = tuple(self.calls), []
        return taken

    def calls_of(self, step: str) -> Sequence[str]:
        return (f"rds:{step}",)


@dataclass
class FakeRows:
    """The rows of one side as one span."""

    table: dict[int, str]

    def task(self) -> FakeErrand:
        return FakeErrand(self)

    def cut(self, key_range: KeyRange, rows: int) -> Key | None:
        del key_range, rows
        return None

    def key_ranges(self, key_range: KeyRange, rows: int) -> Iterator[KeyRange]:
        del rows
        return iter([key_range])

    def rough(self, key_range: KeyRange, rows: int) -> Iterator[KeyRange]:
        return self.key_ranges(key_range, rows)

    def fingerprint(self, key_range: KeyRange) -> Fingerprint:
        del key_range
        return Fingerprint(len(self.table), hash(tuple(sorted(self.table.items()))))

    def digests(self, key_range: KeyRange, parts: Sequence[int] = ()) -> Iterator[tuple[Key, str]]:
        del key_range, parts
        return (((str(key),), value) for key, value in self.table.items())

    def parts(self, key_range: KeyRange) -> Mapping[int, Fingerprint]:
        del key_range
        return {}

    @property
    def numbered(self) -> bool:
        return True

    def present(self, key_range: KeyRange) -> Mapping[int, int]:
        low = int(key_range.low[0]) + 1 if key_range.low else 0
        high = int(key_range.high[0]) if key_range.high else max(self.table, default=0)
        found: dict[int, int] = defaultdict(int)
        for key in self.table:
            if low <= key <= high:
                found[key >> 6] |= 1 << (key & 63)
        return found

    def count(self, key_range: KeyRange) -> int:
        return sum(each.bit_count() for each in self.present(key_range).values())


@dataclass
class FakeErrand:
    """The same rows for somebody else."""

    own: FakeRows

    def rows(self) -> AbstractContextManager[FakeRows]:
        return nullcontext(self.own)


@dataclass
class FakeServer:
    """Production and the copy in one: tables as mappings from key to content."""

    workers: tuple[Executor, int] | None = None
    live: dict[TableRef, dict[int, str]] = field(default_factory=lambda: {BILLING: {}})
    then: dict[TableRef, dict[int, str]] = field(default_factory=lambda: {BILLING: {1: "a", 2: "b", 3: "c"}})
    scratch: set[str] = field(default_factory=set)
    definitions: dict[TableRef, TableDefinition] = field(default_factory=dict)
    facts: ServerFacts = field(
        default_factory=lambda: ServerFacts(
            version="10.11.8",
            flavour="mariadb",
            read_only=False,
            max_allowed_packet=16 << 20,
            sql_mode="STRICT_TRANS_TABLES",
        )
    )
    plans: dict[TableRef, list[PlanLine]] = field(default_factory=dict)
    done: defaultdict[TableRef, list[PlanLine]] = field(default_factory=lambda: defaultdict(list))
    lose: int = 0
    faults: Faults = field(default_factory=Faults)

    def define(self, table: TableDefinition) -> None:
        """Give a table another definition, on both sides."""
        self.definitions[table.ref] = table

    def lose_rows(self, number: int) -> None:
        """Make the load lose rows unnoticed."""
        self.lose = number

    # production

    def server(self) -> ServerFacts:
        return self.facts

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

    def rehearse(self, database: str, definitions: Sequence[TableDefinition]) -> None:
        del database, definitions
        self.faults.before("rehearse")

    def create_scratch(self, schema: str, run: str) -> None:
        del run
        self.faults.before("create_scratch")
        self.scratch.add(schema)
        self.faults.done("create_scratch")

    def drop_scratch(self, schema: str) -> None:
        self.faults.before("drop_scratch")
        self.scratch.discard(schema)
        self.faults.done("drop_scratch")

    def scratches(self) -> Sequence[str]:
        return ()

    def at_work(self, run: str) -> str:
        del run
        return ""

    def scratch_exists(self, schema: str) -> bool:
        return schema in self.scratch

    def traces(self, schema: str) -> Traces:
        del schema
        return Traces()

    def create_target_table(self, schema: str, dump: DumpFile, target: TableRef, *, with_foreign_keys: bool) -> None:
        del schema, dump, with_foreign_keys
        self.faults.before("create_landing")
        self.live[target] = {}

    def drop_target_table(self, schema: str, target: TableRef) -> None:
        del schema
        if not self.live.get(target, {1: ""}):
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
        self.live[former], self.live[live] = self.live[live], self.live.pop(shadow)

    def plan_digest(self, schema: str, target: Target) -> str:
        del schema, target
        return ""

    def stage(self, schema: str, target: Target, folder: Path, progress: Progress) -> None:
        del schema, target, folder, progress
        self.faults.before("stage")
        self.faults.done("stage")

    def takes_directly(self, target: Target) -> bool:
        del target
        return False

    def compare(
        self, schema: str, targets: Sequence[Target], folder: Path, progress: Progress
    ) -> Sequence[TableDifference]:
        del schema, folder, progress
        self.faults.before("compare")
        return [self.difference(target) for target in targets]

    def difference(self, target: Target) -> TableDifference:
        ref = target.dump.definition.ref
        then, live = self.then[ref], self.live[target.ref]
        lines = [self.line(target.policy, key, then, live) for key in sorted({*then, *live})]
        self.plans[target.ref] = [line for line in lines if line.relation is not Relation.SAME]
        kinds = [(line.relation, line.act) for line in self.plans[target.ref]]
        groups = tuple(
            Group(*kind[:1], Provenance.UNKNOWN, kind[1], kinds.count(kind)) for kind in dict.fromkeys(kinds)
        )
        return TableDifference(ref, target.ref, len(then), len(live), groups)

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
    ) -> None:
        del schema, folder, rules, progress
        self.faults.before("load")
        for target in targets:
            then, live = self.then[target.dump.definition.ref], self.live[target.ref]
            todo = [line for line in self.plans[target.ref] if line.act is not Act.KEEP]
            for line in todo[: len(todo) - self.lose]:
                key = int(line.key[0])
                self.done[target.ref].append(line)
                if line.act is Act.DELETE:
                    del live[key]
                else:
                    live[key] = then[key]
                self.faults.before("between rows")
        self.faults.done("load")

    def loaded(self, schema: str, target: Target) -> TableLoad:
        del schema
        acts = [line.act for line in self.done[target.ref]]
        return TableLoad(target.ref, acts.count(Act.INSERT), acts.count(Act.UPDATE), acts.count(Act.DELETE))

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

    def hang_up(self) -> None:
        self.faults.done("hang_up")

    def reach(self, endpoint: Endpoint, user: str, password: Secret, within: float, progress: Progress) -> None:
        del endpoint, user, password, within, progress
        self.faults.before("reach")

    def tools(self) -> ClientTools:
        return ClientTools("/usr/bin/mysqldump")

    @contextmanager
    def alone(self, endpoint: Endpoint, user: str, run: str, refs: Sequence[TableRef]) -> Iterator[None]:
        del endpoint, user, run, refs
        self.faults.before("lock")
        yield

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

    def check_key_values(self, definition: TableDefinition, key: Sequence[str]) -> None:
        del definition, key

    def dump(self, definition: TableDefinition, selection: Selection, folder: Path, progress: Progress) -> DumpFile:
        del selection
        self.side.faults.before("dump")
        rows = self.side.then[definition.ref]
        progress("dumping", 0.5)
        (folder / f"{definition.ref.table}.sql").write_text("\n".join(rows.values()))
        self.side.faults.done("dump")
        return DumpFile(definition, f"{definition.ref.table}.sql", 10, "0" * 64, len(rows), Fingerprint(len(rows), 1))


def unreachable() -> DatabaseError:
    return DatabaseError("copy", "no answer", "open the rule", code="db.unreachable")


@dataclass
class FakeOperator:
    """Says yes, unless told to answer otherwise."""

    answer: Answer = Answer.YES
    asked: list[str] = field(default_factory=list)

    def refuse(self) -> None:
        self.answer = Answer.NO

    def put_off(self) -> None:
        self.answer = Answer.LATER

    def approve(self, question: Question) -> Answer:
        self.asked.append(question.text if question.typed is None else f"{question.text} [{question.typed}]")
        return self.answer


@dataclass
class Ear:
    """A listener that remembers, and breaks when told."""

    heard: list[Event] = field(default_factory=list)
    broken: bool = False

    def hear(self, event: Event) -> None:
        if self.broken:
            raise ConnectionError("nobody there")
        self.heard.append(event)

    def close(self) -> Sequence[str]:
        return ()


@dataclass(frozen=True)
class FakeEngines:
    """One engine's servers, whatever it is called."""

    databases: Databases

    def of(self, engine: str) -> Databases:
        del engine
        return self.databases

    def user(self) -> str | None:
        return None

    def close(self) -> None:
        self.databases.close()


@dataclass
class FakeWorld:
    """All of them together."""

    cloud: FakeCloud = field(default_factory=FakeCloud)
    server: FakeServer = field(default_factory=FakeServer)
    operator: FakeOperator = field(default_factory=FakeOperator)
    clock: FakeClock = field(default_factory=FakeClock)

    def world(self) -> World:
        return World(self.cloud, FakeEngines(self.server), self.operator, self.clock)
