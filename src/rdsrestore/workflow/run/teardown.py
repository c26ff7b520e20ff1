"""Take back what steps made: what costs money or lets somebody in first, what production has to answer for last.

A failure never stops the next undo. What failed is tried once more at the end, and what is found gone then counts as
gone, however its undo ended.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from rdsrestore.domain.codec import Json, encode
from rdsrestore.domain.errors import CleanupIncomplete, RdsRestoreError
from rdsrestore.domain.outcome.remains import Remains
from rdsrestore.workflow import events
from rdsrestore.workflow.journal.journal import Kind
from rdsrestore.workflow.run.run_io import RunIO, calls, note, our_bug
from rdsrestore.workflow.step import Run, Step

LEFT = "you left before it was done"


def in_order(steps: Iterable[Step]) -> Sequence[Step]:
    """Put started steps in the order in which they are undone: newest first, those that need production last."""
    newest = tuple(steps)[::-1]
    return sorted(newest, key=lambda step: step.on_production)


def texts(steps: Iterable[Step]) -> str:
    """Say what is taken back, in order."""
    return "; ".join(text for step in in_order(steps) if (text := step.undo_text()))


class Teardown:
    """The undoing of some steps; `proof` and `remains` say how far it is, also where it was left half-way."""

    def __init__(self, run: Run, io: RunIO, steps: Iterable[Step]) -> None:
        self._run = run
        self._desk = io
        self._todo = {step.name: step for step in in_order(steps) if step.undo_text()}
        self._problems = {step.name: remains(step, run, LEFT) for step in self._todo.values()}
        self._proof: list[str] = []

    @property
    def proof(self) -> tuple[str, ...]:
        """What was read again and is gone."""
        return tuple(self._proof)

    @property
    def remains(self) -> tuple[Remains, ...]:
        """What is, or may be, still there."""
        return tuple(self._problems.values())

    def work(self) -> None:
        """Undo all, then once more what failed, then read the world again, where the account did not say twice."""
        for step in self._todo.values():
            self._undo(step)
        for name in list(self._problems):
            self._undo(self._todo[name])
        for step in self._todo.values():
            self._prove(step)
        for name in [name for name, problem in self._problems.items() if not problem.looked]:
            if not self._todo[name].on_production:
                self._prove(self._todo[name])
        proof: dict[str, Json] = {"proof": encode(self.proof), "remains": encode(self.remains)}
        note(self._desk, Kind.PROOF, "", {**proof, "calls": calls(self._run)})

    def _undo(self, step: Step) -> None:
        problem = undo(step, self._run, self._desk)
        if problem:
            self._problems[step.name] = problem
        else:
            self._problems.pop(step.name, None)

    def _prove(self, step: Step) -> None:
        """Let what is found decide; an undo that seemed to fail may have had its effect."""
        try:
            sentence = step.prove_gone(self._run)
        except RdsRestoreError as error:
            before = self._problems.get(step.name)
            if before is None or not before.looked:  # why it could not be undone says more
                looked = isinstance(error, CleanupIncomplete)
                self._problems[step.name] = remains(step, self._run, str(error), looked=looked)
            return
        if not sentence:
            return
        self._proof.append(sentence)
        if self._problems.pop(step.name, None):
            note(self._desk, Kind.UNDONE, step.name, {"found": sentence})


def undo(step: Step, run: Run, io: RunIO) -> Remains | None:
    """Undo one step; returns what remains where that failed."""
    text = step.undo_text()
    if not text:
        return None
    begun = time.monotonic()
    io.announcer.tell(events.UndoStarted(step.name, text))
    note(io, Kind.UNDO, step.name, {"text": text})
    problem = ""
    try:
        step.undo(run)
    except RdsRestoreError as error:
        problem = str(error)
    except Exception as error:  # noqa: BLE001 - a bug in one undo must not stop the next
        problem = str(our_bug(step.name, error))
    seconds = time.monotonic() - begun
    data: dict[str, Json] = {"seconds": round(seconds, 3), "calls": calls(run)}
    if problem:
        data["problem"] = problem
    note(io, Kind.UNDO_FAILED if problem else Kind.UNDONE, step.name, data)
    io.announcer.tell(events.UndoDone(step.name, text, seconds, problem))
    return remains(step, run, problem) if problem else None


def remains(step: Step, run: Run, why: str, *, looked: bool = True) -> Remains:
    """Say what a step leaves, and what removes it."""
    return Remains(step.undo_text(), why, f"rdsrestore cleanup {run.id}", looked)
