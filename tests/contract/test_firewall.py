"""Security groups and rules through the adapter: production is never opened, and nothing of ours stays open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from account import EXPIRES, STRANGE, Account, Tags
from rdsrestore.aws.tags import as_mapping, as_tags, owner_tags
from rdsrestore.domain.cloud.instance import GroupSpec, Leftover
from rdsrestore.domain.errors import CloudError

HERE = "203.0.113.7/32"
HERE_V6 = "2001:db8::7/128"


def rules(account: Account, group: str) -> list[dict[str, Any]]:
    found = account.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    return [each for each in found["SecurityGroupRules"] if not each["IsEgress"]]


def foreign_group(account: Account, tags: Tags) -> str:
    """Somebody else makes a group under our run's name."""
    made = account.ec2.create_security_group(
        GroupName=account.name,
        Description="somebody's",
        VpcId=account.source().vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": list(tags)}],
    )
    return str(made["GroupId"])


def test_a_group_of_ours_is_closed_and_carries_our_marks(account: Account) -> None:
    group = account.group()
    shown = account.groups()[account.name]
    assert (shown["GroupId"], shown["IpPermissions"]) == (group, [])
    assert as_mapping(shown["Tags"]) == owner_tags(account.name, account.run, EXPIRES)
    assert account.cloud.find_group(account.name) == group
    assert account.cloud.leftovers(account.run) == (Leftover("group", group, account.run, "closed", EXPIRES),)


@pytest.mark.parametrize("trouble", ["lose", "break_down"])
def test_a_group_whose_answer_was_lost_is_adopted(account: Account, trouble: str) -> None:
    getattr(account.proxy, trouble)("CreateSecurityGroup")
    assert account.group() == account.groups()[account.name]["GroupId"]
    assert account.proxy.count("CreateSecurityGroup") == 1


def test_a_group_that_is_there_before_it_is_shown_is_adopted(account: Account) -> None:
    first = account.group()
    account.proxy.show("ec2", "DescribeSecurityGroups", {"SecurityGroups": []})
    assert account.group() == first
    assert account.proxy.count("CreateSecurityGroup") == 2


@pytest.mark.parametrize("tags", [STRANGE, as_tags(owner_tags("rdsrestore-0", "170601-103000-abcd", EXPIRES))])
def test_a_group_of_that_name_that_is_not_ours_is_left_alone(account: Account, tags: Tags) -> None:
    group = foreign_group(account, tags)
    account.ec2.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=3306, ToPort=3306, CidrIp="10.0.0.0/8"
    )
    before = account.groups()[account.name]
    acts: tuple[Callable[[], object], ...] = (
        account.group,
        lambda: account.cloud.delete_group(account.name, account.progress),
        lambda: account.cloud.open_rule(group, HERE, 3306, account.run),
        lambda: account.cloud.close_rules(group),
        lambda: account.cloud.find_group(account.name),
    )
    for act in acts:
        with pytest.raises(CloudError) as raised:
            act()
        assert raised.value.code == "aws.name-taken"
    assert account.groups()[account.name] == before
    assert account.cloud.leftovers() == ()


def test_a_group_of_another_run_is_not_adopted_nor_opened(account: Account) -> None:
    other = "170601-103000-abcd"
    group = foreign_group(account, as_tags(owner_tags(account.name, other, EXPIRES)))
    with pytest.raises(CloudError):
        account.group()
    with pytest.raises(CloudError):
        account.cloud.open_rule(group, HERE, 3306, account.run)
    assert rules(account, group) == []


def test_productions_own_group_is_never_opened_nor_closed(account: Account) -> None:
    production = account.groups()["production-sg"]["GroupId"]
    before = rules(account, production)
    with pytest.raises(CloudError):
        account.cloud.open_rule(production, HERE, 3306, account.run)
    with pytest.raises(CloudError):
        account.cloud.close_rules(production)
    assert rules(account, production) == before != []


def test_a_group_may_be_named_alike_in_another_network(account: Account) -> None:
    vpc = account.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    theirs = account.ec2.create_security_group(GroupName=account.name, Description="theirs", VpcId=vpc)["GroupId"]
    ours = account.group()
    assert account.cloud.find_group(account.name) == ours
    account.ec2.delete_security_group(GroupId=theirs)
    account.ec2.delete_vpc(VpcId=vpc)


