"""However a run ends once it has a sound dump, its last words name the command that goes on from it, and it does."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import pytest

from rdsrestore.steps.recipe import FROM_RECIPE
from tool import LabTool, counted, events

ROWS = 300
AFTER_THE_DUMP = [step.name for step in FROM_RECIPE if step.name not in {"landing", "swap", "verify"}][2:]
"""The steps of a plain run between the dump and its last word, in order."""
AGAIN = {"restore-instance", "own-group", "open-rule", "dump"}


@pytest.fixture
def words(shop: LabTool, tmp_path: Path) -> Iterator[list[str]]:
    """The command that restores a table of which half the rows are gone; its load waits while the last word is a file."""
    shop.sql("CREATE TABLE shop.waits (id INT PRIMARY KEY, note VARCHAR(40))")
    shop.sql(f"INSERT INTO shop.waits SELECT seq, CONCAT('n', seq) FROM {counted(ROWS)}")
    before = shop.moment()
    shop.sql("DELETE FROM shop.waits WHERE id % 2 = 0")
    yield ["table", "waits", "--before", before, "--yes", "--pause-file", str(tmp_path / "flag")]
    shop("cleanup")
    shop.sql("DROP TABLE shop.waits")


def stop(shop: LabTool, words: list[str], step: str, act: Callable[[int], None]) -> str:
    """Do something to a run as a step of it begins, which is not over before that is done; returns its name."""
    run, flag = "", Path(words[-1])
    flag.touch()
    with shop.started(*words) as process:
        for each in events(process):
            run = each.get("run") or run
            if (each["event"], each.get("step")) == ("step-started", step):
                act(process.pid)
                flag.unlink()
    return run


def offered(shop: LabTool, run: str) -> list[str]:
    """Return the first command that a run's report names for what comes next."""
    report = (shop.home / "runs" / run / "report.md").read_text("utf-8")
    found = re.search(rf"rdsrestore (resume {run}|table --from {run})", report)
    assert found, report
    return shlex.split(found[1])


def goes_on(shop: LabTool, command: list[str]) -> None:
    """Do what was offered, and hold that nothing was restored again."""
    known = {path.name for path in (shop.home / "runs").iterdir()}
    ended = shop(*command, "--yes", "--json", check=0)
    begun = {line["step"] for line in map(json.loads, ended.stdout.splitlines()) if line["event"] == "step-started"}
    assert not AGAIN & begun
    assert len({path.name for path in (shop.home / "runs").iterdir()} - known) == (command[0] == "table")
    assert shop.number("SELECT COUNT(*) FROM shop.waits") == ROWS
    assert shop.ours() == []


@pytest.mark.parametrize(
    ("step", "number"), list(zip(AFTER_THE_DUMP, cycle([signal.SIGINT, signal.SIGTERM]), strict=False)), ids=str
)
def test_a_signal_after_the_dump_costs_no_other_restore(
    shop: LabTool, words: list[str], step: str, number: signal.Signals
) -> None:
    run = stop(shop, words, step, lambda pid: os.kill(pid, number))
    goes_on(shop, offered(shop, run))


@pytest.mark.parametrize("step", ["scratch", "stage", "compare", "save", "load"])
def test_a_failure_after_the_dump_costs_no_other_restore(shop: LabTool, words: list[str], step: str) -> None:
    def away(_pid: int) -> None:
        shop.sql("RENAME TABLE shop.waits TO shop.waits_away")

    run = stop(shop, words, step, away)
    shop.sql("RENAME TABLE shop.waits_away TO shop.waits")
    goes_on(shop, offered(shop, run))


def test_what_has_ended_and_keeps_nothing_is_begun_again_by_its_name_alone(shop: LabTool, words: list[str]) -> None:
    run = stop(shop, words, "restore-instance", lambda pid: os.kill(pid, signal.SIGKILL))
    shop("cleanup", check=0)
    refused = shop("table", "nothing_like_it", *words[2:], check=3)
    assert "nothing_like_it" in refused.stderr

    said = shop("resume", "--yes", check=3).stderr

    assert f"the newest run, {run}, has ended, and nothing is kept of it" in said
    assert shop.number("SELECT COUNT(*) FROM shop.waits") == ROWS // 2
    shop("resume", run, "--yes", check=0)
    assert shop.number("SELECT COUNT(*) FROM shop.waits") == ROWS
