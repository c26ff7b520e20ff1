"""What each step asks of the cloud, its undoing included."""

from __future__ import annotations

RESTORE = (
    "rds:RestoreDBInstanceToPointInTime",
    "rds:RestoreDBInstanceFromDBSnapshot",
    "rds:AddTagsToResource",
    "rds:DescribeDBInstances",
    "rds:DescribeEvents",
    "rds:ModifyDBInstance",
    "rds:DeleteDBInstance",
)
CLUSTER = (
    "rds:RestoreDBClusterToPointInTime",
    "rds:RestoreDBClusterFromSnapshot",
    "rds:AddTagsToResource",
    "rds:DescribeDBInstances",
    "rds:DescribeDBClusters",
    "rds:ModifyDBCluster",
    "rds:DeleteDBCluster",
)
MEMBER = (
    "rds:CreateDBInstance",
    "rds:AddTagsToResource",
    "rds:DescribeDBInstances",
    "rds:DescribeDBClusters",
    "rds:DescribeEvents",
    "rds:ModifyDBInstance",
    "rds:DeleteDBInstance",
)
CALLS: dict[str, tuple[str, ...]] = {
    "raise-retention": (),
    "keep-binlog": (),
    "rewind-binlog": (),
    "rewind-transaction": (),
    "cross-check": (),
    "reach-moment": ("rds:DescribeDBInstances", "rds:DescribeDBInstanceAutomatedBackups"),
    "arm-switch": (
        "scheduler:UpdateSchedule",
        "scheduler:CreateSchedule",
        "scheduler:GetSchedule",
        "scheduler:DeleteSchedule",
    ),
    "own-group": (
        "ec2:CreateSecurityGroup",
        "ec2:CreateTags",
        "ec2:DescribeSecurityGroups",
        "ec2:DeleteSecurityGroup",
        "rds:DescribeDBInstances",
        "rds:DescribeDBClusters",
    ),
    "restore-after": RESTORE,
    "restore-instance": RESTORE,
    "make-after": MEMBER,
    "make-instance": MEMBER,
    "await-after": ("rds:DescribeDBInstances", "rds:DescribeEvents"),
    "use-group": ("ec2:DescribeSecurityGroups",),
    "use-instance": ("ec2:DescribeSecurityGroups", "rds:DescribeDBInstances", "rds:DescribeEvents"),
    "own-password": ("rds:DescribeDBInstances", "rds:ModifyDBInstance"),
    "look": (),
    "open-rule": (
        "ec2:DescribeSecurityGroups",
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:CreateTags",
        "ec2:DescribeSecurityGroupRules",
        "ec2:RevokeSecurityGroupIngress",
    ),
    "close-rule": (
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSecurityGroupRules",
        "ec2:RevokeSecurityGroupIngress",
    ),
}
OF_CLUSTERS: dict[str, tuple[str, ...]] = {
    "reach-moment": (
        "rds:DescribeDBInstances",
        "rds:DescribeDBClusters",
        "rds:DescribeDBClusterAutomatedBackups",
    ),
    "restore-after": CLUSTER,
    "restore-instance": CLUSTER,
    "await-after": ("rds:DescribeDBInstances", "rds:DescribeDBClusters", "rds:DescribeEvents"),
    "own-password": ("rds:DescribeDBInstances", "rds:DescribeDBClusters", "rds:ModifyDBCluster"),
}
"""What steps ask instead where the copy is a cluster."""


def calls_of(step: str, *, clustered: bool) -> tuple[str, ...]:
    """Name what a step asks of the cloud."""
    return (OF_CLUSTERS if clustered and step in OF_CLUSTERS else CALLS).get(step, ())
