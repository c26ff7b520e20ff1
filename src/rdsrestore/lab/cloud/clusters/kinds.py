"""What production may be, as `lab up --kind` names it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rdsrestore.domain.errors import ToolError
from rdsrestore.lab.cloud.clusters.cluster import resource_id
from rdsrestore.lab.cloud.instance import arn

AURORA = frozenset({"aurora", "serverless"})
CLUSTERED = AURORA | {"multi-az-cluster"}
RELEASE = "8.0.mysql_aurora.3.10.0"
NAME = "production-cluster"
PARAMETERS = "production-cluster-params"
SERVERLESS = "db.serverless"
SCALING = {"ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 8.0}}


def sold_as(kind: str, engine: str, version: str) -> tuple[str, str]:
    """Say as which engine and release a server is offered; ToolError for a cluster of servers that has none."""
    if kind in CLUSTERED and engine != "mysql":
        raise ToolError("lab up", f"RDS has no clusters of {engine}", "--server mysql")
    return ("aurora-mysql", RELEASE) if kind in AURORA else (engine, version)


def of_kind(kind: str) -> dict[str, Any]:
    """Say how an instance shows what production is."""
    if kind not in CLUSTERED:
        return {"MultiAZ": kind == "multi-az"}
    own = {"StorageType": "aurora", "AllocatedStorage": 1, "DeletionProtection": False} if kind in AURORA else {}
    size = {"aurora": "db.r6g.large", "serverless": SERVERLESS}.get(kind)
    return {"MultiAZ": False, "DBClusterIdentifier": NAME, **own, **({"DBInstanceClass": size} if size else {})}


def cluster(kind: str, instance: Mapping[str, Any], earliest: datetime) -> dict[str, Any]:
    """Describe the cluster that production is the writer of."""
    same = ("Engine", "EngineVersion", "MasterUsername", "StorageEncrypted", "BackupRetentionPeriod", "NetworkType")
    several = {"DBClusterInstanceClass": instance["DBInstanceClass"], "StorageType": "gp3", "Iops": 3000}
    return {
        **{key: instance[key] for key in (*same, "EngineLifecycleSupport", "TagList")},
        **({"StorageType": "aurora"} if kind in AURORA else several),
        **(
            {"ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 8.0}}
            if kind == "serverless"
            else {}
        ),
        "DBClusterIdentifier": NAME,
        "DBClusterArn": arn("cluster", NAME),
        "DbClusterResourceId": resource_id(),
        "Status": "available",
        "ClusterCreateTime": earliest,
        "EarliestRestorableTime": earliest,
        "AllocatedStorage": instance["AllocatedStorage"],
        "DBClusterParameterGroup": PARAMETERS,
        "DBSubnetGroup": instance["DBSubnetGroup"]["DBSubnetGroupName"],
        "VpcSecurityGroups": [dict(each) for each in instance["VpcSecurityGroups"]],
        "Endpoint": instance["Endpoint"]["Address"],
        "Port": instance["Endpoint"]["Port"],
        "EngineMode": "provisioned",
        "DeletionProtection": True,
        "PubliclyAccessible": False,
        **({"MasterUserSecret": instance["MasterUserSecret"]} if "MasterUserSecret" in instance else {}),
    }
