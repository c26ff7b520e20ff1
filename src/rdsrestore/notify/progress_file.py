"""How far a run is, in a small file for whoever looks from elsewhere; the journal alone decides what has happened."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from rdsrestore.domain.plain_text import clean_line
from rdsrestore.workflow import events

PROGRESS = "progress.json"
EVERY = 1.0
"""Seconds between two notes of the same step, at least."""


@dataclass(frozen=True)
class Progress:
    """What a step last said of itself: `share` is 0 to 1 where known, the others are seconds.

    `later` is what the steps after it take as a rule, up to the question where one is still to come.
    """

    step: str
    text: str
    share: float | None = None
    expected: float | None = None
    later: float | None = None
    to_question: bool = False
    number: int | None = None
    of: int | None = None


@dataclass
class ProgressFile:
    """Keeps the file up to date while a run works, and removes it at the end."""

    folder: Path
    clock: Callable[[], float] = time.monotonic
    _now: Progress | None = field(default=None, init=False)
    _written: float = field(default=0.0, init=False)

    def handle(self, event: events.Event) -> None:
        """Note where the run stands; OSError where the disk does not take it."""
        match event:
            case events.StepStarted():
                at = event.position
                later, question = (at.later, at.to_question) if at else (None, False)
                number, of = (at.number, at.of) if at else (None, None)
                self._put(Progress(event.step, event.text, None, event.expected, later, question, number, of))
            case events.UndoStarted():
                self._put(Progress(event.step, event.text))
            case events.StepProgress() if self._now and self.clock() - self._written >= EVERY:
                self._put(replace(self._now, text=event.text, share=event.share))
            case events.RunEnded():
                (self.folder / PROGRESS).unlink(missing_ok=True)
            case _:
                pass

    def close(self) -> Sequence[str]:
        """Remove the file of a run that did not come to its end as well."""
        with suppress(OSError):
            (self.folder / PROGRESS).unlink(missing_ok=True)
        return ()

    def _put(self, now: Progress) -> None:
        self._now, self._written = now, self.clock()
        part = self.folder / f"{PROGRESS}.part"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as stream:  # noqa: PTH123 - the descriptor carries the mode
            json.dump(now.__dict__ | {"text": clean_line(now.text)}, stream)
        part.replace(self.folder / PROGRESS)


def read_progress(folder: Path) -> Progress | None:
    """Read the file; None where there is none, or it is of another release."""
    try:
        return Progress(**json.loads((folder / PROGRESS).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
