"""What a run does, line by line in its folder, for one that no terminal may be there to show; no rows, no secrets."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rdsrestore.domain.plain_text import clean_line
from rdsrestore.workflow import events

LOG = "steps.log"
EVERY = 60.0
"""Seconds between two lines of the same step, at least."""
WORDS = {
    events.StepStarted: "begins",
    events.StepProgress: "goes on",
    events.StepDone: "done",
    events.StepFailed: "FAILED",
    events.UndoStarted: "cleans up",
    events.UndoDone: "cleaned up",
    events.RunEnded: "ended",
}


@dataclass
class StepLog:
    """Adds a line for each event, for the owner alone; OSError where the disk does not take it."""

    folder: Path
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], datetime] = lambda: datetime.now(UTC)
    _said: float = field(default=0.0, init=False)

    def handle(self, event: events.Event) -> None:
        """Write what an event says, as Slack and the journal have it."""
        if isinstance(event, events.StepProgress) and self.clock() - self._said < EVERY:
            return
        self._said = self.clock()
        words = (WORDS.get(type(event), ""), getattr(event, "step", ""), event.message())
        line = clean_line(": ".join(filter(None, words)))
        descriptor = os.open(self.folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with open(descriptor, "a", encoding="utf-8") as stream:  # noqa: PTH123 - the descriptor carries the mode
            stream.write(f"{self.wall():%Y-%m-%d %H:%M:%S} UTC {line}\n")

    def close(self) -> Sequence[str]:
        """Have nothing left to say."""
        return ()
