"""The least that the job needs of an account, as policies to attach: to the operator, and to the switch's role.

What can be limited is limited to names that begin with ours and to our tag. Reading can't be limited by either: the
services list either all or nothing (Service Authorization Reference, "Actions, resources, and condition keys" of RDS,
EC2 and EventBridge Scheduler).
"""

from __future__ import annotations

from typing import Any

from rdsrestore.aws.tags import MANAGED
from rdsrestore.domain.cloud.bastion import Bastion, Container, Managed, Way
from rdsrestore.domain.cloud.switch_call import NOBODY
from rdsrestore.domain.ids import PREFIX

Statement = dict[str, Any]
OURS = f"arn:*:rds:*:*:db:{PREFIX}-*"
OUR_CLUSTERS = f"arn:*:rds:*:*:cluster:{PREFIX}-*"
THEIR_MEMBERS = f"arn:*:rds:*:*:db:{PREFIX}-*-instance-*"
"""What RDS itself makes in a Multi-AZ DB cluster and names so; nothing says that our tags are on them.

Whoever changes or deletes the cluster needs leave for them too (Service Authorization Reference, "Dependent actions").
"""
TAGGED = {"StringEquals": {f"aws:ResourceTag/{MANAGED}": "true"}}
TAGGING = {"StringEquals": {f"aws:RequestTag/{MANAGED}": "true"}}
AUDIT_LOGS = [f"arn:*:logs:*:*:log-group:/aws/rds/{kind}/*/audit:*" for kind in ("instance", "cluster")]
"""What RDS exports, for `find` to say who it was; all but tagging takes the `:*` (CloudWatch Logs user guide)."""
GROUPS = "arn:*:ec2:*:*:security-group/*"
RULES = "arn:*:ec2:*:*:security-group-rule/*"
READ_BY_RDS = (
    "ec2:DescribeVpcs",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeInternetGateways",
)
"""What AWS's own policies add for whoever makes an instance: RDS reads the network in the caller's name."""
LOOK = (
    "rds:DescribeDBInstances",
    "rds:DescribeDBClusters",
    "rds:DescribeDBInstanceAutomatedBackups",
    "rds:DescribeDBClusterAutomatedBackups",
    "rds:DescribeDBSnapshots",
    "rds:DescribeDBClusterSnapshots",
    "rds:DescribeEvents",
    "rds:ListTagsForResource",
    "rds:DescribeDBSubnetGroups",
    *READ_BY_RDS,
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeManagedPrefixLists",
    "ec2:GetManagedPrefixListEntries",
    "pricing:GetProducts",
    "cloudwatch:GetMetricStatistics",
)
"""What is read of an account; none of it can be narrowed to a resource."""


def operator(
    switch_role: str | None = None,
    bucket: str | None = None,
    *,
    clusters: bool = True,
    way: Way | None = None,
    db_user: str | None = None,
) -> dict[str, Any]:
    """Write the policy of whoever runs the tool; with a role, a bucket, a way or a user, also what these take.

    Without `clusters` it lacks what only the restore of a cluster takes.
    """
    statements = [
        allow(
            "Look",
            *LOOK,
        ),
        allow(
            "AskWhatIsAllowed",
            "iam:SimulatePrincipalPolicy",
            "iam:GetRole",
            on=["arn:*:iam::*:user/*", "arn:*:iam::*:role/*"],
        ),
        allow(
            "Restore",
            "rds:RestoreDBInstanceToPointInTime",
            "rds:RestoreDBInstanceFromDBSnapshot",
            on=[
                OURS,
                *(f"arn:*:rds:*:*:{kind}:*" for kind in ("db", "subgrp", "pg", "og")),
                *(f"arn:*:rds:*:*:{kind}:*" for kind in ("auto-backup", "snapshot", "cluster-snapshot")),
            ],
        ),
        *key(),
        *managed_password(),
        allow("ReadTheAuditLog", "logs:FilterLogEvents", on=AUDIT_LOGS),
        allow("TagWhatIsRestored", "rds:AddTagsToResource", on=[OURS], where=TAGGING),
        allow("ChangeAndDeleteTheCopy", "rds:ModifyDBInstance", "rds:DeleteDBInstance", on=[OURS], where=TAGGED),
        *(restored_clusters() if clusters else []),
        *group(),
    ]
    extra = (switch(switch_role) if switch_role else []) + (audit(bucket) if bucket else [])
    extra += [allow("LogInByToken", "rds-db:connect", on=[f"arn:*:rds-db:*:*:dbuser:*/{db_user}"])] if db_user else []
    extra += [] if way is None or isinstance(way, Bastion) else sessions(way)
    return policy(statements + extra)


def restored_clusters() -> list[Statement]:
    """Write what restoring a cluster takes, with the instance made in it."""
    kinds = ("cluster", "cluster-auto-backup", "cluster-snapshot", "cluster-pg", "subgrp", "og")
    return [
        allow(
            "RestoreClusters",
            "rds:RestoreDBClusterToPointInTime",
            "rds:RestoreDBClusterFromSnapshot",
            on=[f"arn:*:rds:*:*:{kind}:*" for kind in kinds],
        ),
        allow(
            "MakeTheirInstance",
            "rds:CreateDBInstance",
            on=[OURS, OUR_CLUSTERS, *(f"arn:*:rds:*:*:{kind}:*" for kind in ("pg", "og", "subgrp"))],
        ),
        allow("TagRestoredClusters", "rds:AddTagsToResource", on=[OUR_CLUSTERS], where=TAGGING),
        allow("ChangeAndDeleteThem", "rds:ModifyDBCluster", "rds:DeleteDBCluster", on=[OUR_CLUSTERS], where=TAGGED),
        allow("WithTheirMembers", "rds:ModifyDBInstance", "rds:DeleteDBInstance", on=[THEIR_MEMBERS]),
    ]


