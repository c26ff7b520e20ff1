"""An accident whose time no binlog tells any more: restored copies are asked when it was, and nothing of them stays."""

from __future__ import annotations

import json
import shlex
import signal
from collections.abc import Iterator

import pytest

from rdsrestore.domain.outcome.exit_code import ExitCode
from tool import LabTool, counted, events, kill_at

COUNT = "SELECT COUNT(*) FROM probed"


@pytest.fixture
def damaged(shop: LabTool) -> Iterator[tuple[str, str]]:
    """A table that lost rows at a time that nobody knows; gives moments before and after it."""
    shop.sql("CREATE TABLE shop.probed (id INT PRIMARY KEY)")
    shop.sql(f"INSERT INTO shop.probed SELECT seq FROM {counted(30)}")
    before = shop.moment()
    for _second in range(4):
        shop.moment()
    shop.sql("DELETE FROM shop.probed WHERE id > 10")
    shop.moment()
    shop.moment()
    yield before, shop.moment()
    shop("cleanup", "--all", "--yes", check=0)
    shop.sql("DROP TABLE shop.probed")


def runs(shop: LabTool) -> list[str]:
    return [json.loads(line)["run"] for line in shop("runs", "--json", check=0).stdout.splitlines()]


@pytest.mark.timeout(900)
def test_the_second_is_found_and_the_printed_command_brings_the_rows_back(
    shop: LabTool, damaged: tuple[str, str]
) -> None:
    known = runs(shop)
    words = ("find", "probed", "--probe", COUNT, "--since", damaged[0], "--until", damaged[1], "--within", "1s")
    shown = shop(*words, "--dry-run", check=0).stdout
    assert "5 at the most" in shown
    assert "none are written, and the copy alone is asked" in shown
    assert runs(shop) == known
    assert "add --yes" in shop(*words, check=3).stderr

    said = shop(*words, "--yes", check=0).stdout
    assert len(runs(shop)) - len(known) in {4, 5}
    assert shop.ours() == []
    assert "it was 30 before, and is 10 in the end" in said
    narrowed = [line for line in said.splitlines() if line.startswith("  rdsrestore find probed --probe")]
    assert len(narrowed) in {2, 3}
    (restore,) = [line for line in said.splitlines() if line.startswith("  rdsrestore table probed")]
    shop(*shlex.split(restore)[1:], "--yes", check=0)
    assert shop.number("SELECT COUNT(*) FROM shop.probed") == 30
    assert shop.ours() == []


@pytest.mark.timeout(900)
def test_killed_in_a_round_the_copy_is_what_cleanup_finds_and_removes(shop: LabTool, damaged: tuple[str, str]) -> None:
    words = ("find", "probed", "--probe", COUNT, "--since", damaged[0], "--until", damaged[1], "--yes")
    with shop.started(*words) as process:
        assert kill_at(process, "step-started", "open-rule")
    (run, *_more) = runs(shop)
    assert f"rdsrestore-{run}" in shop.ours()
    reminded = shop("find", "probed", check=0).stderr
    assert f"run {run} is unfinished: rdsrestore cleanup {run} removes it" in reminded
    assert "only asked a copy" in shop("resume", run, "--yes", check=3).stderr
    shop("cleanup", run, check=0)
    assert shop.ours() == []


@pytest.mark.timeout(900)
@pytest.mark.parametrize("event", ["step-started", "undo-started"])
def test_ctrl_c_removes_the_copy_makes_no_other_and_names_the_command_that_goes_on(
    shop: LabTool, damaged: tuple[str, str], event: str
) -> None:
    known = runs(shop)
    words = ("find", "probed", "--probe", COUNT, "--since", damaged[0], "--until", damaged[1], "--yes")
    with shop.started(*words) as process:
        told = events(process)
        for each in told:
            if each.get("event") == event and each.get("step") == "open-rule":
                process.send_signal(signal.SIGINT)
                break
        (window,) = [each for each in told if each.get("event") == "window"]
    assert process.returncode == ExitCode.INTERRUPTED
    assert len(runs(shop)) == len(known) + 1
    assert (window["since"], window["until"]) == damaged
    assert shlex.split(window["command"])[3:5] == ["--probe", COUNT]
    assert shop.ours() == []


@pytest.mark.timeout(900)
def test_what_gives_no_single_answer_or_the_same_one_ends_it_with_nothing_left(
    shop: LabTool, damaged: tuple[str, str]
) -> None:
    time = ("--since", damaged[0], "--until", damaged[1], "--yes")
    told = shop("find", "probed", "--probe", "SELECT id FROM probed", *time, check=3)
    assert "several rows, and not one value" in told.stderr
    assert "to go on from here" in told.stdout
    same = shop("find", "probed", "--probe", "SELECT COUNT(*) FROM nowhere", *time, check=3).stderr
    assert "at both ends the answer is none (what it asks about is not there)" in same
    assert "none that only reads" in shop("find", "probed", "--probe", "DELETE FROM probed", *time, check=2).stderr
    assert "go with --probe" in shop("find", "probed", "--yes", check=2).stderr
    assert shop.ours() == []


@pytest.mark.timeout(900)
def test_a_database_that_was_dropped_is_asked_about_and_the_printed_command_makes_it_again(shop: LabTool) -> None:
    shop.sql("CREATE DATABASE dropped")
    shop.sql("CREATE TABLE dropped.few (id INT PRIMARY KEY)")
    shop.sql(f"INSERT INTO dropped.few SELECT seq FROM {counted(3)}")
    before = shop.moment()
    shop.sql("DROP DATABASE dropped")
    shop.moment()
    words = ("find", "few", "--database", "dropped", "--probe", "SELECT COUNT(*) FROM few")
    said = shop(*words, "--since", before, "--until", shop.moment(), "--yes", check=0).stdout
    (restore,) = [line for line in said.splitlines() if line.startswith("  rdsrestore table few")]
    shop(*shlex.split(restore)[1:], "--yes", check=0)
    assert shop.number("SELECT COUNT(*) FROM dropped.few") == 3
    shop.sql("DROP DATABASE dropped")
