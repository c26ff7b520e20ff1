"""Looking at a run from a second terminal."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

from functional.test_terminal import ASKED, on_a_terminal
from tool import COMMAND, LabTool, events


@pytest.fixture
def damaged(shop: LabTool) -> Iterator[str]:
    """A table that has lost rows, and the moment before."""
    shop.sql("CREATE TABLE shop.watched (id INT PRIMARY KEY); INSERT INTO shop.watched VALUES (1), (2), (3)")
    before = shop.moment()
    shop.sql("DELETE FROM shop.watched WHERE id < 3")
    yield before
    shop.sql("DROP TABLE shop.watched")


def status(shop: LabTool, *words: str) -> dict[str, Any]:
    return dict(json.loads(shop("status", *words, "--json", check=0).stdout.splitlines()[0]))


def until_loading(process: subprocess.Popen[str]) -> None:
    """Wait until a held load says that it waits."""
    for each in events(process):
        if (each["event"], each.get("step")) == ("step-progress", "load"):
            return


def test_a_run_is_followed_to_its_end_with_its_exit_code(shop: LabTool, damaged: str, tmp_path: Path) -> None:
    pause = tmp_path / "pause"
    pause.touch()
    with shop.started("table", "watched", "--before", damaged, "--yes", "--pause-file", str(pause)) as process:
        until_loading(process)
        found = status(shop)
        assert (found["state"], found["step"], found["production"]) == (
            "at-work",
            "load",
            "production is being written",
        )
        assert found["number"] <= found["of"]
        said = shop("status", check=0).stdout
        assert "paused" in said
        assert "an instance for" in said
        with subprocess.Popen([*COMMAND, "watch"], env=shop.env, stdout=subprocess.PIPE, text=True) as watcher:
            assert watcher.stdout is not None
            assert "load" in watcher.stdout.readline()
            pause.unlink()
            rest = watcher.stdout.read()
            assert watcher.wait(60) == 0
    assert "restored and verified: 2 rows put back" in rest
    ended = status(shop, found["run"])
    assert (ended["state"], ended["exit_code"]) == ("ended", 0)
    assert not (shop.home / "runs" / found["run"] / "progress.json").exists()
    assert "no run is at work" in shop("status", check=0).stdout
    assert "no run is at work" in shop("watch", check=3).stderr
    assert shop("watch", found["run"], check=0).stdout.count("restored and verified") == 1


def test_a_killed_run_is_said_to_be_dead_with_the_command_that_goes_on(
    shop: LabTool, damaged: str, tmp_path: Path
) -> None:
    pause = tmp_path / "pause"
    pause.touch()
    with shop.started("table", "watched", "--before", damaged, "--yes", "--pause-file", str(pause)) as process:
        until_loading(process)
        run = status(shop)["run"]
        with subprocess.Popen(
            [*COMMAND, "watch", run], env=shop.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as watcher:
            assert watcher.stdout is not None
            assert "load" in watcher.stdout.readline()
            process.send_signal(signal.SIGKILL)
            _, problem = watcher.communicate(timeout=60)
    assert watcher.returncode == 7
    assert "its process is gone, step load" in problem
    assert f"rdsrestore resume {run} goes on" in problem
    assert status(shop, run)["state"] == "dead"
    assert f"rdsrestore resume {run} goes on" in shop("status", check=0).stderr
    shop("cleanup", run)
    assert shop.ours() == []


def test_a_question_that_waits_is_seen_from_elsewhere(shop: LabTool, damaged: str) -> None:
    with on_a_terminal(shop, "table", "watched", "--before", damaged) as terminal:
        terminal.expect("binlog of the incident first\\?")
        terminal.sendline("n")
        terminal.expect("Start\\?")
        terminal.sendline("y")
        terminal.expect(ASKED)
        found = status(shop)
        assert found["state"] == "waiting"
        assert "insert 2 rows of shop.watched" in found["waits_for"]
        assert found["production"] == "no table touched so far"
        with on_a_terminal(shop, "watch") as second:
            second.expect("waits for an answer in the terminal of")
            terminal.sendline("yes")
            second.expect("restored and verified: 2 rows put back")
            second.expect(pexpect.EOF)
        terminal.expect(pexpect.EOF)
    second.close()
    assert second.exitstatus == 0
