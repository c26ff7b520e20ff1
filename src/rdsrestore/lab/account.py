"""What the lab's cloud account holds beside the instance: a network, groups, a secret."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rdsrestore.domain.cloud.engine import family
from rdsrestore.lab.clients import Cloud
from rdsrestore.lab.cloud.clusters.kinds import PARAMETERS
from rdsrestore.lab.cloud.instance import REGION


@dataclass(frozen=True)
class Account:
    """The ids of what was made."""

    vpc: str
    group: str
    secret: str


def make(cloud: Cloud, engine: str, version: str, *, managed: bool = False) -> Account:
    """Make a network of its own with two subnets, the groups that the instance uses, and an empty secret."""
    ec2 = cloud.client("ec2")
    rds = cloud.client("rds")
    secrets = cloud.client("secretsmanager")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.20.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]
        for number, zone in ((1, "a"), (2, "b"))
    ]
    rds.create_db_subnet_group(
        DBSubnetGroupName="production-subnets",
        DBSubnetGroupDescription="where production lives",
        SubnetIds=[subnet["SubnetId"] for subnet in subnets],
    )
    rds.create_db_parameter_group(
        DBParameterGroupName="production-params",
        DBParameterGroupFamily=family(engine, version),
        Description="parameters of production",
    )
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName=PARAMETERS,
        DBParameterGroupFamily=family(engine, version),
        Description="parameters of production's cluster",
    )
    group = ec2.create_security_group(GroupName="production-sg", Description="production", VpcId=vpc)["GroupId"]
    name = f"rds!db-{uuid.uuid4()}" if managed else "production/master"  # as RDS names those that it manages
    secret = secrets.create_secret(Name=name, SecretString="{}")["ARN"]
    return Account(vpc, group, secret)


def let_in(cloud: Cloud, account: Account, port: int, login: Mapping[str, object], address: str) -> None:
    """Open production to this machine or to the bastion, as the office's rule does, and fill the secret."""
    ec2 = cloud.client("ec2")
    ec2.authorize_security_group_ingress(
        GroupId=account.group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": port,
                "ToPort": port,
                "IpRanges": [{"CidrIp": f"{address}/32", "Description": "the office"}],
            }
        ],
    )
    keep(cloud.client("secretsmanager"), account.secret, login)


def keep(store: Any, secret: str, login: Mapping[str, object]) -> None:  # noqa: ANN401 - made at run time
    """Put a login into a secret, by a client of Secrets Manager."""
    store.put_secret_value(SecretId=secret, SecretString=json.dumps(login))
