"""The tool's name alone, in a terminal: from nothing to a restore."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from functional.test_terminal import ASKED, LIST, chosen, ended, on_a_terminal
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


def test_it_leads_to_a_command_line_and_every_mistake_can_be_corrected(shop: LabTool, damaged: str) -> None:
    with on_a_terminal(blank(shop)) as terminal:
        terminal.expect("brings back rows of single tables")
        terminal.expect("Which RDS instance")
        terminal.expect(LIST)
        terminal.expect("production .*available")
        terminal.sendline("nonsense")
        terminal.expect("nonsense is not in the list")
        terminal.send("\x1b")
        terminal.sendline("production")
        terminal.expect("Password of admin on production")
        terminal.sendline("wrong")
        terminal.expect("error: ")
        terminal.expect("Password of admin on production")
        terminal.sendline(shop.env["RDSRESTORE_PASSWORD"])
        chosen(terminal, "Which database", "shop")
        chosen(terminal, "Which tables", "billing")
        terminal.expect("shop.billing has .* rows? now")
        terminal.expect("What happened")
        terminal.expect(LIST)
        terminal.send("\x1b")
        chosen(terminal, "Which tables", "led")
        terminal.expect("shop.led has 1 row now")
        chosen(terminal, "What happened", "rows were deleted")
        terminal.expect("backups reach from .* to .* UTC")
        terminal.expect("moment")
        terminal.sendline("01/06/2017")
        terminal.expect("error: ")
        terminal.sendline("2016-01-01 10:00")
        terminal.expect("before the oldest backup")
        terminal.sendline(damaged)
        terminal.expect(f"rdsrestore table led --before {damaged} --instance production --database shop")
        terminal.expect("every row that is there now stays")
        chosen(terminal, "Run it", "yes")
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
            ("Which tables", "a table that is gone"),
        ):
            chosen(terminal, question, answer)
        terminal.expect("the name of the table that is gone")
        terminal.sendline("led")
        chosen(terminal, "What happened", "dropped")
        terminal.expect("moment: ")
        terminal.sendline(damaged)
        terminal.expect("--recreate --instance production --database shop")
        chosen(terminal, "Run it", "no")
        terminal.expect("nothing was made")
        assert ended(terminal) == 3
    assert shop.ours() == []


def test_the_same_questions_have_numbers_where_lists_are_not_to_be_drawn(shop: LabTool, damaged: str) -> None:
    assert damaged
    with on_a_terminal(shop, "--plain") as terminal:
        terminal.expect("1  production")
        terminal.sendline("1")
        for question, answer in (("Which database", "shop"), ("Which tables", "led"), ("What happened", "4")):
            terminal.expect(question)
            terminal.expect("names?.*: ")
            terminal.sendline(answer)
        terminal.expect("moment: ")
        terminal.sendline(damaged)
        terminal.expect("rdsrestore compare led")
        terminal.expect("number or name \\(yes\\): ")
        terminal.sendline("no")
        assert ended(terminal) == 3


def test_a_run_that_was_led_to_by_lists_can_leave_the_terminal(shop: LabTool, damaged: str) -> None:
    with on_a_terminal(shop) as terminal:
        chosen(terminal, "Which RDS instance", "production")
        chosen(terminal, "Which database", "shop")
        chosen(terminal, "Which tables", "led")
        chosen(terminal, "What happened", "deleted")
        terminal.expect("moment: ")
        terminal.sendline(damaged)
        chosen(terminal, "Run it", "yes")
        terminal.expect("binlog of the incident first\\?")
        terminal.sendline("n")
        terminal.expect("Start\\?")
        terminal.sendline("detach")
        terminal.expect("Ctrl-Z leaves it to itself")
        terminal.expect(ASKED)
        terminal.sendline("yes")
        terminal.expect("1 row put back")
        assert ended(terminal) == 0
    assert shop.ours() == []


def test_whoever_does_not_know_the_moment_is_led_through_the_binlog(shop: LabTool, damaged: str) -> None:
    assert damaged
    with on_a_terminal(shop) as terminal:
        for question, answer in (
            ("Which RDS instance", ""),
            ("Which database", ""),
            ("Which tables", "led"),
            ("What happened", "rows were deleted"),
        ):
            chosen(terminal, question, answer)
        terminal.expect("moment: ")
        terminal.sendline("find")
        chosen(terminal, "Which of these is to be taken back", "none of these")
        assert ended(terminal) == 0
    assert shop.ours() == []


def test_a_wrong_password_of_the_settings_ends_it_with_the_error_and_where_to_mend_it(shop: LabTool) -> None:
    wrong = LabTool(shop.folder, shop.home, shop.env | {"RDSRESTORE_PASSWORD": "wrong"})
    with on_a_terminal(wrong) as terminal:
        chosen(terminal, "Which RDS instance", "production")
        terminal.expect("error: ")
        terminal.expect("check RDSRESTORE_USER and RDSRESTORE_PASSWORD")
        assert ended(terminal) == 4
    assert shop.ours() == []


def test_without_a_terminal_it_shows_its_help(shop: LabTool) -> None:
    shown = shop(check=2)
    assert "Usage:" in shown.stderr
    assert "compare" in shown.stderr
