"""Security groups of our own, and the rules in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rdsrestore.aws.errors import DENIED, FAILURES, MEANINGS, code_of, translate, translated
from rdsrestore.aws.retrying import persistently, twice, until
from rdsrestore.aws.session import Clients
from rdsrestore.aws.tags import AWS_OWN, MANAGED, RUN, SELF, as_mapping, as_tags, expiry, is_owned, owner_tags, tags_of
from rdsrestore.domain.cloud.instance import GroupSpec, Leftover
from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import CloudError
from rdsrestore.domain.ids import PREFIX
from rdsrestore.ports.progress import Progress

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, IpPermissionTypeDef, SecurityGroupRuleTypeDef
    from mypy_boto3_ec2.type_defs import SecurityGroupTypeDef as Group

OFTEN = 2.0
"""Longest pause between two looks at what EC2 does in seconds."""


@dataclass(frozen=True)
class Rule:
    """One source that may reach one port."""

    id: str
    source: str
    port: int


class Firewall:
    """The groups and rules of EC2; `poll` is the pause between looks, in seconds."""

    def __init__(self, clients: Clients, poll: float) -> None:
        self._clients = clients
        self._poll = poll

    def create(self, spec: GroupSpec, run: str) -> str:
        """Make the group, or adopt it where an earlier answer was lost; CloudError `aws.name-taken` if not this run's.

        Returns its id once EC2 shows it.
        """
        tags = tags_of(spec, run)

        def make() -> str:
            found = self._named(spec.name, spec.vpc)
            if found:
                return require_ours(found[0], run)["GroupId"]
            with translated("own-group"):
                return self._clients.ec2_writes.create_security_group(
                    GroupName=spec.name,
                    Description=f"temporary, made by rdsrestore run {run}",
                    VpcId=spec.vpc,
                    TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
                )["GroupId"]

        group = persistently(make)
        late = CloudError("own-group", f"{group} does not appear", "rdsrestore cleanup", code="aws.timeout")
        until(lambda: self._by_id(group), min(self._poll, OFTEN), USUAL.cloud_settles, late)
        return group

    def find(self, name: str) -> str | None:
        """Return the id of the group of that name, None where there is none; `aws.name-taken` where it is not ours."""
        found = self._named(name)
        if not found:
            return None
        ours = [group for group in found if is_owned(name, as_mapping(group.get("Tags", [])))]
        return require_ours((ours or found)[0])["GroupId"]

    def delete(self, name: str, progress: Progress) -> None:
        """Delete the group of that name, waiting while something still uses it; gone already is fine.

        It is gone when two looks in a row say so: a call that was cut short may still be on its way.
        """

        def gone() -> bool | None:
            group = self.find(name)
            if not group:
                return True
            try:
                self._clients.ec2_writes.delete_security_group(GroupId=group)
            except FAILURES as error:
                if code_of(error) != "InvalidGroup.NotFound":
                    progress("waiting until the security group is no longer in use", None)
                    raise translate("security group", error) from error
            return None

        late = CloudError(
            "security group", f"{name} is still there", "wait, then rdsrestore cleanup", code="aws.in-use"
        )
        until(twice(gone), min(self._poll, OFTEN), USUAL.group_unused, late)

    def open(self, group: str, cidr: str, port: int, run: str) -> str:
        """Open one rule in the run's own group; the same rule there already, of a lost answer, is adopted."""
        shown = self._by_id(group)
        if not shown:
            raise CloudError("open-rule", f"security group {group} is gone", "run again", code="aws.settings")
        tags = as_mapping(require_ours(shown, run).get("Tags", []))
        same = as_tags({key: value for key, value in tags.items() if not key.startswith(AWS_OWN)})

        def make() -> str:
            try:
                answer = self._clients.ec2_writes.authorize_security_group_ingress(
                    GroupId=group,
                    IpPermissions=[permission(cidr, port, run)],
                    TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": same}],
                )
                return answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
            except FAILURES as error:
                if code_of(error) == "InvalidPermission.Duplicate":
                    known = [rule.id for rule in self.rules(group) if (rule.source, rule.port) == (cidr, port)]
                    if known:
                        return known[0]
                raise translate("open-rule", error) from error

        return persistently(make)

    def close(self, group: str) -> None:
        """Revoke all ingress rules of a group of ours, and read back that none is left; no group, no rule."""
        shown = self._by_id(group)
        if not shown:
            return
        require_ours(shown)

        def shut() -> bool | None:
            ids = [rule.id for rule in self.rules(group)]
            if not ids:
                return True
            try:
                self._clients.ec2_writes.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=ids)
            except FAILURES as error:
                if not code_of(error).endswith("NotFound"):
                    raise translate("close-rule", error) from error
            return None

        late = CloudError("close-rule", f"{group} still lets somebody in", "rdsrestore cleanup", code="aws.rule-open")
        until(shut, min(self._poll, OFTEN), USUAL.cloud_settles, late)

    def rules(self, group: str) -> Sequence[Rule]:
        """List a group's ingress rules; none where the group is gone."""
        return tuple(
            Rule(rule["SecurityGroupRuleId"], source_of(rule), rule["FromPort"])
            for rule in self._rules("group-id", group)
        )

    def leftovers(self, run: str | None) -> Iterator[Leftover]:
        """Find groups of ours, and rules that carry our tags."""
        for group in self._groups([{"Name": "tag-key", "Values": [RUN]}]):
            tags = as_mapping(group.get("Tags", []))
            if is_owned(group["GroupName"], tags, run):
                status = "open" if group["IpPermissions"] else "closed"
                yield Leftover("group", group["GroupId"], tags[RUN], status, expiry(tags))
        for rule in self._rules(f"tag:{MANAGED}", "true"):
            tags = as_mapping(rule.get("Tags", []))
            if is_owned(tags.get(SELF, ""), tags, run):
                yield Leftover("rule", rule["SecurityGroupRuleId"], tags[RUN], "open", expiry(tags))

    def denied(self, vpc: str) -> Iterator[str]:
        """Try, without effect, to make a group as the job will, and name that where it is forbidden.

        What concerns a group that does not exist yet is not tried: a permission bound to our tags would look denied.
        """
        name = f"{PREFIX}-trial"
        tags = as_tags(owner_tags(name, "trial", datetime.now(UTC)))
        try:
            self._clients.ec2_writes.create_security_group(
                GroupName=name,
                Description="a trial without effect",
                VpcId=vpc,
                TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
                DryRun=True,
            )
        except FAILURES as error:
            if MEANINGS.get(code_of(error)) is DENIED:
                yield "ec2:CreateSecurityGroup with tags (ec2:CreateTags)"

    def _by_id(self, group: str) -> Group | None:
        found = self._groups([{"Name": "group-id", "Values": [group]}])
        return found[0] if found else None

    def _named(self, name: str, vpc: str | None = None) -> Sequence[Group]:
        inside: list[FilterTypeDef] = [{"Name": "vpc-id", "Values": [vpc]}] if vpc else []
        return self._groups([{"Name": "group-name", "Values": [name]}, *inside])

    def _groups(self, filters: Sequence[FilterTypeDef]) -> Sequence[Group]:
        with translated("security groups"):
            pages = self._clients.ec2.get_paginator("describe_security_groups").paginate(Filters=filters)
            return [group for page in pages for group in page["SecurityGroups"]]

    def _rules(self, name: str, value: str) -> Sequence[SecurityGroupRuleTypeDef]:
        with translated("security group rules"):
            pages = self._clients.ec2.get_paginator("describe_security_group_rules").paginate(
                Filters=[{"Name": name, "Values": [value]}]
            )
            return [rule for page in pages for rule in page["SecurityGroupRules"] if not rule.get("IsEgress")]


