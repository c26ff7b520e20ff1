"""Single keys while something works, on a real terminal: heard at once, never taken from a question, always put back."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pexpect
import pytest

from notify.test_lists import BEGIN, as_before, asking, stays_open

HEARING = """
import time
def works():
    while screen.hint(): time.sleep(0.05)
def heard(key): return lambda: screen.print("heard", key)
def over(): screen.print("over"); screen.deaf()
keys = {"p": heard("p"), "s": heard("s"), "q": over}
def ask_later(): asked.append(1)
asked = []
keys["a"] = ask_later
def until_asked():
    while not asked: time.sleep(0.05)
with screen.hearing(keys, lambda: "p, s, q"):
    print("works", flush=True)
"""
WORKS = HEARING + "    works()\n"
ASKS = HEARING + '    until_asked()\n    print("said", ask.agree("Write?"))\n    works()\n'


def test_a_key_is_heard_at_once_and_shown_nowhere() -> None:
    with asking(WORKS) as terminal:
        terminal.expect("works\r\n")
        terminal.send("p")
        terminal.expect_exact("heard p\r\n")
        assert terminal.before == ""
        assert not as_before(terminal)
        terminal.send("s")
        terminal.expect_exact("heard s\r\n")
        terminal.send("q")
        terminal.expect("over")
        terminal.expect(pexpect.EOF)
        assert as_before(terminal)


@pytest.mark.parametrize("typed", ["\x1b[15~p", "\x1bOs", "stop\n", "rdsrestore pause\r", "\x15"])
def test_pasted_words_and_keys_of_several_bytes_are_nobody_s(typed: str) -> None:
    with asking(WORKS) as terminal:
        terminal.expect("works\r\n")
        terminal.send("p")
        terminal.expect("heard p")
        terminal.send(typed)
        stays_open(terminal, "heard")


def test_what_is_typed_for_a_question_is_the_question_s_alone() -> None:
    with asking(ASKS) as terminal:
        terminal.expect("works\r\n")
        terminal.send("a")
        terminal.expect("Write")
        terminal.expect("no\\]: ")
        assert as_before(terminal)
        terminal.send("ps")
        stays_open(terminal, "heard")
        terminal.sendline("\x7f\x7fyes")
        terminal.expect("said True")
        terminal.send("p")
        terminal.expect("heard p")
        terminal.send("q")
        terminal.expect(pexpect.EOF)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_whatever_ends_it_puts_the_terminal_back(number: signal.Signals) -> None:
    caught = "import signal\nfrom rdsrestore.workflow.run.interrupts import Interrupts, Stop\n"
    caught += "def works():\n    with Interrupts(lambda _heard: None):\n        while True: time.sleep(0.05)\n"
    program = WORKS.replace("with screen.hearing", f"{caught}with screen.hearing")
    with asking(program) as terminal:
        terminal.expect("works\r\n")
        terminal.send("p")
        terminal.expect("heard p")
        if number is signal.SIGINT:
            terminal.sendintr()
        else:
            terminal.kill(number)
        terminal.expect(pexpect.EOF)
        assert as_before(terminal)


def test_ctrl_z_gives_the_shell_its_terminal_and_fg_takes_it_again(tmp_path: Path) -> None:
    script = tmp_path / "work.py"
    script.write_text(BEGIN + WORKS)
    env = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "PS1": "shell> "}
    shell = pexpect.spawn("bash", ["--norc", "-i"], encoding="utf-8", timeout=60, env=env, dimensions=(24, 80))
    try:
        shell.expect("shell> ")
        shell.sendline(f"{sys.executable} {script}")
        shell.expect("works\r\n")
        shell.send("p")
        shell.expect("heard p")
        shell.send("\x1a")
        shell.expect("Stopped")
        shell.expect("shell> ")
        shell.sendline("stty -a | grep -q -- ' -icanon' && echo raw || echo cooked$((1+1)); bg")
        shell.expect("cooked2")
        shell.expect("shell> ")
        shell.sendline("echo ps$((1+1))")  # it is in the background, and reads nothing of this
        shell.expect("ps2")
        shell.sendline("fg")
        shell.expect("work.py")
        shell.send("s")
        shell.expect("heard s")
        shell.send("q")
        shell.expect("over")
        shell.expect("shell> ")
    finally:
        shell.close(force=True)


def test_a_question_is_open_at_once_and_again_at_once_after_a_wrong_word() -> None:
    with asking(ASKS) as terminal:
        terminal.expect("works\r\n")
        for typed in ("a", "y\n", "ye\n", "yess\n"):
            terminal.send(typed)
            terminal.expect("no\\]: ")
        terminal.sendline("yes")
        terminal.expect("said True")
        terminal.send("q")
        terminal.expect(pexpect.EOF)
