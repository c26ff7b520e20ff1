"""What everybody who is told of a run promises, held against the fake and against each real listener."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.listener import Ear
from rdsrestore.app.context import DECLARING
from rdsrestore.config.load import load
from rdsrestore.domain.secret import Secret
from rdsrestore.notify.console.live import ConsoleListener
from rdsrestore.notify.console.terminal import Terminal
from rdsrestore.notify.json_lines import JsonListener
from rdsrestore.notify.notifiers import notifiers
from rdsrestore.notify.report import Report
from rdsrestore.store.journal_file import JournalFile
from rdsrestore.workflow.events import Announcer, Listener, RunEnded
from rdsrestore.workflow.journal.header import header
from rdsrestore.workflow.journal.journal import Kind
from samples import sample_plan, sample_survey, story
from tool import LabTool


def slack(shop: LabTool, folder: Path) -> Listener:
    """Slack, as the lab's own settings reach it."""
    names = {name: value for name, value in shop.env.items() if name.startswith("RDSRESTORE_")}
    (found,) = notifiers(load(None, names, folder, folder, DECLARING).of)
    assert found.check().problem == ""
    return found.listener()


def report(folder: Path) -> Listener:
    """The report of a run whose journal has begun."""
    journal = JournalFile(folder / "journal.jsonl", FakeClock())
    journal.append(Kind.STARTED, "", header(sample_plan(), sample_survey(), "0.1.0", "laptop", ""))
    journal.close()
    return Report(folder)


LISTENERS: dict[str, Callable[[pytest.FixtureRequest, Path], Listener]] = {
    "fake": lambda _request, _folder: Ear(),
    "console in a pipe": lambda _request, _folder: ConsoleListener(Terminal(io.StringIO())),
    "console": lambda _request, _folder: ConsoleListener(Terminal(io.StringIO(), animated=True)),
    "json": lambda _request, _folder: JsonListener(io.StringIO()),
    "report": lambda _request, folder: report(folder),
    "slack": lambda request, folder: slack(request.getfixturevalue("shop"), folder),
}


@pytest.fixture(params=LISTENERS)
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Listener:
    """The fake, then each of those that there are."""
    return LISTENERS[request.param](request, tmp_path)


def test_a_whole_run_is_taken_and_nothing_is_left_unsaid(listener: Listener) -> None:
    for event in story():
        listener.handle(event)
    assert tuple(listener.close()) == ()


def test_a_run_that_never_ends_is_closed_all_the_same(listener: Listener) -> None:
    for event in story():
        if not isinstance(event, RunEnded):
            listener.handle(event)
    assert tuple(listener.close()) == ()


def test_whoever_heard_nothing_has_nothing_to_say(listener: Listener) -> None:
    assert tuple(listener.close()) == ()


def test_the_announcer_keeps_no_problem_of_it(listener: Listener) -> None:
    announcer = Announcer([listener])
    for event in story():
        announcer.tell(event)
    announcer.remark("half of it", 0.5)
    announcer.close()
    assert announcer.problems == []


def test_no_listener_shows_a_secret_by_its_own_words(listener: Listener) -> None:
    assert "hidden" not in repr(Secret("hidden"))
    assert "hidden" not in repr(listener)
