"""What Slack is to say, before any of it is sent."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import NOW
from goldens import check_golden
from rdsrestore.notify.slack.messages import LONGEST, RunMessages, ending, escape
from rdsrestore.workflow import events
from samples import EVIL, ended_badly, ended_well, sample_plan, story


def test_the_message_and_its_replies_read_as_they_were_approved() -> None:
    board, said = RunMessages(0.0), []
    for number, event in enumerate(story()):
        replies = board.handle(event, 60.0 * number)
        said += [f"--- message after {type(event).__name__}", board.status(60.0 * number)]
        said += [f"--- reply\n{reply}" for reply in replies]
    check_golden("slack.txt", "\n".join(said) + "\n")


def test_the_end_of_a_good_run_reads_as_it_was_approved() -> None:
    check_golden("slack-good.txt", ending(ended_well()) + "\n")


def test_a_cleanup_is_told_without_a_plan() -> None:
    board = RunMessages(0.0)
    assert not board.heard
    assert board.handle(events.UndoStarted("scratch", "drop scratch schema s"), 1.0) == []
    assert board.status(2.0).splitlines() == [
        "rdsrestore cleans up after an earlier run",
        "… running for 2.0 s: cleanup: drop scratch schema s",
    ]


def test_a_cleanup_names_the_run() -> None:
    board = RunMessages(0.0)
    plan = sample_plan()
    board.handle(events.CleaningStarted(plan.run, plan, NOW), 1.0)
    assert board.status(2.0).splitlines()[0].startswith(f"cleaning up after run {plan.run}: shop.billing, ")


@given(st.text())
def test_no_text_from_outside_can_mention_link_or_format(text: str) -> None:
    escaped = escape(text)
    assert not re.search("[<>]", escaped)
    assert not re.search("&(?!(amp|lt|gt);)", escaped)
    assert not re.search(r"(?:^|\s)[*_~`]|[*_~`](?:$|\s)", escaped)
    assert "\n" not in escaped


def test_a_tables_name_stays_as_it_can_be_copied() -> None:
    assert escape("insert into shop.billing_lines") == "insert into shop.billing_lines"
    assert escape("a < b & c > d") == "a &lt; b &amp; c &gt; d"


@pytest.mark.parametrize("outcome", [ended_well(), ended_badly()])
def test_however_much_there_is_to_say_it_fits_into_a_message(outcome: object) -> None:
    board = RunMessages(0.0)
    for number in range(200):
        board.handle(events.StepDone(f"step-{number}", EVIL * 50, 1.0), 1.0)
    last = story()[-1]
    assert isinstance(last, events.RunEnded)
    replies = board.handle(replace(last, outcome=outcome), 1.0)  # type: ignore[arg-type]  # an outcome by its parametrize
    assert len(board.status(1.0)) <= LONGEST
    assert all(len(reply) <= LONGEST for reply in replies)