def source_of(rule: SecurityGroupRuleTypeDef) -> str:
    """Name whom a rule lets in."""
    group = rule.get("ReferencedGroupInfo", {}).get("GroupId")
    return rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId") or group or ""


def permission(cidr: str, port: int, run: str) -> IpPermissionTypeDef:
    """Write one source and one port as EC2 wants them."""
    said = f"rdsrestore {run}"
    allowed: IpPermissionTypeDef = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
    if cidr.startswith("sg-"):
        return {**allowed, "UserIdGroupPairs": [{"GroupId": cidr, "Description": said}]}
    if cidr.startswith("pl-"):
        return {**allowed, "PrefixListIds": [{"PrefixListId": cidr, "Description": said}]}
    if ":" in cidr:
        return {**allowed, "Ipv6Ranges": [{"CidrIpv6": cidr, "Description": said}]}
    return {**allowed, "IpRanges": [{"CidrIp": cidr, "Description": said}]}


def require_ours(group: Group, run: str | None = None) -> Group:
    """Return a group that carries our tags, of that run where one is given; else CloudError `aws.name-taken`."""
    if not is_owned(group["GroupName"], as_mapping(group.get("Tags", [])), run):
        raise CloudError(
            "security group",
            f"{group['GroupName']} ({group['GroupId']}) does not carry our tags, so it is left alone",
            f"if nobody needs it: aws ec2 delete-security-group --group-id {group['GroupId']}",
            code="aws.name-taken",
        )
    return group
