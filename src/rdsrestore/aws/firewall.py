"""Security groups of our own, and the one rule in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from rdsrestore.aws.faults import code_of, translate, translated, unanswered
from rdsrestore.aws.marks import as_mapping, expiry, is_ours, marks
from rdsrestore.aws.session import Clients
from rdsrestore.aws.waiting import persistently, until
from rdsrestore.core.cloud import GroupSpec, Leftover
from rdsrestore.core.errors import CloudError
from rdsrestore.core.ports import Progress

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import TagTypeDef

IN_USE_FOR = 900.0
"""Seconds that EC2 may hold a group after its last instance is gone."""


class Firewall:
    """The groups and rules of EC2."""

    def __init__(self, clients: Clients, poll: float) -> None:
        self._reads = clients.ec2
        self._writes = clients.ec2_writes
        self._poll = poll

    def create(self, spec: GroupSpec, run: str) -> str:
        """Make the group, or adopt it where an earlier answer was lost.

        CloudError `aws.name-taken` where it is not ours.
        """
        tags: list[TagTypeDef] = [
            {"Key": key, "Value": value} for key, value in marks(spec.name, run, spec.expires).items()
        ]

        def make() -> str:
            found = self.find(spec.name)
            if found:
                return found
            with translated("own-group"):
                return self._writes.create_security_group(
                    GroupName=spec.name,
                    Description=f"temporary, made by rdsrestore run {run}",
                    VpcId=spec.vpc,
                    TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
                )["GroupId"]

        return persistently(make)

    def find(self, name: str) -> str | None:
        """Return the id of the group of that name if it is ours, None where there is none."""
        with translated("security group"):
            pages = self._reads.get_paginator("describe_security_groups").paginate(
                Filters=[{"Name": "group-name", "Values": [name]}]
            )
            found = [group for page in pages for group in page["SecurityGroups"]]
        for group in found:
            if is_ours(name, as_mapping(group.get("Tags", []))):
                return group["GroupId"]
        if found:
            raise CloudError(
                "security group", f"{name} exists and is not ours", "rename or delete it", code="aws.name-taken"
            )
        return None

    def delete(self, name: str, progress: Progress) -> None:
        """Delete the group of that name, waiting while something still uses it; gone already is fine."""

        def gone() -> bool | None:
            group = self.find(name)
            if not group:
                return True
            try:
                self._writes.delete_security_group(GroupId=group)
            except ClientError as error:
                if code_of(error) not in {"DependencyViolation", "InvalidGroup.InUse", "InvalidGroup.NotFound"}:
                    raise translate("security group", error) from error
                progress("waiting until the security group is no longer in use", None)
            except BotoCoreError as error:
                raise translate("security group", error) from error
            return None

        late = CloudError(
            "security group", f"{name} is still in use", "wait, then rdsrestore cleanup", code="aws.in-use"
        )
        until(lambda: persistently(gone), self._poll, IN_USE_FOR, lambda: late)

    def open(self, group: str, cidr: str, port: int, run: str) -> str:
        """Open one rule; the same rule there already is adopted, since the group is ours."""
        ranges = {"IpRanges": [{"CidrIp": cidr, "Description": f"rdsrestore {run}"}]}
        if ":" in cidr:
            ranges = {"Ipv6Ranges": [{"CidrIpv6": cidr, "Description": f"rdsrestore {run}"}]}
        permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **ranges}

        def make() -> str:
            try:
                answer = self._writes.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])  # type: ignore[list-item]  # the shape is right
                return answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
            except (ClientError, BotoCoreError) as error:
                known = [each for each in self.rules(group) if each[1] == cidr]
                if known and (code_of(error) == "InvalidPermission.Duplicate" or unanswered(error)):
                    return known[0][0]
                raise translate("open-rule", error) from error

        return persistently(make)

    def close(self, group: str) -> None:
        """Revoke all ingress rules of a group of ours, and read back that none is left."""

        def shut() -> bool | None:
            ids = [rule for rule, _cidr in self.rules(group)]
            if not ids:
                return True
            try:
                self._writes.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=ids)
            except ClientError as error:
                if not code_of(error).endswith("NotFound"):
                    raise translate("close-rule", error) from error
            except BotoCoreError as error:
                raise translate("close-rule", error) from error
            return None

        late = CloudError("close-rule", f"{group} still lets somebody in", "rdsrestore cleanup", code="aws.rule-open")
        until(lambda: persistently(shut), min(self._poll, 1.0), 60.0, lambda: late)

    def rules(self, group: str) -> Sequence[tuple[str, str]]:
        """List a group's ingress rules as (id, source); none where the group is gone."""
        try:
            with translated("security group"):
                pages = self._reads.get_paginator("describe_security_group_rules").paginate(
                    Filters=[{"Name": "group-id", "Values": [group]}]
                )
                rules = [rule for page in pages for rule in page["SecurityGroupRules"] if not rule.get("IsEgress")]
        except CloudError as error:
            if error.code == "aws.settings":
                return ()
            raise
        return tuple((rule["SecurityGroupRuleId"], rule.get("CidrIpv4") or rule.get("CidrIpv6", "")) for rule in rules)

    def leftovers(self, run: str | None) -> Iterator[Leftover]:
        """Find groups of ours, and rules in them."""
        with translated("security groups"):
            pages = self._reads.get_paginator("describe_security_groups").paginate(
                Filters=[{"Name": "tag-key", "Values": ["rdsrestore:run"]}]
            )
            groups = [group for page in pages for group in page["SecurityGroups"]]
        for group in groups:
            tags = as_mapping(group.get("Tags", []))
            if is_ours(group["GroupName"], tags, run):
                status = "open" if group["IpPermissions"] else "closed"
                yield Leftover("group", group["GroupId"], tags["rdsrestore:run"], status, expiry(tags))

    def denied(self, vpc: str) -> Iterator[str]:
        """Try, without effect, what the job will do, and name what is forbidden."""
        try:
            self._writes.create_security_group(
                GroupName="rdsrestore-probe", Description="a trial without effect", VpcId=vpc, DryRun=True
            )
        except ClientError as error:
            if code_of(error) == "UnauthorizedOperation":
                yield "ec2:CreateSecurityGroup"
        except BotoCoreError as error:
            raise translate("permissions", error) from error
