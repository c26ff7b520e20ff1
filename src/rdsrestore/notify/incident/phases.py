"""What took how long: each step from its start to its end, and how long the copy lived and could be reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rdsrestore.workflow.journal.journal import Kind, Record
from rdsrestore.workflow.step import Impact

WAITS, CLEANS, LIVES, FAILS = "waits", "cleans", "lives", "fails"
"""Kinds of bars beside the steps' impacts: a person's answer, the teardown, what stood meanwhile, a failure."""
RULE = "rule open"
LIFETIMES = (
    ("temporary instance", "restore-instance", "restore-instance"),
    ("second instance", "restore-after", "restore-after"),
    (RULE, "open-rule", "close-rule"),
)
"""What stood for a while: its name, the step that made it, and a step that may end it before its own undo."""
TICKS = 5
"""Marks of a time scale, at most, beside its start."""


@dataclass(frozen=True)
class Phase:
    """A bar of the chart: `end` is None where nothing says that it ended, `kind` an impact or one of those above."""

    name: str
    kind: str
    start: datetime
    end: datetime | None
    said: str = ""

    def until(self, last: datetime) -> datetime:
        """Return its end, or what is known of it."""
        return self.end or last

    def seconds(self, last: datetime) -> float:
        """Return how long it took, or has until `last`."""
        return (self.until(last) - self.start).total_seconds()


def steps(records: Sequence[Record], impacts: Mapping[str, Impact]) -> Iterator[Phase]:
    """Yield each step as often as it was begun, then each undo."""
    for number, record in enumerate(records):
        if record.kind is Kind.INTENT:
            end = following(records[number + 1 :], record.step, {Kind.DONE, Kind.FAILED})
            impact = WAITS if record.step == "approve" else impacts.get(record.step, Impact.READS).value
            failed = end is not None and end.kind is Kind.FAILED
            said = str(end.data.get("problem" if failed else "result", "")) if end else ""
            yield Phase(record.step, FAILS if failed else impact, record.at, end.at if end else None, said)
        elif record.kind is Kind.UNDO:
            end = following(records[number + 1 :], record.step, {Kind.UNDONE, Kind.UNDO_FAILED})
            failed = end is not None and end.kind is Kind.UNDO_FAILED
            said = str(end.data.get("problem")) if end and failed else str(record.data.get("text", ""))
            yield Phase(f"remove: {record.step}", FAILS if failed else CLEANS, record.at, end.at if end else None, said)


def lifetimes(records: Sequence[Record]) -> Iterator[Phase]:
    """Yield how long what was made for a while stood, from the start of its making to the end of its removal."""
    for name, made_by, ended_by in LIFETIMES:
        start = following(records, made_by, {Kind.INTENT})
        if start:
            removed = [record for record in records if ends(record, made_by, ended_by)]
            yield Phase(name, LIVES, start.at, removed[0].at if removed else None)


def ends(record: Record, made_by: str, ended_by: str) -> bool:
    """Whether a record says that what a step made is gone."""
    closed = record.kind is Kind.DONE and record.step == ended_by != made_by
    return closed or (record.kind is Kind.UNDONE and record.step == made_by)


def following(records: Sequence[Record], step: str, kinds: set[Kind]) -> Record | None:
    """Find the first record of a step of these kinds; None where the step begins anew before."""
    for record in records:
        if record.step == step and record.kind in kinds:
            return record
        if record.step == step and record.kind in {Kind.INTENT, Kind.UNDO}:
            return None
    return None


def ticks(seconds: float) -> Sequence[float]:
    """Choose the marks of a time scale of so many seconds: round ones, and few."""
    rounds = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
    apart = next((each for each in rounds if seconds / each <= TICKS), seconds / TICKS or 1)
    return [apart * number for number in range(int(seconds / apart) + 1)]


def span(phases: Sequence[Phase], last: datetime) -> tuple[datetime, timedelta]:
    """Say where the chart begins, and how long it is."""
    first = min((each.start for each in phases), default=last)
    return first, max((each.until(last) for each in phases), default=last) - first
