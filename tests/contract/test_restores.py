"""Temporary instances through the adapter: nothing of anybody else's is touched, nothing of ours is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from account import EXPIRES, STRANGE, Account, Tags
from rdsrestore.aws.tags import as_mapping, as_tags, owner_tags
from rdsrestore.domain.cloud.copy_attributes import CopyAttributes
from rdsrestore.domain.cloud.instance import GroupSpec, Leftover
from rdsrestore.domain.errors import CloudError
from rdsrestore.domain.ids import Endpoint, RunId, TableRef
from rdsrestore.domain.secret import Secret
from rdsrestore.lab.launch import control
from rdsrestore.mysql.adapter import MysqlDatabases

TEMPORARY = {"own-group", "restore-instance", "own-password", "open-rule", "close-rule"}
LONG = 120.0
OFF = (
    "MultiAZ",
    "DeletionProtection",
    "AutoMinorVersionUpgrade",
    "CopyTagsToSnapshot",
    "EnableIAMDatabaseAuthentication",
    "PubliclyAccessible",
)


def test_a_copy_is_made_reached_and_removed_and_asks_only_for_what_the_plan_says(account: Account) -> None:
    cloud, said = account.cloud, account.progress
    spec = account.spec("")
    password = Secret("0123456789abcdefABCDEF")
    account.log.take()
    group = cloud.create_group(GroupSpec(account.name, spec.source.vpc, EXPIRES), account.run)
    resource_id = cloud.restore(replace(spec, group=group), account.run)
    endpoint = cloud.await_available(account.name, LONG, said)
    cloud.reset_password(account.name, password, said)
    cloud.open_rule(group, "127.0.0.1/32", endpoint.port, account.run)
    with MysqlDatabases(lambda: Secret("unused"), account.ca).copy(endpoint, "admin", password) as copy:
        assert copy.definition(TableRef("shop", "billing")) is not None
    assert account.instances()[account.name]["DbiResourceId"] == resource_id
    assert {each.kind for each in cloud.leftovers(account.run)} == {"instance", "group", "rule"}

    cloud.close_rules(group)
    cloud.delete_instance(account.name, said)
    cloud.delete_group(account.name, said)

    assert cloud.leftovers(account.run) == ()
    assert account.name not in account.instances()
    assert account.name not in account.groups()
    assert "creating" in {text for text, _share in account.said}
    assert "deleting" in {text for text, _share in account.said}
    calls = cloud.take_calls()
    assert all(call.request_id for call in calls)
    announced = {call for step in TEMPORARY for call in cloud.calls_of(step)}
    assert {f"{call.service}:{call.operation}" for call in calls} <= announced


def test_every_attribute_of_the_copy_is_given(account: Account) -> None:
    account.restore()
    shown, source = account.instances()[account.name], account.source()
    assert shown["DBInstanceClass"] == "db.t3.micro"
    assert shown["DBSubnetGroup"]["VpcId"] == source.vpc
    assert shown["DBParameterGroups"][0]["DBParameterGroupName"] == source.parameter_group
    assert [each["VpcSecurityGroupId"] for each in shown["VpcSecurityGroups"]] == [
        account.groups()[account.name]["GroupId"]
    ]
    assert shown["BackupRetentionPeriod"] == 0
    assert as_mapping(shown["TagList"]) == owner_tags(account.name, account.run, EXPIRES)
    form = account.proxy.form("RestoreDBInstanceToPointInTime")
    assert form["SourceDbiResourceId"] == source.resource_id
    assert {name: form.get(name) for name in OFF} == dict.fromkeys(OFF, "false")
    assert form["CACertificateIdentifier"] == source.ca_certificate
    assert form["OptionGroupName"] == source.option_group
    assert form["StorageType"] == "gp3"
    assert "Iops" not in form


def test_what_was_chosen_for_the_copy_is_sent_and_its_tags_are_on_all_that_is_made(account: Account) -> None:
    chosen = CopyAttributes(
        storage_type="io1",
        iops=3000,
        zone="eu-central-1a",
        option_group="shop-options",
        ca_certificate="rds-ca-rsa4096-g1",
        tags=(("CostCenter", "4711"), ("Owner", "ours")),
        copy_tags=("Owner", "Team"),
    )
    arn = account.instances()["production"]["DBInstanceArn"]
    account.rds.add_tags_to_resource(ResourceName=arn, Tags=as_tags({"Team": "shop", "Owner": "theirs"}))
    source = account.source()
    tags = chosen.all_tags(source.tags)
    assert dict(tags) == {"CostCenter": "4711", "Owner": "ours", "Team": "shop"}
    group = account.cloud.create_group(GroupSpec(account.name, source.vpc, EXPIRES, tags), account.run)
    control(account.state, "ending", {"status": "stuck"})
    account.cloud.restore(account.spec(group, attributes=chosen), account.run)
    rule = account.cloud.open_rule(group, "203.0.113.7/32", 3306, account.run)
    account.rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["Team", "Owner"])
    form = account.proxy.form("RestoreDBInstanceToPointInTime")
    assert (form["StorageType"], form["Iops"], form["AllocatedStorage"]) == ("io1", "3000", str(source.storage))
    assert form["AvailabilityZone"] == "eu-central-1a"
    assert form["OptionGroupName"] == "shop-options"
    assert form["CACertificateIdentifier"] == "rds-ca-rsa4096-g1"
    wanted = owner_tags(account.name, account.run, EXPIRES) | dict(tags)
    (shown,) = account.ec2.describe_security_group_rules(
        Filters=[{"Name": "security-group-rule-id", "Values": [rule]}]
    )["SecurityGroupRules"]
    assert as_mapping(shown["Tags"]) == wanted
    assert as_mapping(account.groups()[account.name]["Tags"]) == wanted
    assert as_mapping(account.instances()[account.name]["TagList"]) == wanted


def test_the_moment_is_sent_in_whole_seconds_of_utc(account: Account) -> None:
    moment = datetime(2031, 5, 6, 12, 14, 59, 999999, tzinfo=timezone(timedelta(hours=2)))
    account.proxy.refuse("RestoreDBInstanceToPointInTime", "InvalidParameterValue", "outside the window")
    with pytest.raises(CloudError, match="outside the window") as raised:
        account.cloud.restore(account.spec("sg-0", moment=moment), account.run)
    assert raised.value.code == "aws.refused"
    assert account.proxy.form("RestoreDBInstanceToPointInTime")["RestoreTime"] == "2031-05-06T10:14:59Z"


def test_a_snapshot_is_restored_with_the_same_attributes(account: Account) -> None:
    snapshot = f"before-{account.run}"
    account.rds.create_db_snapshot(DBSnapshotIdentifier=snapshot, DBInstanceIdentifier="production")
    try:
        assert account.cloud.snapshot(snapshot).instance == "production"
        control(account.state, "ending", {"status": "stuck"})
        account.cloud.restore(account.spec(account.group(), moment=None, snapshot=snapshot), account.run)
    finally:
        account.rds.delete_db_snapshot(DBSnapshotIdentifier=snapshot)
    shown = account.instances()[account.name]
    assert as_mapping(shown["TagList"]) == owner_tags(account.name, account.run, EXPIRES)
    assert shown["DBSubnetGroup"]["DBSubnetGroupName"] == "production-subnets"
    assert account.proxy.count("RestoreDBInstanceToPointInTime") == 0


@pytest.mark.parametrize("trouble", ["lose", "break_down"])
def test_a_restore_whose_answer_was_lost_is_adopted(account: Account, trouble: str) -> None:
    getattr(account.proxy, trouble)("RestoreDBInstanceToPointInTime")
    resource_id = account.restore()
    assert account.instances()[account.name]["DbiResourceId"] == resource_id
    assert account.proxy.count("RestoreDBInstanceToPointInTime") == 1


def test_a_restore_that_never_arrived_is_asked_for_again(account: Account) -> None:
    account.proxy.cut("RestoreDBInstanceToPointInTime")
    assert account.restore()
    assert account.proxy.count("RestoreDBInstanceToPointInTime") == 2


def test_a_throttled_restore_is_asked_for_again(account: Account) -> None:
    account.proxy.refuse("RestoreDBInstanceToPointInTime", "Throttling", "Rate exceeded", times=2)
    assert account.restore()
    assert account.proxy.count("RestoreDBInstanceToPointInTime") == 3


def test_a_copy_in_production_s_own_groups_leaves_them_as_they_are(account: Account) -> None:
    own = account.source().security_groups
    before = account.groups()["production-sg"]
    assert own == (before["GroupId"],)

    account.cloud.restore(account.spec(account.group(), beside=own), account.run)

    shown = account.instances()[account.name]["VpcSecurityGroups"]
    made = account.groups()[account.name]["GroupId"]
    assert {each["VpcSecurityGroupId"] for each in shown} == {made, *own}
    account.cloud.delete_instance(account.name, account.progress)
    account.cloud.delete_group(account.name, account.progress)
    assert account.groups()["production-sg"] == before
    assert account.name not in account.groups()


def test_restoring_twice_in_one_run_adopts_what_is_there(account: Account) -> None:
    first = account.restore()
    group = account.groups()[account.name]["GroupId"]
    assert account.cloud.restore(account.spec(group), account.run) == first


@pytest.mark.parametrize("owner", ["stranger", "another run", "somebody who copied ours"])
def test_a_name_that_somebody_else_has_is_never_touched(account: Account, owner: str) -> None:
    tags: Tags = {
        "stranger": STRANGE,
        "another run": as_tags(owner_tags(account.name, "170601-103000-abcd", EXPIRES)),
        "somebody who copied ours": as_tags(owner_tags(f"{account.name}0", account.run, EXPIRES)),
    }[owner]
    account.stranger(account.name, tags)
    before = account.instances()[account.name]
    with pytest.raises(CloudError) as raised:
        account.cloud.restore(account.spec(account.group()), account.run)
    assert raised.value.code == "aws.name-taken"
    assert account.instances()[account.name] == before


@pytest.mark.parametrize("tags", [STRANGE, as_tags(owner_tags("rdsrestore-other", "170601-103000-abcd", EXPIRES))])
def test_an_instance_without_our_own_mark_is_neither_changed_nor_deleted(account: Account, tags: Tags) -> None:
    account.stranger(account.name, tags)
    with pytest.raises(CloudError) as raised:
        account.cloud.delete_instance(account.name, account.progress)
    assert raised.value.code == "aws.name-taken"
    assert f"--db-instance-identifier {account.name}" in raised.value.hint
    with pytest.raises(CloudError) as raised:
        account.cloud.reset_password(account.name, Secret("0123456789"), account.progress)
    assert raised.value.code == "aws.name-taken"
    assert account.instances()[account.name]["DBInstanceStatus"] == "creating"
    assert account.proxy.count("DeleteDBInstance") == account.proxy.count("ModifyDBInstance") == 0
    assert account.cloud.leftovers() == ()


def test_production_itself_is_never_deleted_nor_given_a_password(account: Account) -> None:
    with pytest.raises(CloudError):
        account.cloud.delete_instance("production", account.progress)
    with pytest.raises(CloudError):
        account.cloud.reset_password("production", Secret("0123456789"), account.progress)
    assert account.proxy.count("DeleteDBInstance") == account.proxy.count("ModifyDBInstance") == 0


@pytest.mark.parametrize(
    "ending", ["failed", "incompatible-restore", "storage-full", "restore-error", "upgrade-failed"]
)
def test_a_restore_that_ends_badly_says_how_and_why(account: Account, ending: str) -> None:
    account.restore(ending)
    with pytest.raises(CloudError, match=f"ended as {ending} .*put into {ending}") as raised:
        account.cloud.await_available(account.name, LONG, account.progress)
    assert raised.value.code == "aws.restore-failed"
    account.cloud.delete_instance(account.name, account.progress)
    assert account.name not in account.instances()


@pytest.mark.parametrize("ending", ["storage-initialization", "storage-optimization"])
def test_a_copy_that_still_loads_its_blocks_is_used_at_once(account: Account, ending: str) -> None:
    account.restore(ending)
    endpoint = account.cloud.await_available(account.name, LONG, account.progress)
    password = Secret("0123456789abcdefABCDEF")
    account.cloud.reset_password(account.name, password, account.progress)
    account.cloud.open_rule(account.groups()[account.name]["GroupId"], "127.0.0.1/32", endpoint.port, account.run)
    with MysqlDatabases(lambda: Secret("unused"), account.ca).copy(endpoint, "admin", password) as copy:
        assert copy.definition(TableRef("shop", "billing")) is not None
    assert account.instances()[account.name]["DBInstanceStatus"] == ending


@pytest.mark.parametrize(
    "status",
    ["backing-up", "configuring-enhanced-monitoring", "configuring-iam-database-auth", "storage-config-upgrade"],
)
def test_an_instance_that_answers_meanwhile_is_not_waited_for(account: Account, status: str) -> None:
    account.restore()
    shown = {**account.instances()[account.name], "DBInstanceStatus": status}
    shown |= {"Endpoint": {"Address": "copy.example", "Port": 3306}}
    shown["VpcSecurityGroups"] = [{"VpcSecurityGroupId": "sg-0", "Status": "active"}]
    account.proxy.show("rds", "DescribeDBInstances", {"DBInstances": [shown]}, times=2)
    assert account.cloud.await_available(account.name, LONG, account.progress) == Endpoint("copy.example", 3306)


def test_a_failure_is_told_even_where_its_events_can_not_be_read(account: Account) -> None:
    account.restore("failed")
    account.proxy.refuse("DescribeEvents", "AccessDenied", status=403)
    with pytest.raises(CloudError, match=r"ended as failed$") as raised:
        account.cloud.await_available(account.name, LONG, account.progress)
    assert raised.value.code == "aws.restore-failed"


def test_a_restore_that_does_not_come_names_the_flag_that_waits_longer(account: Account) -> None:
    account.restore()
    with pytest.raises(CloudError) as raised:
        account.cloud.await_available(account.name, 0.5, account.progress)
    assert raised.value.code == "aws.restore-timeout"
    assert "--wait" in raised.value.hint
    assert {text for text, _share in account.said} == {"creating"}


def test_an_instance_is_ready_only_when_two_looks_in_a_row_say_so(account: Account) -> None:
    account.restore()
    creating = account.instances()[account.name]
    ready = {**creating, "DBInstanceStatus": "available", "Endpoint": {"Address": "copy.example", "Port": 3306}}
    ready["VpcSecurityGroups"] = [{"VpcSecurityGroupId": "sg-0", "Status": "active"}]
    account.proxy.show("rds", "DescribeDBInstances", {"DBInstances": [ready]})
    with pytest.raises(CloudError) as raised:
        account.cloud.await_available(account.name, 0.5, account.progress)
    assert raised.value.code == "aws.restore-timeout"
    account.proxy.show("rds", "DescribeDBInstances", {"DBInstances": [ready]}, times=2)
    assert account.cloud.await_available(account.name, LONG, account.progress) == Endpoint("copy.example", 3306)


@pytest.mark.parametrize(
    "change",
    [
        {"DBInstanceStatus": "upgrading-to-something-new"},
        {"Endpoint": None},
        {"PendingModifiedValues": {"MasterUserPassword": "****"}},
        {"VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-0", "Status": "adding"}]},
    ],
)
def test_an_instance_is_not_ready_while_anything_is_pending(account: Account, change: dict[str, object]) -> None:
    account.restore()
    shown = {
        **account.instances()[account.name],
        "DBInstanceStatus": "available",
        "Endpoint": {"Address": "copy.example", "Port": 3306},
        "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-0", "Status": "active"}],
    }
    account.proxy.show("rds", "DescribeDBInstances", {"DBInstances": [shown | change]}, times=1000)
    with pytest.raises(CloudError) as raised:
        account.cloud.await_available(account.name, 0.4, account.progress)
    assert raised.value.code == "aws.restore-timeout"
    account.proxy.reset()


def test_the_share_of_a_volume_that_is_loaded_is_told(account: Account) -> None:
    account.restore()
    shown = {
        **account.instances()[account.name],
        "StorageOperationStatus": "Initializing",
        "StorageOperationPercentProgress": 25,
    }
    account.proxy.show("rds", "DescribeDBInstances", {"DBInstances": [shown]})
    with pytest.raises(CloudError):
        account.cloud.await_available(account.name, 0.3, account.progress)
    assert account.said[0] == ("creating", 0.25)


def test_somebody_else_deleting_the_copy_ends_the_wait(account: Account) -> None:
    with pytest.raises(CloudError, match="ended as gone") as raised:
        account.cloud.await_available(account.name, LONG, account.progress)
    assert raised.value.code == "aws.restore-failed"


def test_a_password_is_set_again_where_the_answer_was_lost_and_never_shows_in_an_error(account: Account) -> None:
    account.restore("available")
    account.cloud.await_available(account.name, LONG, account.progress)
    account.proxy.lose("ModifyDBInstance")
    account.cloud.reset_password(account.name, Secret("0123456789"), account.progress)
    assert account.proxy.count("ModifyDBInstance") >= 2
    assert account.instances()[account.name]["PendingModifiedValues"] == {}
    with pytest.raises(CloudError) as raised:
        account.cloud.reset_password(account.name, Secret("too short"[:5]), account.progress)
    assert raised.value.code == "aws.refused"
    assert "too s" not in f"{raised.value} {raised.value.hint} {account.cloud.take_calls()}"


def test_a_protection_that_somebody_put_on_our_own_instance_is_taken_off(account: Account) -> None:
    account.restore("available")
    account.cloud.await_available(account.name, LONG, account.progress)
    account.rds.modify_db_instance(DBInstanceIdentifier=account.name, DeletionProtection=True)
    account.cloud.delete_instance(account.name, account.progress)
    assert set(account.instances()) == {"production"}


@pytest.mark.parametrize("code", ["InvalidParameterCombination", "InvalidDBInstanceState", "Throttling"])
def test_a_refused_deletion_is_asked_for_again(account: Account, code: str) -> None:
    account.restore()
    account.proxy.refuse("DeleteDBInstance", code, times=2)
    account.cloud.delete_instance(account.name, account.progress)
    assert account.proxy.count("DeleteDBInstance") >= 3
    assert account.name not in account.instances()


def test_a_deletion_that_is_forbidden_is_told_at_once(account: Account) -> None:
    account.restore()
    account.proxy.refuse("DeleteDBInstance", "AccessDenied", "not authorized to perform rds:DeleteDBInstance", 403)
    with pytest.raises(CloudError, match="rds:DeleteDBInstance") as raised:
        account.cloud.delete_instance(account.name, account.progress)
    assert raised.value.code == "aws.denied"


def test_a_deletion_whose_answer_was_lost_is_seen_through(account: Account) -> None:
    account.restore("failed")
    with pytest.raises(CloudError):
        account.cloud.await_available(account.name, LONG, account.progress)
    account.proxy.lose("DeleteDBInstance")
    account.cloud.delete_instance(account.name, account.progress)
    assert account.name not in account.instances()


def test_tags_that_a_description_leaves_out_are_asked_for(account: Account) -> None:
    account.restore()
    bare = {**account.instances()[account.name], "TagList": []}
    account.proxy.show("rds", "DescribeDBInstances", {"DBInstances": [bare]})
    assert [each.id for each in account.cloud.leftovers(account.run) if each.kind == "instance"] == [account.name]
    account.proxy.show("rds", "DescribeDBInstances", {"DBInstances": [bare]})
    account.cloud.delete_instance(account.name, account.progress)
    assert account.name not in account.instances()


def test_a_stranger_of_our_name_without_tags_is_left_alone(account: Account) -> None:
    account.stranger("rdsrestore-lookalike", ())
    with pytest.raises(CloudError) as raised:
        account.cloud.delete_instance("rdsrestore-lookalike", account.progress)
    assert raised.value.code == "aws.name-taken"


def test_deleting_what_is_gone_is_fine(account: Account) -> None:
    account.cloud.delete_instance(account.name, account.progress)
    assert account.proxy.count("DeleteDBInstance") == 0


def test_an_instance_that_appears_only_at_the_second_look_is_deleted_too(account: Account) -> None:
    account.restore()
    account.proxy.refuse("DescribeDBInstances", "DBInstanceNotFound", status=404)
    account.cloud.delete_instance(account.name, account.progress)
    assert account.name not in account.instances()


def test_leftovers_are_found_by_their_marks_through_all_pages(account: Account) -> None:
    other = RunId("170601-103000-abcd")
    account.restore()
    account.stranger(other.resource, as_tags(owner_tags(other.resource, other.value, EXPIRES)))
    account.stranger("rdsrestore-lookalike")
    account.stranger("copy-of-ours", as_tags(owner_tags(account.name, account.run, EXPIRES)))
    account.proxy.page = 1
    group = account.groups()[account.name]["GroupId"]
    ours = {
        Leftover("instance", account.name, account.run, "creating", EXPIRES),
        Leftover("group", group, account.run, "closed", EXPIRES),
    }
    assert set(account.cloud.leftovers(account.run)) == ours
    assert set(account.cloud.leftovers()) == {
        *ours,
        Leftover("instance", other.resource, other.value, "creating", EXPIRES),
    }


def test_a_snapshot_of_another_release_is_restored_with_its_own_default_groups(account: Account) -> None:
    name = f"old-{account.run}"
    control(account.state, "snapshot", {"name": name, "kind": "manual", "version": "5.7.44"})
    spec = account.spec(account.group(), moment=None, snapshot=name)
    with pytest.raises(CloudError, match="can't be used for this instance"):
        account.cloud.restore(spec, account.run)
    found = account.cloud.snapshot(name)
    assert (found.version, found.master_user) == ("5.7.44", "admin")
    control(account.state, "ending", {"status": "stuck"})
    account.cloud.restore(replace(spec, version=found.version), account.run)
    form = account.proxy.form("RestoreDBInstanceFromDBSnapshot")
    assert not {"DBParameterGroupName", "OptionGroupName", "EngineLifecycleSupport"} & form.keys()
    shown = account.instances()[account.name]
    assert shown["DBParameterGroups"][0]["DBParameterGroupName"] == f"default.{spec.source.engine}5.7"
    account.rds.delete_db_snapshot(DBSnapshotIdentifier=name)
