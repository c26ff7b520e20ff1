"""Production goes silent: no signal is swallowed, nothing that costs money waits for it, and every process ends."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pymysql
import pytest

from rdsrestore.domain.deadlines import FACTOR
from rdsrestore.lab.launch import control
from rdsrestore.workflow.run.interrupts import BOUNCE
from tool import LabTool, counted, events

pytestmark = pytest.mark.timeout(600)
"""Silences are waited out: minutes, on a machine that is busy with others."""

ROWS = 20_000
BOUND = 150.0
"""Seconds for a teardown that production never answers, on a busy machine."""
SOON = 20.0
"""Seconds for a process that waits for nothing, on a busy machine."""
DAMAGE: dict[str, tuple[str, tuple[str, ...]]] = {
    "the dump as it is": ("DELETE FROM shop.silent", ()),
    "row by row": ("UPDATE shop.silent SET v = 0", ("--merge", "overwrite")),
}


@pytest.fixture(params=DAMAGE)
def words(shop: LabTool, request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """The command that restores a damaged table."""
    yield from damage(shop, *DAMAGE[request.param])


@pytest.fixture
def plain(shop: LabTool) -> Iterator[list[str]]:
    """The same, where it does not matter how the rows come back."""
    yield from damage(shop, *DAMAGE["the dump as it is"])


def damage(shop: LabTool, statement: str, more: tuple[str, ...]) -> Iterator[list[str]]:
    shop.sql(
        "CREATE TABLE shop.silent (id INT PRIMARY KEY, v INT, note VARCHAR(120));"
        f" INSERT INTO shop.silent SELECT seq, seq, REPEAT('n', seq % 120) FROM {counted(ROWS)}"
    )
    before = shop.moment()
    shop.sql(statement)
    yield ["table", "silent", "--before", before, "--yes", *more]
    shop.sql("DROP TABLE shop.silent")


@contextmanager
def silence(shop: LabTool) -> Iterator[None]:
    """Let production accept connections and statements, and answer nothing."""
    server = int((shop.folder / "servers" / "production" / "pid").read_text())
    os.kill(server, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server, signal.SIGCONT)


@contextmanager
def waits_for_a_replica(shop: LabTool) -> Iterator[None]:
    """Let every commit wait for a replica that never confirms it."""
    primary, replica = semisync_words(shop)
    for name, value in (("timeout", "4000000000"), (f"wait_no_{replica}", "ON"), ("enabled", "ON")):
        root(shop, f"SET GLOBAL rpl_semi_sync_{primary}_{name} = {value}")
    try:
        yield
    finally:
        root(shop, f"SET GLOBAL rpl_semi_sync_{primary}_enabled = OFF")


@contextmanager
def a_deletion_that_takes_its_time(shop: LabTool) -> Iterator[None]:
    """Let the first call that deletes an instance hang."""
    control(shop.place.running(), "fault", {"kind": "hang-before", "action": "rds:DeleteDBInstance", "times": 1})
    try:
        yield
    finally:
        control(shop.place.running(), "fault", {"kind": "none", "action": "*", "times": 0})


def semisync_words(shop: LabTool) -> tuple[str, str]:
    """What this family calls the two ends; on MySQL they are a plug-in's, which is installed where it is not."""
    if root(shop, "SHOW VARIABLES LIKE 'rpl_semi_sync_master_enabled'"):
        return "master", "slave"
    if not root(shop, "SHOW VARIABLES LIKE 'rpl_semi_sync_source_enabled'"):
        root(shop, "INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'")
    return "source", "replica"


