"""The subnets that the copy will lie in, and whether the internet reaches them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdsrestore.aws.errors import DENIED, FAILURES, MEANINGS, code_of, translate
from rdsrestore.aws.session import Clients
from rdsrestore.domain.cloud.instance import SourceInstance, Subnets

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import RouteTableTypeDef

GONE = "DBSubnetGroupNotFoundFault"


def look(clients: Clients, source: SourceInstance) -> Subnets:
    """Look at a source's subnet group, and at the routes of one that the internet has to reach."""
    try:
        group = clients.rds.describe_db_subnet_groups(DBSubnetGroupName=source.subnet_group)["DBSubnetGroups"][0]
        vpc, ids = group["VpcId"], [each["SubnetIdentifier"] for each in group["Subnets"]]
        if not source.publicly_accessible:
            return Subnets(vpc)
        pages = clients.ec2.get_paginator("describe_route_tables").paginate(
            Filters=[{"Name": "vpc-id", "Values": [vpc]}]
        )
        tables = [table for page in pages for table in page["RouteTables"]]
    except FAILURES as error:
        if code_of(error) == GONE:
            return Subnets()
        if MEANINGS.get(code_of(error)) is DENIED:
            return Subnets(unseen=code_of(error))
        raise translate("subnets", error) from error
    return Subnets(vpc, tuple(each for each in ids if not leads_out(each, tables)))


def leads_out(subnet: str, tables: list[RouteTableTypeDef]) -> bool:
    """Whether a subnet's own table, or else the network's main one, leads to an internet gateway."""
    own = [table for table in tables if any(each.get("SubnetId") == subnet for each in table["Associations"])]
    main = [table for table in tables if any(each.get("Main") for each in table["Associations"])]
    routes = [route for table in own or main for route in table["Routes"]]
    return any(
        route.get("DestinationCidrBlock") == "0.0.0.0/0" and route.get("GatewayId", "").startswith("igw-")
        for route in routes
    )
