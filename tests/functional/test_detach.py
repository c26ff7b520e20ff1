"""A run that outlives its terminal, and the terminals that show it: real ones, and real ends of each."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from functional.test_terminal import ASKED, Terminal, ended, on_a_terminal
from tool import LabTool


@pytest.fixture
def damaged(shop: LabTool) -> Iterator[str]:
    """A table that has lost rows, and the moment before."""
    shop.sql("CREATE TABLE shop.apart (id INT PRIMARY KEY); INSERT INTO shop.apart VALUES (1), (2), (3)")
    before = shop.moment()
    shop.sql("DELETE FROM shop.apart WHERE id < 3")
    yield before
    for process in workers(shop.home / "runs").values():  # a test that failed leaves one that waits for its answer
        os.kill(process, signal.SIGKILL)
    shop.sql("DROP TABLE shop.apart")


def begun(terminal: Terminal, answer: str = "y") -> str:
    """Start a run; returns its name."""
    terminal.expect("binlog of the incident first\\?")
    terminal.sendline("n")
    terminal.expect("Start\\?")
    terminal.sendline(answer)
    terminal.expect("run ([0-9]{6}-[0-9]{6}-[0-9a-f]{4}): Ctrl-Z leaves it to itself")
    assert isinstance(terminal.match, re.Match)
    return str(terminal.match.group(1))


def close(terminal: Terminal) -> None:
    """Do to a terminal's process what its closed window does; nobody else holds that terminal open."""
    terminal.kill(signal.SIGHUP)
    terminal.expect(pexpect.EOF)
    terminal.wait()


def workers(runs: Path) -> dict[str, int]:
    """Find the processes that work on the runs of a folder, by the runs' names."""
    return {run: int(each.name) for each in Path("/proc").iterdir() for run in held(each, runs)}


def held(process: Path, runs: Path) -> list[str]:
    """Name the runs whose lock a process has open."""
    try:
        files = [each.readlink() for each in (process / "fd").iterdir()]
    except OSError:
        return []
    return [each.parent.name for each in files if each.name == "lock" and each.parent.parent == runs]


@pytest.fixture(autouse=True)
def nobody_stays(shop: LabTool) -> Iterator[None]:
    """Stop what a test that failed has left at work."""
    yield
    for process in workers(shop.home / "runs").values():
        os.kill(process, signal.SIGTERM)


def test_a_run_goes_on_after_its_terminal_is_closed_and_is_answered_from_another(shop: LabTool, damaged: str) -> None:
    with on_a_terminal(shop, "table", "apart", "--before", damaged) as terminal:
        run = begun(terminal, "detach")
        terminal.expect("restore-instance")
        close(terminal)
    with on_a_terminal(shop, "attach") as second:
        second.sendline("yes")  # before anything is shown
        second.expect("Ctrl-Z leaves it to itself")
        second.expect("On production: insert 2 rows of shop.apart\\?")
        second.expect(ASKED)
        status = shop("status", run, check=0).stdout
        assert "WAITS FOR" in status
        assert f"rdsrestore attach {run} shows it and takes your answer" in status
        second.send("\x1a")
        second.expect(f"this terminal has left the run; it goes on: rdsrestore attach {run} shows it again")
        assert ended(second) == 7
    with on_a_terminal(shop, "attach", run) as third:
        third.expect("restore-instance +available")
        third.expect(ASKED)
        third.sendline("y")
        third.expect("only the word yes will do")
        third.sendline("details")
        third.expect("id=1")
        third.sendline("yes")
        third.expect("restored and verified: 2 rows put back")
        assert ended(third) == 0
    with on_a_terminal(shop, "attach", run) as late:
        late.expect("restored and verified: 2 rows put back")
        assert ended(late) == 0
    assert shop.sql("SELECT id FROM shop.apart ORDER BY id") == [["1"], ["2"], ["3"]]
    assert shop.ours() == []
    log = (shop.home / "runs" / run / "steps.log").read_text()
    assert "done: load" in log
    assert shop.env["RDSRESTORE_PASSWORD"] not in log
    assert "id=1" not in log
    assert not (shop.home / "runs" / run / "terminal").exists()


