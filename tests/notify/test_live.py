"""A run on the terminal, on a real pseudo-terminal and in a pipe."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pexpect
import pytest
from rich.console import Console
from rich.spinner import Spinner

from goldens import check_golden
from rdsrestore.notify.console.live import ConsoleListener, Going, Picture
from rdsrestore.notify.console.terminal import Terminal
from rdsrestore.workflow import events
from rdsrestore.workflow.run.position import Position, Touched
from rdsrestore.workflow.step import Impact
from samples import EVIL, Screen, story

ENV = {**os.environ, "TERM": "xterm"}
PROGRAM = """
import sys, threading
sys.path[:0] = {paths!r}
from samples import story
from rdsrestore.notify.console.prompts import Prompts
from rdsrestore.notify.console.live import ConsoleListener
from rdsrestore.notify.console.terminal import Terminal
terminal = Terminal(sys.stderr)
listener = ConsoleListener(terminal)
for event in story():
    if getattr(event, "share", None):
        print("answer", Prompts(terminal).confirm("Go on?"))
    listener.handle(event)
listener.close()
print("over")
"""


DECIDING = """
import sys
sys.path[:0] = {paths!r}
from rdsrestore.domain.request.answer import Question
from rdsrestore.notify.console.prompts import Prompts
from rdsrestore.notify.console.terminal import Terminal
print("answer", Prompts(Terminal(sys.stderr), patience={patience}).decide(Question("Write?", ()), print))
"""


NOON = datetime(2017, 6, 1, 12, 0, tzinfo=UTC)


@dataclass
class Watch:
    """A clock that goes when told."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_in_a_pipe_there_is_a_line_for_each_beginning_and_end_and_no_control_code() -> None:
    screen = Screen()
    listener = ConsoleListener(screen.terminal)
    for event in story():
        listener.handle(event)
    assert listener.close() == ()
    assert "\x1b" not in screen.text
    check_golden("run.txt", screen.text)


def test_in_a_pipe_a_long_wait_is_told_once_a_minute() -> None:
    screen, watch = Screen(), Watch()
    listener = ConsoleListener(screen.terminal, watch, lambda: NOON)
    listener.handle(story()[3])
    for watch.now in (1.0, 59.0, 60.0, 61.0, 119.0, 121.0):
        listener.handle(events.StepProgress("restore-instance", "creating", 0.25))
    lines = screen.text.splitlines()
    assert lines[1:] == [
        (
            "… restore-instance  creating, 25% (after 1 min; no table touched so far · step 2 of 9"
            " · about 10 min to the question, 12:09 · Ctrl-C stops and cleans up)"
        ),
        (
            "… restore-instance  creating, 25% (after 2 min 01 s; no table touched so far · step 2 of 9"
            " · about 13 min to the question, 12:12 · Ctrl-C stops and cleans up)"
        ),
    ]


def test_a_step_leaves_one_line_on_a_terminal_and_the_animation_is_gone() -> None:
    screen = Screen(animated=True)
    listener = ConsoleListener(screen.terminal)
    listener.handle(events.StepStarted("own-group", "make it", Impact.TEMPORARY, story()[0].at, 2.0))  # type: ignore[union-attr]  # a start has a time
    listener.handle(events.StepDone("own-group", "made sg-1", 0.41))
    listener.close()
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.text.split("\x1b[2K")[-1])
    assert last.strip() == "✓ own-group         made sg-1  (0.4 s)"


@pytest.mark.parametrize(
    ("expected", "share", "tail"),
    [(None, None, "creating 1 min 05 s"), (1200.0, None, "1 min 05 s of about 20 min"), (None, 0.5, "━ 1 min 05 s")],
)
def test_the_line_that_moves_says_how_long_it_takes_and_fits_the_terminal(
    expected: float | None, share: float | None, tail: str
) -> None:
    console = Console(width=80, color_system=None, force_terminal=True)
    going = Going("restore-instance", "creating", 0.0, expected, share)
    with console.capture() as capture:
        console.print(Picture(going, Spinner("dots"), Watch(65.0), lambda: NOON))
    lines = capture.get().splitlines()
    assert len(lines) == 1
    assert re.sub(" +", " ", lines[0].strip()).endswith(tail)


