"""Lists that are chosen from by arrow keys, on a real terminal of 80 columns and 24 lines."""

from __future__ import annotations

import os
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pexpect
import pytest

HERE = Path(__file__).parent.parent
Terminal: TypeAlias = "pexpect.spawn[str]"
BEGIN = f"""
import sys
sys.path[:0] = {[str(HERE), str(HERE.parent / "src")]!r}
from rdsrestore.domain.errors import Refused
from rdsrestore.notify.console.prompts import Prompts
from rdsrestore.notify.console.terminal import Terminal
screen = Terminal(sys.stdout, plain="plain" in sys.argv)
ask = Prompts(screen)
"""
NAMES = '["billed", "led", "ledger", "rates"]'
ONE = f'print("one", ask.choose("Which?", {NAMES}, "led", {{"rates": "of mariadb"}}, escape="back"))\n'
SOME = f'print("some", ask.choose_some("Which tables?", {NAMES}, escape="back"))\n'
DRAWN, MARKED = "and Enter, or type", "Space marks"
DOWN, UP, ENTER, ESCAPE = "\x1b[B", "\x1b[A", "\r", "\x1b"


@contextmanager
def asking(*questions: str, plain: bool = False, **env: str) -> Iterator[Terminal]:
    """A program that asks."""
    words = ["-c", BEGIN + "".join(questions), *(["plain"] if plain else [])]
    shown = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **env}
    child = pexpect.spawn(sys.executable, words, encoding="utf-8", timeout=60, env=shown, dimensions=(24, 80))
    yield child
    child.close(force=True)


def stays_open(terminal: Terminal, answer: str) -> None:
    with pytest.raises(pexpect.TIMEOUT):
        terminal.expect(answer, timeout=1)


def as_before(terminal: Terminal) -> bool:
    """Whether lines are edited and shown by the terminal itself, as shells leave it."""
    wanted = termios.ICANON | termios.ECHO | termios.ISIG
    return int(termios.tcgetattr(terminal.child_fd)[3]) & wanted == wanted


def test_one_is_chosen_by_arrows_or_by_what_is_typed() -> None:
    told = (
        ((ENTER,), "led"),
        ((DOWN, ENTER), "ledger"),
        ((UP, UP, ENTER), "rates"),
        (("\x1b", "[B", ENTER), "ledger"),  # a line so bad that a key comes in two pieces
        (("led", ENTER), "led"),
        (("LEDG\n",), "ledger"),
        (("mariadb", ENTER), "rates"),
        (("rate\x7f\x7f\x7f\x7f", ENTER), "billed"),
        ((ESCAPE,), "back"),
    )
    with asking(*[ONE] * len(told)) as terminal:
        for keys, answer in told:
            terminal.expect(DRAWN)
            for key in keys:
                terminal.send(key)
            terminal.expect(f"one {answer}\r\n")
        terminal.expect(pexpect.EOF)
        assert as_before(terminal)


def test_several_are_marked_or_the_one_that_is_pointed_at_is_taken() -> None:
    told = (
        ((ENTER,), "('billed',)"),
        ((DOWN, " ", DOWN, DOWN, " ", ENTER), "('led', 'rates')"),
        (("rates ", "led", ENTER), "('led', 'rates')"),
        (("led", " ", " ", ENTER), "('led',)"),
        ((ESCAPE,), "('back',)"),
    )
    with asking(*[SOME] * len(told)) as terminal:
        for keys, answer in told:
            terminal.expect(MARKED)
            for key in keys:
                terminal.send(key)
            terminal.expect_exact(f"some {answer}\r\n")


def test_what_is_not_in_the_list_is_said_and_never_taken_for_something_that_is() -> None:
    with asking(ONE) as terminal:
        terminal.expect(DRAWN)
        terminal.send("nonsense")
        terminal.expect("nonsense is not in the list")
        terminal.send(ENTER)
        stays_open(terminal, "one ")
        terminal.send(ESCAPE)  # takes back what was typed
        terminal.send("rat\r")
        terminal.expect("one rates\r\n")


