"""What listeners hear. Listeners are told; they never decide and can never stop a run."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rdsrestore.domain.ids import RunId
from rdsrestore.domain.outcome.outcome import Outcome
from rdsrestore.workflow.run.position import Position
from rdsrestore.workflow.step import Impact, Plan

REMARK_EVERY = 0.2
"""Seconds between two remarks of the same step."""


@dataclass(frozen=True)
class RunStarted:
    """A confirmed plan begins."""

    run: RunId
    plan: Plan
    at: datetime

    def message(self) -> str:
        """Say it in one line."""
        return f"{self.plan.request.operator} {'' if self.plan.request.looks else 'restores '}{self.plan.headline}"


@dataclass(frozen=True)
class CleaningStarted:
    """What an earlier run left is being removed; the plan has no steps."""

    run: RunId
    plan: Plan
    at: datetime

    def message(self) -> str:
        """Say it in one line."""
        return f"cleaning up after run {self.run}: {self.plan.headline}"


@dataclass(frozen=True)
class StepStarted:
    """A step begins; `expected` is its usual length in seconds where known, `position` where in the job it stands."""

    step: str
    text: str
    impact: Impact
    at: datetime
    expected: float | None = None
    position: Position | None = None

    def message(self) -> str:
        """Say it in one line."""
        return self.text


@dataclass(frozen=True)
class StepProgress:
    """A step says what it is waiting for or how far it is; `share` is 0 to 1 where known."""

    step: str
    text: str
    share: float | None = None

    def message(self) -> str:
        """Say it in one line."""
        return self.text


@dataclass(frozen=True)
class StepDone:
    """A step ended well; `result` says what it gave, `seconds` how long it took."""

    step: str
    result: str
    seconds: float

    def message(self) -> str:
        """Say it in one line."""
        return self.result


@dataclass(frozen=True)
class StepFailed:
    """A step ended the run."""

    step: str
    problem: str
    hint: str
    seconds: float

    def message(self) -> str:
        """Say it in one line."""
        return self.problem


@dataclass(frozen=True)
class UndoStarted:
    """Cleaning up after a step begins."""

    step: str
    text: str

    def message(self) -> str:
        """Say it in one line."""
        return self.text


@dataclass(frozen=True)
class UndoDone:
    """Cleaning up after a step ended; `problem` is empty when it worked."""

    step: str
    text: str
    seconds: float
    problem: str = ""

    def message(self) -> str:
        """Say it in one line."""
        return self.problem or self.text


@dataclass(frozen=True)
class Notice:
    """Something worth a line that changes nothing."""

    text: str

    def message(self) -> str:
        """Say it in one line."""
        return self.text


@dataclass(frozen=True)
class RunEnded:
    """The run is over and cleaned up as far as it could be; `head` is the hash of its journal's last record."""

    run: RunId
    outcome: Outcome
    at: datetime
    head: str = ""

    def message(self) -> str:
        """Say it in one line."""
        return self.outcome.headline


Event = (
    RunStarted
    | CleaningStarted
    | StepStarted
    | StepProgress
    | StepDone
    | StepFailed
    | UndoStarted
    | UndoDone
    | Notice
    | RunEnded
)


class Listener(Protocol):
    """Someone who is told; whatever it raises becomes a notice."""

    def handle(self, event: Event) -> None:
        """Take note of an event, quickly."""
        ...

    def close(self) -> Sequence[str]:
        """Finish within seconds; returns what could not be said."""
        ...


class Announcer:
    """Tells every listener everything, one event after the other, and keeps what went wrong while telling.

    A signal's handler may speak while its own thread is telling: a stream can't be entered twice, so that its words are
    told next, and before what the handler raises goes on.
    """

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = tuple(listeners)
        self._step = ""
        self._remarked = 0.0
        self._untold: deque[Event] = deque()
        self._lock = threading.RLock()
        self._telling = False
        self.problems: list[str] = []

    def tell(self, event: Event) -> None:
        """Tell all listeners; a failing one is noted once a kind and the others still hear."""
        if isinstance(event, StepStarted | UndoStarted):
            self._step, self._remarked = event.step, 0.0
        self._untold.append(event)
        with self._lock:
            if self._telling:
                return
            try:
                self._telling = True
                self._catch_up()
            finally:
                self._catch_up()
                self._telling = False

    def _catch_up(self) -> None:
        while self._untold:
            self._pass_on(self._untold.popleft())

    def _pass_on(self, event: Event) -> None:
        for listener in self._listeners:
            try:
                listener.handle(event)
            except Exception as error:  # noqa: BLE001 - a listener, whatever it raises, must not stop a restore
                self._note(f"{type(listener).__name__}: {type(error).__name__}")

    def remark(self, text: str, share: float | None) -> None:
        """Pass on what the step at work says of itself, not more often than anybody can read."""
        now = time.monotonic()
        if now - self._remarked >= REMARK_EVERY:
            self._remarked = now
            self.tell(StepProgress(self._step, text, share))

    def close(self) -> None:
        """Let every listener finish; what could not be said is kept in `problems`."""
        for listener in self._listeners:
            try:
                for problem in listener.close():
                    self._note(problem)
            except Exception as error:  # noqa: BLE001 - as above
                self._note(f"{type(listener).__name__}: {type(error).__name__}")

    def _note(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)
