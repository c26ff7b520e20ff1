"""What IAM's simulator says is a doubt, and only where it has been told enough to have one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from account import Account
from rdsrestore.aws.iam import simulation
from rdsrestore.domain.cloud.instance import Identity

ROLE = "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1"
SESSION = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_1/ada"


def result(action: str, decision: str, **more: object) -> dict[str, Any]:
    return {"EvalActionName": action, "EvalDecision": decision, **more}


def said(account: Account, *results: dict[str, Any], identity: str = SESSION) -> set[str]:
    answer = {"EvaluationResults": list(results), "IsTruncated": False}
    account.proxy.show("iam", "SimulatePrincipalPolicy", answer, times=2)
    return set(simulation.doubted(account.clients, Identity("123456789012", identity), switch=False))


def context(form: dict[str, str]) -> dict[str, str]:
    """The conditions' values as they were sent."""
    names = {key: value for key, value in form.items() if key.endswith("ContextKeyName")}
    return {
        name: form[key.replace("ContextKeyName", "ContextKeyValues.member.1")] for key, name in sorted(names.items())
    }


@pytest.mark.parametrize("decision", ["implicitDeny", "explicitDeny"])
def test_a_plain_refusal_is_a_doubt(account: Account, decision: str) -> None:
    assert said(account, result("rds:DeleteDBInstance", decision), result("rds:ModifyDBInstance", "allowed")) == {
        "rds:DeleteDBInstance"
    }


@pytest.mark.parametrize(
    "more",
    [
        {"MissingContextValues": ["aws:SourceVpc"]},
        {"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}},
    ],
)
def test_a_refusal_for_want_of_a_value_or_by_the_organization_is_none(account: Account, more: dict[str, Any]) -> None:
    assert said(account, result("rds:DeleteDBInstance", "implicitDeny", **more)) == set()


def test_the_simulator_is_told_what_conditions_ask_for(account: Account) -> None:
    said(account)
    told = context(account.proxy.form("SimulatePrincipalPolicy"))
    assert told["aws:RequestedRegion"] == "eu-central-1"
    assert told["aws:MultiFactorAuthPresent"] == "true"
    assert told["aws:SecureTransport"] == "true"
    assert told["aws:ResourceTag/rdsrestore:managed"] == "true"


def test_a_role_is_asked_about_under_its_own_path(account: Account) -> None:
    account.proxy.show("iam", "GetRole", {"Role": {"Arn": ROLE}})
    said(account)
    assert account.proxy.form("SimulatePrincipalPolicy")["PolicySourceArn"] == ROLE


def test_a_role_that_may_not_be_read_is_asked_about_without_a_path(account: Account) -> None:
    account.proxy.refuse("GetRole", "AccessDenied", status=403)
    said(account)
    asked = account.proxy.form("SimulatePrincipalPolicy")["PolicySourceArn"]
    assert asked == "arn:aws:iam::123456789012:role/AWSReservedSSO_Admin_1"


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_what_is_asked_about_lies_in_the_caller_s_partition(account: Account, partition: str) -> None:
    said(account, identity=f"arn:{partition}:iam::123456789012:user/ada")
    form = account.proxy.form("SimulatePrincipalPolicy")
    assert form["ResourceArns.member.1"].startswith(f"arn:{partition}:")


def test_a_simulator_that_may_not_be_asked_says_nothing(account: Account) -> None:
    account.proxy.refuse("SimulatePrincipalPolicy", "AccessDenied", status=403, times=2)
    assert set(simulation.doubted(account.clients, account.cloud.identity(), switch=False)) == set()


def made(account: Account, service: str) -> str:
    """Make a role that a service may act as."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    name = f"switch-{service.partition('.')[0]}"
    return str(account.clients.iam().create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])


def test_the_switch_s_role_is_looked_at(account: Account) -> None:
    missing = "arn:aws:iam::123456789012:role/none"
    assert account.cloud.switch_doubts(missing) == (f"there is no role {missing}",)
    assert account.cloud.switch_doubts(made(account, "scheduler.amazonaws.com")) == ()
    (said_of,) = account.cloud.switch_doubts(made(account, "ec2.amazonaws.com"))
    assert "scheduler.amazonaws.com may not act as" in said_of
    refusal = {"EvaluationResults": [result("rds:DeleteDBInstance", "implicitDeny")], "IsTruncated": False}
    account.proxy.show("iam", "SimulatePrincipalPolicy", refusal, times=1)
    (denied,) = account.cloud.switch_doubts("arn:aws:iam::123456789012:role/switch-scheduler")
    assert "may not call rds:DeleteDBInstance" in denied
