"""An account with one source instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from fakes.faults import Faults
from fakes.scene import NOW, SOURCE
from rdsrestore.domain.cloud.admission import Reference
from rdsrestore.domain.cloud.audit_log import AuditEntry
from rdsrestore.domain.cloud.instance import (
    ApiCall,
    Backups,
    ExpirySpec,
    GroupSpec,
    Identity,
    Leftover,
    RestoreSpec,
    SnapshotInfo,
    SourceInstance,
    Subnets,
)
from rdsrestore.domain.cloud.switch_call import NOBODY, SwitchCall
from rdsrestore.domain.errors import CloudError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.ports.progress import Progress


@dataclass
class FakeCloud:
    """An account with one source instance."""

    held: SourceInstance = SOURCE
    kept: list[Backups] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)
    rules: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
    copies: dict[str, RestoreSpec] = field(default_factory=dict)
    clusters: dict[str, RestoreSpec] = field(default_factory=dict)
    switches: dict[str, datetime] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    address: str | None = "203.0.113.7/32"
    followers: dict[str, Endpoint | None] = field(default_factory=dict)
    known: dict[str, Reference] = field(default_factory=dict)
    place: Subnets | None = None
    free: dict[str, int] = field(default_factory=dict)
    logged: dict[str, list[AuditEntry]] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    calls: list[ApiCall] = field(default_factory=list)

    def keep(self, name: str) -> None:
        """Make every deletion of that resource fail."""
        self.stuck.add(name)

    def audit(self, log: str, *entries: AuditEntry) -> None:
        """Have lines arrive in an audit log."""
        self.logged.setdefault(log, []).extend(entries)

    def _call(self, operation: str) -> None:
        self.faults.before(operation)
        self.calls.append(ApiCall("rds", operation, f"request-{len(self.calls)}", 200))

    def identity(self) -> Identity:
        self.faults.before("identity")
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

    def backups(self, of: str) -> Sequence[Backups]:
        found = [each for each in self.kept if of in {each.instance, each.resource_id, each.arn}]
        if not found:
            raise CloudError("--backups-of", f"no backups of {of}", code="aws.no-backups")
        return found

    def earlier_backups(self, instance: str) -> Sequence[Backups]:
        return [each for each in self.kept if each.instance in {instance, f"{instance}-old1"}]

    def snapshots(self, instance: str) -> Sequence[SnapshotInfo]:
        return (SnapshotInfo("nightly", instance, "available", NOW),)

    def snapshot(self, snapshot: str) -> SnapshotInfo:
        known = {each.id: each for each in self.snapshots(self.held.id)}
        if snapshot not in known:
            raise CloudError("--snapshot", f"there is no snapshot {snapshot}", code="aws.no-snapshot")
        return known[snapshot]

    def replicas(self, instance: str) -> Mapping[str, Endpoint | None]:
        del instance
        self.faults.before("replicas")
        return self.followers

    def denied(self, vpc: str) -> Sequence[str]:
        del vpc
        return ()

    def doubted(self, *, switch: bool, clustered: bool = False) -> Sequence[str]:
        self.faults.before("doubted")
        del switch, clustered
        return ()

    def switch_doubts(self, role: str) -> Sequence[str]:
        self.faults.before("switch_doubts")
        return () if role.startswith("arn:") else (f"there is no role {role}",)

    def subnets(self, source: SourceInstance) -> Subnets:
        self.faults.before("subnets")
        return self.place or Subnets(source.vpc)

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
        if name in self.stuck or name in self.copies or name in self.clusters:
            raise CloudError(name, "still in use", "wait")
        self.groups.pop(name, None)
        self.faults.done("delete_group")

    def references(self, names: Sequence[str], vpc: str) -> Sequence[Reference]:
        del vpc
        self.faults.before("references")
        return tuple(self.known.get(name, Reference(name, problem="there is none")) for name in names)

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
        if spec.as_cluster:
            self.clusters[spec.name] = spec
        else:
            self.copies[spec.name] = spec
        self.faults.done("restore")
        return "db-COPY"

    def create_instance(self, spec: RestoreSpec, run: str) -> str:
        del run
        self._call("create_instance")
        if spec.name not in self.clusters:
            raise CloudError("make-instance", f"there is no cluster {spec.name}", code="aws.no-cluster")
        self.copies[spec.name] = spec
        self.faults.done("create_instance")
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

    def delete_cluster(self, name: str, progress: Progress) -> None:
        del progress
        self._call("delete_cluster")
        if name in self.stuck or name in self.copies:
            raise CloudError(name, "still contains instances", "wait")
        self.clusters.pop(name, None)
        self.faults.done("delete_cluster")

    def leftovers(self, run: str | None = None) -> Sequence[Leftover]:
        self.faults.before("leftovers")
        ours = [Leftover("instance", name, name.removeprefix("rdsrestore-"), "available") for name in self.copies]
        ours += [Leftover("cluster", name, name.removeprefix("rdsrestore-"), "available") for name in self.clusters]
        ours += [Leftover("group", name, name.removeprefix("rdsrestore-"), "") for name in self.groups]
        ours += [
            Leftover("rule", f"sgr-{name}", name.removeprefix("rdsrestore-"), "")
            for name, group in self.groups.items()
            if self.rules.get(group)
        ]
        return tuple(each for each in ours if run in (None, each.run))

    def arm(self, spec: ExpirySpec) -> None:
        self.faults.before("arm")
        self.switches |= dict.fromkeys(spec.schedules, spec.at)
        self.faults.done("arm")

    def put_off(self, spec: ExpirySpec) -> None:
        self.switches |= {name: spec.at for name in spec.schedules if name in self.switches}

    def disarm(self, schedules: Sequence[str]) -> None:
        self.faults.before("disarm")
        for name in schedules:
            self.switches.pop(name, None)

    def armed(self, schedules: Sequence[str]) -> Sequence[str]:
        return [name for name in schedules if name in self.switches]

    def try_switch(self, role: str, progress: Progress) -> SwitchCall:
        self.faults.before("try_switch")
        progress("waiting", None)
        return SwitchCall(
            f"{NOBODY}1", *(("DBInstanceNotFound",) if role.startswith("arn:") else ("AccessDenied", "no"))
        )

    def audited(self, log: str, thread: int, since: datetime, until: datetime) -> Sequence[AuditEntry]:
        self.faults.before("audited")
        kept = self.logged.get(log, [])
        return [each for each in kept if each.thread == thread and since <= each.at <= until]

    def free_storage(self, instance: str) -> int | None:
        return self.free.get(instance)

    def deposit(self, bucket: str, key: str, content: bytes) -> None:
        self.faults.before("deposit")
        del bucket, key, content

    def take_calls(self) -> Sequence[ApiCall]:
        taken, self.calls = tuple(self.calls), []
        return taken

    def calls_of(self, step: str, *, clustered: bool = False) -> Sequence[str]:
        del clustered
        return (f"rds:{step}",)