def root(shop: LabTool, statement: str) -> tuple[tuple[Any, ...], ...]:
    socket = str(shop.folder / "servers" / "production" / "s")
    with pymysql.connect(unix_socket=socket, user="root", ssl_disabled=True) as server, server.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def told(process: subprocess.Popen[str], wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Read events up to one."""
    said = []
    for event in events(process):
        if wanted(event):
            return event
        said.append(event)
    pytest.fail(f"it never came; at last: {said[-3:]}")


def at(kind: str, step: str) -> Callable[[dict[str, Any]], bool]:
    return lambda event: (event["event"], event.get("step")) == (kind, step)


def ends(process: subprocess.Popen[str], within: float) -> tuple[int, dict[str, Any]]:
    """Wait for the process to end; returns its exit code and its last event."""
    *_, last = events(process)
    return process.wait(within), last


def in_the_account(shop: LabTool) -> list[str]:
    """Name what is left there; production is not asked."""
    state = shop.status()
    names = [each["id"] for each in state["instances"]] + [each["name"] for each in state["security_groups"]]
    return [name for name in names if name.startswith("rdsrestore")]


def test_silent_in_the_load_a_signal_still_removes_what_costs_money(shop: LabTool, words: list[str]) -> None:
    with shop.started(*words) as process:
        told(process, at("step-progress", "load"))
        with silence(shop):
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            code, last = ends(process, BOUND)
            assert time.monotonic() - began < BOUND
            assert code == 6
            assert in_the_account(shop) == []
    (remain,) = last["remains"]
    assert remain["what"].startswith("drop scratch schema")
    shop("cleanup", check=5)
    assert shop.ours() == []


def test_silent_in_the_teardown_only_what_is_on_production_remains(shop: LabTool, plain: list[str]) -> None:
    with shop.started(*plain) as process:
        told(process, at("undo-started", "open-rule"))
        with silence(shop):
            code, last = ends(process, BOUND)
            assert code == 6
            assert in_the_account(shop) == []
    assert [remain["what"].split(" rdsrestore_")[0] for remain in last["remains"]] == ["drop scratch schema"]
    assert shop.number("SELECT COUNT(*) FROM shop.silent") == ROWS
    shop("cleanup", check=0)
    assert shop.ours() == []


def test_silent_at_a_commit_a_signal_still_ends_the_run(shop: LabTool, words: list[str]) -> None:
    with shop.started(*words) as process:
        told(process, at("step-started", "load"))
        with waits_for_a_replica(shop):
            process.send_signal(signal.SIGINT)
            code, _last = ends(process, BOUND)
            assert code in {5, 6, 130}
            assert in_the_account(shop) == []
    shop("cleanup")
    assert shop.ours() == []


@pytest.mark.parametrize(
    ("first", "second"),
    [(signal.SIGINT, signal.SIGINT), (signal.SIGINT, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT)],
)
def test_a_second_signal_leaves_at_once_and_says_what_to_type(
    shop: LabTool, words: list[str], first: signal.Signals, second: signal.Signals
) -> None:
    with shop.started(*words) as process:
        told(process, at("step-progress", "load"))
        with silence(shop), a_deletion_that_takes_its_time(shop):
            process.send_signal(first)
            said = told(process, lambda event: event["event"] == "notice")
            assert "stopping" in said["text"]
            assert "once more leaves" in said["text"]
            time.sleep(2 * BOUNCE)  # a key that bounces is no second signal
            began = time.monotonic()
            process.send_signal(second)
            code, last = ends(process, SOON)
            assert time.monotonic() - began < SOON
        assert (code, last["exit_code"]) == (6, 6)
    assert {each["command"] for each in last["remains"]} == {f"rdsrestore cleanup {last['run']}"}
    assert any(each["what"].startswith("delete instance") for each in last["remains"])
    assert in_the_account(shop) != []
    shop("cleanup", check=5)
    assert shop.ours() == []


def test_a_second_signal_leaves_a_teardown_that_waits_for_the_cloud(shop: LabTool, plain: list[str]) -> None:
    with shop.started(*plain) as process:
        told(process, at("undo-started", "restore-instance"))
        process.send_signal(signal.SIGINT)
        said = told(process, lambda event: event["event"] == "notice")
        assert "still cleaning up" in said["text"]
        time.sleep(2 * BOUNCE)
        process.send_signal(signal.SIGTERM)
        code, last = ends(process, SOON)
    assert code == 6 if last["remains"] else code in {0, -signal.SIGTERM}  # it was done by then, or on its way out
    shop("cleanup", check=0)
    assert shop.ours() == []


def test_a_signal_that_comes_twice_at_once_is_one(shop: LabTool, plain: list[str]) -> None:
    with shop.started(*plain) as process:
        told(process, at("step-started", "restore-instance"))
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGHUP)
        code, last = ends(process, BOUND)
    assert code in {130, 143}
    assert last["remains"] == []
    assert shop.ours() == []


def test_cleanup_removes_what_costs_money_while_production_is_silent(shop: LabTool, plain: list[str]) -> None:
    with shop.started(*plain) as process:
        told(process, at("step-started", "load"))
        process.kill()
    with silence(shop):
        assert shop("cleanup").returncode == 6
        assert in_the_account(shop) == []
    shop("cleanup", check=0)
    assert shop.ours() == []


def test_cleanup_of_all_removes_this_machine_s_while_production_is_silent(
    shop: LabTool, plain: list[str], tmp_path: Path
) -> None:
    with shop.started(*plain) as process:
        told(process, at("step-started", "load"))
        process.kill()
    hasty = replace(shop, env=shop.env | {FACTOR: "0.1"})
    with silence(shop):
        elsewhere = hasty("cleanup", "--all", "--yes", check=6, RDSRESTORE_HOME=str(tmp_path / "elsewhere"))
        assert "Whether somebody works on it is not known" in " ".join(elsewhere.stderr.split())
        assert in_the_account(shop) != []
        assert hasty("cleanup", "--all", "--yes").returncode == 6
        assert in_the_account(shop) == []
        assert shop.status()["schedules"] == []
        nothing = hasty("cleanup", "--all", "--yes", check=6)
        assert "nothing of rdsrestore is left" not in nothing.stdout
    assert shop("cleanup", "--all", "--yes").returncode in {0, 5}
    assert shop.ours() == []
