from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fakes import BEFORE, BILLING, LINES, NOW, SOURCE, FakeWorld, definition, request, unreachable
from rdsrestore.app.resume import afresh
from rdsrestore.domain.cloud.admission import Reference
from rdsrestore.domain.cloud.copy_attributes import CopyAttributes
from rdsrestore.domain.cloud.instance import Backups, Leftover, SnapshotInfo, SourceCluster
from rdsrestore.domain.errors import CloudError, DatabaseError, Refused
from rdsrestore.domain.ids import Endpoint, TableRef
from rdsrestore.domain.request.merge_policy import Merge, Policy, Triggers
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment, RowsFrom, Snapshot
from rdsrestore.domain.request.throttle_rules import Limits
from rdsrestore.domain.survey import ListenerCheck, Replica, Survey, TableSurvey
from rdsrestore.domain.tables.definition import Column, ForeignKey, Trigger
from rdsrestore.domain.tables.server import ClientTools, OpenTransaction, Problem
from rdsrestore.workflow.preflight import Severity, check, unfit
from rdsrestore.workflow.surveyor import survey

CLUSTER = SourceCluster("c", "cluster-1", "the-writer", "cluster-params")

DOWN = ("stopped", "stopping", "deleting", "failed", "storage-full", "incompatible-parameters", "creating")
BUSY = ("maintenance", "upgrading", "rebooting", "starting", "renaming", "converting-to-vpc", "never-heard-of")
USUAL = ("available", "backing-up", "modifying", "storage-initialization", "storage-optimization")
QUIET = ("configuring-log-exports", "configuring-iam-database-auth", "configuring-enhanced-monitoring")
CASCADE = ForeignKey("fk_lines", LINES, ("billing_id",), BILLING, ("id",), "CASCADE")


def seen(**changes: object) -> Survey:
    return replace(survey(request(), FakeWorld().world(), Path()), **changes)  # type: ignore[arg-type]  # a test's fields


def with_table(rows: int | None = 3, **changes: object) -> Survey:
    return seen(tables=(TableSurvey(BILLING, definition(BILLING, **changes), rows),))


def codes(wanted: Request, found: Survey, severity: Severity = Severity.BLOCKS) -> list[str]:
    return [finding.code for finding in check(wanted, found) if finding.severity is severity]


IN_GROUPS = replace(SOURCE, security_groups=("sg-0123456789abcdef0", "sg-0123456789abcdef1"))


def test_a_plain_case_has_no_findings() -> None:
    assert check(request(), seen()) == ()


