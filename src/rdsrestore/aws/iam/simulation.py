"""Ask the account beforehand what it might forbid: what can't be deleted later had better not be made now.

RDS knows no trial run, so IAM's policy simulator is asked (IAM API reference, SimulatePrincipalPolicy). It is wrong too
often to be more than a doubt. Where it may not be asked, or knows nothing of the identity, nothing is said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rdsrestore.aws.errors import FAILURES, translated
from rdsrestore.aws.iam.permissions import CALLS, OF_CLUSTERS
from rdsrestore.aws.session import Clients
from rdsrestore.aws.tags import MANAGED
from rdsrestore.domain.cloud.instance import Identity
from rdsrestore.domain.errors import CloudError
from rdsrestore.domain.ids import PREFIX

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.literals import ContextKeyTypeEnumType
    from mypy_boto3_iam.type_defs import ContextEntryTypeDef, EvaluationResultTypeDef

ASSUMED = re.compile(r"arn:([^:]+):sts::(\d+):assumed-role/([^/]+)/.+")
SCHEDULER = "scheduler.amazonaws.com"
READING = re.compile(r"\w+:Describe\w+")
CONTEXT = {
    f"aws:ResourceTag/{MANAGED}": "true",
    f"aws:RequestTag/{MANAGED}": "true",
    "aws:MultiFactorAuthPresent": "true",
    "aws:SecureTransport": "true",
}
"""What the conditions of policies ask for as a rule; the simulator knows only what it is told."""


def doubted(clients: Clients, me: Identity, *, switch: bool, clustered: bool = False) -> Iterator[str]:
    """Name the changing actions that the identity does not seem to be allowed on what the run makes."""
    left_out = (set() if switch else {"arm-switch"}) | (set() if clustered else {"make-instance", "make-after"})
    steps = {step: (*calls, *(OF_CLUSTERS.get(step, ()) if clustered else ())) for step, calls in CALLS.items()}
    wanted = {call for step, calls in steps.items() for call in calls if step not in left_out}
    changing = sorted(call for call in wanted if not READING.fullmatch(call))
    iam = clients.iam()
    source = principal(iam, me.arn)
    partition, scope = me.arn.split(":")[1], f"{clients.region}:{me.account}"
    for belongs, resource in (
        (r"rds:\w+DBCluster\w*", f"arn:{partition}:rds:{scope}:cluster:{PREFIX}-trial"),
        (r"rds:(?!\w+DBCluster)\w+", f"arn:{partition}:rds:{scope}:db:{PREFIX}-trial"),
        (r"ec2:(?!CreateTags)\w+", f"arn:{partition}:ec2:{scope}:security-group/sg-0"),
        (r"scheduler:\w+", f"arn:{partition}:scheduler:{scope}:schedule/default/{PREFIX}-trial"),
    ):
        actions = [call for call in changing if re.fullmatch(belongs, call)]
        if actions:
            yield from refused(iam, source, actions, resource, clients.region)


def of_switch(clients: Clients, me: Identity, role: str) -> Iterator[str]:
    """Say what seems to stop the switch's role from deleting a copy; CloudError where the role may not be looked at."""
    iam, trusted = clients.iam(), f'"{SCHEDULER}"'
    try:
        with translated("switch"):
            found = iam.get_role(RoleName=role.rsplit("/", 1)[-1])["Role"]
    except CloudError as error:
        if not isinstance(error.__cause__, iam.exceptions.NoSuchEntityException):
            raise
        yield f"there is no role {role}"
        return
    if trusted not in json.dumps(found["AssumeRolePolicyDocument"]):
        yield f"{SCHEDULER} may not act as {role}"
    partition, scope = me.arn.split(":")[1], f"{clients.region}:{me.account}"
    for action, kind in (("rds:DeleteDBInstance", "db"), ("rds:DeleteDBCluster", "cluster")):
        trial = f"arn:{partition}:rds:{scope}:{kind}:{PREFIX}-trial"
        yield from (
            f"{role} may not call {each}" for each in refused(iam, found["Arn"], [action], trial, clients.region)
        )


def refused(iam: IAMClient, source: str, actions: Sequence[str], resource: str, region: str) -> list[str]:
    """Ask about actions on one resource."""
    entries = [entry(name, value) for name, value in {**CONTEXT, "aws:RequestedRegion": region}.items()]
    try:
        answer = iam.simulate_principal_policy(
            PolicySourceArn=source, ActionNames=actions, ResourceArns=[resource], ContextEntries=entries
        )
    except FAILURES:
        return []
    return [each["EvalActionName"] for each in answer["EvaluationResults"] if is_refusal(each)]


def is_refusal(result: EvaluationResultTypeDef) -> bool:
    """Whether a result is worth saying.

    One that lacked a condition's value is no answer, and what the organization's policies forbid is judged without the
    values of their conditions.
    """
    by_organization = result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations") is False
    return result["EvalDecision"] != "allowed" and not result.get("MissingContextValues") and not by_organization


def entry(name: str, value: str) -> ContextEntryTypeDef:
    """Write one condition's value as the simulator wants it."""
    kind: ContextKeyTypeEnumType = "boolean" if value in {"true", "false"} and "/" not in name else "string"
    return {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": kind}


def principal(iam: IAMClient, identity: str) -> str:
    """Turn the identity of a session into that of its role, which is what has policies.

    A session does not show its role's path, as the roles of IAM Identity Center have one; the role itself does.
    """
    found = ASSUMED.fullmatch(identity)
    if not found:
        return identity
    try:
        return iam.get_role(RoleName=found[3])["Role"]["Arn"]
    except FAILURES:
        return f"arn:{found[1]}:iam::{found[2]}:role/{found[3]}"
