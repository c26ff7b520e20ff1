"""Keys in a run: the same in the terminal that it was started in and in one that shows it."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from functional.test_terminal import ASKED, Terminal, ended, on_a_terminal
from notify.test_lists import as_before
from tool import LabTool


@pytest.fixture
def damaged(shop: LabTool) -> Iterator[str]:
    """A table that has lost a row, and the moment before."""
    shop.sql("CREATE TABLE shop.keyed (id INT PRIMARY KEY); INSERT INTO shop.keyed VALUES (1), (2)")
    before = shop.moment()
    shop.sql("DELETE FROM shop.keyed WHERE id = 1")
    yield before
    shop.sql("DROP TABLE IF EXISTS shop.keyed")


def begun(terminal: Terminal, start: str) -> None:
    terminal.expect("binlog of the incident first\\?")
    terminal.sendline("n")
    terminal.expect("Start\\?")
    terminal.sendline(start)
    terminal.expect("restore-instance")
    terminal.expect("p pause · g gentle · s status · d details")


@pytest.mark.parametrize("start", ["y", "detach"])
def test_keys_hold_the_load_slow_it_down_and_say_where_it_stands(shop: LabTool, damaged: str, start: str) -> None:
    with on_a_terminal(shop, "table", "keyed", "--before", damaged) as terminal:
        begun(terminal, start)
        terminal.send("d")
        terminal.expect("which rows differ is known after the step compare")
        terminal.send("p")
        terminal.expect("paused: no more rows are written")
        terminal.expect(ASKED)
        terminal.sendline("yes")
        terminal.expect("paused: rdsrestore unpause [0-9a-f-]+")
        terminal.expect("p go on")
        terminal.send("s")
        terminal.expect("does .*paused: ")
        terminal.send("d")
        terminal.expect("id=1")
        terminal.send("g")
        terminal.expect("gentle: little is written at a time")
        assert shop.sql("SELECT id FROM shop.keyed") == [["2"]]
        terminal.send("p")
        terminal.expect("goes on")
        terminal.expect("restored and verified: 1 row put back")
        assert ended(terminal) == 0
    assert shop.sql("SELECT id FROM shop.keyed ORDER BY id") == [["1"], ["2"]]
    assert shop.ours() == []


def test_a_run_that_is_stopped_leaves_the_terminal_as_it_was(shop: LabTool, damaged: str) -> None:
    with on_a_terminal(shop, "table", "keyed", "--before", damaged) as terminal:
        begun(terminal, "y")
        assert not as_before(terminal)
        terminal.kill(signal.SIGTERM)
        terminal.expect("stopping, and cleaning up")
        assert as_before(terminal)
        assert ended(terminal) == 143
    assert shop.ours() == []


def test_a_comparison_has_nothing_to_hold(shop: LabTool, damaged: str) -> None:
    with on_a_terminal(shop, "compare", "keyed", "--before", damaged, "--plain") as terminal:
        terminal.expect("Start\\?")
        terminal.sendline("y")
        terminal.expect("keys: s status · d details")
        terminal.send("s")
        terminal.expect("production +no table touched so far")
        terminal.expect("would be put back")
        assert ended(terminal) == 0
    assert shop.ours() == []