@pytest.mark.parametrize(
    ("wanted", "found", "code"),
    [
        (request(point=Moment(NOW - timedelta(days=8), "last week")), seen(), "window.too-old"),
        (request(), seen(source=replace(SOURCE, retention_days=0, earliest=None, latest=None)), "window.off"),
        *((request(), seen(source=replace(SOURCE, status=status)), "source.status") for status in DOWN),
        (request(), seen(source=replace(SOURCE, cluster="c", member_of=CLUSTER)), "source.cluster"),
        (
            request(point=Snapshot("s")),
            seen(snapshot=SnapshotInfo("s", "production", "creating", None)),
            "snapshot.not-ready",
        ),
        (request(), seen(tools=ClientTools(None)), "tool.missing"),
        (request(), seen(tools=ClientTools("mysqldump", problem=Problem("db.tls", "no", "do"))), "db.tls"),
        (request(), seen(caller=None), "caller.unknown"),
        (request(allow=("pl-01234567",)), seen(references=(Reference("pl-01234567", "", "none"),)), "caller.reference"),
        (request(same_groups=True), seen(), "caller.no-groups"),
        (request(allow=("2001:db8::/64",)), seen(source=replace(SOURCE, network_type="IPV4")), "caller.ipv6"),
        (request(), seen(denied=("ec2:CreateSecurityGroup",)), "aws.denied"),
        (request(), with_table(bytes=1 << 60), "disk.full"),
        (request(attributes=CopyAttributes(storage_type="io1")), seen(), "copy.storage"),
        (request(attributes=CopyAttributes(storage_type="gp2", iops=3000)), seen(), "copy.storage"),
        (request(attributes=CopyAttributes(storage_type="io2", iops=3000, throughput=500)), seen(), "copy.storage"),
        (request(attributes=CopyAttributes(throughput=500)), seen(), "copy.storage"),
        (
            request(attributes=CopyAttributes(zone="a")),
            seen(source=replace(SOURCE, engine="mysql", cluster="c", member_of=replace(CLUSTER, writer=SOURCE.id))),
            "copy.cluster",
        ),
        (request(attributes=CopyAttributes(subnet_group="x")), seen(subnets_of="vpc-2"), "copy.subnets"),
        (request(attributes=CopyAttributes(subnet_group="x")), seen(subnets_of=""), "copy.subnets"),
        (request(), with_table(kind="VIEW"), "table.kind"),
        (request(), with_table(engine="MyISAM"), "table.kind"),
        (request(), with_table(triggers=(Trigger("audit", "AFTER", "INSERT"),)), "table.triggers"),
        (request(policy=Policy(Merge.EXACT)), with_table(key=()), "table.no-key"),
        (request(policy=Policy(Merge.NONE)), with_table(), "merge.not-empty"),
        (request(), seen(tables=(TableSurvey(BILLING, None, similar=("billings",)),)), "table.unknown"),
        (request(into="old"), seen(target=TableSurvey(BILLING, definition())), "into.exists"),
        (request(into="then"), replace(with_table(bytes=1_000), free_storage=1_999), "disk.production"),
        (request(policy=Policy(where="1;")), seen(where_problem="is not one expression"), "where.refused"),
        (request(policy=Policy(where="id > 1"), tables=("billing", "billing_lines")), seen(), "where.tables"),
    ],
)
def test_what_makes_the_job_impossible_blocks_it(wanted: Request, found: Survey, code: str) -> None:
    assert codes(wanted, found) == [code]


@pytest.mark.parametrize(
    ("wanted", "found", "code"),
    [
        (request(point=Moment(NOW, "now")), seen(), "window.not-yet"),
        (request(), with_table(referenced_by=(CASCADE,)), "table.children"),
        (request(), with_table(versioned=True), "table.versioned"),
        (request(), seen(source=replace(SOURCE, replica_of="writer")), "source.replica"),
        (request(), seen(leftovers=(Leftover("instance", "i", "r", "available"),)), "leftovers"),
        (request(), seen(server=replace(seen().server, caller_name="ip-10-0-3-7.internal")), "caller.unsure"),
        (request(allow=("10.0.0.0/16",)), seen(), "caller.wide"),
        (request(same_groups=True), seen(source=IN_GROUPS, caller=None), "caller.shared"),
        (
            request(same_groups=True, allow=("10.0.0.7/32",)),
            seen(source=IN_GROUPS, server=replace(seen().server, caller="10.0.3.7/32")),
            "caller.shared",
        ),
        (
            request(allow=("10.0.0.7/32",)),
            seen(references=(Reference("pl-01234567", unseen="UnauthorizedOperation"),)),
            "caller.unseen",
        ),
        (
            request(allow=("10.0.0.7/32",)),
            seen(server=replace(seen().server, caller="10.0.3.7/32"), caller="10.0.3.7/32"),
            "caller.left-out",
        ),
        (
            request(caller="203.0.113.9/32"),
            seen(server=replace(seen().server, caller="10.0.3.7/32"), caller="203.0.113.9/32"),
            "caller.differs",
        ),
        *((request(), seen(source=replace(SOURCE, status=status)), "source.busy") for status in BUSY),
        (request(attributes=CopyAttributes(copy_tags=("Team",))), seen(), "copy.tags"),
        (request(), seen(doubted=("rds:DeleteDBInstance",)), "aws.doubted"),
        (request(), seen(identity=replace(seen().identity, ends=NOW + timedelta(minutes=50))), "aws.expiring"),
        (request(), seen(leftovers_problem="security group rules: no"), "leftovers.unknown"),
        (request(), seen(unseen_replicas=("arn:aws:rds:us-east-1:1:db:dr",)), "replica.unseen"),
        (request(), seen(listeners=(ListenerCheck("Slack", "channel_not_found", "check it"),)), "listener.silent"),
    ],
)
def test_what_only_needs_saying_is_said(wanted: Request, found: Survey, code: str) -> None:
    assert codes(wanted, found) == []
    assert codes(wanted, found, Severity.WARNS) == [code]