@pytest.mark.parametrize(("cidr", "kind"), [(HERE, "CidrIpv4"), (HERE_V6, "CidrIpv6")])
def test_a_rule_lets_one_address_reach_one_port(account: Account, cidr: str, kind: str) -> None:
    group = account.group()
    rule = account.cloud.open_rule(group, cidr, 3307, account.run)
    (shown,) = rules(account, group)
    assert (shown["SecurityGroupRuleId"], shown[kind]) == (rule, cidr)
    assert (shown["IpProtocol"], shown["FromPort"], shown["ToPort"]) == ("tcp", 3307, 3307)
    assert account.run in shown["Description"]
    assert as_mapping(shown["Tags"]) == owner_tags(account.name, account.run, EXPIRES)
    assert set(account.cloud.leftovers(account.run)) == {
        Leftover("group", group, account.run, "open", EXPIRES),
        Leftover("rule", rule, account.run, "open", EXPIRES),
    }


def test_a_filter_that_the_reference_does_not_name_is_refused_as_the_service_does(account: Account) -> None:
    for name in ("tag-key", "group-name", "nonsense"):
        with pytest.raises(ClientError, match="InvalidParameterValue"):
            account.ec2.describe_security_group_rules(Filters=[{"Name": name, "Values": ["x"]}])
    account.ec2.describe_security_groups(Filters=[{"Name": "tag-key", "Values": ["x"]}])
    account.ec2.describe_security_group_rules(Filters=[{"Name": "tag:any", "Values": ["x"]}])


@pytest.mark.parametrize("trouble", ["lose", "break_down"])
def test_a_rule_whose_answer_was_lost_is_adopted(account: Account, trouble: str) -> None:
    group = account.group()
    getattr(account.proxy, trouble)("AuthorizeSecurityGroupIngress")
    rule = account.cloud.open_rule(group, HERE, 3306, account.run)
    assert [each["SecurityGroupRuleId"] for each in rules(account, group)] == [rule]


def test_opening_twice_is_one_rule_and_another_port_is_another_rule(account: Account) -> None:
    group = account.group()
    first = account.cloud.open_rule(group, HERE, 3306, account.run)
    other = account.cloud.open_rule(group, HERE, 3307, account.run)
    assert account.cloud.open_rule(group, HERE, 3306, account.run) == first
    assert account.cloud.open_rule(group, HERE, 3307, account.run) == other != first


def test_a_rule_in_a_group_that_is_gone_is_an_error(account: Account) -> None:
    with pytest.raises(CloudError, match="is gone"):
        account.cloud.open_rule("sg-00000000000000000", HERE, 3306, account.run)


@pytest.mark.parametrize("trouble", ["lose", "cut", "break_down", None])
def test_closing_revokes_every_rule_of_our_group(account: Account, trouble: str | None) -> None:
    group = account.group()
    account.cloud.open_rule(group, HERE, 3306, account.run)
    account.ec2.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="10.0.0.0/8"
    )
    if trouble:
        getattr(account.proxy, trouble)("RevokeSecurityGroupIngress")
    account.cloud.close_rules(group)
    assert rules(account, group) == []


def test_closing_reads_back_and_is_not_content_with_a_polite_answer(account: Account) -> None:
    group = account.group()
    account.cloud.open_rule(group, HERE, 3306, account.run)
    account.proxy.show("ec2", "RevokeSecurityGroupIngress", {"Return": True})
    account.cloud.close_rules(group)
    assert rules(account, group) == []
    assert account.proxy.count("RevokeSecurityGroupIngress") == 2


def test_closing_what_is_closed_or_gone_changes_nothing(account: Account) -> None:
    account.cloud.close_rules(account.group())
    account.cloud.close_rules("sg-00000000000000000")
    assert account.proxy.count("RevokeSecurityGroupIngress") == 0


def test_deleting_a_group_waits_until_nothing_uses_it(account: Account) -> None:
    account.restore("failed")
    with pytest.raises(CloudError):
        account.cloud.await_available(account.name, 120.0, account.progress)
    said: list[str] = []

    def let_go(text: str, _share: float | None) -> None:
        if not said:
            account.rds.delete_db_instance(DBInstanceIdentifier=account.name, SkipFinalSnapshot=True)
        said.append(text)

    account.cloud.delete_group(account.name, let_go)
    assert account.proxy.count("DeleteSecurityGroup") >= 2
    assert set(said) == {"waiting until the security group is no longer in use"}
    assert account.name not in account.groups()


@pytest.mark.parametrize("trouble", ["lose", "cut", "break_down"])
def test_a_deletion_without_an_answer_is_seen_through(account: Account, trouble: str) -> None:
    account.group()
    getattr(account.proxy, trouble)("DeleteSecurityGroup")
    account.cloud.delete_group(account.name, account.progress)
    assert account.name not in account.groups()


