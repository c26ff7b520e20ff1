"""The lab's reading of a policy: actions, resources and conditions, and that the printed one is enough for each call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rdsrestore.aws.iam.policy import operator, switch_role
from rdsrestore.aws.tags import MANAGED
from rdsrestore.domain.cloud.bastion import Container, Node
from rdsrestore.domain.errors import UsageError
from rdsrestore.lab.cloud.access.policy import Asked, Policy, read
from rdsrestore.lab.cloud.access.requests import Account, of
from rdsrestore.lab.cloud.instance import ACCOUNT, REGION, arn
from rdsrestore.lab.network.session_manager import CLUSTER, NODE, TARGETS, TASK

OURS, THEIRS = "rdsrestore-260101-120000-abcd", "production"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/switch"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0f9de17a"
TAGGED = {"Tags.Tag.1.Key": MANAGED, "Tags.Tag.1.Value": "true"}
GROUP_TAGS = {"TagSpecification.1.Tag.1.Key": MANAGED, "TagSpecification.1.Tag.1.Value": "true"}
NEITHER = {"TagSpecification.1.Tag.1.Key": "Name", "TagSpecification.1.Tag.1.Value": "mine"}


@dataclass(frozen=True)
class There:
    """An account whose things have our tag, or not."""

    tagged: bool
    key: str
    members: tuple[str, ...] = ()

    def tags_of(self, name: str) -> Mapping[str, str]:
        return {MANAGED: "true"} if self.tagged and name not in self.members else {}

    def key_of(self, form: Mapping[str, Any]) -> str:
        del form
        return self.key

    def members_of(self, cluster: str) -> Sequence[str]:
        del cluster
        return self.members


def account(*, tagged: bool = True, key: str = "") -> Account:
    return There(tagged, key)


def allowed(policy: Mapping[str, Any], service: str, action: str, form: Mapping[str, Any], there: Account) -> bool:
    return all(Policy(policy["Statement"]).allows(each) for each in of(service, action, form, there))


PRINTED = operator(ROLE, way=Node(NODE), db_user="by_token")
RESTORE = {"TargetDBInstanceIdentifier": OURS, "DBSubnetGroupName": "s", "DBParameterGroupName": "p", **TAGGED}
RESTORED_CLUSTER = {"DBClusterIdentifier": OURS, "DBSubnetGroupName": "s", **TAGGED}
MEMBER = {"DBInstanceIdentifier": OURS, "DBClusterIdentifier": OURS, **TAGGED}
SCHEDULE = {"Name": f"{OURS}", "Target": {"RoleArn": ROLE}}
SESSION = {"Target": NODE, "DocumentName": "AWS-StartPortForwardingSessionToRemoteHost"}


@pytest.mark.parametrize("key", ["", KEY])
@pytest.mark.parametrize(
    ("service", "action", "form"),
    [
        ("rds", "RestoreDBInstanceToPointInTime", RESTORE),
        ("rds", "RestoreDBInstanceFromDBSnapshot", {"DBInstanceIdentifier": OURS, **TAGGED}),
        ("rds", "RestoreDBClusterToPointInTime", {**RESTORED_CLUSTER, "DBClusterParameterGroupName": "c"}),
        ("rds", "RestoreDBClusterFromSnapshot", RESTORED_CLUSTER),
        ("rds", "CreateDBInstance", MEMBER),
        ("rds", "ModifyDBInstance", {"DBInstanceIdentifier": OURS}),
        ("rds", "DeleteDBInstance", {"DBInstanceIdentifier": OURS}),
        ("rds", "ModifyDBCluster", {"DBClusterIdentifier": OURS}),
        ("rds", "DeleteDBCluster", {"DBClusterIdentifier": OURS}),
        ("rds", "DescribeDBInstances", {}),
        ("ec2", "CreateSecurityGroup", {"VpcId": "vpc-1", **GROUP_TAGS}),
        ("ec2", "AuthorizeSecurityGroupIngress", {"GroupId": "sg-1", **GROUP_TAGS}),
        ("ec2", "RevokeSecurityGroupIngress", {"GroupId": "sg-1"}),
        ("ec2", "DeleteSecurityGroup", {"GroupId": "sg-1"}),
        ("scheduler", "CreateSchedule", SCHEDULE),
        ("scheduler", "DeleteSchedule", {"Name": OURS}),
        (
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db-1-x"},
        ),
        ("ssm", "StartSession", SESSION),
        ("ssm", "TerminateSession", {"SessionId": "lab-0123"}),
    ],
)
def test_the_printed_policy_allows_what_a_run_asks(
    service: str, action: str, form: Mapping[str, Any], key: str
) -> None:
    assert allowed(PRINTED, service, action, form, account(key=key))


@pytest.mark.parametrize(
    ("service", "action", "form", "tagged"),
    [
        ("rds", "DeleteDBInstance", {"DBInstanceIdentifier": THEIRS}, True),
        ("rds", "DeleteDBInstance", {"DBInstanceIdentifier": OURS}, False),
        ("rds", "ModifyDBInstance", {"DBInstanceIdentifier": THEIRS}, False),
        ("rds", "DeleteDBCluster", {"DBClusterIdentifier": THEIRS}, True),
        ("rds", "AddTagsToResource", {"ResourceName": arn("db", THEIRS), **TAGGED}, False),
        ("rds", "RestoreDBInstanceToPointInTime", {**RESTORE, "Tags.Tag.1.Key": "Name"}, True),
        ("ec2", "DeleteSecurityGroup", {"GroupId": "sg-1"}, False),
        ("ec2", "AuthorizeSecurityGroupIngress", {"GroupId": "sg-1"}, False),
        ("ec2", "CreateSecurityGroup", {"VpcId": "vpc-1", **NEITHER}, True),
        ("scheduler", "CreateSchedule", {**SCHEDULE, "Target": {"RoleArn": f"{ROLE}-of-others"}}, True),
        ("scheduler", "DeleteSchedule", {"Name": "nightly"}, True),
        (
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:app-x"},
            True,
        ),
        ("ssm", "StartSession", {**SESSION, "Target": "i-0aaaaaaaaaaaaaaaa"}, True),
        ("ssm", "StartSession", {**SESSION, "DocumentName": "SSM-SessionManagerRunShell"}, True),
        ("ssm", "TerminateSession", {"SessionId": "somebody-0123"}, True),
    ],
)
def test_and_nothing_of_others(service: str, action: str, form: Mapping[str, Any], *, tagged: bool) -> None:
    assert not allowed(PRINTED, service, action, form, account(tagged=tagged))


@pytest.mark.parametrize(
    ("name", "may"), [(f"{OURS}-instance-1", True), (f"{THEIRS}-instance-1", False), ("others", False)]
)
@pytest.mark.parametrize(("policy", "action"), [(PRINTED, "Modify"), (PRINTED, "Delete"), (switch_role(), "Delete")])
def test_what_rds_makes_in_a_cluster_without_our_tag_is_changed_and_deleted_with_it_alone(
    policy: Mapping[str, Any], action: str, name: str, *, may: bool
) -> None:
    there = There(tagged=True, key="", members=(arn("db", name),))
    assert allowed(policy, "rds", f"{action}DBCluster", {"DBClusterIdentifier": OURS}, there) is may


def test_a_multi_az_cluster_is_restored_with_its_members() -> None:
    form = {**RESTORED_CLUSTER, "DBClusterInstanceClass": "db.t3.medium"}
    without = {"Statement": [each for each in PRINTED["Statement"] if each["Sid"] != "MakeTheirInstance"]}
    assert allowed(PRINTED, "rds", "RestoreDBClusterToPointInTime", form, account())
    assert not allowed(without, "rds", "RestoreDBClusterToPointInTime", form, account())


def test_a_customer_s_key_takes_its_statements() -> None:
    without = {"Statement": [each for each in PRINTED["Statement"] if each["Sid"] != "UseTheKey"]}
    assert allowed(without, "rds", "RestoreDBInstanceToPointInTime", RESTORE, account())
    assert not allowed(without, "rds", "RestoreDBInstanceToPointInTime", RESTORE, account(key=KEY))


def test_a_container_is_reached_in_its_cluster_alone() -> None:
    printed = operator(way=Container(CLUSTER, TASK, "shell"))
    there = {**SESSION, "Target": TARGETS[1]}
    assert allowed(printed, "ssm", "StartSession", there, account())
    assert allowed(printed, "ecs", "DescribeTasks", {"cluster": CLUSTER, "tasks": [TASK]}, account())
    assert not allowed(printed, "ssm", "StartSession", {**there, "Target": f"ecs:other_{TASK}_r-1"}, account())


@pytest.mark.parametrize(("user", "may"), [("by_token", True), ("admin", False)])
def test_a_login_by_token_is_allowed_as_its_user_alone(user: str, *, may: bool) -> None:
    place = f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:db-ABC/{user}"
    assert Policy(PRINTED["Statement"]).allows(Asked("rds-db:connect", place)) is may


@pytest.mark.parametrize(("name", "tagged", "may"), [(OURS, True, True), (OURS, False, False), (THEIRS, True, False)])
def test_the_switch_s_role_deletes_what_is_ours_and_nothing_else(name: str, *, tagged: bool, may: bool) -> None:
    role = switch_role()
    assert allowed(role, "rds", "DeleteDBInstance", {"DBInstanceIdentifier": name}, account(tagged=tagged)) is may
    assert not allowed(role, "rds", "ModifyDBInstance", {"DBInstanceIdentifier": name}, account(tagged=tagged))


def test_a_denial_goes_before_what_is_allowed_and_a_missing_key_holds_for_if_exists_alone() -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    denied = {"Effect": "Deny", "Action": "rds:Delete*", "Resource": "*"}
    assert not Policy([everything, denied]).allows(Asked("rds:DeleteDBInstance"))
    for operator_, holds in (("Bool", False), ("BoolIfExists", True)):
        where = {operator_: {"aws:MultiFactorAuthPresent": "true"}}
        assert Policy([{**everything, "Condition": where}]).allows(Asked("rds:DeleteDBInstance")) is holds


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"Statement": 7}', json.dumps({"Statement": {"Effect": "Allow"}}), "not JSON"]
)
def test_what_is_no_policy_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text(text)
    with pytest.raises(UsageError):
        read(file)


def test_a_condition_that_the_lab_does_not_know_is_refused_not_guessed(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    where = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    file.write_text(
        json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": where}]})
    )
    with pytest.raises(UsageError, match="IpAddress"):
        read(file)
