"""The machine, its disk, or the person is gone: what was made goes by itself, or is found by its marks."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rdsrestore.aws.iam.policy import READ_BY_RDS, operator
from rdsrestore.lab.launch import control
from tool import LabTool, events, kill_at

ROLE = "arn:aws:iam::123456789012:role/rdsrestore-switch"
WITHIN = 60


@pytest.fixture
def damaged(shop: LabTool) -> Iterator[str]:
    shop.sql("CREATE TABLE shop.lone (id INT PRIMARY KEY, name VARCHAR(9) UNIQUE)")
    shop.sql("INSERT INTO shop.lone VALUES (1, 'a'), (2, 'b')")
    before = shop.moment()
    shop.sql("DELETE FROM shop.lone WHERE id = 2")
    yield before
    shop.sql("DROP TABLE shop.lone")


def becomes(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.2)
    return False


def copies(shop: LabTool) -> list[str]:
    return [each["id"] for each in shop.status()["instances"] if each["id"] != "production"]


def test_the_switch_deletes_the_copy_of_a_run_that_died(shop: LabTool, damaged: str) -> None:
    shop.env |= {"RDSRESTORE_SWITCH_ROLE": ROLE, "RDSRESTORE_EXPIRES": "6"}
    try:
        with shop.started("table", "lone", "--before", damaged, "--yes") as process:
            assert kill_at(process, "step-done", "restore-instance")
        assert copies(shop)
        assert shop.status()["schedules"]
        assert becomes(lambda: not copies(shop))
        assert becomes(lambda: not shop.status()["schedules"])
        shop("cleanup", check=0)
        assert shop.ours() == []
    finally:
        del shop.env["RDSRESTORE_SWITCH_ROLE"], shop.env["RDSRESTORE_EXPIRES"]


def test_a_run_that_lives_longer_puts_the_switch_off(shop: LabTool, damaged: str, tmp_path: Path) -> None:
    flag = tmp_path / "hold"
    flag.touch()
    shop.env |= {"RDSRESTORE_SWITCH_ROLE": ROLE, "RDSRESTORE_EXPIRES": "6"}
    try:
        with shop.started("table", "lone", "--before", damaged, "--yes", "--pause-file", str(flag)) as process:
            begun = 0.0
            for each in events(process):
                if each["event"] == "step-done" and each["step"] == "arm-switch":
                    begun = time.monotonic()
                if begun and time.monotonic() > begun + 9:
                    flag.unlink(missing_ok=True)
                if each["event"] == "step-done" and each["step"] == "load":
                    assert time.monotonic() > begun + 9
                    assert copies(shop), "the switch went off under a living run"
            assert process.wait() == 0
    finally:
        del shop.env["RDSRESTORE_SWITCH_ROLE"], shop.env["RDSRESTORE_EXPIRES"]
    assert shop.status()["schedules"] == []
    assert shop.ours() == []


def test_what_is_kept_after_a_failure_is_used_by_resume(shop: LabTool, damaged: str) -> None:
    shop.sql("INSERT INTO shop.lone VALUES (9, 'b')")
    words = ["table", "lone", "--before", damaged, "--on-conflict", "stop", "--keep-on-failure", "2h", "--yes"]
    ended = shop(*words, check=3, RDSRESTORE_SWITCH_ROLE=ROLE)
    assert "rdsrestore resume" in ended.stderr
    assert copies(shop)
    assert shop.status()["schedules"]
    assert "is unfinished" in shop("runs", check=0).stderr
    shop.sql("DELETE FROM shop.lone WHERE id = 9")

    shop("resume", "--yes", check=0)

    assert shop.number("SELECT COUNT(*) FROM shop.lone") == 2
    assert shop.ours() == []
    assert shop.status()["schedules"] == []


def test_what_is_kept_can_be_cleaned_up(shop: LabTool, damaged: str) -> None:
    shop.sql("INSERT INTO shop.lone VALUES (9, 'b')")
    words = ["table", "lone", "--before", damaged, "--on-conflict", "stop", "--keep-on-failure", "30m", "--yes"]
    with shop.started(*words) as process:
        assert any(each["event"] == "run-ended" for each in events(process))
        assert copies(shop)
        shop("cleanup", check=0)
        assert process.wait(60) == 3
    assert shop.ours() == []


def test_a_good_run_keeps_its_instance_and_the_process_stays_until_a_signal(shop: LabTool, damaged: str) -> None:
    with shop.started("table", "lone", "--before", damaged, "--keep", "2h", "--yes") as process:
        try:
            ended = next(each for each in events(process) if each["event"] == "run-ended")
            (copy,) = copies(shop)
            assert f"instance {copy} until" in ended["message"]
            assert "nothing left running" not in ended["message"]
            (group,) = (each for each in shop.status()["security_groups"] if each["name"] == copy)
            assert group["rules"] == []
            assert process.poll() is None
            assert "has kept its instance until" in shop("runs", check=0).stderr
        finally:  # it would stay for two hours
            process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert shop.number("SELECT COUNT(*) FROM shop.lone") == 2
    assert shop.ours() == []


def test_with_a_schedule_in_aws_the_process_ends_and_the_instance_stays(shop: LabTool, damaged: str) -> None:
    words = ["table", "lone", "--before", damaged, "--keep", "2h", "--yes"]
    ended = shop(*words, check=0, RDSRESTORE_SWITCH_ROLE=ROLE)
    assert copies(shop)
    assert shop.status()["schedules"]
    assert "rdsrestore cleanup" in ended.stdout
    shop("cleanup", check=0)
    assert shop.ours() == []
    assert shop.status()["schedules"] == []


def test_what_a_good_run_kept_goes_when_its_time_is_up(shop: LabTool, damaged: str) -> None:
    ended = shop("table", "lone", "--before", damaged, "--keep", "1m", "--yes", check=0)
    assert " instance rdsrestore-" in ended.stdout
    assert shop.ours() == []


@pytest.mark.parametrize("step", ["own-group", "restore-instance", "open-rule", "stage", "load"])
def test_everything_is_found_by_its_marks_where_the_folder_is_gone(shop: LabTool, damaged: str, step: str) -> None:
    with shop.started("table", "lone", "--before", damaged, "--yes") as process:
        assert kill_at(process, "step-done", step)
    shutil.rmtree(max((shop.home / "runs").iterdir()))
    shop.sql("CREATE DATABASE rdsrestore_of_somebody_else; CREATE TABLE rdsrestore_of_somebody_else.t (id INT)")

    ended = shop("cleanup", "--all", "--yes", check=5 if step == "load" else 0)

    assert ("it had written 1 row to production" in ended.stdout) is (step == "load")
    assert shop.ours() == ["rdsrestore_of_somebody_else"]
    shop.sql("DROP DATABASE rdsrestore_of_somebody_else")
    assert "nothing of rdsrestore is left" in shop("cleanup", "--all", "--yes", check=0).stdout


def flipped(whole: bytes) -> bytes:
    """A journal in whose third line one letter is another one."""
    lines = whole.splitlines(keepends=True)
    return b"".join((*lines[:2], lines[2].replace(b"intent", b"imtent", 1), *lines[3:]))


@pytest.mark.parametrize(
    "damage",
    [lambda _whole: b"", flipped, lambda whole: b"\xff\xfe" + whole],
    ids=["empty", "flipped", "no text"],
)
def test_a_damaged_journal_stops_no_other_run_and_its_own_is_found_by_its_marks(
    shop: LabTool, damaged: str, damage: Callable[[bytes], bytes]
) -> None:
    with shop.started("table", "lone", "--before", damaged, "--yes") as process:
        assert kill_at(process, "step-done", "restore-instance")
    run = max((shop.home / "runs").iterdir())
    journal = run / "journal.jsonl"
    journal.write_bytes(damage(journal.read_bytes()))
    left = journal.read_bytes()

    assert f"rdsrestore cleanup {run.name} goes by its marks" in shop("runs", "--json", check=0).stdout
    assert "rdsrestore cleanup" in shop("resume", "--yes", check=7).stderr
    assert "changed no row" not in shop("undo", "--yes", check=7).stderr
    shop("table", "lone", "--before", damaged, "--dry-run", check=0)
    shop("cleanup", run.name, check=0)

    assert shop.ours() == []
    assert journal.read_bytes().startswith(left)
    listed = shop("runs", check=0)
    assert "unfinished" not in listed.stderr
    shop("table", "lone", "--before", damaged, "--yes", check=0)


def test_the_schedule_of_a_run_that_died_before_it_made_anything_is_found(shop: LabTool, damaged: str) -> None:
    words = ["table", "lone", "--before", damaged, "--yes"]
    shop.env |= {"RDSRESTORE_SWITCH_ROLE": ROLE}
    try:
        with shop.started(*words) as process:
            for each in events(process):
                if (each["event"], each.get("step")) == ("step-started", "own-group"):
                    process.kill()
        assert len(shop.status()["schedules"]) == 1
        shop("table", "nothing_like_it", *words[2:], check=3)
        shop("cleanup", "--all", "--yes")
        assert shop.status()["schedules"] == []
        assert "nothing of rdsrestore is left" in shop("cleanup", "--all", "--yes", check=0).stdout
    finally:
        del shop.env["RDSRESTORE_SWITCH_ROLE"]


def test_a_run_at_work_elsewhere_is_left_alone(shop: LabTool, damaged: str, tmp_path: Path) -> None:
    flag = tmp_path / "hold"
    flag.touch()
    with shop.started("table", "lone", "--before", damaged, "--yes", "--pause-file", str(flag)) as process:
        for each in events(process):
            if each["event"] == "step-started" and each["step"] == "load":
                break
        said = shop("cleanup", "--all", "--yes", check=0, RDSRESTORE_HOME=str(tmp_path / "elsewhere")).stdout
        assert "at work right now" in said
        assert copies(shop)
        flag.unlink()
        for _each in events(process):
            pass
        assert process.wait() == 0
    assert shop.number("SELECT COUNT(*) FROM shop.lone") == 2


NEEDED = sorted(
    {
        action
        for each in operator(ROLE)["Statement"]
        for action in each["Action"]
        if action not in {"pricing:GetProducts", "iam:SimulatePrincipalPolicy", "iam:GetRole", "iam:PassRole"}
    }
)
UNUSED = {
    "rds:DescribeDBSnapshots",
    "rds:DescribeEvents",
    "rds:ListTagsForResource",
    "kms:DescribeKey",
    "kms:CreateGrant",
    "rds:DescribeDBClusterSnapshots",
    "rds:DescribeDBClusterAutomatedBackups",
    *READ_BY_RDS,
    *("rds:RestoreDBClusterToPointInTime", "rds:RestoreDBClusterFromSnapshot", "rds:CreateDBInstance"),
    *("rds:ModifyDBCluster", "rds:DeleteDBCluster"),
    "rds:DescribeDBSubnetGroups",
    "ec2:DescribeRouteTables",
    "ec2:DescribeManagedPrefixLists",
    "ec2:GetManagedPrefixListEntries",
    "secretsmanager:GetSecretValue",
    "kms:Decrypt",
    "logs:FilterLogEvents",
    "cloudwatch:GetMetricStatistics",
}
"""By a plain run: RDS itself reads some; others are for snapshots, clusters, keys, managed passwords, `--allow`, doctor, find, `--into`."""
UNSEEN = {"ec2:CreateTags"}
"""The lab does not tell making a group from tagging it."""


@pytest.fixture
def allow(shop: LabTool) -> Iterator[Callable[[list[str]], None]]:
    def limit(statements: list[dict[str, Any]] | None) -> None:
        control(shop.place.running(), "policy", {"statements": statements})

    yield lambda actions: limit([{"Effect": "Allow", "Action": actions, "Resource": "*"}])
    limit(None)


@pytest.mark.usefixtures("allow")
def test_the_printed_policy_is_enough(shop: LabTool, damaged: str, tmp_path: Path) -> None:
    printed = json.loads(shop("iam-policy", "--switch-role", ROLE, check=0).stdout)
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(printed))
    shop.lab("policy", str(file))
    shop("table", "lone", "--before", damaged, "--yes", check=0, RDSRESTORE_SWITCH_ROLE=ROLE)
    assert shop.ours() == []


READS = re.compile(r"\w+:(?:Describe|Get)")
"""What the survey calls itself: it ends where it may not."""
WITHOUT = [[each] for each in NEEDED if each not in UNUSED | UNSEEN and READS.match(each)]
WITHOUT += [[each for each in NEEDED if each not in UNUSED | UNSEEN and not READS.match(each)]]


@pytest.mark.parametrize("missing", WITHOUT, ids=lambda missing: missing[0])
def test_missing_permissions_are_told_before_anything_is_made(
    shop: LabTool, damaged: str, allow: Callable[[list[str]], None], missing: list[str]
) -> None:
    allow([*(action for action in NEEDED if action not in missing), "iam:SimulatePrincipalPolicy", "sts:*"])
    ended = shop("table", "lone", "--before", damaged, "--dry-run", RDSRESTORE_SWITCH_ROLE=ROLE)
    assert [each for each in missing if each not in ended.stdout + ended.stderr] == []
    if "ec2:CreateSecurityGroup" in missing:
        assert ended.returncode == 3, "what a trial forbids stops the run"
    assert shop.ours() == []
    assert shop.status()["schedules"] == []
