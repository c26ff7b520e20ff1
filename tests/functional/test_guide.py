"""The tool's name alone, in a terminal: from nothing to a restore."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from functional.test_terminal import ASKED, Terminal, ended, on_a_terminal
from tool import LabTool


@pytest.fixture
def damaged(shop: LabTool) -> Iterator[str]:
    """A table that has lost a row, and the moment before."""
    shop.sql("CREATE TABLE shop.led (id INT PRIMARY KEY); INSERT INTO shop.led VALUES (1), (2)")
    before = shop.moment()
    shop.sql("DELETE FROM shop.led WHERE id = 1")
    yield before
    shop.sql("DROP TABLE IF EXISTS shop.led")


def blank(shop: LabTool) -> LabTool:
    """The same lab, of which no setting says anything but how to reach it."""
    unsaid = {"RDSRESTORE_PASSWORD", "RDSRESTORE_INSTANCE", "RDSRESTORE_DATABASE", "RDSRESTORE_USER"}
    return LabTool(shop.folder, shop.home, {name: value for name, value in shop.env.items() if name not in unsaid})


def number(terminal: Terminal) -> str:
    """The number before what was just read."""
    assert isinstance(terminal.match, re.Match)
    return str(terminal.match.group(1))


def test_it_leads_to_a_command_line_and_every_mistake_can_be_corrected(shop: LabTool, damaged: str) -> None:
    with on_a_terminal(blank(shop)) as terminal:
        terminal.expect("brings back rows of single tables")
        terminal.expect("Which RDS instance")
        terminal.expect("production .*available")
        terminal.sendline("nonsense")
        terminal.expect("is not in the list")
        terminal.sendline("production")
        terminal.expect("Password of admin on production")
        terminal.sendline("wrong")
        terminal.expect("error: ")
        terminal.expect("Password of admin on production")
        terminal.sendline(shop.env["RDSRESTORE_PASSWORD"])
        terminal.expect("Which database")
        terminal.sendline("shop")
        terminal.expect("Which tables")
        terminal.sendline("billing")
        terminal.expect("shop.billing has .* rows? now")
        terminal.expect("What happened")
        terminal.sendline("back")
        terminal.expect("Which tables")
        terminal.sendline("led")
        terminal.expect("shop.led has 1 row now")
        terminal.expect("What happened")
        terminal.sendline("rows were deleted")
        terminal.expect("backups reach from .* to .* UTC")
        terminal.expect("moment")
        terminal.sendline("01/06/2017")
        terminal.expect("error: ")
        terminal.sendline("2016-01-01 10:00")
        terminal.expect("before the oldest backup")
        terminal.sendline(damaged)
        terminal.expect(f"rdsrestore table led --before {damaged} --instance production --database shop")
        terminal.expect("every row that is there now stays")
        terminal.expect("Run it")
        terminal.sendline("yes")
        terminal.expect("binlog of the incident first\\?")
        terminal.sendline("n")
        terminal.expect("Start\\?")
        terminal.sendline("y")
        terminal.expect(ASKED)
        terminal.sendline("yes")
        terminal.expect("1 row put back")
        assert ended(terminal) == 0
    assert shop.sql("SELECT id FROM shop.led ORDER BY id") == [["1"], ["2"]]
    assert shop.ours() == []


def test_a_no_at_the_end_makes_nothing_and_leaves_the_command_on_the_screen(shop: LabTool, damaged: str) -> None:
    shop.sql("DROP TABLE shop.led")
    with on_a_terminal(shop) as terminal:
        for question, answer in (
            ("Which RDS instance", ""),
            ("Which database", ""),
            ("Which tables", "back"),
            ("Which database", "shop"),
        ):
            terminal.expect(question)
            terminal.sendline(answer)
        terminal.expect("(\\d+)  a table that is gone")
        terminal.sendline(number(terminal))
        terminal.expect("the name of the table that is gone")
        terminal.sendline("led")
        terminal.expect("(\\d)  the table was dropped")
        terminal.sendline(number(terminal))
        terminal.expect("moment: ")
        terminal.sendline(damaged)
        terminal.expect("--recreate --instance production --database shop")
        terminal.expect("Run it")
        terminal.sendline("no")
        terminal.expect("nothing was made")
        assert ended(terminal) == 3
    assert shop.ours() == []


def test_whoever_does_not_know_the_moment_is_led_through_the_binlog(shop: LabTool, damaged: str) -> None:
    assert damaged
    with on_a_terminal(shop) as terminal:
        for question, answer in (
            ("Which RDS instance", ""),
            ("Which database", ""),
            ("Which tables", "led"),
            ("What happened", "rows were deleted"),
            ("moment: ", "find"),
            ("Which of these is to be taken back", "none of these"),
        ):
            terminal.expect(question)
            terminal.sendline(answer)
        assert ended(terminal) == 0
    assert shop.ours() == []


def test_a_wrong_password_of_the_settings_ends_it_with_the_error_and_where_to_mend_it(shop: LabTool) -> None:
    wrong = LabTool(shop.folder, shop.home, shop.env | {"RDSRESTORE_PASSWORD": "wrong"})
    with on_a_terminal(wrong) as terminal:
        terminal.expect("Which RDS instance")
        terminal.sendline("production")
        terminal.expect("error: ")
        terminal.expect("check RDSRESTORE_USER and RDSRESTORE_PASSWORD")
        assert ended(terminal) == 4
    assert shop.ours() == []


def test_without_a_terminal_it_shows_its_help(shop: LabTool) -> None:
    shown = shop(check=2)
    assert "Usage:" in shown.stderr
    assert "compare" in shown.stderr
