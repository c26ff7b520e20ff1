"""From the cloud's own descriptions to ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rdsrestore.aws.rds import audit_log
from rdsrestore.aws.tags import as_mapping
from rdsrestore.domain.cloud.instance import SnapshotInfo, SourceInstance
from rdsrestore.domain.errors import CloudError
from rdsrestore.domain.ids import Endpoint


def source(shown: Mapping[str, Any], backups: Sequence[Mapping[str, Any]]) -> SourceInstance:
    """Describe an instance to restore from; CloudError with code `aws.no-endpoint` where it can't be reached at all."""
    endpoint = reached(shown)
    window: Mapping[str, Any] = next((each["RestoreWindow"] for each in backups if each.get("RestoreWindow")), {})
    subnets = shown.get("DBSubnetGroup") or {}
    return SourceInstance(
        id=shown["DBInstanceIdentifier"],
        resource_id=shown["DbiResourceId"],
        engine=shown["Engine"],
        version=shown["EngineVersion"],
        status=shown["DBInstanceStatus"],
        endpoint=endpoint,
        instance_class=shown["DBInstanceClass"],
        storage=shown["AllocatedStorage"],
        storage_type=shown.get("StorageType", "gp3"),
        vpc=subnets.get("VpcId", ""),
        subnet_group=subnets.get("DBSubnetGroupName", ""),
        parameter_group=shown["DBParameterGroups"][0]["DBParameterGroupName"],
        option_group=(shown.get("OptionGroupMemberships") or [{}])[0].get("OptionGroupName"),
        ca_certificate=shown.get("CACertificateIdentifier"),
        publicly_accessible=bool(shown.get("PubliclyAccessible")),
        master_user=shown["MasterUsername"],
        retention_days=int(shown.get("BackupRetentionPeriod", 0)),
        earliest=window.get("EarliestTime"),
        latest=shown.get("LatestRestorableTime") or window.get("LatestTime"),
        lifecycle_support=shown.get("EngineLifecycleSupport"),
        network_type=shown.get("NetworkType"),
        iops=shown.get("Iops"),
        cluster=shown.get("DBClusterIdentifier"),
        maintenance=shown.get("PreferredMaintenanceWindow"),
        certificate_until=(shown.get("CertificateDetails") or {}).get("ValidTill"),
        replica_of=shown.get("ReadReplicaSourceDBInstanceIdentifier"),
        managed_secret=shown.get("MasterUserSecret", {}).get("SecretArn"),
        tags=tuple(as_mapping(shown.get("TagList", [])).items()),
        security_groups=groups(shown),
        audit_log=audit_log.group("instance", shown["DBInstanceIdentifier"], exports(shown)),
    )


def replicas(find: Callable[[str], Mapping[str, Any] | None], instance: str, region: str) -> dict[str, Endpoint | None]:
    """Say where an instance's read replicas answer, as `find` describes each by its name; None for one that it can't.

    One of another region is listed by its ARN, which this region's service does not take.
    """
    names: Sequence[str] = (find(instance) or {}).get("ReadReplicaDBInstanceIdentifiers", ())

    def answering(name: str) -> Endpoint | None:
        if name.startswith("arn:") and name.split(":")[3] != region:
            return None
        try:
            found = find(name)
        except CloudError:
            return None
        return reached(found) if found and found.get("Endpoint") else None

    return {name: answering(name) for name in names}


def exports(shown: Mapping[str, Any]) -> Sequence[str]:
    """Name the logs that an instance or a cluster exports to CloudWatch Logs."""
    return shown.get("EnabledCloudwatchLogsExports") or ()


def groups(shown: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the security groups that an instance is in."""
    return tuple(each["VpcSecurityGroupId"] for each in shown.get("VpcSecurityGroups", ()))


def reached(shown: Mapping[str, Any]) -> Endpoint:
    """Say where an instance answers; CloudError with code `aws.no-endpoint` where it does not at all."""
    if not shown.get("Endpoint"):
        raise CloudError(
            "--instance",
            f"{shown['DBInstanceIdentifier']} is {shown['DBInstanceStatus']} and has no endpoint",
            "wait until it is available",
            code="aws.no-endpoint",
        )
    return Endpoint(shown["Endpoint"]["Address"], shown["Endpoint"]["Port"])


def cluster_snapshot(shown: Mapping[str, Any]) -> SnapshotInfo:
    """Describe a snapshot of a DB cluster, Multi-AZ or Aurora."""
    return SnapshotInfo(
        shown["DBClusterSnapshotIdentifier"],
        shown["DBClusterIdentifier"],
        shown["Status"],
        shown.get("SnapshotCreateTime"),
        engine=shown.get("Engine", ""),
        version=shown.get("EngineVersion", ""),
        master_user=shown.get("MasterUsername", ""),
        of_cluster=True,
    )


def snapshot(shown: Mapping[str, Any]) -> SnapshotInfo:
    """Describe a snapshot; the moment of its data is not the moment of its copy."""
    taken = (
        shown.get("SnapshotDatabaseTime") or shown.get("OriginalSnapshotCreateTime") or shown.get("SnapshotCreateTime")
    )
    return SnapshotInfo(
        shown["DBSnapshotIdentifier"],
        shown["DBInstanceIdentifier"],
        shown["Status"],
        taken,
        engine=shown.get("Engine", ""),
        version=shown.get("EngineVersion", ""),
        master_user=shown.get("MasterUsername", ""),
    )