@pytest.mark.parametrize(
    ("where", "zones", "warned"),
    [
        ("`At` < '2017-06-01 10:14'", {"time_zone": "Europe/Berlin"}, True),
        ("at < '2017-06-01'", {"time_zone": "SYSTEM", "system_time_zone": "CEST"}, True),
        ("at < '2017-06-01'", {"time_zone": "SYSTEM", "system_time_zone": "UTC"}, False),
        ("at < '2017-06-01'", {"time_zone": "+00:00"}, False),
        ("id = 1", {"time_zone": "+05:30"}, False),
    ],
)
def test_a_filter_s_times_are_said_to_be_in_utc(where: str, zones: dict[str, str], *, warned: bool) -> None:
    columns = (*definition().columns, Column("at", "timestamp", "timestamp", nullable=True))
    found = with_table(columns=columns)
    found = replace(found, server=replace(found.server, globals=zones))
    said = codes(request(policy=Policy(where=where)), found, Severity.WARNS)
    assert ("where.zone" in said) == warned


def test_a_filter_that_was_written_for_a_zone_is_said_to_be() -> None:
    found = replace(with_table(), where=("IFNULL(CONVERT_TZ(at, '+00:00', '-08:00'), at) > 0", "-08:00"))
    (told,) = [each for each in check(request(policy=Policy(where="at > 0")), found) if each.code == "where.zone"]
    assert told.message == "--where: its times are read in -08:00, as production's sessions show them"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (request(triggers=Triggers.FIRE), with_table(triggers=(Trigger("audit", "AFTER", "INSERT"),))),
        (request(into="old"), with_table(triggers=(Trigger("audit", "AFTER", "INSERT"),))),
        (request(), with_table(rows=0, key=())),
        (request(into="old"), with_table(key=())),
        (request(into="old"), replace(with_table(bytes=1_000), free_storage=2_000)),
        (request(), replace(with_table(bytes=1_000), free_storage=0)),
        (request(policy=Policy(Merge.NONE)), with_table(rows=0)),
        (request(recreate=True), seen(tables=(TableSurvey(BILLING, None),))),
        (request(tables=("billing", "billing_lines")), with_table(referenced_by=(CASCADE,))),
    ],
)
def test_each_way_out_that_a_hint_names_is_open(wanted: Request, found: Survey) -> None:
    assert [each for each in check(wanted, found) if each.severity is Severity.BLOCKS] == []


def test_production_s_word_on_our_address_comes_before_anybody_else_s() -> None:
    world = FakeWorld()
    world.server.facts = replace(world.server.facts, caller="10.0.3.7/32")
    found = survey(request(), world.world(), Path())
    assert found.caller == "10.0.3.7/32"
    assert check(request(), found) == ()


def test_a_run_that_is_gone_on_with_lets_in_the_address_of_now() -> None:
    world = FakeWorld()
    before = survey(request(), world.world(), Path())
    world.server.facts = replace(world.server.facts, caller="10.0.9.9/32")
    assert afresh(before, request(), world.world()).caller == "10.0.9.9/32"
    world.server.facts = replace(world.server.facts, caller=None)
    assert afresh(before, request(), world.world()).caller == before.caller


def test_an_address_that_production_sees_need_not_be_known_outside() -> None:
    world = FakeWorld()
    world.cloud.address = None
    world.server.facts = replace(world.server.facts, caller="2001:db8::7/128")
    assert survey(request(), world.world(), Path()).caller == "2001:db8::7/128"


