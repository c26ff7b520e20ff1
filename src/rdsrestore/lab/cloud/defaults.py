"""What an instance is like: as seeded, or as the service makes a restored one from what it is told and its defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from rdsrestore.domain.cloud.engine import family
from rdsrestore.lab.clients import Cloud
from rdsrestore.lab.cloud.instance import ACCOUNT, REGION, arn, resource_id
from rdsrestore.lab.cloud.query_protocol import Fault

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0f9de17a-6465-404e-8b1b-2356dc13c2f8"
"""The customer's key that production is encrypted with, where it is with one."""
NAME = re.compile(r"[a-z](?!.*--)[a-z0-9-]{0,62}(?<!-)")
COPIED = ("Engine", "EngineVersion", "MasterUsername", "DBName", "StorageEncrypted", "KmsKeyId", "LicenseModel")
"""What a restore always takes from its source."""
FROM_SOURCE = (
    "DBInstanceClass",
    "AllocatedStorage",
    "BackupRetentionPeriod",
    "StorageType",
    "EngineLifecycleSupport",
    "NetworkType",
)
"""What it takes from its source unless told otherwise."""
OFF = ("MultiAZ", "DeletionProtection", "PubliclyAccessible", "CopyTagsToSnapshot", "AutoMinorVersionUpgrade")
"""What is off unless asked for."""