QUESTION = Position(5, 18, 240.0, to_question=True, touched=Touched.NOTHING)
LOADING = Position(17, 18, 30.0, to_question=False, touched=Touched.NOW)


@pytest.mark.parametrize(
    ("going", "elapsed", "says"),
    [
        (
            Going("restore-instance", "creating", 0.0, 1200.0, None, QUESTION),
            300.0,
            "no table touched so far · step 5 of 18 · about 19 min to the question, 12:19",
        ),
        (
            Going("load", "billing", 0.0, 1200.0, 0.25, LOADING, measured=True),
            100.0,
            "production is being written · step 17 of 18 · about 6 min left, 12:05",
        ),
        (
            Going("load", "paused", 0.0, 1200.0, None, LOADING, measured=True),
            100.0,
            "production is being written · step 17 of 18",
        ),
        (
            Going("restore-instance", "creating", 0.0, 1200.0, None, QUESTION),
            1300.0,
            "no table touched so far · step 5 of 18 · this takes longer than usual",
        ),
        (
            Going("verify", "billing", 0.0, None, None, replace(LOADING, touched=Touched.BEFORE)),
            1300.0,
            "production was written · step 17 of 18",
        ),
    ],
)
def test_below_it_stands_what_production_has_seen_and_when_the_next_word_is_due(
    going: Going, elapsed: float, says: str
) -> None:
    console = Console(width=120, color_system=None, force_terminal=True)
    with console.capture() as capture:
        console.print(Picture(going, Spinner("dots"), Watch(elapsed), lambda: NOON))
    stops = "Ctrl-C stops and cleans up" if says.startswith("no table") else "Ctrl-C stops; what is written stays"
    assert [line.strip() for line in capture.get().splitlines()[1:]] == [says, stops]
    narrow = Console(width=80, color_system=None, force_terminal=True)
    with narrow.capture() as capture:
        narrow.print(Picture(going, Spinner("dots"), Watch(elapsed), lambda: NOON))
    assert [len(line) <= 80 for line in capture.get().splitlines()] == [True, True, True]


def test_a_share_that_is_not_measured_draws_no_bar() -> None:
    console = Console(width=80, color_system=None, force_terminal=True)
    with console.capture() as capture:
        console.print(Picture(Going("load", "loading", 0.0, 100.0), Spinner("dots"), Watch(50.0), lambda: NOON))
    assert "━" not in capture.get()


def test_the_line_that_moves_is_cut_never_folded() -> None:
    console = Console(width=40, color_system=None, force_terminal=True)
    with console.capture() as capture:
        console.print(Picture(Going(EVIL, EVIL * 9, 0.0, 100.0), Spinner("dots"), Watch(5000.0), lambda: NOON))
    assert len(capture.get().splitlines()) == 1
    assert "\x1b" not in capture.get()


def test_a_notice_from_a_signal_and_progress_out_of_turn_do_no_harm() -> None:
    screen = Screen()
    listener = ConsoleListener(screen.terminal)
    listener.handle(events.StepProgress("x", "early"))
    listener.handle(events.Notice(EVIL))
    assert all(each.isprintable() or each == "\n" for each in screen.text)


@pytest.fixture
def program() -> list[str]:
    return ["-c", PROGRAM.format(paths=[path for path in sys.path if path])]