def test_a_look_for_leftovers_that_fails_stops_nothing() -> None:
    world = FakeWorld()
    world.cloud.faults.fail("leftovers", CloudError("security group rules", "no", code="aws.refused"))
    found = survey(request(), world.world(), Path())
    assert [each.code for each in check(request(), found)] == ["leftovers.unknown"]
    assert "security group rules: no" in found.leftovers_problem


def test_replicas_are_read_only_where_their_lag_matters() -> None:
    world = FakeWorld()
    replica = Endpoint("replica.example", 3306)
    world.cloud.followers = {"replica": replica, "arn:aws:rds:us-east-1:123456789012:db:dr": None}
    world.cloud.faults.fail("replicas", CloudError("instance", "no"))
    assert survey(request(), world.world(), Path()).source.replicas == ()
    world.cloud.faults.planned.clear()
    watched = survey(request(limits=Limits(max_lag=5)), world.world(), Path())
    assert watched.source.replicas == (replica,)
    assert watched.unseen_replicas == ("arn:aws:rds:us-east-1:123456789012:db:dr",)


def test_the_writer_of_a_replica_in_another_region_is_named_with_its_region() -> None:
    writer = "arn:aws:rds:us-east-1:123456789012:db:main"
    (finding,) = check(request(), seen(source=replace(SOURCE, replica_of=writer)))
    assert "--region us-east-1 --instance main" in finding.hint


@pytest.mark.parametrize("status", [*USUAL, *QUIET])
def test_the_service_s_ordinary_business_goes_unsaid(status: str) -> None:
    assert check(request(), seen(source=replace(SOURCE, status=status))) == ()


def test_a_stopped_production_is_told_as_stopped_before_anybody_knocks() -> None:
    world = FakeWorld()
    world.cloud.held = replace(SOURCE, status="stopped")
    world.server.faults.fail("login", DatabaseError("production", "does not answer", code="db.unreachable"))
    with pytest.raises(Refused, match="production is stopped") as raised:
        survey(request(), world.world(), Path())
    assert "start-db-instance" in raised.value.hint


def test_a_production_that_is_away_is_told_with_what_is_done_to_it() -> None:
    world = FakeWorld()
    world.cloud.held = replace(SOURCE, status="rebooting")
    world.server.faults.fail("login", DatabaseError("production", "it does not answer", code="db.unreachable"))
    with pytest.raises(DatabaseError, match="production is rebooting") as raised:
        survey(request(), world.world(), Path())
    assert raised.value.code == "db.unreachable"


def test_the_hint_for_lost_children_is_the_command_that_saves_them() -> None:
    (finding,) = check(request(), with_table(referenced_by=(CASCADE,)))
    assert finding.hint == "add --with-children, or the table: rdsrestore table billing billing_lines"


def test_blocking_findings_come_first() -> None:
    found = with_table(kind="VIEW", referenced_by=(CASCADE,))
    severities = [finding.severity for finding in check(request(point=BEFORE), found)]
    assert severities == [Severity.BLOCKS, Severity.WARNS]


@pytest.mark.parametrize(
    ("ahead", "side"), [(75.0, "75 seconds behind"), (-4000.0, "4,000 seconds ahead of"), (3.0, "")]
)
def test_a_clock_that_is_off_is_said(ahead: float, side: str) -> None:
    found = [each.message for each in check(request(), seen(server=replace(seen().server, ahead=ahead)))]
    assert [side in each for each in found] == ([True] if side else [])


def test_a_table_that_can_not_come_back_takes_those_along_that_are_tied_to_it() -> None:
    other = TableRef("shop", "other")
    asked = request(tables=("billing", "billing_lines", "other"))
    hindered = definition(BILLING, hindrances=("column a is FLOAT",), referenced_by=(CASCADE,))
    tables = tuple(TableSurvey(each.ref, each, 3) for each in (hindered, definition(LINES), definition(other)))
    assert unfit(asked, seen(tables=tables)) == {
        BILLING: "column a is FLOAT",
        LINES: "it is tied by a foreign key to shop.billing",
    }
    assert unfit(asked, seen(tables=tables[1:])) == {}


