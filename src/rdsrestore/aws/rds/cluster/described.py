"""From the cloud's descriptions of clusters to ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rdsrestore.aws.rds import audit_log, describe
from rdsrestore.aws.tags import as_mapping, expiry
from rdsrestore.domain.cloud.instance import Capacity, Leftover, SourceCluster, SourceInstance
from rdsrestore.domain.ids import PREFIX, Endpoint


def of_member(source: SourceInstance, shown: Mapping[str, Any]) -> SourceInstance:
    """Complete the description of a member: window, backups, the master user's secret and logs are the cluster's."""
    return replace(
        source,
        earliest=shown.get("EarliestRestorableTime"),
        latest=shown.get("LatestRestorableTime"),
        retention_days=int(shown.get("BackupRetentionPeriod", 0)),
        managed_secret=shown.get("MasterUserSecret", {}).get("SecretArn"),
        member_of=cluster(shown),
        audit_log=audit_log.group("cluster", shown["DBClusterIdentifier"], describe.exports(shown)),
    )


def cluster(shown: Mapping[str, Any]) -> SourceCluster:
    """Describe a cluster."""
    capacity = shown.get("ServerlessV2ScalingConfiguration")
    return SourceCluster(
        id=shown["DBClusterIdentifier"],
        resource_id=shown["DbClusterResourceId"],
        writer=writer(shown),
        parameter_group=shown["DBClusterParameterGroup"],
        storage_type=shown.get("StorageType"),
        iops=shown.get("Iops"),
        lifecycle_support=shown.get("EngineLifecycleSupport"),
        network_type=shown.get("NetworkType"),
        capacity=as_capacity(capacity) if capacity else None,
    )


def as_capacity(shown: Mapping[str, Any]) -> Capacity:
    """Read the bounds of Serverless v2."""
    return Capacity(shown["MinCapacity"], shown["MaxCapacity"], shown.get("SecondsUntilAutoPause"))


def writer(shown: Mapping[str, Any]) -> str:
    """Name the member that takes writes; empty where there is none."""
    members = shown.get("DBClusterMembers", [])
    return next((str(each["DBInstanceIdentifier"]) for each in members if each.get("IsClusterWriter")), "")


def endpoint(shown: Mapping[str, Any]) -> Endpoint:
    """Where the cluster's writer answers."""
    return Endpoint(shown["Endpoint"], shown["Port"])


def leftover(shown: Mapping[str, Any]) -> Leftover:
    """Describe a cluster of ours."""
    tags = as_mapping(shown.get("TagList", []))
    return Leftover(
        "cluster", shown["DBClusterIdentifier"], tags.get(f"{PREFIX}:run", ""), shown["Status"], expiry(tags)
    )
