"""What the restore of a cluster is asked for, and the instance that is made in Aurora's.

Which parameter is for which kind of cluster is said in the RDS API reference, RestoreDBClusterToPointInTime,
RestoreDBClusterFromSnapshot and CreateDBInstance.
"""

from __future__ import annotations

from typing import Any

from rdsrestore.aws.tags import tags_of
from rdsrestore.domain.cloud.instance import Capacity, RestoreSpec, SourceCluster

FULL = "full-copy"
"""A clone (`copy-on-write`) takes no moment: it holds the cluster as it is, with the damage.

RDS API reference, RestoreDBClusterToPointInTime, RestoreToTime.
"""
SHORTEST = 1
"""Days for which a cluster keeps backups at least; they are deleted with it."""


def given(spec: RestoreSpec, cluster: SourceCluster, run: str) -> dict[str, Any]:
    """Write out every attribute of the restored cluster; another release than production's gets its own groups."""
    source, chosen = spec.source, spec.attributes
    own = aurora(cluster) if source.is_aurora else provisioned(spec, cluster)
    optional = {
        "DBClusterParameterGroupName": None if spec.family else cluster.parameter_group,
        "EngineLifecycleSupport": None if spec.family else cluster.lifecycle_support,
        "StorageType": chosen.storage_type or cluster.storage_type,
        **own,
    }
    return {
        "DBClusterIdentifier": spec.name,
        "Port": source.endpoint.port,
        "DBSubnetGroupName": chosen.subnet_group or source.subnet_group,
        "VpcSecurityGroupIds": [spec.group, *spec.beside],
        "DeletionProtection": False,
        "CopyTagsToSnapshot": False,
        "BackupRetentionPeriod": SHORTEST,
        "EnableIAMDatabaseAuthentication": False,
        "Tags": tags_of(spec, run),
        **{key: value for key, value in optional.items() if value is not None},
    }


def aurora(cluster: SourceCluster) -> dict[str, Any]:
    """Say what only Aurora's have: the bounds of Serverless v2."""
    return {
        "NetworkType": cluster.network_type,
        "ServerlessV2ScalingConfiguration": scaling(cluster.capacity) if cluster.capacity else None,
    }


def provisioned(spec: RestoreSpec, cluster: SourceCluster) -> dict[str, Any]:
    """Say what only a Multi-AZ DB cluster has: its members come with it."""
    return {
        "DBClusterInstanceClass": spec.instance_class,
        "Iops": spec.attributes.iops or cluster.iops,
        "PubliclyAccessible": spec.source.publicly_accessible,
    }


def scaling(capacity: Capacity) -> dict[str, Any]:
    """Write the bounds of Serverless v2."""
    bounds = {"MinCapacity": capacity.least, "MaxCapacity": capacity.most, "SecondsUntilAutoPause": capacity.pause}
    return {key: value for key, value in bounds.items() if value is not None}


def member(spec: RestoreSpec, run: str) -> dict[str, Any]:
    """Write out the instance of Aurora's cluster; storage, network groups and backups are the cluster's own."""
    source, chosen = spec.source, spec.attributes
    optional = {
        "DBParameterGroupName": chosen.parameter_group or (None if spec.family else source.parameter_group),
        "CACertificateIdentifier": chosen.ca_certificate or source.ca_certificate,
        "AvailabilityZone": chosen.zone,
    }
    return {
        "DBInstanceIdentifier": spec.name,
        "DBClusterIdentifier": spec.name,
        "Engine": source.engine,
        "DBInstanceClass": spec.instance_class,
        "PubliclyAccessible": source.publicly_accessible,
        "AutoMinorVersionUpgrade": False,
        "Tags": tags_of(spec, run),
        **{key: value for key, value in optional.items() if value},
    }
