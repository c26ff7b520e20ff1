"""The tool in a terminal: it asks for what is missing, shows what it found, and takes no for an answer."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pexpect
import pytest

from tool import LabTool, kill_at

Terminal: TypeAlias = "pexpect.spawn[str]"  # a program on a terminal of its own


@contextmanager
def on_a_terminal(shop: LabTool, *words: str) -> Iterator[Terminal]:
    """The tool started on a terminal."""
    child = pexpect.spawn(
        sys.executable,
        ["-m", "rdsrestore", *words],
        env={name: value for name, value in shop.env.items() if name not in {"COLUMNS", "LINES"}}  # a worker has them
        | {"TERM": "xterm", "TZ": "Europe/Berlin"},
        encoding="utf-8",
        timeout=120,
        dimensions=(40, 110),
    )
    yield child
    child.close(force=True)


@pytest.fixture
def terminal(shop: LabTool) -> Iterator[Terminal]:
    """The tool started with nothing but a command."""
    with on_a_terminal(shop, "table") as child:
        yield child


@pytest.fixture
def damaged(shop: LabTool) -> Iterator[str]:
    """A table that has lost a row, and the moment before."""
    shop.sql("CREATE TABLE shop.typed (id INT PRIMARY KEY)")
    shop.sql("INSERT INTO shop.typed VALUES (1), (2)")
    before = shop.moment()
    shop.sql("DELETE FROM shop.typed WHERE id = 1")
    yield before
    shop.sql("DROP TABLE shop.typed")


def ended(terminal: Terminal) -> int | None:
    """Wait for the tool to end; returns its exit code."""
    terminal.expect(pexpect.EOF)
    terminal.close()
    return terminal.exitstatus


ASKED = "\\[yes / no / later / details\\]"


LIST = "↑ ↓"
"""What a list begins with that is chosen from by arrow keys: what is typed earlier does not count."""


def chosen(terminal: Terminal, question: str, typed: str) -> None:
    """Type into a list what is meant."""
    terminal.expect(question)
    terminal.expect(LIST)
    terminal.sendline(typed)


def unanswered(terminal: Terminal, next_line: str) -> None:
    """See that a question stays open."""
    with pytest.raises(pexpect.TIMEOUT):
        terminal.expect(next_line, timeout=1)


def test_a_guided_run_asks_for_everything_and_restores(shop: LabTool, terminal: Terminal) -> None:
    shop.sql("CREATE TABLE shop.guided (id INT PRIMARY KEY)")
    shop.sql("INSERT INTO shop.guided VALUES (1), (2)")
    before = shop.moment()
    shop.sql("DELETE FROM shop.guided WHERE id = 1")

    chosen(terminal, "Which tables", "guided")
    terminal.expect("Which moment")
    terminal.sendline("01/06/2017")
    terminal.expect("Which moment|again|read|order")
    terminal.sendline(before)
    terminal.expect("CE[S]?T")
    terminal.expect("binlog of the incident first\\?")
    terminal.sendline("n")
    terminal.expect("Start\\?")
    terminal.sendline("y")
    terminal.expect("On production: insert 1 row of shop.guided\\?")
    terminal.expect(ASKED)
    terminal.sendline("y")
    terminal.expect("only the word yes will do")
    terminal.expect(ASKED)
    terminal.sendline("details")
    terminal.expect("id=1")
    terminal.expect(ASKED)
    terminal.sendline("yes")
    terminal.expect("1 row put back")
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == 0
    assert shop.sql("SELECT id FROM shop.guided ORDER BY id") == [["1"], ["2"]]
    assert shop.ours() == []
    shop.sql("DROP TABLE shop.guided")


def test_a_no_before_the_start_creates_nothing(shop: LabTool, terminal: Terminal) -> None:
    chosen(terminal, "Which tables", "billing")
    terminal.expect("Which moment")
    terminal.sendline("10 minutes ago")
    terminal.expect("binlog of the incident first\\?")
    terminal.sendline("n")
    terminal.expect("Start\\?")
    terminal.sendline("n")
    terminal.expect("nothing was created")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 3
    assert shop.ours() == []


def test_the_end_of_input_is_a_no(terminal: Terminal) -> None:
    terminal.expect(LIST)
    terminal.sendeof()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 3


def test_keys_pressed_before_a_question_do_not_answer_it(shop: LabTool, damaged: str) -> None:
    with on_a_terminal(shop, "table", "typed", "--before", damaged) as terminal:
        terminal.sendline("y")
        terminal.sendline("yes")
        terminal.expect("binlog of the incident first\\?")
        terminal.sendline("n")
        terminal.expect("Start\\?")
        unanswered(terminal, "own-group")
        terminal.sendline("y")
        terminal.expect("restore-instance")
        terminal.sendline("yes")
        terminal.send("y")
        terminal.expect("On production: insert 1 row of shop.typed\\?")
        terminal.expect(ASKED)
        unanswered(terminal, "approved")
        terminal.sendline("es")  # with the key from before it would be a yes
        terminal.expect("only the word yes will do")
        terminal.sendline("no")
        terminal.expect("nothing was written to production")
        assert ended(terminal) == 3

    assert shop.sql("SELECT id FROM shop.typed") == [["2"]]
    assert shop.ours() == []


def test_keys_pressed_before_a_password_or_a_name_is_asked_for_are_forgotten(shop: LabTool, damaged: str) -> None:
    env = {name: value for name, value in shop.env.items() if name != "RDSRESTORE_PASSWORD"}
    asking = LabTool(shop.folder, shop.home, env)
    with on_a_terminal(asking, "table", "typed", "--before", damaged, "--merge", "exact") as terminal:
        terminal.expect("binlog of the incident first\\?")
        terminal.sendline("n")
        terminal.sendline("hunter2")
        terminal.expect("Password of")
        unanswered(terminal, "denied")
        terminal.sendline(shop.env["RDSRESTORE_PASSWORD"])
        terminal.expect("Start\\?")
        shop.sql("INSERT INTO shop.typed VALUES (9)")
        terminal.sendline("y")
        terminal.expect("restore-instance")
        terminal.sendline("typed")
        terminal.expect("\\[typed / no / later / details\\]")
        unanswered(terminal, "approved")
        terminal.sendline("yes")
        terminal.expect("only the word typed will do")
        terminal.sendline("no")
        assert ended(terminal) == 3
    assert shop.sql("SELECT id FROM shop.typed ORDER BY id") == [["2"], ["9"]]


def test_going_on_with_an_approved_load_and_taking_it_back_want_the_word_yes(
    shop: LabTool, damaged: str, tmp_path: Path
) -> None:
    pause = tmp_path / "pause"
    pause.touch()
    with shop.started("table", "typed", "--before", damaged, "--yes", "--pause-file", str(pause)) as process:
        assert kill_at(process, "step-progress", "load")
    pause.unlink()
    with on_a_terminal(shop, "resume") as terminal:
        terminal.expect("Go on\\? \\[yes/no\\]")
        terminal.sendline("y")
        terminal.expect("only the word yes will do")
        terminal.sendline("yes")
        assert ended(terminal) == 0
    assert shop.sql("SELECT id FROM shop.typed ORDER BY id") == [["1"], ["2"]]

    with on_a_terminal(shop, "undo") as terminal:
        terminal.expect("Start\\? Nothing is written.*\\[y/N/detach\\]")
        terminal.sendline("y")
        terminal.expect("REMOVED again")
        terminal.expect("On production: REMOVE again")
        terminal.expect("\\[typed / no / later / details\\]")
        terminal.sendline("yes")
        terminal.expect("only the word typed will do")
        terminal.sendline("no")
        assert ended(terminal) == 3
    assert shop.sql("SELECT id FROM shop.typed ORDER BY id") == [["1"], ["2"]]


def test_taking_a_swap_back_wants_the_word_yes(shop: LabTool, damaged: str) -> None:
    shop("table", "typed", "--before", damaged, "--swap", "--yes", "--confirm", "typed", check=0)
    assert len(shop.sql("SELECT id FROM shop.typed")) == 2
    with on_a_terminal(shop, "undo") as terminal:
        terminal.expect("Start\\? This renames tables of shop at once. \\[yes/no\\]")
        terminal.sendline("y")
        terminal.expect("only the word yes will do")
        terminal.sendline("YES")
        assert ended(terminal) == 0
    assert shop.sql("SELECT id FROM shop.typed") == [["2"]]


def test_whoever_is_not_let_in_names_another_address_before_the_restore_is_thrown_away(
    shop: LabTool, damaged: str
) -> None:
    words = ("table", "typed", "--before", damaged, "--my-ip", "203.0.113.9", "--wait", "10")
    with on_a_terminal(shop, *words) as terminal:
        terminal.expect("binlog of the incident first\\?")
        terminal.sendline("n")
        terminal.expect("Start\\?")
        terminal.sendline("y")
        terminal.expect("Production is untouched, and the copy stays while you answer")
        terminal.expect("let in: ")
        terminal.sendline("127.0.0.1/8")
        terminal.expect("give 127.0.0.0/8 for all of it, 127.0.0.1 for that one")
        terminal.expect("let in: ")
        terminal.sendline("127.0.0.1")
        terminal.expect("as you said also to 127.0.0.1/32")
        terminal.expect(ASKED)
        terminal.sendline("yes")
        assert ended(terminal) == 0
    assert shop.sql("SELECT id FROM shop.typed ORDER BY id") == [["1"], ["2"]]
    assert shop.ours() == []


def test_who_signs_in_again_when_credentials_ended_goes_on(shop: LabTool, damaged: str, tmp_path: Path) -> None:
    keys = tmp_path / "credentials"
    given = {name: shop.env[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    words = "[default]\n" + "".join(f"{name.lower()} = {value}\n" for name, value in given.items())
    keys.write_text(f"{words}aws_session_token = old\n")
    env = {name: value for name, value in shop.env.items() if name not in given}
    tool = replace(shop, env=env | {"AWS_SHARED_CREDENTIALS_FILE": str(keys)})
    with on_a_terminal(tool, "table", "typed", "--before", damaged) as terminal:
        terminal.expect("binlog of the incident first\\?")
        terminal.sendline("n")
        terminal.expect("Start\\?")
        shop.lab("fault", "expired", "--action", "rds:RestoreDBInstanceToPointInTime")
        terminal.sendline("y")
        terminal.expect("AWS takes these credentials no longer")
        terminal.expect("signed in again\\?")
        keys.write_text(f"{words}aws_session_token = new\n")
        terminal.sendline("yes")
        terminal.expect(ASKED)
        shop.lab("fault", "expired", "--action", "rds:DeleteDBInstance")
        terminal.sendline("yes")
        terminal.expect("signed in again\\?")
        keys.write_text(f"{words}aws_session_token = newest\n")
        terminal.sendline("yes")
        assert ended(terminal) == 0
    assert shop.sql("SELECT id FROM shop.typed ORDER BY id") == [["1"], ["2"]]
    assert shop.ours() == []


def test_whoever_decides_later_goes_on_from_the_dump(shop: LabTool, damaged: str) -> None:
    with on_a_terminal(shop, "table", "typed", "--before", damaged) as terminal:
        terminal.expect("binlog of the incident first\\?")
        terminal.sendline("n")
        terminal.expect("Start\\?")
        terminal.sendline("y")
        terminal.expect(ASKED)
        terminal.sendline("later")
        terminal.expect("to be decided later; nothing was written to production")
        terminal.expect("rdsrestore resume .* goes on from the\\s+dump,\\s+without\\s+another\\s+restore")
        assert ended(terminal) == 3
    assert shop.sql("SELECT id FROM shop.typed") == [["2"]]
    assert shop.ours() == []

    with on_a_terminal(shop, "resume") as terminal:
        terminal.expect("Go on\\?")
        terminal.sendline("y")
        terminal.expect(ASKED)
        terminal.sendline("yes")
        assert ended(terminal) == 0
    assert shop.sql("SELECT id FROM shop.typed ORDER BY id") == [["1"], ["2"]]


def test_the_end_of_the_input_before_a_write_is_no_no(shop: LabTool, damaged: str) -> None:
    with on_a_terminal(shop, "table", "typed", "--before", damaged) as terminal:
        terminal.expect("binlog of the incident first\\?")
        terminal.sendline("n")
        terminal.expect("Start\\?")
        terminal.sendline("y")
        terminal.expect(ASKED)
        terminal.sendeof()
        terminal.expect("to be decided later")
        assert ended(terminal) == 3


def test_whoever_does_not_answer_in_time_finds_the_dump_kept(shop: LabTool, damaged: str) -> None:
    patient = LabTool(shop.folder, shop.home, {**shop.env, "RDSRESTORE_WAIT_FOR_ANSWER": "1"})
    with on_a_terminal(patient, "table", "typed", "--before", damaged) as terminal:
        terminal.expect("binlog of the incident first\\?")
        terminal.sendline("n")
        terminal.expect("Start\\?")
        terminal.sendline("y")
        terminal.expect("no answer within 1 s: taken as later")
        assert ended(terminal) == 3
    assert shop.sql("SELECT id FROM shop.typed") == [["2"]]
    assert shop.ours() == []


def test_the_accident_is_picked_from_what_was_found(shop: LabTool) -> None:
    shop.sql("CREATE TABLE shop.picked (id INT PRIMARY KEY)")
    shop.sql("INSERT INTO shop.picked VALUES (1), (2), (3)")
    shop.moment()
    shop.sql("DELETE FROM shop.picked")
    shop.moment()
    with on_a_terminal(shop, "find", "picked") as terminal:
        terminal.expect("3 rows deleted")
        chosen(terminal, "Which of these is to be taken back\\?", "nine")
        terminal.expect("nine is not in the list")
        terminal.send("\x1b")
        terminal.sendline("")
        terminal.expect("the binlog has these rows")
        terminal.expect("rdsrestore table picked --before .* --rows-from auto")
        terminal.expect("the rows come from production's binlog")
        terminal.expect("binlog of the incident first\\?")
        terminal.sendline("n")
        terminal.expect("Start\\?")
        terminal.sendline("y")
        terminal.expect(ASKED)
        terminal.sendline("yes")
        assert ended(terminal) == 0
    assert shop.number("SELECT COUNT(*) FROM shop.picked") == 3
    assert shop.ours() == []
    with on_a_terminal(shop, "find", "picked") as terminal:
        chosen(terminal, "Which of these is to be taken back\\?", "none of these")
        assert ended(terminal) == 0
    assert shop.ours() == []
    shop.sql("DROP TABLE shop.picked")


def test_the_tables_that_can_be_restored_may_go_alone(shop: LabTool, damaged: str) -> None:
    shop.sql("CREATE VIEW shop.seen AS SELECT id FROM shop.typed")
    try:
        with on_a_terminal(shop, "table", "typed", "seen", "--before", damaged) as terminal:
            terminal.expect("binlog of the incident first\\?")
            terminal.sendline("n")
            terminal.expect("can't be restored: shop.seen")
            terminal.expect("Go on with typed alone\\?")
            terminal.sendline("n")
            assert ended(terminal) == 3
        assert shop.ours() == []
        with on_a_terminal(shop, "table", "typed", "seen", "--before", damaged) as terminal:
            terminal.expect("binlog of the incident first\\?")
            terminal.sendline("n")
            terminal.expect("Go on with typed alone\\?")
            terminal.sendline("y")
            terminal.expect("Start\\?")
            terminal.sendline("y")
            terminal.expect(ASKED)
            terminal.sendline("yes")
            assert ended(terminal) == 8
        assert shop.number("SELECT COUNT(*) FROM shop.typed") == 2
    finally:
        shop.sql("DROP VIEW shop.seen")
    assert shop.ours() == []


def test_children_that_went_with_the_rows_are_brought_along_from_the_same_copy(shop: LabTool) -> None:
    shop.sql("CREATE TABLE shop.along (id INT PRIMARY KEY); INSERT INTO shop.along VALUES (1), (2)")
    shop.sql(
        "CREATE TABLE shop.along_child (id INT PRIMARY KEY, along INT,"
        " FOREIGN KEY (along) REFERENCES shop.along (id) ON DELETE CASCADE);"
        " INSERT INTO shop.along_child VALUES (10, 1), (11, 1), (20, 2)"
    )
    before = shop.moment()
    shop.sql("DELETE FROM shop.along WHERE id = 1")
    with on_a_terminal(shop, "table", "along", "--before", before) as terminal:
        terminal.expect("binlog of the incident first\\?")
        terminal.sendline("n")
        terminal.expect("Start")
        terminal.sendline("y")
        terminal.expect("along_child")
        terminal.expect("yes / no / later / children / details")
        terminal.sendline("children")
        terminal.expect("once more with along_child")
        terminal.expect("Start")
        terminal.sendline("y")
        terminal.expect(r"yes / no / later / details")
        terminal.sendline("yes")
        assert ended(terminal) == 0
        said = terminal.before or ""
    assert "restored and verified" in said
    assert shop.sql("SELECT id FROM shop.along_child ORDER BY id") == [["10"], ["11"], ["20"]]
    assert shop.sql("SELECT id FROM shop.along ORDER BY id") == [["1"], ["2"]]
    assert shop.ours() == []
    runs = [json.loads(line) for line in shop("runs", "--json", check=0).stdout.splitlines()]
    assert [each["exit_code"] for each in runs[:2]] == [0, 3]
    shop.sql("DROP TABLE shop.along_child, shop.along")


@pytest.mark.parametrize("way", ["no", "interrupt", "terminate"])
def test_who_leaves_before_the_children_come_leaves_no_copy(shop: LabTool, way: str) -> None:
    shop.sql("CREATE TABLE shop.leaves (id INT PRIMARY KEY); INSERT INTO shop.leaves VALUES (1), (2)")
    shop.sql(
        "CREATE TABLE shop.leaves_child (id INT PRIMARY KEY, leaf INT,"
        " FOREIGN KEY (leaf) REFERENCES shop.leaves (id) ON DELETE CASCADE); INSERT INTO shop.leaves_child VALUES (10, 1)"
    )
    before = shop.moment()
    shop.sql("DELETE FROM shop.leaves WHERE id = 1")
    with on_a_terminal(shop, "table", "leaves", "--before", before) as terminal:
        terminal.expect("binlog of the incident first\\?")
        terminal.sendline("n")
        terminal.expect("Start")
        terminal.sendline("y")
        terminal.expect("yes / no / later / children / details")
        terminal.sendline("children")
        terminal.expect("once more with leaves_child")
        terminal.expect("Start")
        if way == "no":
            terminal.sendline("n")
        else:
            terminal.kill(signal.SIGINT if way == "interrupt" else signal.SIGTERM)
        assert ended(terminal) == (3 if way == "no" else 130)
    assert shop.ours() == []
    assert shop.number("SELECT COUNT(*) FROM shop.leaves") == 1
    shop.sql("DROP TABLE shop.leaves_child, shop.leaves")
