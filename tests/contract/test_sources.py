"""Who we are, which instances can be restored, and their backups: read through the adapter."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from account import Account
from rdsrestore.domain.cloud.instance import Backups, SnapshotInfo, SourceCluster, Subnets
from rdsrestore.domain.errors import CloudError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.lab.launch import control


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
    assert source.option_group == f"default:{source.engine}-{'-'.join(source.version.split('.')[:2])}"
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
    shown = {**account.instances()["production"], "Engine": "aurora-postgresql"}
    account.proxy.show("rds", "DescribeDBInstances", {"DBInstances": [shown]})
    with pytest.raises(CloudError, match="aurora-postgresql") as raised:
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


@pytest.mark.parametrize("engine", ["mysql", "aurora-mysql"])
def test_a_cluster_s_snapshot_is_found_and_restored_to_an_instance_unless_it_is_aurora_s(
    account: Account, engine: str
) -> None:
    shown = {"DBClusterSnapshotIdentifier": "nightly", "DBClusterIdentifier": "c", "Status": "available"}
    shown |= {"Engine": engine, "EngineVersion": "8.0.39", "MasterUsername": "root"}
    account.proxy.show("rds", "DescribeDBClusterSnapshots", {"DBClusterSnapshots": [shown]})
    found = account.cloud.snapshot("nightly")
    assert found == SnapshotInfo("nightly", "c", "available", None, engine, "8.0.39", "root", of_cluster=True)
    if engine != "mysql":
        source = replace(account.source(), engine=engine, member_of=SourceCluster("c", "cluster-1", "w", "p"))
        wish = account.spec("sg-0", source=source, moment=None, snapshot="nightly", of_cluster=True, as_cluster=True)
        account.proxy.refuse("RestoreDBClusterFromSnapshot", "StorageQuotaExceeded")
        with pytest.raises(CloudError):
            account.cloud.restore(replace(wish, version="8.0.39"), account.run)
        form = account.proxy.form("RestoreDBClusterFromSnapshot")
        assert (form["SnapshotIdentifier"], form["EngineVersion"]) == ("nightly", "8.0.39")
        return
    account.proxy.refuse("RestoreDBInstanceFromDBSnapshot", "StorageQuotaExceeded")
    with pytest.raises(CloudError):
        account.cloud.restore(account.spec("sg-0", moment=None, snapshot="nightly", of_cluster=True), account.run)
    form = account.proxy.form("RestoreDBInstanceFromDBSnapshot")
    assert form["DBClusterSnapshotIdentifier"] == "nightly"
    assert "DBSnapshotIdentifier" not in form


@pytest.mark.parametrize(
    ("arn", "asked"),
    [
        ("arn:aws:rds:eu-central-1:123456789012:snapshot:rds:nightly", "rds:nightly"),
        ("arn:aws:rds:eu-central-1:210987654321:snapshot:x", "arn:aws:rds:eu-central-1:210987654321:snapshot:x"),
    ],
)
def test_a_snapshot_s_arn_is_asked_for_by_its_name_where_it_is_the_account_s_own(
    account: Account, arn: str, asked: str
) -> None:
    with pytest.raises(CloudError):
        account.cloud.snapshot(arn)
    assert account.proxy.form("DescribeDBSnapshots")["DBSnapshotIdentifier"] == asked


def test_a_snapshot_of_another_region_has_to_be_copied_first(account: Account) -> None:
    with pytest.raises(CloudError, match="lies in us-east-1") as raised:
        account.cloud.snapshot("arn:aws:rds:us-east-1:123456789012:snapshot:nightly")
    assert "copy-db-snapshot --source-region us-east-1" in raised.value.hint
    assert account.proxy.count("DescribeDBSnapshots") == 0


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


def test_the_free_storage_is_what_was_reported_last_and_unknown_where_nobody_may_ask(account: Account) -> None:
    assert account.cloud.free_storage("production") is None
    now = datetime.now(UTC)
    for ago, free in ((3, 5e9), (1, 4e9), (2, 9e9), (20, 1e9)):
        account.report("FreeStorageSpace", "production", free, now - timedelta(minutes=ago))
    assert account.cloud.free_storage("production") == 4_000_000_000
    assert account.cloud.free_storage("another") is None
    for action, known in (("cloudwatch:GetMetricStatistics", 4_000_000_000), ("rds:*", None)):
        statement = {"Effect": "Allow", "Action": [action], "Resource": "*"}
        control(account.state, "policy", {"statements": [statement]})
        assert account.cloud.free_storage("production") == known
    control(account.state, "policy", {"statements": None})


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


ARN = "arn:aws:rds:eu-central-1:123456789012:auto-backup:ab-FAR"


def kept(**changes: object) -> dict[str, Any]:
    """An entry of the list of automated backups."""
    base = {
        "DBInstanceIdentifier": "production",
        "DbiResourceId": "db-ONE",
        "DBInstanceArn": "arn:aws:rds:eu-central-1:123456789012:db:production",
        "Engine": "mariadb",
        "EngineVersion": "10.11.8",
        "MasterUsername": "root",
        "Status": "retained",
        "RestoreWindow": {"EarliestTime": datetime(2026, 1, 1, tzinfo=UTC), "LatestTime": datetime(2026, 1, 2, tzinfo=UTC)},
        "DBInstanceAutomatedBackupsArn": "arn:aws:rds:eu-central-1:123456789012:auto-backup:ab-ONE",
    }  # fmt: skip
    return base | changes


FAR = {"DbiResourceId": "db-FAR", "DBInstanceArn": "arn:aws:rds:us-east-1:123456789012:db:production",
       "DBInstanceAutomatedBackupsArn": ARN}  # fmt: skip


def test_backups_of_what_is_no_more_are_found_by_name_resource_id_and_arn(account: Account) -> None:
    entries = [
        kept(),
        kept(**FAR),
        kept(DBInstanceIdentifier="production-old1", DbiResourceId="db-OLD", Status="active"),
    ]
    entries += [kept(DBInstanceIdentifier="production-older", DbiResourceId="db-NOT")]
    account.proxy.show("rds", "DescribeDBInstanceAutomatedBackups", {"DBInstanceAutomatedBackups": entries}, times=5)
    days = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    one = Backups("production", "db-ONE", "mariadb", "10.11.8", "root", *days, ended=True)
    far = Backups("production", "db-FAR", "mariadb", "10.11.8", "root", *days, ended=True, arn=ARN)
    assert account.cloud.backups("Production") == [one, far]
    assert account.cloud.backups("db-ONE") == [one]
    assert account.cloud.backups(ARN) == [far]
    assert [each.resource_id for each in account.cloud.earlier_backups("production")] == ["db-ONE", "db-FAR", "db-OLD"]
    with pytest.raises(CloudError, match="no automated backups of somebody") as raised:
        account.cloud.backups("somebody")
    assert raised.value.code == "aws.no-backups"


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [({}, "SourceDbiResourceId", "db-ONE"), (FAR, "SourceDBInstanceAutomatedBackupsArn", ARN)],
    ids=["retained here", "replicated from another region"],
)
def test_backups_are_named_to_a_restore_as_they_have_to_be(
    account: Account, changes: dict[str, str], name: str, value: str
) -> None:
    shown = {"DBInstanceAutomatedBackups": [kept(**changes)]}
    account.proxy.show("rds", "DescribeDBInstanceAutomatedBackups", shown)
    (found,) = account.cloud.backups("production")
    account.proxy.refuse("RestoreDBInstanceToPointInTime", "StorageQuotaExceeded")
    with pytest.raises(CloudError):
        account.cloud.restore(account.spec("sg-0", backups=found), account.run)
    form = account.proxy.form("RestoreDBInstanceToPointInTime")
    assert {key: form[key] for key in form if key.startswith("Source")} == {name: value}


OF_CLUSTER = {
    "DBClusterIdentifier": "shop-cluster",
    "DbClusterResourceId": "cluster-ONE",
    "DBClusterArn": "arn:aws:rds:eu-central-1:123456789012:cluster:shop-cluster",
    "Engine": "aurora-mysql",
    "EngineVersion": "8.0.mysql_aurora.3.10.0",
    "MasterUsername": "root",
    "Status": "retained",
    "RestoreWindow": {"EarliestTime": datetime(2026, 1, 1, tzinfo=UTC), "LatestTime": datetime(2026, 1, 2, tzinfo=UTC)},
}


def test_backups_of_a_cluster_that_is_no_more_are_found_but_none_of_another_region(account: Account) -> None:
    far = OF_CLUSTER | {
        "DbClusterResourceId": "cluster-FAR",
        "DBClusterArn": "arn:aws:rds:us-east-1:1:cluster:shop-cluster",
    }
    account.proxy.show(
        "rds", "DescribeDBClusterAutomatedBackups", {"DBClusterAutomatedBackups": [OF_CLUSTER, far]}, times=3
    )
    (found,) = account.cloud.backups("shop-cluster")
    assert (found.resource_id, found.of_cluster, found.ended, found.engine) == (
        "cluster-ONE",
        True,
        True,
        "aurora-mysql",
    )
    assert account.cloud.backups("cluster-ONE") == [found]
    assert account.cloud.earlier_backups("shop-cluster") == [found]


def test_a_cluster_is_restored_from_the_backups_that_were_named(account: Account) -> None:
    account.proxy.show("rds", "DescribeDBClusterAutomatedBackups", {"DBClusterAutomatedBackups": [OF_CLUSTER]})
    (found,) = account.cloud.backups("cluster-ONE")
    account.proxy.refuse("RestoreDBClusterToPointInTime", "StorageQuotaExceeded")
    cluster = SourceCluster("now", "cluster-NOW", "production", "c-params", "aurora", None, None, "IPV4")
    source = replace(account.source(), engine="aurora-mysql", cluster="now", member_of=cluster)
    with pytest.raises(CloudError):
        account.cloud.restore(account.spec("sg-0", backups=found, source=source, as_cluster=True), account.run)
    form = account.proxy.form("RestoreDBClusterToPointInTime")
    assert {key: form[key] for key in form if key.startswith("Source")} == {"SourceDbClusterResourceId": "cluster-ONE"}


def test_the_window_of_replicated_backups_is_waited_for(account: Account) -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    behind = kept(**FAR, RestoreWindow={"EarliestTime": moment - timedelta(1), "LatestTime": moment - timedelta(0, 9)})
    answers = [{"DBInstanceAutomatedBackups": [each]} for each in (behind, kept(**FAR))]
    account.proxy.show_each("rds", "DescribeDBInstanceAutomatedBackups", answers)
    assert account.cloud.await_restorable(ARN, moment, account.progress) == moment
    assert [text for text, _share in account.said] == ["backups reach 23:59:51Z"]


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


def test_a_source_names_where_its_audit_log_is_exported(account: Account) -> None:
    assert account.source().audit_log is None
    exported = {"EnableLogTypes": ["audit"]}
    account.rds.modify_db_instance(
        DBInstanceIdentifier="production", CloudwatchLogsExportConfiguration=exported, ApplyImmediately=True
    )
    named = account.source().audit_log
    account.rds.modify_db_instance(
        DBInstanceIdentifier="production", CloudwatchLogsExportConfiguration={"DisableLogTypes": ["audit"]}
    )
    assert named == "/aws/rds/instance/production/audit"
    assert account.source().audit_log is None
