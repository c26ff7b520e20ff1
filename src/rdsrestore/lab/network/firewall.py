"""Whether the account's security groups let a caller in."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from rdsrestore.lab.clients import Cloud


class Firewall:
    """Asks EC2, at every new connection, for the rules of an instance's groups."""

    def __init__(self, cloud: Cloud) -> None:
        self._ec2 = cloud.client("ec2")

    def allows(self, groups: Sequence[str], peer: str, port: int) -> bool:
        """Say whether any ingress rule of the groups covers the peer and the port."""
        try:
            found = self._ec2.describe_security_groups(GroupIds=list(groups))["SecurityGroups"]
        except ClientError:
            return False
        return any(covers(rule, peer, port) for group in found for rule in group["IpPermissions"])


def covers(rule: Mapping[str, Any], peer: str, port: int) -> bool:
    """Say whether one rule covers a peer and a port."""
    if rule["IpProtocol"] not in {"tcp", "6", "-1"}:
        return False
    if rule["IpProtocol"] != "-1" and not rule["FromPort"] <= port <= rule["ToPort"]:
        return False
    ranges = [each["CidrIp"] for each in rule["IpRanges"]] + [each["CidrIpv6"] for each in rule["Ipv6Ranges"]]
    address = ipaddress.ip_address(peer)
    return any(address in ipaddress.ip_network(each, strict=False) for each in ranges)


def shown(rule: Mapping[str, Any]) -> list[str]:
    """Write a rule as `tcp 3306 from 203.0.113.7/32`, one text a source."""
    ports = "all" if rule["IpProtocol"] == "-1" else str(rule["FromPort"])
    if rule.get("ToPort") not in (None, rule.get("FromPort")):
        ports += f"-{rule['ToPort']}"
    sources = [each["CidrIp"] for each in rule["IpRanges"]] + [each["CidrIpv6"] for each in rule["Ipv6Ranges"]]
    return [f"{rule['IpProtocol']} {ports} from {source}" for source in sources]