def test_a_group_that_appears_only_at_the_second_look_is_deleted_too(account: Account) -> None:
    account.group()
    account.proxy.show("ec2", "DescribeSecurityGroups", {"SecurityGroups": []})
    account.cloud.delete_group(account.name, account.progress)
    assert account.name not in account.groups()


def test_deleting_a_group_that_is_gone_is_fine(account: Account) -> None:
    account.cloud.delete_group(account.name, account.progress)
    assert account.cloud.find_group(account.name) is None


def test_a_trial_names_what_is_forbidden_and_makes_nothing(account: Account) -> None:
    vpc, before = account.source().vpc, account.groups()
    assert account.cloud.denied(vpc) == ()
    assert account.proxy.form("CreateSecurityGroup")["DryRun"] == "true"
    assert account.proxy.form("CreateSecurityGroup")["TagSpecification.1.Tag.1.Key"].startswith("rdsrestore:")
    account.proxy.refuse("CreateSecurityGroup", "UnauthorizedOperation", status=403)
    assert "ec2:CreateSecurityGroup" in account.cloud.denied(vpc)[0]
    assert account.groups() == before


def test_a_group_that_may_not_be_made_is_an_error_without_the_encoded_part(account: Account) -> None:
    said = "You are not authorized to perform this operation. Encoded authorization failure message: " + "x" * 900
    account.proxy.refuse("CreateSecurityGroup", "UnauthorizedOperation", said, 403)
    with pytest.raises(CloudError, match="not authorized") as raised:
        account.cloud.create_group(GroupSpec(account.name, account.source().vpc, EXPIRES), account.run)
    assert raised.value.code == "aws.denied"
    assert "xxx" not in str(raised.value)


def prefix_list(account: Account, *networks: str) -> str:
    """Make a prefix list as an account's network team does."""
    entries = [{"Cidr": each} for each in networks]
    made = account.ec2.create_managed_prefix_list(
        PrefixListName=account.name, MaxEntries=9, AddressFamily="IPv4", Entries=entries
    )
    return str(made["PrefixList"]["PrefixListId"])


def test_networks_groups_and_lists_are_let_in_adopted_and_shut_out_together(account: Account) -> None:
    group, production = account.group(), account.groups()["production-sg"]["GroupId"]
    named = ["10.7.0.0/16", prefix_list(account, "10.8.0.0/16"), production]
    opened = [account.cloud.open_rule(group, each, 3306, account.run) for each in named]
    assert [account.cloud.open_rule(group, each, 3306, account.run) for each in named] == opened
    (shown,) = account.groups()[account.name]["IpPermissions"]
    assert [each["CidrIp"] for each in shown["IpRanges"]] == named[:1]
    assert [each["PrefixListId"] for each in shown["PrefixListIds"]] == named[1:2]
    assert [each["GroupId"] for each in shown["UserIdGroupPairs"]] == named[2:]
    assert {each.id for each in account.cloud.leftovers(account.run) if each.kind == "rule"} == set(opened)

    account.cloud.close_rules(group)

    assert rules(account, group) == []
    assert account.groups()[account.name]["IpPermissions"] == []


def test_groups_and_lists_are_looked_up_before_anything_is_made(account: Account) -> None:
    vpc = account.source().vpc
    other = account.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    theirs = account.ec2.create_security_group(GroupName="theirs", Description="theirs", VpcId=other)["GroupId"]
    ours, office = account.groups()["production-sg"]["GroupId"], prefix_list(account, "10.8.0.0/16", "10.9.0.0/16")
    wide = prefix_list(account, "0.0.0.0/0")
    unknown = ("sg-00000000000000000", "pl-00000000000000000")

    found = account.cloud.references((ours, office, theirs, wide, *unknown), vpc)

    assert [each.problem == "" for each in found] == [True, True, False, False, False, False]
    assert (found[0].name, found[1].name) == ("production-sg", f"{account.name}, networks: 2")
    assert other in found[2].problem
    assert "everybody" in found[3].problem
    assert all("none of that id" in each.problem for each in found[4:])
    account.ec2.delete_security_group(GroupId=theirs)
    account.ec2.delete_vpc(VpcId=other)


def test_a_list_that_may_not_be_looked_at_is_not_known(account: Account) -> None:
    account.proxy.refuse("DescribeManagedPrefixLists", "UnauthorizedOperation")
    (found,) = account.cloud.references(("pl-00000000000000000",), account.source().vpc)
    assert (found.problem, "UnauthorizedOperation" in found.unseen) == ("", True)