class Network:
    """The account's groups, as EC2 and RDS know them; asked through the same API as everybody's."""

    def __init__(self, cloud: Cloud) -> None:
        self._ec2 = cloud.client("ec2")
        self._rds = cloud.client("rds")

    def groups(self, ids: Sequence[str], status: str) -> list[dict[str, Any]]:
        """Show security groups as attached; Fault where one does not exist."""
        try:
            found = self._ec2.describe_security_groups(GroupIds=list(ids))["SecurityGroups"]
        except ClientError as error:
            raise Fault("InvalidParameterValue", f"Invalid security group: {', '.join(ids)}") from error
        return [{"VpcSecurityGroupId": each["GroupId"], "Status": status} for each in found]

    def default_group(self, vpc: str) -> str:
        """Return a network's default security group."""
        filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
        return str(self._ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"])

    def subnets(self, name: str | None) -> dict[str, Any]:
        """Show a subnet group; Fault where there is none."""
        if not name:
            vpc = self._ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
            return {"DBSubnetGroupName": "default", "VpcId": vpc, "SubnetGroupStatus": "Complete"}
        try:
            found = self._rds.describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"][0]
        except (ClientError, IndexError) as error:
            raise Fault("DBSubnetGroupNotFoundFault", f"DB subnet group {name} not found.", 404) from error
        return {key: found[key] for key in ("DBSubnetGroupName", "VpcId", "SubnetGroupStatus") if key in found}

    def parameters(self, name: str | None, wanted: str) -> list[dict[str, Any]]:
        """Show a parameter group as attached; Fault where there is none, or it is of another family than wanted."""
        name = name or f"default.{wanted}"
        try:
            known = self._rds.describe_db_parameter_groups(DBParameterGroupName=name)["DBParameterGroups"]
        except ClientError as error:
            if not name.startswith("default."):
                raise Fault("DBParameterGroupNotFound", f"DBParameterGroup {name} not found.", 404) from error
            known = []
        found = known[0]["DBParameterGroupFamily"] if known else name.removeprefix("default.")
        if found != wanted:
            what = f"The parameter group {name} with DBParameterGroupFamily {found} can't be used for this instance. "
            what += f"Please use a Parameter Group with DBParameterGroupFamily {wanted}"
            raise Fault("InvalidParameterCombination", what)
        return [{"DBParameterGroupName": name, "ParameterApplyStatus": "in-sync"}]

    def cluster_parameters(self, name: str | None, cluster: Mapping[str, Any]) -> str:
        """Name a cluster's parameter group; Fault where there is none, or it is of another family than the cluster."""
        wanted = family(cluster["Engine"], cluster["EngineVersion"])
        name = name or f"default.{wanted}"
        if name == f"default.{wanted}":
            return name
        try:
            known = self._rds.describe_db_cluster_parameter_groups(DBClusterParameterGroupName=name)
        except ClientError as error:
            raise Fault("DBClusterParameterGroupNotFound", f"DBClusterParameterGroup not found: {name}", 404) from error
        found = known["DBClusterParameterGroups"][0]["DBParameterGroupFamily"]
        if found != wanted:
            what = f"The DB cluster parameter group {name} is of family {found}, and not of {wanted}"
            raise Fault("InvalidParameterCombination", what)
        return name


def restored(source: Mapping[str, Any], name: str, form: Mapping[str, Any], network: Network) -> dict[str, Any]:
    """Describe a restored instance: what it was told, else what the service would choose."""
    if not NAME.fullmatch(name):
        raise Fault("InvalidParameterValue", f"The parameter DBInstanceIdentifier is not a valid identifier: {name}")
    subnets = network.subnets(form.get("DBSubnetGroupName"))
    groups = form.get("VpcSecurityGroupIds") or [network.default_group(subnets["VpcId"])]
    tags = form.get("Tags")
    return {
        **{key: source[key] for key in COPIED if key in source},
        **{key: form.get(key, source[key]) for key in FROM_SOURCE if key in source},
        **{key: form.get(key, False) for key in OFF},
        "DBInstanceIdentifier": name,
        "DBInstanceArn": arn("db", name),
        "DbiResourceId": resource_id(),
        "DBInstanceStatus": "creating",
        "InstanceCreateTime": datetime.now(UTC),
        "AvailabilityZone": f"{REGION}a",
        "DBSubnetGroup": subnets,
        "VpcSecurityGroups": network.groups(groups, "adding"),
        "DBParameterGroups": network.parameters(
            form.get("DBParameterGroupName"), family(source["Engine"], source["EngineVersion"])
        ),
        "OptionGroupMemberships": [{"OptionGroupName": options(form, source), "Status": "in-sync"}],
        "IAMDatabaseAuthenticationEnabled": form.get("EnableIAMDatabaseAuthentication", False),
        "CACertificateIdentifier": form.get("CACertificateIdentifier", "rds-ca-rsa2048-g1"),
        "PendingModifiedValues": {},
        "TagList": [dict(each) for each in (source["TagList"] if tags is None else tags)],
    }


def options(form: Mapping[str, Any], source: Mapping[str, Any]) -> str:
    """Choose an option group; Fault for a default one of another release."""
    usual = default_options(source["Engine"], source["EngineVersion"])
    chosen = str(form.get("OptionGroupName", usual))
    if chosen.startswith("default:") and chosen != usual:
        what = f"The option group {chosen} can't be used for {source['Engine']} {source['EngineVersion']}"
        raise Fault("InvalidParameterCombination", what)
    return chosen


def default_options(engine: str, version: str) -> str:
    """Name the default option group of an engine's release: `default:mysql-8-0`."""
    return f"default:{engine}-{'-'.join(version.split('.')[:2])}"


def seeded(engine: str, version: str, subnets: dict[str, Any], groups: list[dict[str, Any]]) -> dict[str, Any]:
    """Describe the instance called production."""
    return {
        "DBInstanceIdentifier": "production",
        "DBInstanceArn": arn("db", "production"),
        "DbiResourceId": resource_id(),
        "DBInstanceStatus": "available",
        "InstanceCreateTime": datetime.now(UTC),
        "Engine": engine,
        "EngineVersion": version,
        "MasterUsername": "admin",
        "DBName": "shop",
        "DBInstanceClass": "db.t3.medium",
        "AllocatedStorage": 20,
        "StorageType": "gp3",
        "StorageEncrypted": True,
        "LicenseModel": "general-public-license",
        "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
        "NetworkType": "IPV4",
        "BackupRetentionPeriod": 7,
        "MultiAZ": True,
        "DeletionProtection": True,
        "PubliclyAccessible": False,
        "CopyTagsToSnapshot": True,
        "AutoMinorVersionUpgrade": True,
        "IAMDatabaseAuthenticationEnabled": False,
        "CACertificateIdentifier": "rds-ca-rsa2048-g1",
        **upkeep(),
        "AvailabilityZone": f"{REGION}a",
        "DBSubnetGroup": subnets,
        "VpcSecurityGroups": groups,
        "DBParameterGroups": [{"DBParameterGroupName": "production-params", "ParameterApplyStatus": "in-sync"}],
        "OptionGroupMemberships": [{"OptionGroupName": default_options(engine, version), "Status": "in-sync"}],
        "PendingModifiedValues": {},
        "TagList": [{"Key": "team", "Value": "payments"}],
    }


def upkeep() -> dict[str, Any]:
    """Describe what comes with time: nothing soon."""
    now = datetime.now(UTC)
    day = f"{now + timedelta(days=3):%a}".lower()
    until = now + timedelta(days=400)
    return {
        "CertificateDetails": {"CAIdentifier": "rds-ca-rsa2048-g1", "ValidTill": until},
        "PreferredMaintenanceWindow": f"{day}:05:00-{day}:06:00",
    }
