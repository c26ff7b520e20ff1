"""What whoever waits at the terminal hears and sees."""

from __future__ import annotations

import re
from io import StringIO

import pytest

from rdsrestore.domain.request.answer import Answer, Begin, Question
from rdsrestore.notify.console.live import ConsoleListener
from rdsrestore.notify.console.prompts import Prompts
from rdsrestore.notify.console.terminal import Terminal
from rdsrestore.workflow import events
from samples import Screen


def answering(stream: StringIO, *answers: str, animated: bool) -> Prompts:
    given = iter(answers)
    return Prompts(Terminal(stream, animated=animated), lambda _question, _within: next(given))


@pytest.mark.parametrize("animated", [True, False])
def test_the_terminal_rings_when_it_asks_before_a_write_and_a_pipe_does_not(animated: bool) -> None:  # noqa: FBT001 - a case's data
    stream = StringIO()
    assert answering(stream, "no", animated=animated).decide(Question("Write?", ()), lambda _: None) is Answer.NO
    assert ("\a" in stream.getvalue()) is animated


@pytest.mark.parametrize("length", range(40, 90))
def test_how_long_a_step_took_is_never_broken_in_two(length: int) -> None:
    screen = Screen(animated=True)
    ConsoleListener(screen.terminal).handle(events.StepDone("dump", "x" * length, 1.25))
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.text).splitlines()
    assert any("(1.2 s)" in line for line in lines)
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("answers", "begun"),
    [
        (["y"], Begin.HERE),
        (["YES"], Begin.HERE),
        (["detach"], Begin.DETACHED),
        (["d"], Begin.DETACHED),
        ([""], Begin.NO),
        (["no"], Begin.NO),
        (["maybe", "n"], Begin.NO),
    ],
)
def test_a_run_begins_here_or_apart_from_the_terminal_or_not(answers: list[str], begun: Begin) -> None:
    assert answering(StringIO(), *answers, animated=False).begin("Start?") is begun