def test_of_two_terminals_the_newest_shows_the_run_and_a_ctrl_c_there_stops_it(shop: LabTool, damaged: str) -> None:
    with on_a_terminal(shop, "table", "apart", "--before", damaged, "--detach") as first:
        run = begun(first)
        first.expect(ASKED)
        first.send("ye")
        with on_a_terminal(shop, "attach", run) as second:
            second.expect(ASKED)
            first.expect("another terminal shows the run now; it goes on")
            assert ended(first) == 7
            second.sendline("s")
            second.expect("only the word yes will do")
            second.sendintr()
            second.expect("nothing left running")
            assert ended(second) == 130
    assert shop.sql("SELECT id FROM shop.apart") == [["3"]]
    assert shop.ours() == []


def test_nobody_who_answers_means_later_and_who_comes_then_is_told_how_to_go_on(shop: LabTool, damaged: str) -> None:
    patient = LabTool(shop.folder, shop.home, {**shop.env, "RDSRESTORE_WAIT_FOR_ANSWER": "1"})
    with on_a_terminal(patient, "table", "apart", "--before", damaged, "--detach") as terminal:
        run = begun(terminal)
        close(terminal)
    with on_a_terminal(shop, "attach", run) as watching:
        assert ended(watching) == 3
    with on_a_terminal(shop, "attach", run) as late:
        late.expect(f"rdsrestore resume {run} goes on from its dump")
        assert ended(late) == 3
    with on_a_terminal(shop, "resume", run, "--detach") as again:
        again.expect("Go on\\?")
        again.sendline("y")
        again.expect("Ctrl-Z leaves it to itself")
        again.expect(ASKED)
        again.sendline("yes")
        assert ended(again) == 0
    assert shop.sql("SELECT id FROM shop.apart ORDER BY id") == [["1"], ["2"], ["3"]]


def test_a_run_that_is_killed_while_it_is_shown_is_said_to_be_dead_with_what_goes_on(
    shop: LabTool, damaged: str
) -> None:
    with on_a_terminal(shop, "table", "apart", "--before", damaged, "--detach") as terminal:
        run = begun(terminal)
        terminal.expect(ASKED)
        os.kill(workers(shop.home / "runs")[run], signal.SIGKILL)
        terminal.expect("its process is gone, step approve")
        terminal.expect(f"rdsrestore resume {run} goes on")
        assert ended(terminal) == 7
    shop("cleanup", run)
    assert shop.ours() == []


def test_without_it_a_closed_terminal_ends_the_run_and_attach_says_where_it_is(shop: LabTool, damaged: str) -> None:
    with on_a_terminal(shop, "table", "apart", "--before", damaged) as terminal:
        terminal.expect("binlog of the incident first\\?")
        terminal.sendline("n")
        terminal.expect("Start\\?")
        terminal.sendline("y")
        terminal.expect("run ([0-9]{6}-[0-9]{6}-[0-9a-f]{4})")
        assert isinstance(terminal.match, re.Match)
        run = str(terminal.match.group(1))
        terminal.expect(ASKED)
        with on_a_terminal(shop, "attach", run) as other:
            other.expect(r"is at work in the terminal that it was\s+started in")
            other.expect(f"rdsrestore watch {run} follows it from here")
            assert ended(other) == 3
        terminal.kill(signal.SIGHUP)
        terminal.expect(pexpect.EOF)
    deadline = time.monotonic() + 60
    while shop.ours() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert shop.ours() == []
    assert "SIGHUP" in shop("attach", run).stderr + shop("status", run).stdout


def test_what_refuses_the_run_at_once_is_seen_all_the_same_and_leaves_no_folder(shop: LabTool, damaged: str) -> None:
    folders = set((shop.home / "runs").iterdir()) if (shop.home / "runs").exists() else set()
    with on_a_terminal(shop, "table", "apart", "--before", damaged, "--detach") as first:
        run = begun(first)
        first.expect(ASKED)
        with on_a_terminal(shop, "table", "apart", "--before", damaged, "--detach") as second:
            begun(second)
            second.expect("another run of rdsrestore works on shop.apart right now")
            assert ended(second) == 3
        first.sendline("no")
        assert ended(first) == 3
    assert {each.name for each in set((shop.home / "runs").iterdir()) - folders} == {run}


def test_where_there_is_nothing_to_leave_it_is_refused_before_anything_is_made(shop: LabTool, damaged: str) -> None:
    refused = shop("table", "apart", "--before", damaged, "--yes", "--detach", check=2)
    assert "there is no terminal to leave" in refused.stderr
    assert "no run is at work" in shop("attach", check=3).stderr
    assert shop.ours() == []