def test_on_a_real_terminal_a_question_is_asked_without_the_animation_and_the_cursor_comes_back(
    program: list[str],
) -> None:
    child = pexpect.spawn(sys.executable, program, encoding="utf-8", timeout=30, dimensions=(24, 80), env=ENV)
    child.expect(r"Go on\? \[y/N\]: ")
    before = child.before or ""
    assert before.rfind("\x1b[?25h") > before.rfind("\x1b[?25l") > -1  # shown again after it was hidden
    with pytest.raises(pexpect.TIMEOUT):
        child.expect("restore-instance", timeout=0.5)  # four pictures' time, and nothing moves
    child.sendline("y")
    child.expect("answer True")
    child.expect("over")
    child.expect(pexpect.EOF)
    after = child.before or ""
    assert "\x1b[?25l" not in after
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize(
    ("patience", "typed", "says"), [(0.5, "", "later"), (30, "yes\n", "yes"), (30, "\x04", "later")]
)
def test_before_a_write_an_answer_is_waited_for_and_not_for_ever(patience: float, typed: str, says: str) -> None:
    program = DECIDING.format(paths=[path for path in sys.path if path], patience=patience)
    child = pexpect.spawn(sys.executable, ["-c", program], encoding="utf-8", timeout=30, env=ENV)
    child.expect(r"\[yes / no / later / details\]: ")
    child.send(typed)
    if not typed:
        child.expect("no answer within 0.5 s: taken as later")
    child.expect(f"answer {says}")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_a_dumb_terminal_gets_plain_lines(program: list[str]) -> None:
    child = pexpect.spawn(
        sys.executable, program, encoding="utf-8", timeout=30, env={"TERM": "dumb", "PYTHONIOENCODING": "utf-8"}
    )
    child.expect(r"Go on\? \[y/N\]: ")
    child.sendline("n")
    child.expect("answer False")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "\x1b" not in (child.before or "")


def test_the_end_of_the_input_at_a_question_leaves_a_clean_terminal(program: list[str]) -> None:
    child = pexpect.spawn(sys.executable, program, encoding="utf-8", timeout=30, dimensions=(24, 80), env=ENV)
    child.expect(r"Go on\? \[y/N\]: ")
    child.sendeof()
    child.expect("the input ended; nothing was changed")
    child.expect(pexpect.EOF)
    child.close()


def test_a_terminal_knows_what_its_stream_can_do() -> None:
    assert not Terminal(sys.__stdout__ or sys.stdout, animated=False).is_interactive
    assert Screen(animated=True).terminal.is_interactive


@pytest.mark.parametrize("program_of", ["Terminal(sys.stdout)", "Terminal(sys.stderr)"])
def test_a_reader_that_goes_away_neither_stops_the_run_nor_changes_its_end(program_of: str) -> None:
    paths = [path for path in sys.path if path]
    script = f"""
import sys
sys.path[:0] = {paths!r}
from samples import story
from rdsrestore.notify.console.live import ConsoleListener
from rdsrestore.notify.console.terminal import Terminal
sys.stdin.readline()
listener = ConsoleListener({program_of})
for event in story() * 100:
    listener.handle(event)
listener.close()
sys.exit(4)
"""
    pipe = subprocess.PIPE
    child = subprocess.Popen([sys.executable, "-c", script], stdin=pipe, stdout=pipe, stderr=pipe)
    gone, other = (child.stdout, child.stderr) if "stdout" in program_of else (child.stderr, child.stdout)
    assert child.stdin
    assert gone
    assert other
    gone.close()
    child.stdin.write(b"\n")
    child.stdin.close()
    assert other.read() == b""
    assert child.wait(30) == 4
    other.close()


def test_who_wants_it_quiet_hears_only_what_went_wrong() -> None:
    screen = Screen()
    listener = ConsoleListener(screen.terminal, quiet=True)
    for event in story():
        listener.handle(event)
    lines = screen.text.splitlines()
    assert len(lines) == 3
    assert "storage-full" in lines[0]
    assert "could not delete instance r: aws: no answer" in lines[1]
    assert "Slack does not answer" in lines[2]
