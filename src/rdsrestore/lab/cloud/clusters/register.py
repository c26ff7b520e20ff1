"""DB clusters as the service keeps them: members, protection, and statuses that take their time."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rdsrestore.lab.cloud.clusters.cluster import Cluster
from rdsrestore.lab.cloud.clusters.members import member
from rdsrestore.lab.cloud.instance import Event, Instance
from rdsrestore.lab.cloud.query_protocol import Fault
from rdsrestore.lab.cloud.rds import FLOOR, Rds
from rdsrestore.lab.servers.servers import Server

MEMBERS = 3
"""Of a Multi-AZ DB cluster: a writer and two readers."""
USABLE = frozenset({"available", "backing-up"})

log = logging.getLogger(__name__)


@dataclass
class Clusters:
    """The register of clusters; their members are in that of the instances."""

    rds: Rds
    clusters: dict[str, Cluster] = field(default_factory=dict)

    def find(self, name: str) -> Cluster:
        """Return a cluster by name; Fault where there is none."""
        found = self.clusters.get(name.lower())
        if not found:
            raise Fault("DBClusterNotFoundFault", f"DBCluster {name} not found.", 404)
        return found

    def keep(self, cluster: Cluster) -> None:
        """Register a cluster that is there already."""
        self.clusters[cluster.name] = cluster

    def close(self) -> None:
        """Stop the clusters' servers."""
        for cluster in list(self.clusters.values()):
            cluster.gone.set()
            cluster.close()

    def members(self, cluster: Cluster) -> list[Instance]:
        """List a cluster's members, the writer first."""
        found = [each for each in list(self.rds.instances.values()) if each.cluster == cluster.name]
        return sorted(found, key=lambda each: (each.name != cluster.writer, each.name))

    def show(self, cluster: Cluster) -> dict[str, Any]:
        """Return what Describe says now; the first member is the writer, as after a failover."""
        members = self.members(cluster)
        with self.rds.lock:
            shown = copy.deepcopy(cluster.shown)
        shown["DBClusterMembers"] = [
            {"DBInstanceIdentifier": each.name, "IsClusterWriter": each is members[0], "PromotionTier": 1}
            for each in members
        ]
        if cluster.of:
            shown["LatestRestorableTime"] = self.rds.latest()
        return shown

    def add(self, shown: dict[str, Any], make: Callable[[], Server]) -> Cluster:
        """Register a new cluster and let its status walk while its server is made."""
        cluster = Cluster(shown)
        with self.rds.lock:
            if cluster.name in self.clusters:
                raise Fault("DBClusterAlreadyExistsFault", "DB Cluster already exists")
            self.clusters[cluster.name] = cluster
        ending = self.rds.endings.pop(0) if self.rds.endings else "available"
        self.rds.pool.submit(self._grow, cluster, make, ending)
        return cluster

    def _grow(self, cluster: Cluster, make: Callable[[], Server], ending: str) -> None:
        if ending == "stuck":
            return
        begun = time.monotonic()
        try:
            cluster.server = make()
        except Exception:  # the service says so by the status
            log.exception("cluster %s could not be made", cluster.name)
            cluster.turn("failed")
            return
        if cluster.gone.wait(max(self.rds.pace.restore - (time.monotonic() - begun), FLOOR)):
            return
        for group in cluster.shown["VpcSecurityGroups"]:
            group["Status"] = "active"
        if not cluster.is_aurora:
            self._populate(cluster, cluster.server)
        cluster.turn(ending)
        self.rds.events.append(Event(cluster.name, "db-cluster", "DB cluster created"))

    def _populate(self, cluster: Cluster, server: Server) -> None:
        """Give a Multi-AZ DB cluster its members; the first one takes writes and is where the cluster answers."""
        for number in range(1, MEMBERS + 1):
            shown = member(cluster.shown, f"{cluster.name}-instance-{number}", cluster.shown["DBClusterInstanceClass"])
            made = Instance(
                shown | {"DBInstanceStatus": "available", "TagList": []}, server, settles=self.rds.pace.settle
            )
            self.rds.open(made)
            self.rds.instances[made.name] = made
            if number == 1:
                cluster.writer = made.name
                cluster.shown["Port"] = made.shown["Endpoint"]["Port"]

    def join(self, cluster: Cluster, shown: dict[str, Any]) -> Instance:
        """Make an instance in Aurora's cluster; the first one takes writes."""
        server = cluster.server
        assert server is not None  # noqa: S101 - for the type checker: the cluster is available
        made = self.rds.add(shown, lambda: server, "DB instance created")
        cluster.writer = cluster.writer or made.name
        return made

    def change_password(self, cluster: Cluster, password: str) -> None:
        """Take up a new master password, as slowly as the service does."""
        cluster.shown["PendingModifiedValues"] = {"MasterUserPassword": "****"}
        self.rds.pool.submit(self._change_password, cluster, password)

    def _change_password(self, cluster: Cluster, password: str) -> None:
        with cluster.changing:
            time.sleep(self.rds.pace.reset / 3)
            cluster.turn("resetting-master-credentials")
            members = self.members(cluster)
            for each in members:
                each.turn("resetting-master-credentials")
            if cluster.gone.wait(self.rds.pace.reset):
                return
            self.set_password(cluster, password)
            cluster.shown["PendingModifiedValues"] = {}
            for each in members:
                if not each.gone.is_set():
                    each.turn("available")
            cluster.turn("available")

    def set_password(self, cluster: Cluster, password: str) -> None:
        """Give the server's master user a password at once."""
        if cluster.server:
            quoted = password.replace("\\", "\\\\").replace("'", "''")
            cluster.server.sql(f"ALTER USER '{cluster.shown['MasterUsername']}'@'%' IDENTIFIED BY '{quoted}'")

    def delete(self, cluster: Cluster) -> None:
        """Begin the deletion, of a Multi-AZ DB cluster with its members."""
        cluster.turn("deleting")
        cluster.gone.set()
        for each in self.members(cluster):
            if each.status != "deleting":
                self.rds.delete(each)
        self.rds.pool.submit(self._delete, cluster)

    def _delete(self, cluster: Cluster) -> None:
        time.sleep(self.rds.pace.delete)
        while self.members(cluster):
            time.sleep(FLOOR)
        cluster.close()
        with self.rds.lock:
            self.clusters.pop(cluster.name, None)
