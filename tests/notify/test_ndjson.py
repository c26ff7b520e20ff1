"""A run for programs: every line one JSON object."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from io import BufferedWriter, RawIOBase, StringIO, TextIOWrapper
from typing import Any

import pytest

from rdsrestore.domain.errors import UsageError
from rdsrestore.notify.json_lines import JsonListener
from rdsrestore.workflow import events
from rdsrestore.workflow.preflight import Finding, Severity
from rdsrestore.workflow.run.interrupts import Interrupts, Stop
from samples import EVIL, ended_badly, ended_short, ended_well, sample_plan, story


def lines(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_each_event_is_one_line_with_its_kind_and_its_step() -> None:
    stream = StringIO()
    listener = JsonListener(stream)
    for event in story():
        listener.handle(event)
    told = lines(stream)
    assert [each["event"] for each in told] == [
        "run-started", "step-started", "step-done", "step-started", "step-progress", "step-progress", "step-failed",
        "undo-started", "undo-done", "undo-started", "undo-done", "notice", "run-ended",
    ]  # fmt: skip
    assert told[0]["tables"] == ["billing", "billing_lines"]
    assert told[0]["steps"] == [step.name for step in sample_plan().steps]
    assert told[1] | {"text": ""} == {
        "event": "step-started", "step": "own-group", "text": "", "impact": "temporary",
        "at": "2017-06-01T10:30:00+00:00", "expected": 2.0, "position": None,
            "message": "make security group g, closed to everybody",
    }  # fmt: skip
    assert told[5]["share"] == 0.5
    assert all(isinstance(each["message"], str) for each in told)
    assert listener.close() == ()


def test_the_last_line_says_what_came_of_it() -> None:
    stream = StringIO()
    last = story()[-1]
    assert isinstance(last, events.RunEnded)
    for outcome in (ended_well(), ended_short(), ended_badly()):
        JsonListener(stream).handle(replace(last, outcome=outcome))
    good, short, bad = lines(stream)
    assert (good["exit_code"], good["written"], good["not_back"], good["error"]) == (0, 59_990, 0, None)
    assert (short["exit_code"], short["written"], short["not_back"], short["error"]) == (8, 59_990, 5, None)
    assert short["tables"][0] == {
        "table": "shop.billing", "inserted": 19_990, "updated": 0, "deleted": 0, "left_alone": 3,
    }  # fmt: skip
    assert good["ledgers"][0]["landing"] == "shop.billing"
    assert (good["ledgers"][0]["after"], short["ledgers"][1]["gone"]) == (20_002, 2)
    assert (bad["exit_code"], bad["production_touched"]) == (6, False)
    assert bad["error"]["code"] == "aws.restore-failed"
    assert bad["remains"][0]["command"] == "rdsrestore cleanup 170601-103000-abcd"


def test_a_plan_and_an_error_have_lines_of_their_own() -> None:
    stream = StringIO()
    listener = JsonListener(stream)
    listener.plan(sample_plan(), [Finding("a.b", Severity.WARNS, "m", "h")], {"load": 3.0}, {"load": ["INSERT"]})
    listener.error(UsageError("--before", "what", "hint"))
    plan, error = lines(stream)
    load = next(step for step in plan["steps"] if step["name"] == "load")
    assert (load["impact"], load["expected"], load["calls"]) == ("production", 3.0, ["INSERT"])
    assert plan["findings"] == [{"code": "a.b", "severity": "warns", "message": "m", "hint": "h"}]
    assert error == {
        "event": "error", "code": "usage", "where": "--before", "what": "what", "hint": "hint", "exit_code": 2,
    }  # fmt: skip


def test_text_from_outside_stays_inside_its_string() -> None:
    stream = StringIO()
    JsonListener(stream).handle(events.Notice(EVIL))
    assert stream.getvalue().isascii()
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
    assert lines(stream)[0]["text"] == EVIL


def test_a_reader_that_goes_away_is_told_of_once_and_nothing_more_is_written() -> None:
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "w")
    listener = JsonListener(stream)
    listener.handle(events.Notice("x"))
    listener.handle(events.Notice("y"))
    assert listener.close() == ("standard output was closed before the end",)
    stream.close()


class SignalledPipe(RawIOBase):
    """Takes what is written, and gets a signal during the first write."""

    def __init__(self) -> None:
        self.taken = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        first = not self.taken
        self.taken += bytes(data)
        if first:
            os.kill(os.getpid(), signal.SIGTERM)
        return len(data)


def test_the_answer_to_a_signal_during_a_write_is_told() -> None:
    pipe = SignalledPipe()
    announcer = events.Announcer([JsonListener(TextIOWrapper(BufferedWriter(pipe)))])
    with pytest.raises(Stop), Interrupts(lambda _heard: announcer.tell(events.Notice("stopping"))):
        announcer.tell(events.Notice("at work"))
    assert announcer.problems == []
    told = [json.loads(line)["text"] for line in pipe.taken.splitlines()]
    assert list(dict.fromkeys(told)) == ["at work", "stopping"]  # what was being written may come twice
