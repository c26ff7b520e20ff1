"""What each step asks of the cloud."""

from __future__ import annotations

CALLS: dict[str, tuple[str, ...]] = {
    "reach-moment": ("rds:DescribeDBInstances",),
    "own-group": ("ec2:CreateSecurityGroup", "ec2:DeleteSecurityGroup"),
    "restore-instance": (
        "rds:RestoreDBInstanceToPointInTime or rds:RestoreDBInstanceFromDBSnapshot",
        "rds:DescribeDBInstances",
        "rds:DeleteDBInstance",
    ),
    "own-password": ("rds:ModifyDBInstance",),
    "open-rule": ("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"),
    "close-rule": ("ec2:RevokeSecurityGroupIngress",),
}
