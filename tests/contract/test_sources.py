"""Who we are, which instances can be restored, and their backups: read through the adapter."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from account import Account
from rdsrestore.domain.cloud.instance import SnapshotInfo, Subnets
from rdsrestore.domain.errors import CloudError
from rdsrestore.domain.ids import Endpoint


def test_we_know_who_we_are(account: Account) -> None:
    identity = account.cloud.identity()
    assert identity.account == "123456789012"
    assert identity.arn.startswith("arn:aws:")


def test_the_caller_is_the_address_that_the_outside_sees(account: Account) -> None:
    assert account.cloud.caller() == "127.0.0.1/32"


def test_a_source_is_read_with_everything_that_a_restore_does_not_carry_over(account: Account) -> None:
    source = account.source()
    shown = account.instances()["production"]
    assert source.resource_id == shown["DbiResourceId"]
    assert source.subnet_group == "production-subnets"
    assert source.parameter_group == "production-params"
    assert source.option_group == "default:mariadb"
    assert source.vpc == account.groups()["production-sg"]["VpcId"]
    assert source.ca_certificate == "rds-ca-rsa2048-g1"
    assert source.lifecycle_support == "open-source-rds-extended-support-disabled"
    assert source.earliest is not None
    assert source.latest is not None
    assert source.earliest < source.latest <= datetime.now(UTC)
    assert source.cluster is None


def test_a_source_without_backups_has_no_window(account: Account) -> None:
    shown = {**account.instances()["production"], "BackupRetentionPeriod": 0, "LatestRestorableTime": None}
    account.proxy.show("rds", "DescribeDBInstances", {"DBInstances": [shown]})
    account.proxy.refuse("DescribeDBInstanceAutomatedBackups", "DBInstanceAutomatedBackupNotFound", status=404)
    source = account.source()
    assert (source.retention_days, source.earliest, source.latest) == (0, None, None)


def test_a_member_of_a_cluster_and_a_replica_are_told_apart(account: Account) -> None:
    shown = {
        **account.instances()["production"],
        "DBClusterIdentifier": "c",
        "ReadReplicaSourceDBInstanceIdentifier": "w",
    }
    account.proxy.show("rds", "DescribeDBInstances", {"DBInstances": [shown]})
    source = account.source()
    assert (source.cluster, source.replica_of) == ("c", "w")


def test_replicas_of_other_regions_and_those_that_can_not_be_read_stop_nothing(account: Account) -> None:
    far = "arn:aws:rds:us-east-1:123456789012:db:a-name-that-makes-the-whole-longer-than-the-service-takes"
    shown = {**account.instances()["production"], "ReadReplicaDBInstanceIdentifiers": ["production", far, "gone"]}
    account.proxy.show("rds", "DescribeDBInstances", {"DBInstances": [shown]})
    assert account.source().id == "production"
    account.proxy.show("rds", "DescribeDBInstances", {"DBInstances": [shown]})
    found = account.cloud.replicas("production")
    assert found == {"production": Endpoint("127.0.0.1", shown["Endpoint"]["Port"]), far: None, "gone": None}
    assert account.proxy.count("DescribeDBInstances") == 4


def test_provisioned_storage_is_asked_for_as_the_source_has_it(account: Account) -> None:
    shown = {**account.instances()["production"], "StorageType": "io2", "Iops": 3000}
    account.proxy.show("rds", "DescribeDBInstances", {"DBInstances": [shown]})
    source = account.source()
    account.proxy.refuse("RestoreDBInstanceToPointInTime", "StorageQuotaExceeded")
    with pytest.raises(CloudError) as raised:
        account.cloud.restore(account.spec("sg-0", source=source), account.run)
    assert raised.value.code == "aws.quota"
    assert account.proxy.form("RestoreDBInstanceToPointInTime")["Iops"] == "3000"


def test_another_engine_is_refused_by_name(account: Account) -> None:
    shown = {**account.instances()["production"], "Engine": "aurora-mysql"}
    account.proxy.show("rds", "DescribeDBInstances", {"DBInstances": [shown]})
    with pytest.raises(CloudError, match="aurora-mysql") as raised:
        account.source()
    assert raised.value.code == "aws.engine"
    assert "mariadb, mysql" in raised.value.hint


@pytest.mark.parametrize("typed", ["prodution", "Production_", "production "])
def test_an_unknown_instance_names_the_nearest(account: Account, typed: str) -> None:
    with pytest.raises(CloudError) as raised:
        account.cloud.source(typed)
    assert raised.value.code == "aws.no-instance"
    assert "production" in raised.value.hint


def test_sources_are_listed_without_temporary_instances_through_all_pages(account: Account) -> None:
    account.proxy.page = 2
    for name in ("alpha", "beta", "gamma", account.name):
        account.stranger(name)
    assert sorted(account.cloud.instances()) == ["alpha", "beta", "gamma", "production"]
    assert account.proxy.count("DescribeDBInstances") == 3


def test_snapshots_come_newest_first(account: Account) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    base = {"DBInstanceIdentifier": "production", "Status": "available"}
    shown = [
        {**base, "DBSnapshotIdentifier": "copied-today", "SnapshotCreateTime": now,
         "OriginalSnapshotCreateTime": now - timedelta(days=9)},
        {**base, "DBSnapshotIdentifier": "nightly", "SnapshotCreateTime": now - timedelta(days=1)},
        {**base, "DBSnapshotIdentifier": "growing", "Status": "creating"},
    ]  # fmt: skip
    account.proxy.show("rds", "DescribeDBSnapshots", {"DBSnapshots": shown})
    assert account.cloud.snapshots("production") == (
        SnapshotInfo("nightly", "production", "available", now - timedelta(days=1)),
        SnapshotInfo("copied-today", "production", "available", now - timedelta(days=9)),
        SnapshotInfo("growing", "production", "creating", None),
    )


def test_an_unknown_snapshot_has_its_own_code(account: Account) -> None:
    with pytest.raises(CloudError) as raised:
        account.cloud.snapshot("nightly")
    assert raised.value.code == "aws.no-snapshot"
    assert "--snapshot" in raised.value.hint


@pytest.mark.parametrize("kind", ["automated", "shared", "awsbackup"])
def test_a_snapshot_that_is_shown_only_by_its_kind_is_found(account: Account, kind: str) -> None:
    taken = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    shown = {"DBSnapshotIdentifier": "rds:production-2026-01-02", "DBInstanceIdentifier": "production"}
    shown |= {"Status": "available", "SnapshotType": kind}
    kinds = ("automated", "shared", "awsbackup")
    nothing: list[dict[str, Any]] = [{"DBSnapshots": []}] * (kinds.index(kind) + 1)
    answers = [*nothing, {"DBSnapshots": [{**shown, "SnapshotCreateTime": taken}]}]
    account.proxy.show_each("rds", "DescribeDBSnapshots", answers)
    found = account.cloud.snapshot("rds:production-2026-01-02")
    assert found == SnapshotInfo("rds:production-2026-01-02", "production", "available", taken)
    assert account.proxy.form("DescribeDBSnapshots")["SnapshotType"] == kind


def test_a_listing_without_the_snapshot_is_no_bug_of_ours(account: Account) -> None:
    account.proxy.show("rds", "DescribeDBSnapshots", {"DBSnapshots": []}, times=4)
    with pytest.raises(CloudError) as raised:
        account.cloud.snapshot("nightly")
    assert raised.value.code == "aws.no-snapshot"


def test_the_price_is_read_where_there_is_one_and_unknown_elsewhere(account: Account) -> None:
    source = account.source()
    assert account.cloud.hourly_cost(source, "db.t3.micro") is None
    dimensions = {"x.y": {"pricePerUnit": {"USD": "0.0680000000"}}}
    price = json.dumps({"terms": {"OnDemand": {"x": {"priceDimensions": dimensions}}}})
    account.proxy.say("GetProducts", json.dumps({"PriceList": [price]}).encode())
    assert account.cloud.hourly_cost(source, "db.t3.micro") == Decimal("0.068")
    account.proxy.cut("GetProducts")
    assert account.cloud.hourly_cost(source, "db.t3.micro") is None


def test_waiting_for_the_window_ends_when_it_reaches_the_moment(account: Account) -> None:
    moment = datetime.now(UTC) - timedelta(minutes=1)
    behind = {**account.instances()["production"], "LatestRestorableTime": moment - timedelta(minutes=5)}
    account.proxy.show("rds", "DescribeDBInstances", {"DBInstances": [behind]}, times=2)
    assert account.cloud.await_restorable("production", moment, account.progress) >= moment
    assert [text.startswith("backups reach") for text, _share in account.said] == [True, True]
    assert account.proxy.count("DescribeDBInstances") == 3


def test_waiting_for_the_window_of_an_instance_that_is_gone_ends_at_once(account: Account) -> None:
    with pytest.raises(CloudError) as raised:
        account.cloud.await_restorable("gone", datetime.now(UTC), account.progress)
    assert raised.value.code == "aws.no-instance"


def test_the_copy_s_subnets_are_looked_at_with_their_way_out(account: Account) -> None:
    source = account.source()
    public = replace(source, publicly_accessible=True)
    assert account.cloud.subnets(source) == Subnets(source.vpc)
    assert account.cloud.subnets(replace(source, subnet_group="gone")) == Subnets()
    gateway = account.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    account.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=source.vpc)
    table = account.ec2.create_route_table(VpcId=source.vpc)["RouteTable"]["RouteTableId"]
    account.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    (first, second) = account.cloud.subnets(public).closed
    joined = account.ec2.associate_route_table(RouteTableId=table, SubnetId=first)["AssociationId"]
    assert account.cloud.subnets(public).closed == (second,)
    account.ec2.disassociate_route_table(AssociationId=joined)
    account.ec2.delete_route_table(RouteTableId=table)
    account.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=source.vpc)


def test_subnets_that_may_not_be_looked_at_are_not_known(account: Account) -> None:
    source = account.source()
    account.proxy.refuse("DescribeDBSubnetGroups", "AccessDenied", status=403)
    assert account.cloud.subnets(source).unseen == "AccessDenied"