def key() -> list[Statement]:
    """Write what restoring takes where a customer's own key encrypts the instance: RDS uses it in the caller's name.

    RDS user guide, "Encrypting Amazon RDS resources".
    """
    keys, through = ["arn:*:kms:*:*:key/*"], {"StringLike": {"kms:ViaService": "rds.*.amazonaws.com*"}}
    grant = {**through, "Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [
        allow("SeeTheKey", "kms:DescribeKey", on=keys, where=through),
        allow("UseTheKey", "kms:CreateGrant", on=keys, where=grant),
    ]


def managed_password() -> list[Statement]:
    """Write what reading the master user's password takes where RDS keeps it in Secrets Manager.

    RDS names these secrets itself; a key is asked for where the customer's own encrypts them (RDS user guide, "Password
    management with Amazon RDS and AWS Secrets Manager").
    """
    through = {"StringLike": {"kms:ViaService": "secretsmanager.*.amazonaws.com*"}}
    return [
        allow(
            "ReadTheManagedPassword",
            "secretsmanager:GetSecretValue",
            on=[f"arn:*:secretsmanager:*:*:secret:rds!{kind}-*" for kind in ("db", "cluster")],
        ),
        allow("OpenItWithItsKey", "kms:Decrypt", on=["arn:*:kms:*:*:key/*"], where=through),
    ]


def group() -> list[Statement]:
    """Write what a security group of our own takes, from making it to deleting it."""
    return [
        allow("MakeTheGroup", "ec2:CreateSecurityGroup", on=[GROUPS], where=TAGGING),
        allow("MakeItInTheNetwork", "ec2:CreateSecurityGroup", on=["arn:*:ec2:*:*:vpc/*"]),
        allow(
            "TagWhatIsMade",
            "ec2:CreateTags",
            on=[GROUPS, RULES],
            where={"StringEquals": {"ec2:CreateAction": ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress"]}},
        ),
        allow(
            "OpenCloseAndDeleteTheGroup",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:RevokeSecurityGroupIngress",
            "ec2:DeleteSecurityGroup",
            on=[GROUPS],
            where=TAGGED,
        ),
        allow("NameTheRule", "ec2:AuthorizeSecurityGroupIngress", on=[RULES]),
    ]


def audit(bucket: str) -> list[Statement]:
    """Write what the copies of the audit log take: putting them, nothing else."""
    return [allow("KeepTheAuditLog", "s3:PutObject", on=[f"arn:*:s3:::{bucket}/{PREFIX}/*"])]


def sessions(target: Managed) -> list[Statement]:
    """Write what sessions of Systems Manager take: beginning them there by their document, and ending one's own.

    A session's name begins with the caller's: a user's own, or a role's id with that of the session (Systems Manager
    user guide, "Quickstart default IAM policies for Session Manager").
    """
    document = "arn:*:ssm:*:*:document/AWS-StartPortForwardingSessionToRemoteHost"
    own = [f"arn:*:ssm:*:*:session/${{aws:{name}}}-*" for name in ("username", "userid")]
    if isinstance(target, Container):
        there = f"arn:*:ecs:*:*:task/{target.cluster}/*"
        look = [allow("FindTheContainer", "ecs:DescribeTasks", on=[there])]
    else:
        kind = "ssm:*:*:managed-instance" if target.id.startswith("mi-") else "ec2:*:*:instance"
        there, look = f"arn:*:{kind}/{target.id}", []
    return [
        *look,
        allow("BeginSessions", "ssm:StartSession", on=[there, document]),
        allow("ResumeAndEndThem", "ssm:ResumeSession", "ssm:TerminateSession", on=own),
    ]


def switch(role: str) -> list[Statement]:
    """Write what setting the switch takes: schedules of our names, and handing its role to them."""
    verbs = ("Create", "Update", "Get", "Delete")
    service = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
    return [
        allow(
            "SetTheSwitch",
            *(f"scheduler:{verb}Schedule" for verb in verbs),
            on=[f"arn:*:scheduler:*:*:schedule/default/{PREFIX}-*"],
        ),
        allow("HandOverItsRole", "iam:PassRole", on=[role], where=service),
    ]


def switch_role() -> dict[str, Any]:
    """Write the policy of the switch's role: it deletes what is ours, and nothing else."""
    return policy(
        [
            allow("DeleteTheCopy", "rds:DeleteDBInstance", on=[OURS], where=TAGGED),
            allow("DeleteItsCluster", "rds:DeleteDBCluster", on=[OUR_CLUSTERS], where=TAGGED),
            allow("WithItsMembers", "rds:DeleteDBInstance", on=[THEIR_MEMBERS]),
            allow("ProveThatItMay", "rds:DeleteDBInstance", on=[f"arn:*:rds:*:*:db:{NOBODY}*"]),
        ]
    )


def trust() -> dict[str, Any]:
    """Write who may act as the switch's role: the scheduler."""
    return policy(
        [
            {
                "Sid": "TheSchedulerMay",
                "Effect": "Allow",
                "Principal": {"Service": "scheduler.amazonaws.com"},
                "Action": ["sts:AssumeRole"],
            }
        ]
    )


def policy(statements: list[Statement]) -> dict[str, Any]:
    """Wrap statements."""
    return {"Version": "2012-10-17", "Statement": statements}


def allow(name: str, *actions: str, on: list[str] | None = None, where: dict[str, Any] | None = None) -> Statement:
    """Write one statement; without `on` it is about everything."""
    said: Statement = {"Sid": name, "Effect": "Allow", "Action": list(actions), "Resource": on or "*"}
    return said | ({"Condition": where} if where else {})
