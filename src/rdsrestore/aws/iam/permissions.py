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
CALLS: dict[str, tuple[str, ...]] = {
    "raise-retention": (),
    "keep-binlog": (),
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
    ),
    "restore-after": RESTORE,
    "restore-instance": RESTORE,
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