@pytest.mark.parametrize(("into", "found"), [(None, ["table.columns"]), ("beside", [])])
def test_a_table_without_room_for_columns_of_ours_is_refused_in_place(into: str | None, found: list[str]) -> None:
    many = tuple(Column(f"c{number}", "int", "int", nullable=True) for number in range(1_012))
    assert codes(request(into=into), with_table(columns=many)) == found


COMPUTED = {
    "a generated column": "`d` date GENERATED ALWAYS AS (cast(`ts` as date)) STORED",
    "a generated column of MariaDB's": "`d` date GENERATED ALWAYS AS (cast(`ts` as date)) VIRTUAL",
    "a functional index": "KEY `f` ((cast(`ts` as date)))",
    "a check": "CONSTRAINT `c` CHECK ((`d` = cast(`ts` as date)))",
}


@pytest.mark.parametrize("line", COMPUTED.values(), ids=COMPUTED)
@pytest.mark.parametrize(("zone", "refused"), [("-08:00", True), ("SYSTEM", True), ("UTC", False), ("+00:00", False)])
def test_what_is_computed_from_a_timestamp_is_refused_where_sessions_are_not_in_utc(
    line: str, zone: str, *, refused: bool
) -> None:
    sql = f"CREATE TABLE `billing` (\n  `ts` timestamp NOT NULL,\n  {line}\n)"
    found = with_table(columns=(Column("ts", "timestamp", "timestamp", nullable=False),), create_sql=sql)
    zones = {"time_zone": zone, "system_time_zone": "CET"}
    found = replace(found, server=replace(found.server, globals=zones))
    assert ("table.zone" in codes(request(), found)) == refused


def test_an_index_over_a_timestamp_itself_is_the_same_in_every_zone() -> None:
    sql = "CREATE TABLE `billing` (\n  `ts` timestamp NOT NULL,\n  `n` int GENERATED ALWAYS AS (1) STORED,\n  KEY `k` (`ts`)\n)"
    found = with_table(columns=(Column("ts", "timestamp", "timestamp", nullable=False),), create_sql=sql)
    found = replace(found, server=replace(found.server, globals={"time_zone": "-08:00"}))
    assert "table.zone" not in codes(request(), found)


@pytest.mark.parametrize(
    ("flavour", "name", "told"),
    [("mysql", "small", True), ("mysql", "billing_chk_1", False), ("mariadb", "small", False)],
)
def test_checks_that_get_other_names_in_a_table_beside_are_named(flavour: str, name: str, *, told: bool) -> None:
    sql = f"CREATE TABLE `billing` (\n  `id` int,\n  CONSTRAINT `{name}` CHECK ((`id` < 9))\n)"
    found = with_table(create_sql=sql)
    found = replace(found, server=replace(found.server, flavour=flavour))
    assert ("into.check-names" in codes(request(into="beside"), found, Severity.WARNS)) == told
    assert "into.check-names" not in codes(request(), found, Severity.WARNS)


GONE = Backups(
    "production", "db-GONE", "mariadb", "10.11.8", "root", NOW - timedelta(9), NOW - timedelta(7), ended=True
)
LAST_WEEK = Moment(NOW - timedelta(days=8), "last week")


def of_gone(**changes: object) -> tuple[Request, FakeWorld]:
    world = FakeWorld()
    world.cloud.kept = [GONE]
    return request(**{"point": LAST_WEEK, **changes}), world


def test_a_moment_before_the_instance_s_own_backups_names_the_flag_for_those_that_hold_it() -> None:
    wanted, world = of_gone()
    (found, *_others) = check(wanted, survey(wanted, world.world(), Path()))
    assert (found.code, "--backups-of db-GONE (production, " in found.hint) == ("window.too-old", True)


