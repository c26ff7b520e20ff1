"""Whether the account's security groups let a caller in."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator, Mapping, Sequence
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
        rules = [rule for group in found for rule in group["IpPermissions"] if at(rule, port)]
        address = ipaddress.ip_address(peer)
        return any(
            address in ipaddress.ip_network(each, strict=False) for rule in rules for each in self._networks(rule)
        )

    def _networks(self, rule: Mapping[str, Any]) -> Iterator[str]:
        """Name the networks that a rule lets in, those of its prefix lists too.

        Whoever carries a group that a rule names is known by an interface of the account's own network, and no caller
        of a lab comes from there: such a rule lets nobody in.
        """
        yield from networks(rule)
        for each in rule["PrefixListIds"]:
            with contextlib.suppress(ClientError):
                found = self._ec2.get_managed_prefix_list_entries(PrefixListId=each["PrefixListId"])
                yield from (entry["Cidr"] for entry in found["Entries"])


def at(rule: Mapping[str, Any], port: int) -> bool:
    """Say whether a rule is about a port."""
    if rule["IpProtocol"] not in {"tcp", "6", "-1"}:
        return False
    return rule["IpProtocol"] == "-1" or bool(rule["FromPort"] <= port <= rule["ToPort"])


def networks(rule: Mapping[str, Any]) -> list[str]:
    """Name the networks that a rule lets in by themselves."""
    return [each["CidrIp"] for each in rule["IpRanges"]] + [each["CidrIpv6"] for each in rule["Ipv6Ranges"]]


def shown(rule: Mapping[str, Any]) -> list[str]:
    """Write a rule as `tcp 3306 from 203.0.113.7/32`, one text a source."""
    ports = "all" if rule["IpProtocol"] == "-1" else str(rule["FromPort"])
    if rule.get("ToPort") not in (None, rule.get("FromPort")):
        ports += f"-{rule['ToPort']}"
    groups = [each["GroupId"] for each in rule["UserIdGroupPairs"]]
    lists = [each["PrefixListId"] for each in rule["PrefixListIds"]]
    sources = networks(rule) + groups + lists
    return [f"{rule['IpProtocol']} {ports} from {source}" for source in sources]
