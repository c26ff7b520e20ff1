"""What is looked at before the day: each thing that can be amiss is said, and nothing else is said because of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fakes.scene import NOW, SOURCE, request
from fakes.world import FakeWorld
from rdsrestore.domain.cloud.instance import Subnets
from rdsrestore.domain.errors import CloudError, DatabaseError, ToolError
from rdsrestore.domain.health import Check, State, verdict
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import ListenerCheck
from rdsrestore.notify import health_view
from rdsrestore.notify.console.terminal import Terminal
from rdsrestore.workflow.checkup import IN_CLOUD, ON_PRODUCTION, Surroundings, examine, prove_switch

ROLE = "arn:aws:iam::123456789012:role/switch"
REFUSED = CloudError("aws", "the token has expired", "log in again", code="aws.expired")


def with_source(**changes: object) -> Callable[[FakeWorld], None]:
    """Change what the instance is."""

    def change(fakes: FakeWorld) -> None:
        fakes.cloud.held = replace(fakes.cloud.held, **changes)  # type: ignore[arg-type]  # a test names the fields

    return change


def with_server(**changes: object) -> Callable[[FakeWorld], None]:
    """Change what the server says of itself."""

    def change(fakes: FakeWorld) -> None:
        fakes.server.facts = replace(fakes.server.facts, **changes)  # type: ignore[arg-type]  # a test names the fields

    return change


def with_subnets(found: Subnets) -> Callable[[FakeWorld], None]:
    """Change where the copy will lie."""

    def change(fakes: FakeWorld) -> None:
        fakes.cloud.place = found

    return change


def kept(hours: int | None) -> Callable[[FakeWorld], None]:
    """Change for how long production keeps its binlog."""

    def change(fakes: FakeWorld) -> None:
        fakes.server.hours = hours

    return change


def window(hours: float) -> str:
    """Write a window of half an hour that begins so many hours after now."""
    first = NOW + timedelta(hours=hours)
    return f"{first:%a:%H:%M}-{first + timedelta(minutes=30):%a:%H:%M}".lower()


def looked(folder: Path, fakes: FakeWorld, asked: Request | None = None, *listeners: ListenerCheck) -> list[Check]:
    """Look at everything of a world."""
    return [*examine(asked or request(tables=()), fakes.world(), Surroundings(folder, listeners))]


def not_well(checks: list[Check]) -> dict[str, State]:
    return {each.name: each.state for each in checks if each.state is not State.OK}


@pytest.fixture
def well() -> FakeWorld:
    fakes = FakeWorld()
    with_source(maintenance="sun:05:00-sun:06:00", certificate_until=NOW + timedelta(days=400))(fakes)
    with_server(globals={"log_bin": "ON", "binlog_format": "ROW", "binlog_row_image": "FULL"})(fakes)
    fakes.server.hours = 24
    return fakes


def test_where_all_is_well_everything_is_named_and_nothing_was_changed(well: FakeWorld, tmp_path: Path) -> None:
    checks = looked(tmp_path, well)
    assert not_well(checks) == {}
    assert {each.name for each in checks} == {"disk", "switch", "account", *IN_CLOUD}
    assert verdict(checks) is ExitCode.OK
    assert (well.cloud.groups, well.cloud.copies, well.server.scratch) == ({}, {}, {})


def test_a_switch_whose_role_can_not_delete_is_warned_of(well: FakeWorld, tmp_path: Path) -> None:
    (found,) = (
        each for each in looked(tmp_path, well, request(tables=(), switch_role="switch")) if each.name == "switch"
    )
    assert (found.state, found.code) == (State.WARNED, "switch.role")
    assert "there is no role switch" in found.what
    well.cloud.faults.fail("switch_doubts", CloudError("switch", "denied"))
    checks = looked(tmp_path, well, request(tables=()))
    assert not_well(checks) == {"switch": State.UNKNOWN}


def test_the_switch_is_proved_where_rds_misses_what_it_was_asked_to_delete(well: FakeWorld) -> None:
    told: list[str] = []
    world = well.world()

    proved = prove_switch(ROLE, world, lambda text, _share: told.append(text))
    refused = prove_switch("switch", world, lambda _text, _share: None)
    well.cloud.faults.fail("try_switch", CloudError("switch", "nothing was seen", code="aws.timeout"))
    unseen = prove_switch(ROLE, world, lambda _text, _share: None)

    assert (proved.state, told) == (State.OK, ["waiting"])
    assert (refused.state, refused.code) == (State.WARNED, "switch.role")
    assert "AccessDenied" in refused.what
    assert (unseen.state, unseen.code) == (State.UNKNOWN, "aws.timeout")


@pytest.mark.parametrize(
    ("change", "name", "state", "code"),
    [
        (with_source(certificate_until=NOW), "certificate", State.FAILED, "source.certificate"),
        (with_source(certificate_until=NOW + timedelta(days=9)), "certificate", State.WARNED, "source.certificate"),
        (with_source(maintenance=window(hours=5)), "maintenance", State.WARNED, "source.maintenance"),
        (with_source(maintenance=window(hours=-0.2)), "maintenance", State.WARNED, "source.maintenance"),
        (with_subnets(Subnets()), "network", State.FAILED, "source.network"),
        (with_subnets(Subnets("vpc-9")), "network", State.FAILED, "source.network"),
        (with_subnets(Subnets(SOURCE.vpc, ("subnet-1",))), "network", State.WARNED, "source.road"),
        (with_source(status="stopped"), "instance", State.FAILED, "source.status"),
        (with_source(status="upgrading"), "instance", State.WARNED, "source.busy"),
        (with_source(retention_days=0), "backups", State.FAILED, "window.off"),
        (with_source(latest=None), "backups", State.WARNED, "window.late"),
        (with_source(latest=NOW.replace(hour=4)), "backups", State.WARNED, "window.late"),
        (with_server(read_only=True), "production", State.FAILED, "db.read-only"),
        (with_server(privileges_missing=("CREATE",)), "production", State.FAILED, "db.privilege"),
        (with_server(ahead=60.0), "production", State.WARNED, "clock.off"),
        (with_server(globals={"log_bin": "ON", "binlog_format": "STATEMENT"}), "settings", State.FAILED, None),
        (with_server(globals={}), "binlog", State.WARNED, "binlog.off"),
        (kept(None), "binlog kept", State.WARNED, "binlog.short"),
        (kept(23), "binlog kept", State.WARNED, "binlog.short"),
    ],
)
def test_what_is_amiss_is_said_and_nothing_else(
    well: FakeWorld,
    tmp_path: Path,
    change: Callable[[FakeWorld], None],
    name: str,
    state: State,
    code: str | None,
) -> None:
    change(well)
    checks = looked(tmp_path, well)
    assert not_well(checks) == {name: state}
    (amiss,) = [each for each in checks if each.state is not State.OK]
    assert amiss.hint
    assert code in {None, amiss.code}
    assert verdict(checks) is (ExitCode.REFUSED if state is State.FAILED else ExitCode.OK)


def test_without_an_account_production_and_machine_are_told_apart(well: FakeWorld, tmp_path: Path) -> None:
    well.cloud.faults.fail("identity", REFUSED)
    checks = looked(tmp_path, well)
    assert not_well(checks) == {"account": State.FAILED, **dict.fromkeys(("switch", *IN_CLOUD), State.UNKNOWN)}
    assert verdict(checks) is ExitCode.REFUSED


def test_an_unknown_instance_leaves_the_account_well(well: FakeWorld, tmp_path: Path) -> None:
    checks = looked(tmp_path, well, request(tables=(), instance="prodution"))
    assert not_well(checks) == {"instance": State.FAILED, **dict.fromkeys(IN_CLOUD[1:], State.UNKNOWN)}


def test_a_login_that_is_refused_leaves_what_the_cloud_tells(well: FakeWorld, tmp_path: Path) -> None:
    well.server.faults.fail("server", DatabaseError("production", "Access denied", "check it", code="db.denied"))
    checks = looked(tmp_path, well)
    assert not_well(checks) == {"production": State.FAILED, **dict.fromkeys(ON_PRODUCTION[1:], State.UNKNOWN)}


def test_a_dump_program_that_can_not_log_in_is_its_own_line(well: FakeWorld, tmp_path: Path) -> None:
    well.server.faults.fail("rehearse", ToolError("dump", "no plug-in", "another client", code="tool.plugin"))
    checks = looked(tmp_path, well)
    assert not_well(checks) == {"dump program": State.FAILED}


def test_what_the_account_does_not_tell_is_unknown(well: FakeWorld, tmp_path: Path) -> None:
    with_source(maintenance=None, certificate_until=None)(well)
    well.cloud.place = Subnets(unseen="AccessDenied")
    unknown = dict.fromkeys(("certificate", "maintenance", "network"), State.UNKNOWN)
    assert not_well(looked(tmp_path, well)) == unknown
    with_source(maintenance="whenever")(well)
    assert not_well(looked(tmp_path, well)) == unknown


def test_permissions_that_can_not_be_asked_about_are_unknown(well: FakeWorld, tmp_path: Path) -> None:
    well.cloud.faults.fail("doubted", REFUSED)
    assert not_well(looked(tmp_path, well)) == {"permissions": State.UNKNOWN}


def test_who_can_not_be_told_or_was_not_tried_is_said(well: FakeWorld, tmp_path: Path) -> None:
    silent = ListenerCheck("Slack", "can't be told (invalid_auth)", "check RDSRESTORE_SLACK_TOKEN")
    untried = ListenerCheck("hook", untried="a webhook can't be tried without a message")
    asked = request(tables=(), switch_role=None)
    checks = looked(tmp_path, well, asked, silent, untried)
    assert not_well(checks) == {"Slack": State.WARNED, "hook": State.UNKNOWN, "switch": State.WARNED}
    assert verdict(checks) is ExitCode.OK


def test_a_page_says_what_to_mend_and_a_line_is_one_object(well: FakeWorld, tmp_path: Path) -> None:
    with_source(retention_days=0)(well)
    checks = looked(tmp_path, well)
    screen = io.StringIO()
    health_view.show(Terminal(screen), "production", checks)
    page = screen.getvalue()
    assert "production: a restore would be refused: 1 to mend" in page
    assert "hint: aws rds modify-db-instance" in page
    lines = [*health_view.lines("production", checks)]
    assert len(lines) == len(checks)
    assert {"instance": "production", "check": "backups", "state": "failed"}.items() <= next(
        each.items() for each in lines if each["check"] == "backups"
    )
