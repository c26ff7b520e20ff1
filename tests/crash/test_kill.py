"""SIGKILL after the start and after the end of each step; then cleanup leaves nothing, and the table is whole.

Every whole run of scripts/test has those with a cleanup on MySQL too; the others are a matter of `--servers`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from rdsrestore.lab.launch import control
from rdsrestore.steps.dump import Dump
from rdsrestore.steps.make_instance import MakeAfter, MakeInstance
from rdsrestore.steps.on_scratch import OnScratch
from rdsrestore.steps.reach_moment import ReachMoment
from rdsrestore.steps.recipe import RECIPE
from rdsrestore.steps.scratch import MakeScratch
from rdsrestore.workflow.step import Impact, Step
from tiers import amount
from tool import LabTool, counted, events, kill_at

STEPS = [step for step in RECIPE if step not in {ReachMoment, MakeAfter, MakeInstance}]
"""Those of an instance; the ones of a cluster are killed at in test_clusters.py."""
ASIDE = [step for step in STEPS if step.impact is not Impact.TEMPORARY or issubclass(step, OnScratch | MakeScratch)]
"""Those that call no account: for these there are the kills at each call, below."""
ROLE = "arn:aws:iam::123456789012:role/rdsrestore-switch"
WITHIN = 120
AS_IT_WAS = {("1", "one"), ("9", "since")}
AS_PLANNED = {("2", "two"), ("3", "three")}


@pytest.fixture
def damaged(shop: LabTool) -> Iterator[str]:
    """Delete rows of a table, write one since, and give the moment before; a switch is set for every run."""
    shop.env["RDSRESTORE_SWITCH_ROLE"] = ROLE
    shop.sql("CREATE TABLE IF NOT EXISTS shop.kept (id INT PRIMARY KEY, text VARCHAR(20))")
    shop.sql("REPLACE INTO shop.kept VALUES (1, 'one'), (2, 'two'), (3, 'three'); DROP TABLE IF EXISTS shop.kept_then")
    before = shop.moment()
    shop.sql("DELETE FROM shop.kept WHERE id > 1; INSERT INTO shop.kept VALUES (9, 'since')")
    yield before
    del shop.env["RDSRESTORE_SWITCH_ROLE"]
    assert shop.status()["schedules"] == []


def words_for(shop: LabTool, step: type[Step], before: str) -> list[str]:
    """Make the command line of a run that comes to a step."""
    words = ["table", "kept", "--before", before, "--yes"]
    if step.name == "landing":
        words += ["--into", "kept_then"]
    if step.name == "swap":
        words += ["--swap", "--confirm", "kept"]
    if step.name in {"restore-after", "await-after"}:
        words += ["--incident-end", shop.moment()]
    if step.name in {"raise-retention", "keep-binlog"}:
        words += ["--keep-binlog"]
    return words


def rows(shop: LabTool, table: str = "kept") -> set[tuple[str, ...]]:
    return {tuple(row) for row in shop.sql(f"SELECT id, text FROM shop.{table}")}


@pytest.mark.parametrize("step", ASIDE, ids=lambda step: step.name)
def test_after_a_kill_cleanup_leaves_nothing(shop: LabTool, damaged: str, step: type[Step]) -> None:
    with shop.started(*words_for(shop, step, damaged)) as process:
        assert kill_at(process, "step-done", step.name)
    shop("cleanup", check={"load": 5, "verify": 8, "swap": 8}.get(step.name, 0))

    assert shop.ours() == []
    swapped = {("1", "one"), *AS_PLANNED}
    assert AS_IT_WAS <= rows(shop) <= AS_IT_WAS | AS_PLANNED or (step.name == "swap" and rows(shop) == swapped)
    shop("audit", "--verify", check=0)
    shop.sql("DROP TABLE shop.kept")


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_after_a_kill_resume_completes_the_job(shop: LabTool, damaged: str, step: type[Step]) -> None:
    with shop.started(*words_for(shop, step, damaged)) as process:
        assert kill_at(process, "step-started", step.name)

    ended = shop("resume", "--yes", "--confirm", "kept", check=0)

    assert shop.sql("SELECT value FROM mysql.rds_configuration") == [["NULL"]]
    assert shop.ours() == []
    if step.name == "landing":
        assert rows(shop) == AS_IT_WAS
        assert rows(shop, "kept_then") == {("1", "one"), *AS_PLANNED}
    else:
        assert rows(shop) == {("1", "one"), *AS_PLANNED} | (set() if step.name == "swap" else {("9", "since")})
    dumped = STEPS.index(step) > STEPS.index(Dump)
    assert ("restore-instance  restore" in ended.stdout) is not dumped  # a good dump is never fetched twice
    shop.sql("DROP TABLE shop.kept")


def test_whatever_is_typed_next_names_the_unfinished_run(shop: LabTool, damaged: str) -> None:
    with shop.started("table", "kept", "--before", damaged, "--yes") as process:
        assert kill_at(process, "step-done", "own-group")
    assert "is unfinished: rdsrestore resume" in shop("runs", check=0).stderr
    shop("cleanup", check=0)
    assert "unfinished" not in shop("runs", check=0).stderr
    shop.sql("DROP TABLE shop.kept")


def test_a_run_that_was_killed_again_while_it_was_resumed(shop: LabTool, damaged: str) -> None:
    with shop.started("table", "kept", "--before", damaged, "--yes") as process:
        assert kill_at(process, "step-started", "dump")
    for step in ("dump", "stage", "save", "load"):
        with shop.started("resume", "--yes") as process:
            assert kill_at(process, "step-started", step)
    shop("resume", "--yes", check=0)
    assert rows(shop) == AS_IT_WAS | AS_PLANNED
    assert shop.ours() == []
    shop.sql("DROP TABLE shop.kept")


def test_a_dump_with_a_flipped_bit_is_fetched_again(shop: LabTool, damaged: str) -> None:
    with shop.started("table", "kept", "--before", damaged, "--yes") as process:
        assert kill_at(process, "step-done", "dump")
    dump = max((shop.home / "runs").iterdir()) / "kept.sql"
    data = bytearray(dump.read_bytes())
    data[len(data) // 2] ^= 1
    dump.write_bytes(data)
    assert "restore-instance" in shop("resume", "--yes", check=0).stdout
    assert rows(shop) == AS_IT_WAS | AS_PLANNED
    assert shop.ours() == []
    shop.sql("DROP TABLE shop.kept")


def test_a_dump_that_changes_on_the_disk_is_fetched_again_in_the_same_run(shop: LabTool, damaged: str) -> None:
    said: list[str] = []
    socket = str(shop.folder / "servers" / "production" / "s")
    with (
        pymysql.connect(unix_socket=socket, user="root") as root,
        root.cursor() as cursor,
        shop.started("table", "kept", "--before", damaged, "--yes") as process,
    ):
        for each in events(process):
            said.append(str(each.get("message")))
            if (each.get("step"), each["event"]) == ("dump", "step-started"):
                cursor.execute("FLUSH TABLES WITH READ LOCK")  # no scratch schema is made meanwhile
            if (each.get("step"), each["event"]) == ("dump", "step-done"):
                (max((shop.home / "runs").iterdir()) / "kept.sql").write_bytes(b"nothing")
                cursor.execute("UNLOCK TABLES")
    assert process.returncode == 0, said[-6:]
    assert any("dumping again" in each for each in said)
    assert rows(shop) == AS_IT_WAS | AS_PLANNED
    assert shop.ours() == []
    shop.sql("DROP TABLE shop.kept")


def test_a_load_of_the_dump_itself_goes_on_after_a_kill_in_the_middle(shop: LabTool, tmp_path: Path) -> None:
    shop.sql("CREATE TABLE shop.many (id INT PRIMARY KEY, text VARCHAR(300))")
    shop.sql(f"USE shop; INSERT INTO many SELECT seq, REPEAT('x', 300) FROM {counted(30000)}")
    before = shop.moment()
    shop.sql("DELETE FROM shop.many; INSERT INTO shop.many VALUES (900000, 'since')")
    pause = tmp_path / "pause"
    pause.touch()
    with shop.started("table", "many", "--before", before, "--yes", "--pause-file", str(pause)) as process:
        assert any((each.get("step"), each.get("event")) == ("load", "step-started") for each in events(process))
        pause.unlink()
        deadline = time.monotonic() + WITHIN
        while shop.number("SELECT COUNT(*) FROM shop.many") == 1:
            assert time.monotonic() < deadline
        process.kill()

    shop("resume", "--yes", check=0)

    assert shop.number("SELECT COUNT(*) FROM shop.many") == 30_001
    assert shop.number("SELECT COUNT(*) FROM shop.many WHERE LENGTH(text) = 300") == 30_000
    assert shop.ours() == []
    shop("undo", max(path.name for path in (shop.home / "runs").iterdir()), "--yes", check=0)
    assert shop.sql("SELECT * FROM shop.many") == [["900000", "since"]]
    shop.sql("DROP TABLE shop.many")


@pytest.mark.parametrize("then", ["resume", "cleanup"])
def test_a_new_table_is_not_left_without_indexes_by_a_kill_while_they_are_built(
    shop: LabTool, tmp_path: Path, then: str
) -> None:
    shop.sql("CREATE TABLE shop.wide (id INT PRIMARY KEY, a INT, b VARCHAR(300), UNIQUE KEY u (b), KEY a (a))")
    shop.sql(f"USE shop; INSERT INTO wide SELECT seq, seq % 9, CONCAT(seq, REPEAT('x', 200)) FROM {counted(20000)}")
    before = shop.moment()
    pause = tmp_path / "pause"
    pause.touch()
    words = ("table", "wide", "--before", before, "--yes", "--into", "wide_then", "--pause-file", str(pause))
    place = "TABLE_SCHEMA = 'shop' AND TABLE_NAME = 'wide_then'"
    found = f"SELECT COUNT(DISTINCT INDEX_NAME) FROM information_schema.STATISTICS WHERE {place}"
    waits = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table metadata%'"
    socket = str(shop.folder / "servers" / "production" / "s")
    with (
        pymysql.connect(unix_socket=socket, user="root") as reader,
        reader.cursor() as cursor,
        shop.started(*words) as process,
    ):
        assert any("paused" in str(each.get("message")) for each in events(process))
        assert shop.number(found) == 1
        cursor.execute("SELECT COUNT(*) FROM shop.wide_then")  # its transaction keeps definitions as they are
        pause.unlink()
        deadline = time.monotonic() + WITHIN
        while shop.number(waits) == 0:
            assert time.monotonic() < deadline
        process.kill()
        process.wait()
        reader.rollback()

    shop(then, *(["--yes"] if then == "resume" else []), check=0 if then == "resume" else 5)

    assert shop.number("SELECT COUNT(*) FROM shop.wide_then") == 20_000
    assert shop.number(found) == 3
    assert shop.ours() == []
    shop.sql("DROP TABLE shop.wide; DROP TABLE shop.wide_then")


def test_a_finished_run_is_not_resumed(shop: LabTool, damaged: str) -> None:
    shop("table", "kept", "--before", damaged, "--yes", check=0)
    assert "is finished" in shop("resume", "--yes", check=3).stderr
    shop.sql("DROP TABLE shop.kept")


def test_two_runs_on_one_table_exclude_each_other(shop: LabTool, damaged: str, tmp_path: Path) -> None:
    elsewhere, pause = str(tmp_path / "elsewhere"), tmp_path / "pause"
    pause.touch()
    with shop.started("table", "kept", "--before", damaged, "--yes", "--pause-file", str(pause)) as process:
        assert any(each.get("step") == "load" for each in events(process))
        refused = shop("table", "kept", "--before", damaged, "--yes", check=3, RDSRESTORE_HOME=elsewhere)
        assert "another run of rdsrestore works on shop.kept" in refused.stderr
        pause.unlink()
        for _each in events(process):
            pass
        assert process.wait() == 0
    assert rows(shop) == AS_IT_WAS | AS_PLANNED
    assert shop.ours() == []
    shop.sql("DROP TABLE shop.kept")


CHANGES = re.compile(r"(?:Create|Restore|Modify|Delete|Authorize|Revoke|Update|AddTags)\w*")


def changing_calls(shop: LabTool, words: list[str]) -> list[str]:
    """Do the job once, and name the calls by which it changed the account, in order."""
    known = len(control(shop.place.running(), "calls", {}))
    shop(*words, check=0)
    calls = control(shop.place.running(), "calls", {})[known:]
    return list(dict.fromkeys(f"{call['service']}:{call['action']}" for call in calls if CHANGES.match(call["action"])))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("turn", range(amount(1, long=2)))
def test_a_kill_at_each_call_that_changes_the_account_leaves_nothing(shop: LabTool, damaged: str, turn: int) -> None:
    words = ["table", "kept", "--before", damaged, "--yes"]
    shop.rotate()
    calls = changing_calls(shop, words)
    assert {
        "rds:ModifyDBInstance",
        "rds:DeleteDBInstance",
        "ec2:AuthorizeSecurityGroupIngress",
        "scheduler:DeleteSchedule",
    } <= set(calls)
    for number, call in enumerate(calls, turn):
        when, way = ("hang-before", "hang-after")[number % 2], ("resume", "cleanup")[(number + number // 2) % 2]
        shop.sql("DELETE FROM shop.kept WHERE id IN (2, 3)")
        kill_in_call(shop, words, call, when)
        ended = shop(*([way, "--yes"] if way == "resume" else [way]))
        counted = "only counted since" in ended.stdout + ended.stderr  # what was to tell more was dropped already
        assert ended.returncode == (8 if counted else 0), (call, ended.stderr)
        assert shop.ours() == [], call
        assert shop.status()["schedules"] == [], call
        assert AS_IT_WAS <= rows(shop) <= AS_IT_WAS | AS_PLANNED, call
        if way == "resume":
            assert rows(shop) == AS_IT_WAS | AS_PLANNED, call
    shop.sql("DROP TABLE shop.kept")


def kill_in_call(shop: LabTool, words: list[str], call: str, when: str) -> None:
    """Start the job and kill it while it waits for the answer to a call."""
    state = shop.place.running()
    before = control(state, "faults", {}).get("hanging", 0)
    control(state, "fault", {"kind": when, "action": call, "times": 1})
    with shop.started(*words) as process:
        deadline = time.monotonic() + WITHIN
        while control(state, "faults", {}).get("hanging", 0) == before:
            assert time.monotonic() < deadline, f"{call} was never asked for"
            time.sleep(0.05)
        process.kill()
    control(state, "fault", {"kind": "none", "action": "*", "times": 0})


def test_a_run_by_a_file_of_keys_goes_on_by_the_same_keys_whatever_became_of_the_file(
    shop: LabTool, damaged: str, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.txt"
    keys.write_text("2\n", "utf-8")
    words = ["table", "kept", "--before", damaged, "--keys-from", str(keys), "--yes"]
    with shop.started(*words) as process:
        assert kill_at(process, "step-started", "dump")
    keys.write_text("3\n", "utf-8")

    shop("resume", "--yes", check=0)

    assert rows(shop) == AS_IT_WAS | {("2", "two")}
    assert shop.ours() == []
