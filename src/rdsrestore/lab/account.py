"""What the lab's cloud account holds beside the instance: a network, groups, a secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import boto3

from rdsrestore.lab.instance import REGION


@dataclass(frozen=True)
class Account:
    """The ids of what was made."""

    vpc: str
    group: str
    secret: str


def make(endpoint: str, keys: Mapping[str, str], engine: str) -> Account:
    """Make a network of its own with two subnets, the groups that the instance uses, and an empty secret."""
    ec2 = boto3.client("ec2", endpoint_url=endpoint, region_name=REGION, **keys)
    rds = boto3.client("rds", endpoint_url=endpoint, region_name=REGION, **keys)
    secrets = boto3.client("secretsmanager", endpoint_url=endpoint, region_name=REGION, **keys)
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
        DBParameterGroupFamily=f"{engine}10.11" if engine == "mariadb" else "mysql8.4",
        Description="parameters of production",
    )
    group = ec2.create_security_group(GroupName="production-sg", Description="production", VpcId=vpc)["GroupId"]
    secret = secrets.create_secret(Name="production/master", SecretString="{}")["ARN"]
    return Account(vpc, group, secret)


def let_in(endpoint: str, keys: Mapping[str, str], account: Account, port: int, login: Mapping[str, object]) -> None:
    """Open production to this machine, as the office's rule does, and fill the secret."""
    ec2 = boto3.client("ec2", endpoint_url=endpoint, region_name=REGION, **keys)
    ec2.authorize_security_group_ingress(
        GroupId=account.group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": port,
                "ToPort": port,
                "IpRanges": [{"CidrIp": "127.0.0.1/32", "Description": "the office"}],
            }
        ],
    )
    secrets = boto3.client("secretsmanager", endpoint_url=endpoint, region_name=REGION, **keys)
    secrets.put_secret_value(SecretId=account.secret, SecretString=json.dumps(login))
