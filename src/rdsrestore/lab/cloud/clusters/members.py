"""How an instance of a cluster shows itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rdsrestore.domain.cloud.engine import family
from rdsrestore.lab.cloud.defaults import default_options
from rdsrestore.lab.cloud.instance import REGION, arn, resource_id


def member(cluster: Mapping[str, Any], name: str, size: str) -> dict[str, Any]:
    """Describe an instance of a cluster that is being made."""
    same = ("Engine", "EngineVersion", "MasterUsername", "StorageEncrypted", "StorageType", "NetworkType")
    release = cluster["Engine"], cluster["EngineVersion"]
    return {
        **{key: cluster[key] for key in same if key in cluster},
        "DBClusterIdentifier": cluster["DBClusterIdentifier"],
        "DBInstanceIdentifier": name,
        "DBInstanceArn": arn("db", name),
        "DbiResourceId": resource_id(),
        "DBInstanceStatus": "creating",
        "DBInstanceClass": size,
        "InstanceCreateTime": datetime.now(UTC),
        "AllocatedStorage": cluster["AllocatedStorage"],
        "BackupRetentionPeriod": 0,
        "AvailabilityZone": f"{REGION}a",
        "DBSubnetGroup": {"DBSubnetGroupName": cluster["DBSubnetGroup"]},
        "VpcSecurityGroups": [dict(each) for each in cluster["VpcSecurityGroups"]],
        "DBParameterGroups": [
            {"DBParameterGroupName": f"default.{family(*release)}", "ParameterApplyStatus": "in-sync"}
        ],
        "OptionGroupMemberships": [{"OptionGroupName": default_options(*release), "Status": "in-sync"}],
        "MultiAZ": False,
        "DeletionProtection": False,
        "PubliclyAccessible": False,
        "PendingModifiedValues": {},
        "TagList": [],
    }
