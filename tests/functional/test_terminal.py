"""The tool in a terminal: it asks for what is missing, shows what it found, and takes no for an answer."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TypeAlias

import pexpect
import pytest

from tool import LabTool

Terminal: TypeAlias = "pexpect.spawn[str]"  # a program on a terminal of its own


@pytest.fixture
def terminal(shop: LabTool) -> Iterator[Terminal]:
    """The tool started with nothing but a command, on a terminal."""
    child = pexpect.spawn(
        sys.executable,
        ["-m", "rdsrestore", "table"],
        env={**shop.env, "TERM": "xterm", "TZ": "Europe/Berlin"},
        encoding="utf-8",
        timeout=120,
        dimensions=(40, 110),
    )
    yield child
    child.close(force=True)


def test_a_guided_run_asks_for_everything_and_restores(shop: LabTool, terminal: Terminal) -> None:
    shop.sql("CREATE TABLE shop.guided (id INT PRIMARY KEY)")
    shop.sql("INSERT INTO shop.guided VALUES (1), (2)")
    before = shop.moment()
    shop.sql("DELETE FROM shop.guided WHERE id = 1")

    terminal.expect("numbers or names")
    terminal.sendline("guided")
    terminal.expect("Which moment")
    terminal.sendline("01/06/2017")
    terminal.expect("Which moment|again|read|order")
    terminal.sendline(before)
    terminal.expect("CE[S]?T")
    terminal.expect("Start\\?")
    terminal.sendline("y")
    terminal.expect("On production: insert 1 row of shop.guided\\?")
    terminal.sendline("y")
    terminal.expect("1 row put back")
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == 0
    assert shop.sql("SELECT id FROM shop.guided ORDER BY id") == [["1"], ["2"]]
    assert shop.ours() == []
    shop.sql("DROP TABLE shop.guided")


def test_a_no_before_the_start_creates_nothing(shop: LabTool, terminal: Terminal) -> None:
    terminal.expect("numbers or names")
    terminal.sendline("billing")
    terminal.expect("Which moment")
    terminal.sendline("10 minutes ago")
    terminal.expect("Start\\?")
    terminal.sendline("n")
    terminal.expect("nothing was created")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 3
    assert shop.ours() == []


def test_the_end_of_input_is_a_no(terminal: Terminal) -> None:
    terminal.expect("numbers or names")
    terminal.sendeof()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 3
