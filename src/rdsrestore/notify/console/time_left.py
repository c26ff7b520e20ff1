"""What is left of a run, in words: how long, until when, and what production has seen. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from rdsrestore.notify.text import about
from rdsrestore.workflow.run.position import Position, Touched

MEASURED = 2.0
"""Seconds after which a share says how fast a step is."""
HELD = ("paused: ", "waiting: ")
"""What a load says of itself begins so while something holds it: nobody knows how long that lasts."""
STOPS = {
    Touched.NOTHING: "Ctrl-C stops and cleans up",
    Touched.NOW: "Ctrl-C stops; what is written stays",
    Touched.BEFORE: "Ctrl-C stops; what is written stays",
}
PRODUCTION = {
    Touched.NOTHING: "no table touched so far",
    Touched.NOW: "production is being written",
    Touched.BEFORE: "production was written",
}


def of_step(elapsed: float, expected: float | None, share: float | None) -> float | None:
    """Seconds that a step still takes: by its measured share, else as long as usual; None where nobody knows."""
    if share and elapsed >= MEASURED:
        return elapsed * (1 - share) / share
    if expected is None or elapsed > expected:
        return None
    return expected - elapsed


def status(position: Position, left: float | None, now: datetime, *, overdue: bool) -> str:
    """Say in one line what production has seen, which step this is, and when the question comes or the job is done.

    `left` is None where nobody knows how long this step still takes, `overdue` where it has taken longer than usual.
    """
    said = [PRODUCTION[position.touched], f"step {position.number} of {position.of}"]
    if overdue:
        said.append("this takes longer than usual")
    elif left is not None:
        seconds = left + position.later
        end = now + timedelta(seconds=seconds)
        what = "to the question" if position.to_question else "left"
        said.append(f"about {about(seconds)} {what}, {end:%H:%M}")
    return " · ".join(said)
