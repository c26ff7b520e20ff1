"""What Slack is to say about a run: one message kept up to date, and a reply for each thing that ended."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.outcome.outcome import Outcome
from rdsrestore.domain.plain_text import clean_line
from rdsrestore.notify.console.views import production
from rdsrestore.notify.text import about, counted, duration, shortened
from rdsrestore.workflow import events
from rdsrestore.workflow.step import Plan

LONGEST = 3400
"""Characters in a message; Slack takes 4,000 and cuts the rest."""
LINE = 300
ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
MARKUP = re.compile(r"(?<!\w)[*_~`]|[*_~`](?!\w)")
SIGNS = {ExitCode.OK: "✓", ExitCode.INCOMPLETE: "!"}
JOINER = "\u2060"


def escape(text: str) -> str:
    """Make text from outside harmless in Slack: no mentions, links or formatting, on one line.

    Formatting characters inside a word, as in a table's name, mean nothing to Slack and stay as they are.
    """
    safe = shortened(clean_line(text), LINE).translate(ESCAPES)
    return MARKUP.sub(lambda found: f"{JOINER}{found[0]}{JOINER}", safe)


@dataclass
class RunMessages:
    """What has been heard of a run, as far as it is told; times are on a monotonic clock given by the caller."""

    began: float
    plan: Plan | None = None
    ended: str = ""
    heard: bool = False
    _lines: dict[str, str] = field(default_factory=dict)
    _cleaning: str = "rdsrestore cleans up after an earlier run"
    _now: str = ""
    _stopped: bool = False

    def handle(self, event: events.Event, now: float) -> Sequence[str]:
        """Take note; returns the replies that the event is worth, escaped."""
        self.heard = True
        match event:
            case events.RunStarted() | events.CleaningStarted():
                self._open(event, now)
            case events.StepStarted():
                self._now = escape(f"{event.step}: {event.text}")
                usual = f" (usually {about(event.expected)})" if event.expected else ""
                self._lines[event.step] = f"… {self._now}{usual}"
            case events.StepProgress():
                share = f", {event.share:.0%}" if event.share is not None else ""
                self._now = f"{escape(f'{event.step}: {event.text}')}{share}"
            case events.StepDone():
                return [self._keep(event.step, "✓", f"{event.step}: {event.result}", event.seconds)]
            case events.StepFailed():
                return [self._failed(event)]
            case events.UndoStarted():
                self._now = escape(f"cleanup: {event.text}")
            case events.UndoDone():
                return [self._undone(event)]
            case events.Notice():
                return [f"! {escape(event.text)}"]
            case events.RunEnded():
                self.ended = ending(event.outcome)
                return [f"{self.ended}\naudit log ends with {event.head}" if event.head else self.ended]
        return []

    def _open(self, event: events.RunStarted | events.CleaningStarted, now: float) -> None:
        if isinstance(event, events.RunStarted):
            self.plan, self.began = event.plan, now
        else:
            self._cleaning = escape(event.message())

    def opening(self) -> str:
        """Say who does what, and why."""
        if self.plan is None:
            return self._cleaning
        request = self.plan.request
        why = f"\nreason: {escape(request.reason)}" if request.reason else ""
        verb = "" if request.looks else "restores "
        return f"{escape(request.operator)} {verb}{escape(self.plan.headline)} (run {self.plan.run}){why}"

    def status(self, now: float) -> str:
        """The message that is kept up to date: what, how long, where it stands."""
        passed = duration(now - self.began)
        running = f"… running for {passed}{f': {self._now}' if self._now else ''}"
        state = f"{self.ended.splitlines()[0]} (after {passed})" if self.ended else running
        todo = [] if self.ended or self._stopped or self.plan is None else [step.name for step in self.plan.steps]
        waiting = [f"· {name}" for name in todo if name not in self._lines]
        return "\n".join([self.opening(), state, *self._lines.values(), *waiting])[:LONGEST]

    def _keep(self, key: str, sign: str, text: str, seconds: float) -> str:
        self._now = ""
        self._lines[key] = f"{sign} {escape(text)} ({duration(seconds)})"
        return self._lines[key]

    def _failed(self, event: events.StepFailed) -> str:
        self._stopped = True
        text = f"{event.step}: {event.problem.removeprefix(f'{event.step}: ')}"
        hint = f"\nhint: {escape(event.hint)}" if event.hint else ""
        return self._keep(event.step, "✗", text, event.seconds) + hint

    def _undone(self, event: events.UndoDone) -> str:
        sign, text = ("✗", f"could not {event.text}: {event.problem}") if event.problem else ("✓", event.text)
        return self._keep(f"cleanup {event.step}", sign, f"cleanup: {text}", event.seconds)


def ending(outcome: Outcome) -> str:
    """Say how it ended, what it means for production, and what is left to do."""
    sign = SIGNS.get(outcome.exit_code, "✗")
    lines = [f"{sign} {escape(outcome.headline)}"]
    lines.append(f"production: {escape(production(outcome))}")
    lines += [
        f"{escape(table)}: {counted(each.rows, 'row')} left alone: {escape(each.reason)}"
        for table, each in outcome.conflicts
    ]
    lines += [f"still to do: {escape(remain.what)}, with {escape(remain.command)}" for remain in outcome.remains]
    if outcome.cause and outcome.cause.hint:
        lines.append(f"hint: {escape(outcome.cause.hint)}")
    return "\n".join(lines)[:LONGEST]