def test_backups_of_another_instance_are_restored_with_their_own_login() -> None:
    wanted, world = of_gone(backups_of="db-GONE")
    read = survey(wanted, world.world(), Path())
    assert codes(wanted, read) == []
    assert (read.backed_up.master_user, read.source.master_user) == ("root", "admin")


@pytest.mark.parametrize(
    ("changes", "kept", "code"),
    [
        ({"point": BEFORE}, GONE, "window.ended"),
        ({"incident_end": BEFORE}, GONE, "window.ended"),
        ({"point": Moment(NOW - timedelta(days=10), "long ago")}, GONE, "window.too-old"),
        ({}, replace(GONE, engine="mysql"), "backups.other-engine"),
    ],
)
def test_backups_that_do_not_hold_what_was_asked_for_block_the_job(
    changes: dict[str, object], kept: Backups, code: str
) -> None:
    wanted, world = of_gone(backups_of="production", **changes)
    world.cloud.kept = [kept]
    assert codes(wanted, survey(wanted, world.world(), Path())) == [code]


def test_a_cluster_s_backups_are_refused_for_an_instance_that_is_in_none() -> None:
    wanted, world = of_gone(backups_of="production")
    world.cloud.kept = [replace(GONE, of_cluster=True)]
    with pytest.raises(Refused, match="are a cluster's, and production is in none") as raised:
        survey(wanted, world.world(), Path())
    assert raised.value.code == "source.cluster"


def test_of_several_lives_under_one_name_the_one_that_holds_the_moment_is_taken() -> None:
    wanted, world = of_gone(backups_of="production")
    own = replace(GONE, resource_id="db-OWN", earliest=NOW - timedelta(7), latest=NOW, ended=False)
    world.cloud.kept.append(own)
    assert survey(wanted, world.world(), Path()).backups == GONE
    with pytest.raises(Refused, match="production has 2 lives with backups, 0 of which hold") as raised:
        survey(replace(wanted, point=Moment(NOW - timedelta(days=10), "long ago")), world.world(), Path())
    assert raised.value.code == "backups.several"
    assert "db-GONE: " in raised.value.hint


@pytest.mark.parametrize(("version", "found"), [("10.11.2", []), ("10.6.18", ["backups.other-version"])])
def test_a_backup_of_another_release_is_said(version: str, found: list[str]) -> None:
    old = SnapshotInfo("s", "production", "available", NOW, "mariadb", version, "root")
    read = seen(snapshot=old)
    assert codes(request(point=Snapshot("s")), read, Severity.WARNS) == found
    assert read.copied.master_user == "root"


def test_what_fits_the_copy_is_no_finding() -> None:
    large, provisioned = replace(SOURCE, storage=400), replace(SOURCE, storage_type="io1", iops=3000)
    fast = request(attributes=CopyAttributes(iops=12000, throughput=500))
    assert check(fast, seen(source=large)) == ()
    assert check(request(attributes=CopyAttributes(storage_type="io2")), seen(source=provisioned)) == ()
    assert check(request(attributes=CopyAttributes(storage_type="gp2")), seen(source=provisioned)) == ()
    other = request(attributes=CopyAttributes(subnet_group="other"))
    found = survey(other, FakeWorld().world(), Path())
    assert found.subnets_of == SOURCE.vpc
    assert check(other, found) == ()
    tagged = request(attributes=CopyAttributes(copy_tags=("Team",)))
    assert check(tagged, seen(source=replace(SOURCE, tags=(("Team", "shop"),)))) == ()


def test_a_source_in_as_many_groups_as_an_interface_may_have_is_said_beforehand() -> None:
    full = replace(SOURCE, security_groups=tuple(f"sg-0123456789abcdef{number}" for number in range(5)))
    found = check(request(same_groups=True), seen(source=full))
    assert [each.code for each in found] == ["caller.groups", "caller.shared"]


