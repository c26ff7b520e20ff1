"""Holding a load and letting it go on: by command, by signal, by a file, and while production is busy."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tool import COMMAND, LabTool, counted, events

Process = subprocess.Popen[str]
WITHIN = 60
SLEEP = "DO SLEEP(600)"


@pytest.fixture
def deleted(shop: LabTool) -> str:
    """Delete all of a table; returns the moment before."""
    shop.sql("DROP TABLE IF EXISTS shop.held; CREATE TABLE shop.held (id INT PRIMARY KEY)")
    shop.sql(f"INSERT INTO shop.held SELECT seq FROM {counted(50)}")
    before = shop.moment()
    shop.sql("DELETE FROM shop.held")
    return before


def rows(shop: LabTool) -> int:
    return shop.number("SELECT COUNT(*) FROM shop.held")


def reach(process: Process, found: Callable[[dict[str, str]], bool]) -> bool:
    return any(found(each) for each in events(process))


def held(process: Process) -> bool:
    """Read on until the load says that it waits, and what for."""
    return reach(process, lambda each: each["event"] == "step-progress" and each["message"].startswith("paused: "))


def ends(process: Process) -> int:
    for _each in events(process):
        pass
    return process.wait(WITHIN)


@contextmanager
def started(shop: LabTool, before: str, *words: str) -> Iterator[Process]:
    with shop.started("table", "held", "--before", before, "--yes", *words) as process:
        yield process


def test_pause_and_unpause_from_another_terminal(shop: LabTool, deleted: str) -> None:
    with started(shop, deleted) as process:
        assert reach(process, lambda each: each.get("step") == "restore-instance")
        process.send_signal(signal.SIGSTOP)  # or a run on a quick machine is done before the command has begun
        shop("pause", check=0)
        process.send_signal(signal.SIGCONT)
        assert held(process)
        assert rows(shop) == 0
        shop("unpause", check=0)
        assert ends(process) == 0
    assert rows(shop) == 50


def test_a_run_that_is_not_at_work_is_not_said_to_hold(shop: LabTool, deleted: str) -> None:
    with started(shop, deleted) as process:
        assert ends(process) == 0
    assert "is not at work" in shop("pause", check=3).stderr
    assert "is not at work" in shop("unpause", check=3).stderr
    assert list((shop.home / "runs").glob("*/pause")) == []


def test_a_signal_holds_and_another_lets_go_on(shop: LabTool, deleted: str) -> None:
    with started(shop, deleted) as process:
        assert reach(process, lambda each: each.get("step") == "compare")
        process.send_signal(signal.SIGUSR1)
        assert held(process)
        assert rows(shop) == 0
        process.send_signal(signal.SIGUSR2)
        assert ends(process) == 0
    assert rows(shop) == 50


def test_a_file_holds_while_it_exists(shop: LabTool, deleted: str, tmp_path: Path) -> None:
    flag = tmp_path / "hold"
    flag.touch()
    with started(shop, deleted, "--pause-file", str(flag)) as process:
        assert held(process)
        assert rows(shop) == 0
        flag.unlink()
        assert ends(process) == 0
    assert rows(shop) == 50


def test_a_held_run_can_be_ended_and_leaves_nothing(shop: LabTool, deleted: str, tmp_path: Path) -> None:
    flag = tmp_path / "hold"
    flag.touch()
    with started(shop, deleted, "--pause-file", str(flag)) as process:
        assert held(process)
        process.send_signal(signal.SIGTERM)
        assert ends(process) == 143
    assert rows(shop) == 0
    assert shop.ours() == []


def test_the_load_waits_while_too_many_threads_run(shop: LabTool, deleted: str, tmp_path: Path) -> None:
    flag = tmp_path / "hold"
    flag.touch()
    with started(shop, deleted, "--max-load", "2", "--pause-file", str(flag)) as process:
        assert held(process)
        with sleeping(shop, 4):
            flag.unlink()
            assert reach(process, lambda each: "the limit is 2" in each["message"])
            assert rows(shop) == 0
        assert ends(process) == 0
    assert rows(shop) == 50


@contextmanager
def sleeping(shop: LabTool, number: int) -> Iterator[None]:
    """Keep threads of production running."""
    words = [*COMMAND, "lab", "sql", "--dir", str(shop.folder), SLEEP]
    sleepers = [subprocess.Popen(words, env=shop.env, stdout=subprocess.DEVNULL) for _ in range(number)]
    asleep = f"SELECT id FROM information_schema.processlist WHERE info = '{SLEEP}'"
    while len(found := shop.sql(asleep)) < number:
        time.sleep(0.1)
    yield
    for (thread,) in found:
        shop.sql(f"KILL QUERY {thread}")
    for sleeper in sleepers:
        sleeper.wait(WITHIN)
