"""The cloud misbehaves during a whole run: the job is done all the same, or ended cleanly with what to do."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from rdsrestore.lab.launch import control
from tool import LabTool, events

PASSING: dict[str, dict[str, int]] = {
    "throttle": {"rds:*": 5, "ec2:*": 5},
    "error": {"ec2:*": 2, "rds:RestoreDBInstanceToPointInTime": 2},
    "unavailable": {"rds:Describe*": 6, "scheduler:*": 3},
    "lost": {
        "rds:RestoreDBInstanceToPointInTime": 1,
        "rds:ModifyDBInstance": 1,
        "rds:DeleteDBInstance": 1,
        "ec2:CreateSecurityGroup": 1,
        "ec2:AuthorizeSecurityGroupIngress": 1,
        "ec2:RevokeSecurityGroupIngress": 1,
        "ec2:DeleteSecurityGroup": 1,
        "scheduler:CreateSchedule": 1,
        "scheduler:DeleteSchedule": 1,
    },
    "slow": {"rds:RestoreDBInstanceToPointInTime": 1},
}
"""By kind: which calls it hits in one run, and how often; single calls are spoiled where the adapter is tested."""
ENDING = [
    ("quota", "rds:RestoreDBInstanceToPointInTime", "ask for a higher quota"),
    ("capacity", "rds:RestoreDBInstanceToPointInTime", "--class"),
    ("kms", "rds:RestoreDBInstanceToPointInTime", "key"),
    ("expired", "rds:RestoreDBInstanceToPointInTime", "aws sso login"),
    ("denied", "ec2:CreateSecurityGroup", "permission"),
]
ROLE = "arn:aws:iam::123456789012:role/rdsrestore-switch"


@pytest.fixture
def damaged(shop: LabTool) -> Iterator[str]:
    shop.sql("CREATE TABLE shop.faulty (id INT PRIMARY KEY); INSERT INTO shop.faulty VALUES (1), (2)")
    before = shop.moment()
    shop.sql("DELETE FROM shop.faulty WHERE id = 2")
    yield before
    shop.sql("DROP TABLE shop.faulty")


def plan(shop: LabTool, kind: str, action: str, times: int) -> None:
    control(shop.place.running(), "fault", {"kind": kind, "action": action, "times": times})


def happened(shop: LabTool) -> dict[str, int]:
    counts: dict[str, int] = control(shop.place.running(), "faults", {})
    return counts


@pytest.mark.parametrize("kind", PASSING)
def test_a_fault_that_passes_does_not_stop_the_job(shop: LabTool, damaged: str, kind: str) -> None:
    before = happened(shop).get(kind, 0)
    for action, times in PASSING[kind].items():
        plan(shop, kind, action, times)
    shop.rotate()
    shop("table", "faulty", "--before", damaged, "--yes", check=0, RDSRESTORE_SWITCH_ROLE=ROLE)
    assert happened(shop)[kind] == before + sum(PASSING[kind].values())
    assert shop.number("SELECT COUNT(*) FROM shop.faulty") == 2
    assert shop.ours() == []
    assert shop.status()["schedules"] == []


@pytest.mark.parametrize(("kind", "action", "hint"), ENDING)
def test_a_fault_that_stays_ends_the_run_with_what_to_try(
    shop: LabTool, damaged: str, kind: str, action: str, hint: str
) -> None:
    plan(shop, kind, action, 1)
    ended = shop("table", "faulty", "--before", damaged, "--yes")
    assert ended.returncode in {3, 4}
    assert hint in ended.stderr
    assert "Traceback" not in ended.stderr
    assert shop.number("SELECT COUNT(*) FROM shop.faulty") == 1
    assert shop.ours() == []


@pytest.mark.parametrize("kind", ["denied", "expired"])
@pytest.mark.parametrize(
    "action", ["rds:DeleteDBInstance", "ec2:DeleteSecurityGroup", "ec2:RevokeSecurityGroupIngress"]
)
def test_what_could_not_be_removed_is_tried_once_more(shop: LabTool, damaged: str, kind: str, action: str) -> None:
    times = 2 if action.endswith("Ingress") else 1  # the first one ends the run
    plan(shop, kind, action, times)
    ended = shop("table", "faulty", "--before", damaged, "--yes", check=4 if times > 1 else 0)
    assert "STILL THERE" not in ended.stdout + ended.stderr
    assert shop.ours() == []


@pytest.mark.parametrize(
    "action",
    [
        "scheduler:GetSchedule",
        "rds:DescribeDBInstances",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSecurityGroupRules",
    ],
)
def test_what_could_not_be_looked_at_is_looked_at_once_more(shop: LabTool, damaged: str, action: str) -> None:
    shop.env["RDSRESTORE_SWITCH_ROLE"] = ROLE
    with shop.started("table", "faulty", "--before", damaged, "--yes") as process:
        for each in events(process):
            if (each.get("event"), each.get("step")) == ("undo-started", "scratch"):  # the last one to be undone
                plan(shop, "denied", action, 1)
        assert process.wait() == 0
    del shop.env["RDSRESTORE_SWITCH_ROLE"]
    plan(shop, "none", "*", 0)
    assert shop.ours() == []


def test_the_group_of_an_instance_that_stays_is_not_waited_for(shop: LabTool, damaged: str) -> None:
    plan(shop, "denied", "rds:DeleteDBInstance", 2)
    began = time.monotonic()
    ended = shop("table", "faulty", "--before", damaged, "--yes", check=6)
    assert time.monotonic() - began < 100
    assert "is in use by rdsrestore-" in ended.stderr
    assert shop.number("SELECT COUNT(*) FROM shop.faulty") == 2
    shop("cleanup", check=0)
    assert shop.ours() == []