def test_rows_that_went_with_others_are_not_promised_from_the_binlog() -> None:
    read = with_table(referenced_by=(CASCADE,))
    for source, way in ((RowsFrom.BACKUP, "--with-children"), (RowsFrom.BINLOG, "--rows-from backup")):
        (told,) = [each for each in check(request(rows_from=source), read) if each.code == "table.children"]
        assert way in told.hint
        assert "rdsrestore table billing billing_lines" in told.hint


def test_what_is_quicker_than_a_restore_is_said_first_and_stops_nothing() -> None:
    row_log = {"log_bin": "ON", "binlog_format": "ROW", "binlog_row_image": "FULL"}
    before, since = BEFORE.utc - timedelta(minutes=5), BEFORE.utc + timedelta(minutes=1)
    read = with_table(key_index="PRIMARY")
    facts = replace(
        read.server,
        globals=row_log,
        open=(OpenTransaction(7, since, 900), OpenTransaction(8, before, 0), OpenTransaction(9, since, 0)),
    )
    read = replace(read, server=facts)

    found = check(request(), read)

    assert [each.code for each in found] == ["quicker.rollback", "quicker.snapshot", "quicker.binlog"]
    assert all(each.severity is Severity.WARNS for each in found)
    assert "connection 7 has a transaction open since 10:15:00 UTC, which has changed rows (900)" in found[0].message
    assert "CALL mysql.rds_kill(7)" in found[0].hint
    assert "--rows-from auto" in found[2].hint


def test_a_replica_that_stays_behind_is_named_until_it_comes_to_the_moment() -> None:
    now = BEFORE.utc + timedelta(minutes=16)
    read = with_table()
    behind = (Replica("hourly", 3600), Replica("plain", 0), Replica("quarter", 900), Replica("far", None))

    found = {each.code: each for each in check(request(), replace(read, at=now, replicas=behind))}

    assert "replica hourly stays 3,600 seconds behind" in found["quicker.replica"].message
    assert "2017-06-01 11:14:00 UTC" in found["quicker.replica"].message
    assert "CALL mysql.rds_stop_replication" in found["quicker.replica"].hint
    assert found["quicker.replica-unseen"].message.endswith(": far")
    later = check(request(), replace(read, at=now + timedelta(hours=1), replicas=behind[:3]))
    assert not [each for each in later if each.code.startswith("quicker.replica")]


def test_replicas_are_asked_before_the_plan_and_one_that_is_silent_keeps_nobody_waiting(tmp_path: Path) -> None:
    world = FakeWorld()
    first, second = Endpoint("a.example", 3306), Endpoint("b.example", 3306)
    world.cloud.followers = {"a": first, "b": second, "elsewhere": None}
    world.server.delays = {second: 7200}
    read = survey(request(), world.world(), tmp_path)
    assert read.replicas == (Replica("a", 0), Replica("b", 7200), Replica("elsewhere", None))

    world.server.faults.fail("delay", unreachable())
    read = survey(request(), world.world(), tmp_path)
    assert read.replicas == (Replica("a", None), Replica("b", None), Replica("elsewhere", None))


@pytest.mark.parametrize(
    "wanted",
    [
        request(rows_from=RowsFrom.AUTO),
        request(tables=("billing", "lines")),
        request(into="other"),
        request(point=Snapshot("nightly")),
        request(taken_from="170601-103000-abcd"),
    ],
)
def test_the_binlog_is_not_named_where_it_would_not_do(wanted: Request) -> None:
    read = with_table(key_index="PRIMARY")
    row_log = {"log_bin": "ON", "binlog_format": "ROW", "binlog_row_image": "FULL"}
    for unlike in ({}, {"binlog_format": "STATEMENT"}, {"binlog_row_image": "MINIMAL"}, {"log_bin": "OFF"}):
        facts = replace(read.server, globals=row_log | unlike)
        asked = wanted if not unlike else request()
        assert "quicker.binlog" not in [each.code for each in check(asked, replace(read, server=facts))]
