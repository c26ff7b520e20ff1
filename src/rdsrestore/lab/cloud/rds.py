"""RDS instances and snapshots as the service keeps them.

Windows, names, protection, and statuses that take their time.
"""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from rdsrestore.lab.cloud.instance import Event, Instance, arn
from rdsrestore.lab.cloud.query_protocol import Fault
from rdsrestore.lab.cloud.stored.backups import AutomatedBackup
from rdsrestore.lab.cloud.stored.snapshots import CLUSTER, MANUAL, Snapshot, of_cluster, taken
from rdsrestore.lab.network.gateway import Gateway
from rdsrestore.lab.network.iam_auth import Front
from rdsrestore.lab.network.impairment import Network
from rdsrestore.lab.servers.servers import SEEDED, Server, Servers

FLOOR = 0.05
"""Shortest time a status lasts, in seconds, so that a poll can see it."""
ALIVE = frozenset({"available", "storage-initialization", "storage-optimization"})
"""In which a restored instance answers."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """How long things take, in seconds: `restore` from creating to available, `lag` of the restore window, `delete`.

    `settle` is for how long a copy's rule and password do not hold yet after the service has said that they do.
    """

    restore: float = 3.0
    lag: float = 2.0
    delete: float = 0.4
    reset: float = 0.3
    reboot: float = 3.0
    settle: float = 0.0


@dataclass
class Rds:
    """The register of instances and snapshots, with real servers behind the instances.

    `backups` are by their instances' resource ids; `ports` says where the next instance of a name answers, as an
    endpoint's name goes with the instance's. `sees` gives the address as which the network knows a caller at a port.
    """

    servers: Servers
    pace: Pace
    allows: Callable[[list[str], str, int], bool]
    drop: bool
    earliest: datetime
    instances: dict[str, Instance] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    cluster_snapshots: dict[str, Snapshot] = field(default_factory=dict)
    backups: dict[str, AutomatedBackup] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    endings: list[str] = field(default_factory=list)
    network: Network = field(default_factory=Network)
    sees: Callable[[str, int], str] = lambda caller, _port: caller
    front: Front | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8, thread_name_prefix="instance"))

    def latest(self) -> datetime:
        """The end of the restore window."""
        return (datetime.now(UTC) - timedelta(seconds=self.pace.lag)).replace(microsecond=0)

    def find(self, name: str) -> Instance:
        """Return an instance by name; Fault where there is none."""
        found = self.instances.get(name.lower())
        if not found:
            raise Fault("DBInstanceNotFound", f"DBInstance {name} not found.", 404)
        return found

    def age(self, instance: Instance) -> float:
        """How many seconds ago an instance was asked for."""
        made: datetime = instance.shown["InstanceCreateTime"]
        return (datetime.now(UTC) - made).total_seconds()

    def own_backups(self) -> list[AutomatedBackup]:
        """List the backups of instances; a cluster's are its own, and not its members'."""
        return [each for each in self.backups.values() if not each.shown.get("DBClusterIdentifier")]

    def history(self, instance: Instance) -> str:
        """Name the history that an instance's server writes."""
        kept = self.backups.get(instance.shown["DbiResourceId"])
        return kept.history if kept else SEEDED

    def snap(self, instance: Instance, name: str, kind: str = MANUAL, version: str = "") -> Snapshot:
        """Keep the present state of an instance; Fault where there is a snapshot of that name."""
        if instance.cluster:
            raise Fault("InvalidParameterValue", f"{instance.name} is a member of cluster {instance.cluster}.")
        made = taken(instance, self.history(instance), name, kind, version)
        if made.shown["DBSnapshotIdentifier"] in self.snapshots:
            raise Fault("DBSnapshotAlreadyExists", f"Cannot create the snapshot because {name} already exists.")
        self.snapshots[made.shown["DBSnapshotIdentifier"]] = made
        return made

    def snap_cluster(self, cluster: str, name: str) -> Snapshot:
        """Keep the present state of a Multi-AZ DB cluster; Fault where there is none of that name."""
        members = [each for each in self.instances.values() if cluster and each.cluster == cluster]
        if not members:
            raise Fault("DBClusterNotFoundFault", f"DBCluster {cluster} not found.", 404)
        made = of_cluster(members[0], self.history(members[0]), name)
        self.cluster_snapshots[name] = made
        return made

    def snap_as(self, name: str, kind: str, version: str) -> str:
        """Take a snapshot of production as somebody of a kind would; returns how it is called."""
        production = self.find("production")
        if kind == CLUSTER:
            return str(self.snap_cluster(production.cluster, name).shown["DBClusterSnapshotIdentifier"])
        return str(self.snap(production, name, kind, version).shown["DBSnapshotIdentifier"])

    def tell(self, source: str, message: str) -> None:
        """Keep a line for DescribeEvents."""
        self.events.append(Event(source, "db-instance", message))

    def show(self, instance: Instance) -> dict[str, Any]:
        """Return what Describe says now."""
        with self.lock:
            shown = copy.deepcopy(instance.shown)
        if shown["BackupRetentionPeriod"] and instance.server and not instance.cluster:
            shown["LatestRestorableTime"] = self.latest()
        return shown

    def add(self, shown: dict[str, Any], make: Callable[[], Server], message: str) -> Instance:
        """Register a new instance and let its status walk while its server is made."""
        instance = Instance(shown, settles=self.pace.settle)
        with self.lock:
            if instance.name in self.instances:
                raise Fault("DBInstanceAlreadyExists", "DB instance already exists")
            self.instances[instance.name] = instance
            if shown["BackupRetentionPeriod"]:
                backup = AutomatedBackup(shown, shown["InstanceCreateTime"], shown["DbiResourceId"])
                self.backups[backup.history] = backup
        ending = self.endings.pop(0) if self.endings else "available"
        self.pool.submit(self._grow, instance, make, message, ending)
        return instance

    def _grow(self, instance: Instance, make: Callable[[], Server], message: str, ending: str) -> None:
        if ending == "stuck":
            return
        begun = time.monotonic()
        if ending in ALIVE:
            try:
                instance.server = make()
            except Exception as error:  # the service says so by the status, and why in an event
                log.exception("%s could not be made", instance.name)
                instance.turn("failed")
                self.tell(instance.name, f"Database instance put into failed. {error}")
                return
        statuses = ["creating", *(["backing-up"] if instance.shown["BackupRetentionPeriod"] else []), "modifying"]
        share = max((self.pace.restore - (time.monotonic() - begun)) / len(statuses), FLOOR)
        for status in statuses:
            instance.turn(status)
            if instance.gone.wait(share):
                return
            if status == "creating":
                if ending not in ALIVE:
                    break
                self.open(instance)
        instance.turn(ending)
        said = message if ending in ALIVE else f"Database instance put into {ending}. The lab was told so."
        self.tell(instance.name, said)

    def change_password(self, instance: Instance, password: str) -> None:
        """Take up a new master password, as slowly as the service does."""
        instance.shown["PendingModifiedValues"] = {"MasterUserPassword": "****"}
        self.pool.submit(self._change_password, instance, password)

    def _change_password(self, instance: Instance, password: str) -> None:
        with instance.changing:
            time.sleep(self.pace.reset / 3)
            before = instance.status
            instance.turn("resetting-master-credentials")
            if not instance.settles:
                self.set_password(instance, password)
            if instance.gone.wait(self.pace.reset):
                return
            instance.shown["PendingModifiedValues"] = {}
            instance.turn(before)
        if instance.settles and not instance.gone.wait(instance.settles):
            self.set_password(instance, password)

    def set_password(self, instance: Instance, password: str) -> None:
        """Give the server's master user a password at once."""
        if instance.server:
            quoted = password.replace("\\", "\\\\").replace("'", "''")
            instance.server.sql(f"ALTER USER '{instance.shown['MasterUsername']}'@'%' IDENTIFIED BY '{quoted}'")

    def reboot(self, instance: Instance) -> None:
        """Let an instance's server die and come back, as in a failover."""
        instance.turn("rebooting")
        self.pool.submit(self._reboot, instance)

    def _reboot(self, instance: Instance) -> None:
        if instance.server:
            instance.server.crash(self.pace.reboot)
        instance.turn("available")
        self.tell(instance.name, "Multi-AZ instance failover completed")

    def delete(self, instance: Instance, *, retain: bool = False) -> None:
        """Begin the deletion; the instance is gone when its server is. With `retain` its backups stay."""
        instance.turn("deleting")
        instance.gone.set()
        self.pool.submit(self._delete, instance, retain)

    def _delete(self, instance: Instance, retain: bool) -> None:  # noqa: FBT001 - as the pool hands it on
        time.sleep(self.pace.delete)
        kept = self.backups.get(instance.shown["DbiResourceId"]) if retain else None
        instance.close(keep=kept is not None)
        with self.lock:
            if kept:
                kept.ended = datetime.now(UTC).replace(microsecond=0)
                self.ports[instance.name] = instance.shown["Endpoint"]["Port"]
            else:
                self.backups.pop(instance.shown["DbiResourceId"], None)
            self.instances.pop(instance.name, None)
        self.tell(instance.name, "DB instance deleted")

    def rename(self, instance: Instance, name: str) -> None:
        """Give an instance another name and endpoint, and its old ones free."""
        with self.lock:
            if name in self.instances:
                raise Fault("DBInstanceAlreadyExists", "DB instance already exists")
            self.ports[instance.name] = instance.shown["Endpoint"]["Port"]
            if instance.gateway:
                instance.gateway.close()
            self.instances[name] = self.instances.pop(instance.name)
            instance.shown |= {"DBInstanceIdentifier": name, "DBInstanceArn": arn("db", name)}
        self.open(instance)

    def open(self, instance: Instance, port: int = 0) -> None:
        """Give an instance its endpoint, behind its own firewall."""
        server = instance.server
        assert server is not None  # noqa: S101 - for the type checker: callers have made it
        instance.gateway = Gateway(
            lambda: server.address,
            lambda peer, port: self.allows(instance.groups, peer, port) and instance.settled(),
            drop=self.drop,
            network=self.network,
            port=port or self.ports.pop(instance.name, 0),
            sees=self.sees,
            front=self.front,
        )
        with self.lock:
            instance.shown["Endpoint"] = {"Address": "127.0.0.1", "Port": instance.gateway.port, "HostedZoneId": "Z1"}
            for group in instance.shown["VpcSecurityGroups"]:
                group["Status"] = "active"
