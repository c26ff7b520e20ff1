"""What a restore is asked for: from what, and each attribute of the copy."""

from __future__ import annotations

from typing import Any, TypedDict

from rdsrestore.aws.tags import tags_of
from rdsrestore.domain.cloud.instance import RestoreSpec

SUPPORTED_LONGER = frozenset({"mysql"})
"""Engines with an Extended Support to choose (RDS API reference, RestoreDBInstanceToPointInTime)."""


class Named(TypedDict, total=False):
    """How a restore to a moment may name its backups."""

    SourceDbiResourceId: str
    SourceDBInstanceAutomatedBackupsArn: str


class NamedSnapshot(TypedDict, total=False):
    """How a restore may name its snapshot."""

    DBSnapshotIdentifier: str
    DBClusterSnapshotIdentifier: str


def named_snapshot(spec: RestoreSpec) -> NamedSnapshot:
    """Name the snapshot: one of a Multi-AZ DB cluster is restored to a single instance as well.

    RDS API reference, RestoreDBInstanceFromDBSnapshot, DBClusterSnapshotIdentifier.
    """
    name = str(spec.snapshot)
    return {"DBClusterSnapshotIdentifier": name} if spec.of_cluster else {"DBSnapshotIdentifier": name}


def named(spec: RestoreSpec) -> Named:
    """Name the backups to restore: by the resource id, which outlives the name, or by the ARN of replicated ones."""
    backups = spec.backups
    if backups and backups.arn:
        return {"SourceDBInstanceAutomatedBackupsArn": backups.arn}
    return {"SourceDbiResourceId": backups.resource_id if backups else spec.source.resource_id}


def given(spec: RestoreSpec, run: str) -> dict[str, Any]:
    """Write out every attribute of the copy: what is left out would be the service's choice, or production's.

    That choice is right for another release than production's: the default groups of its own family, and support for
    as long as it is restored (RDS API reference, RestoreDBInstanceFromDBSnapshot).
    """
    source, chosen = spec.source, spec.attributes
    lasting = source.engine in SUPPORTED_LONGER and not spec.family
    optional = {
        "DBParameterGroupName": chosen.parameter_group or (None if spec.family else source.parameter_group),
        "OptionGroupName": chosen.option_group or (None if spec.family else source.option_group),
        "CACertificateIdentifier": chosen.ca_certificate or source.ca_certificate,
        "EngineLifecycleSupport": source.lifecycle_support if lasting else None,
        "NetworkType": source.network_type,
        "AvailabilityZone": chosen.zone,
        "Iops": chosen.speed(source.storage_type, source.iops),
        "StorageThroughput": chosen.throughput,
        "AllocatedStorage": source.storage if chosen.iops or chosen.throughput else None,
    }
    return {
        "DBInstanceClass": spec.instance_class,
        "DBSubnetGroupName": chosen.subnet_group or source.subnet_group,
        "VpcSecurityGroupIds": [spec.group, *spec.beside],
        "StorageType": chosen.storage(source.storage_type),
        "MultiAZ": False,
        "PubliclyAccessible": source.publicly_accessible,
        "AutoMinorVersionUpgrade": False,
        "CopyTagsToSnapshot": False,
        "DeletionProtection": False,
        "BackupRetentionPeriod": 0,
        "EnableIAMDatabaseAuthentication": False,
        "Tags": tags_of(spec, run),
        **{key: value for key, value in optional.items() if value},
    }
