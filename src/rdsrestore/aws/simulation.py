"""Ask the account beforehand what it would forbid: what can't be deleted later must not be made now.

RDS knows no trial run, so IAM's policy simulator is asked (IAM API reference, SimulatePrincipalPolicy). Where that is
not allowed, or knows nothing of the identity, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rdsrestore.aws.faults import FAILURES
from rdsrestore.aws.marks import MANAGED
from rdsrestore.aws.permissions import CALLS
from rdsrestore.aws.session import Clients
from rdsrestore.core.model import PREFIX

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import ContextEntryTypeDef

ASSUMED = re.compile(r"arn:([^:]+):sts::(\d+):assumed-role/([^/]+)/.+")
READING = re.compile(r"\w+:Describe\w+")
TAGS: tuple[ContextEntryTypeDef, ...] = (
    {"ContextKeyName": f"aws:ResourceTag/{MANAGED}", "ContextKeyValues": ["true"], "ContextKeyType": "string"},
    {"ContextKeyName": f"aws:RequestTag/{MANAGED}", "ContextKeyValues": ["true"], "ContextKeyType": "string"},
)


def denied(clients: Clients, identity: str, account: str, *, switch: bool) -> Iterator[str]:
    """Name the changing actions that the identity is not allowed on what the run makes."""
    wanted = {call for step, calls in CALLS.items() for call in calls if switch or step != "arm-switch"}
    changing = sorted(call for call in wanted if not READING.fullmatch(call))
    place = f"{clients.region}:{account}"
    for service, resource in (
        ("rds", f"arn:aws:rds:{place}:db:{PREFIX}-trial"),
        ("ec2", f"arn:aws:ec2:{place}:security-group/sg-0"),
        ("scheduler", f"arn:aws:scheduler:{place}:schedule/default/{PREFIX}-trial"),
    ):
        actions = [call for call in changing if call.startswith(f"{service}:") and call != "ec2:CreateTags"]
        yield from refused(clients, principal(identity), actions, resource) if actions else ()


def refused(clients: Clients, source: str, actions: Iterable[str], resource: str) -> list[str]:
    """Ask about actions on one resource."""
    try:
        answer = clients.iam().simulate_principal_policy(
            PolicySourceArn=source, ActionNames=list(actions), ResourceArns=[resource], ContextEntries=list(TAGS)
        )
    except FAILURES:
        return []
    return [each["EvalActionName"] for each in answer["EvaluationResults"] if each["EvalDecision"] != "allowed"]


def principal(identity: str) -> str:
    """Turn the identity of a session into that of its role, which is what has policies."""
    found = ASSUMED.fullmatch(identity)
    return f"arn:{found[1]}:iam::{found[2]}:role/{found[3]}" if found else identity