def test_keys_from_before_a_list_is_seen_do_not_answer_it() -> None:
    wait = 'print("works", flush=True)\nsys.stdin.readline()\n'
    with asking(wait, ONE, ONE) as terminal:
        terminal.expect("works")
        terminal.send(f"\n{DOWN}{ENTER}\n\n")
        terminal.expect(DRAWN)
        stays_open(terminal, "one ")
        terminal.send(DOWN + ENTER + ENTER + ENTER)  # a key that is held down
        terminal.expect("one ledger")
        terminal.expect(DRAWN)
        stays_open(terminal, "one ")
        terminal.send(ENTER)
        terminal.expect("one led\r\n")


def test_a_line_that_is_asked_for_after_a_list_gets_no_key_of_it() -> None:
    with asking(ONE, 'print("said", ask.agree("Write?"))') as terminal:
        terminal.expect(DRAWN)
        terminal.send(f"{ENTER}yes\r")
        terminal.expect("Write")
        stays_open(terminal, "said")
        terminal.sendline("no")
        terminal.expect("said False")


def test_ctrl_c_ends_it_as_it_ends_every_question_and_ctrl_d_is_a_no() -> None:
    caught = "try:\n    {}except KeyboardInterrupt: print('interrupted')\nexcept Refused as error: print(error)\n"
    for key, said in (("\x03", "interrupted"), ("\x04", "the input ended; nothing was changed")):
        with asking(caught.format(ONE)) as terminal:
            terminal.expect(DRAWN)
            terminal.send(key)
            terminal.expect(said)
            terminal.expect(pexpect.EOF)
            assert as_before(terminal)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_that_ends_the_process_finds_the_terminal_put_back(number: signal.Signals) -> None:
    with asking(ONE) as terminal:
        terminal.expect(DRAWN)
        assert not as_before(terminal)
        terminal.kill(number)
        terminal.expect(pexpect.EOF)
        assert as_before(terminal)
        terminal.close()
        assert terminal.signalstatus == number


def test_ctrl_z_leaves_the_shell_usable_and_fg_draws_the_list_again(tmp_path: Path) -> None:
    script = tmp_path / "ask.py"
    script.write_text(BEGIN + ONE)
    env = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "PS1": "shell> "}
    shell = pexpect.spawn("bash", ["--norc", "-i"], encoding="utf-8", timeout=60, env=env, dimensions=(24, 80))
    try:
        shell.expect("shell> ")
        shell.sendline(f"{sys.executable} {script}")
        shell.expect(DRAWN)
        shell.send("\x1a")
        shell.expect("Stopped")
        shell.expect("shell> ")
        shell.sendline("echo is$((1+1))")
        shell.expect("is2")
        shell.sendline("fg")
        shell.expect(DRAWN)
        shell.send(DOWN + ENTER)
        shell.expect("one ledger")
    finally:
        shell.close(force=True)


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"PYTHONIOENCODING": "ascii"}, {}])
def test_where_nothing_can_be_drawn_the_list_has_numbers(env: dict[str, str]) -> None:
    with asking(ONE, SOME, plain=not env, **env) as terminal:
        terminal.expect("4  rates +of mariadb")
        terminal.expect("number or name \\(led\\): ")
        assert "\x1b[?25l" not in str(terminal.before)
        terminal.sendline("4")
        terminal.expect("one rates")
        terminal.expect("numbers or names")
        terminal.sendline("2 3")
        terminal.expect_exact("some ('led', 'ledger')")


def test_a_run_on_a_terminal_of_its_own_numbers_its_lists_since_any_kind_of_terminal_may_show_it() -> None:
    with asking("ask.unattended = True\n", ONE) as terminal:
        terminal.expect("number or name")
        terminal.sendline("3")
        terminal.expect("one ledger")


def test_without_colours_it_is_still_seen_what_is_pointed_at() -> None:
    with asking(ONE, NO_COLOR="1") as terminal:
        terminal.expect(DRAWN)
        terminal.expect("» .*led")
        assert ";5;" not in str(terminal.before) + str(terminal.after)
        terminal.send(ENTER)
        terminal.expect("one led")


def test_a_long_list_leaves_in_sight_what_was_said_before() -> None:
    names = "[f'table_{each:03}' for each in range(400)]"
    with asking(f"print('one', ask.choose('Which?', {names}))") as terminal:
        terminal.expect(DRAWN)
        terminal.expect("table_011")
        stays_open(terminal, "table_012")
        terminal.send("table_399\r")
        terminal.expect("one table_399")
