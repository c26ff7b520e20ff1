"""Stored snapshots: the account's own, the service's, AWS Backup's, and ones that another account shares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rdsrestore.lab.cloud.instance import REGION, Instance, arn
from rdsrestore.lab.cloud.query_protocol import Fault
from rdsrestore.lab.servers.servers import State

MANUAL = "manual"
CLUSTER = "cluster"
NAMED = {
    MANUAL: "{}",
    "automated": "rds:{}",
    "awsbackup": "awsbackup:{}",
    "shared": f"arn:aws:rds:{REGION}:210987654321:snapshot:{{}}",
}
"""How the service names a snapshot of each kind."""
TAKEN_OF = ("Engine", "EngineVersion", "AllocatedStorage", "DbiResourceId", "MasterUsername", "DBInstanceIdentifier")


@dataclass(frozen=True)
class Snapshot:
    """A stored snapshot: what Describe says of it, the instance as it was then, and where its data lie."""

    shown: dict[str, Any]
    instance: dict[str, Any]
    state: State

    @property
    def kind(self) -> str:
        """Its kind, as the service calls it."""
        return str(self.shown["SnapshotType"])


def taken(instance: Instance, history: str, name: str, kind: str = MANUAL, version: str = "") -> Snapshot:
    """Take a snapshot; with `version` it says to be of that release of the engine. Fault where nothing is up."""
    if instance.server is None:
        raise Fault("InvalidDBInstanceState", "Instance is not in available state.")
    now, id_ = datetime.now(UTC), NAMED[kind].format(name)
    described = {**instance.shown, **({"EngineVersion": version} if version else {})}
    shown = {
        "DBSnapshotIdentifier": id_,
        "DBSnapshotArn": id_ if kind == "shared" else arn("snapshot", id_),
        "SnapshotCreateTime": now,
        "OriginalSnapshotCreateTime": now,
        "SnapshotDatabaseTime": now,
        "Status": "available",
        "SnapshotType": kind,
        "PercentProgress": 100,
        **{key: described[key] for key in TAKEN_OF},
    }
    return Snapshot(shown, described, State(position=instance.server.position(), history=history))


def of_cluster(instance: Instance, history: str, name: str) -> Snapshot:
    """Take a snapshot of the Multi-AZ DB cluster that an instance is a member of."""
    made = taken(instance, history, name)
    cluster = {
        "DBClusterSnapshotIdentifier": name,
        "DBClusterIdentifier": instance.shown["DBClusterIdentifier"],
        "DBClusterSnapshotArn": arn("cluster-snapshot", name),
    }
    same = ("SnapshotCreateTime", "Status", "SnapshotType", "PercentProgress", "Engine", "EngineVersion")
    shown = {**cluster, **{key: made.shown[key] for key in (*same, "MasterUsername", "AllocatedStorage")}}
    lone = {key: value for key, value in made.instance.items() if key != "DBClusterIdentifier"}
    return Snapshot(shown, lone, made.state)


def visible(snapshot: Snapshot, asked: str | None, *, named: bool) -> bool:
    """Whether Describe shows a snapshot (RDS API reference, DescribeDBSnapshots, SnapshotType).

    Without a type it shows manual and automated ones; by name an automated one is shown where its type is given.
    """
    if asked:
        return snapshot.kind == asked
    return snapshot.kind == MANUAL or (snapshot.kind == "automated" and not named)
