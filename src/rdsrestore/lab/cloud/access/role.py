"""What a role of the account may do by its own policies, and whether the scheduler may act as it.

A role that the account does not have may do anything here: most tests name one and make none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import Role, iam_backends

from rdsrestore.lab.cloud.access import requests
from rdsrestore.lab.cloud.access.policy import Policy, listed
from rdsrestore.lab.cloud.instance import ACCOUNT
from rdsrestore.lab.cloud.query_protocol import Fault

SCHEDULER = "scheduler.amazonaws.com"


def role(arn: str) -> Role | None:
    """Find a role."""
    try:
        return iam_backends[ACCOUNT]["aws"].get_role(arn.rsplit("/", 1)[-1])
    except NotFoundException:
        return None


def refuse_denied(arn: str, action: str, form: Mapping[str, Any], there: requests.Account) -> None:
    """Refuse a call to RDS that none of a role's policies allows."""
    found = role(arn)
    if found is None:
        return
    policy = Policy([each for document in found.policies.values() for each in json.loads(document)["Statement"]])
    for asked in requests.of("rds", action, form, there):
        if not policy.allows(asked):
            what = f"User: {arn} is not authorized to perform: {asked.action} on resource: {asked.resource}"
            raise Fault("AccessDenied", f"{what} because no identity-based policy allows it", 403)


def refuse_untrusting(wish: Mapping[str, Any]) -> None:
    """Refuse a schedule whose role the scheduler may not act as."""
    found = role(str(wish.get("Target", {}).get("RoleArn", "")))
    statements = json.loads(found.assume_role_policy_document)["Statement"] if found else []
    if found and not any(SCHEDULER in listed(each.get("Principal", {}).get("Service", [])) for each in statements):
        what = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        raise Fault("ValidationException", what)
