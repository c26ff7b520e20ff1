"""What each call asks leave for: its resources and what conditions can be about (Service Authorization Reference)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from rdsrestore.lab.cloud.access.policy import Asked
from rdsrestore.lab.cloud.instance import ACCOUNT, REGION, arn

Form = Mapping[str, Any]
Tags = Mapping[str, str]
EC2, TASKS = f"arn:aws:ec2:{REGION}:{ACCOUNT}", f"arn:aws:ecs:{REGION}:{ACCOUNT}:task"
TAG = re.compile(r"(.*\bTags?\.(?:\w+\.)?\d+)\.Key")
RESTORES = re.compile(r"RestoreDB(Instance|Cluster)\w+|CreateDBInstance")
CHANGES = re.compile(r"(Modify|Delete)DB(Instance|Cluster)")
OF_GROUPS = frozenset({"AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", "DeleteSecurityGroup"})
WITH = (
    ("DBSubnetGroupName", "subgrp"),
    ("DBParameterGroupName", "pg"),
    ("OptionGroupName", "og"),
    ("DBClusterParameterGroupName", "cluster-pg"),
)
"""What a restore names beside what it makes."""


class Account(Protocol):
    """What is known of what is there."""

    def tags_of(self, name: str) -> Tags:
        """Read the tags of what an ARN names."""
        ...

    def key_of(self, form: Form) -> str:
        """Name the customer's key that a restored one is encrypted with; empty where there is none."""
        ...

    def members_of(self, cluster: str) -> Sequence[str]:
        """Name the instances of a cluster, by its name, as ARNs."""
        ...


def of(service: str, action: str, form: Form, there: Account) -> list[Asked]:
    """Name all that a call asks leave for; each of it has to be allowed."""
    call = f"{'cloudwatch' if service == 'monitoring' else service}:{action}"
    if service in {"rds", "ec2"}:
        return list((of_rds if service == "rds" else of_ec2)(call, action, form, there))
    if service in {"ssm", "ecs"}:
        return list(of_sessions(call, action, form))
    if service == "scheduler":
        return list(of_scheduler(call, form))
    named = {
        "logs": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{form.get('logGroupName', '*')}:log-stream:",
        "secretsmanager": form.get("SecretId"),
        "iam": form.get("PolicySourceArn") or f"arn:aws:iam::{ACCOUNT}:role/{form.get('RoleName')}",
    }
    return [Asked(call, str(named.get(service, "*")))]


def of_rds(call: str, action: str, form: Form, there: Account) -> Iterator[Asked]:
    """A restore asks for what it makes and names, for its tags, and for the key; a change for what has our tag.

    What is asked of a cluster is asked of its members too: of those that come with a Multi-AZ DB cluster as well.
    """
    if found := RESTORES.fullmatch(action):
        kind = "cluster" if found[1] == "Cluster" else "db"
        name = form.get("TargetDBInstanceIdentifier") or form.get("DBInstanceIdentifier") or form["DBClusterIdentifier"]
        made, asked = arn(kind, str(name).lower()), requested(form)
        yield Asked(call, made, asked)
        yield from (Asked(call, arn(each, form[named]), asked) for named, each in WITH if named in form)
        if asked:
            yield Asked("rds:AddTagsToResource", made, asked)
        if "DBClusterInstanceClass" in form:
            yield Asked("rds:CreateDBInstance", arn("db", f"{name}-instance-1".lower()), asked)
        if key := there.key_of(form):
            through = {"kms:ViaService": f"rds.{REGION}.amazonaws.com"}
            yield Asked("kms:DescribeKey", key, through)
            yield Asked("kms:CreateGrant", key, {**through, "kms:GrantIsForAWSResource": "true"})
    elif found := CHANGES.fullmatch(action):
        kind, named = "cluster" if found[2] == "Cluster" else "db", str(form[f"DB{found[2]}Identifier"]).lower()
        changed = arn(kind, named)
        yield Asked(call, changed, resource(there.tags_of(changed)))
        for each in there.members_of(named) if kind == "cluster" else ():
            yield Asked(f"rds:{found[1]}DBInstance", each, resource(there.tags_of(each)))
    elif action == "AddTagsToResource":
        named = str(form["ResourceName"])
        yield Asked(call, named, {**requested(form), **resource(there.tags_of(named))})
    else:
        yield Asked(call)


def of_ec2(call: str, action: str, form: Form, there: Account) -> Iterator[Asked]:
    """A group is made in a network and tagged; what is done to it asks for its tag."""
    group, rule = (
        f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/*",
        f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group-rule/*",
    )
    asked = requested(form)
    if action == "CreateSecurityGroup":
        yield Asked(call, group, asked)
        yield Asked(call, f"{EC2}:vpc/{form.get('VpcId', '*')}")
        if asked:
            yield Asked("ec2:CreateTags", group, {**asked, "ec2:CreateAction": action})
    elif action in OF_GROUPS:
        held = group.replace("*", str(form.get("GroupId", "*")))
        yield Asked(call, held, resource(there.tags_of(held)))
        if asked and action == "AuthorizeSecurityGroupIngress":
            yield Asked(call, rule, asked)
            yield Asked("ec2:CreateTags", rule, {**asked, "ec2:CreateAction": action})
    else:
        yield Asked(call)


def of_scheduler(call: str, form: Form) -> Iterator[Asked]:
    """A schedule asks for its name, and to hand over its role."""
    yield Asked(
        call,
        f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/{form.get('GroupName', 'default')}/{form.get('Name', '*')}",
    )
    role = form.get("Target", {}).get("RoleArn")
    if role:
        yield Asked("iam:PassRole", role, {"iam:PassedToService": "scheduler.amazonaws.com"})


def of_sessions(call: str, action: str, form: Form) -> Iterator[Asked]:
    """A session asks for its target and its document; the end of one for the session."""
    if action == "StartSession":
        target = str(form["Target"])
        if target.startswith("ecs:"):
            cluster, task, _runtime = target.removeprefix("ecs:").rsplit("_", 2)
            yield Asked(call, f"{TASKS}/{cluster}/{task}")
        else:
            yield Asked(call, f"{EC2}:instance/{target}")
        yield Asked(call, f"arn:aws:ssm:{REGION}::document/{form.get('DocumentName')}")
    elif action == "TerminateSession":
        yield Asked(call, f"arn:aws:ssm:{REGION}:{ACCOUNT}:session/{form['SessionId']}")
    else:
        yield from (
            Asked(call, f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{form['cluster']}/{each}") for each in form["tasks"]
        )


def requested(form: Form) -> dict[str, str]:
    """Read the tags that a form gives, as conditions name them."""
    places = [found[1] for key in form if (found := TAG.fullmatch(key))]
    return {f"aws:RequestTag/{form[f'{place}.Key']}": str(form.get(f"{place}.Value", "")) for place in places}


def resource(tags: Tags) -> dict[str, str]:
    """Write tags of what is there as conditions name them."""
    return {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
