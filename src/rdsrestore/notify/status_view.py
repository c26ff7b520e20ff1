"""Where a run stands, for whoever looks from a second terminal: worked out of its journal and its last word. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rdsrestore.notify.console import time_left
from rdsrestore.notify.incident.from_journal import CHANGES
from rdsrestore.notify.incident.report_data import IncidentReport
from rdsrestore.notify.progress_file import Progress
from rdsrestore.notify.text import about, duration
from rdsrestore.workflow.journal.journal import Kind, Record
from rdsrestore.workflow.run.position import Touched


@dataclass(frozen=True)
class RunStatus:
    """`state` is at-work, waiting (for an answer), dead, or ended; `left` is in seconds, None where nobody knows.

    `to_question`: the time left is that until the question. `exit_code` and what it means are of a run that has ended.
    """

    run: str
    state: str
    subject: str
    doing: str
    production: str
    cost: str
    at: datetime
    since: datetime
    step: str = ""
    number: int | None = None
    of: int | None = None
    share: float | None = None
    left: float | None = None
    to_question: bool = False
    waits_for: str = ""
    exit_code: int | None = None
    next: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[str, str, str]:
        """What has to change for the status to be worth another line."""
        return self.state, self.step, self.doing if self.state == "ended" else ""


def status_of(
    report: IncidentReport, records: Sequence[Record], progress: Progress | None, question: str, now: datetime
) -> RunStatus:
    """Say where a run stands; `question` is what it asks in words, where it is about to write to production."""
    report = replace(report, last=now) if report.state == "at-work" else report
    whole = RunStatus(
        run=report.run,
        state="ended",
        subject=report.subject,
        doing=report.headline,
        production=report.production,
        cost=report.cost_at(report.last, "so far"),
        at=now,
        since=report.last,
        exit_code=report.exit_code,
        next=tuple(report.next),
    )
    if report.state == "unfinished":
        return replace(whole, state="dead")
    if report.state != "at-work":
        return whole
    return at_work(whole, report, records, progress, question)


def at_work(
    whole: RunStatus, report: IncidentReport, records: Sequence[Record], progress: Progress | None, question: str
) -> RunStatus:
    """Say what a run does right now."""
    last = next((each for each in reversed(records) if each.kind in {Kind.INTENT, Kind.UNDO}), None)
    if last is None:
        return replace(whole, state="at-work", doing="begins", production=touched(records))
    told = progress if progress and progress.step == last.step else None
    done = any(each.kind is Kind.DONE and each.step == last.step and each.seq > last.seq for each in records)
    asks = last.step == "approve" and last.kind is Kind.INTENT and not done and bool(question)
    elapsed = since(last.at, whole.at)
    going = told and not told.text.startswith(time_left.HELD)
    step = time_left.of_step(elapsed, told.expected, told.share) if told and going else None
    left = step + told.later if told and step is not None and told.later is not None and not asks else None
    return replace(
        whole,
        state="waiting" if asks else "at-work",
        step=last.step,
        doing=f"cleans up: {last.data.get('text')}" if last.kind is Kind.UNDO else told.text if told else last.step,
        production=touched(records),
        since=last.at,
        number=told.number if told else None,
        of=told.of if told else None,
        share=told.share if told else None,
        left=left,
        to_question=bool(told and told.to_question),
        waits_for=f"an answer in the terminal of {report.who['operator']}: on production: {question}?" if asks else "",
    )


def touched(records: Sequence[Record]) -> str:
    """Say what production has seen of a run that is at work."""
    seen = Touched.NOTHING
    for record in records:
        if record.step in CHANGES and record.kind is Kind.INTENT:
            seen = Touched.NOW
        elif record.step in CHANGES and record.kind in {Kind.DONE, Kind.FAILED}:
            seen = Touched.BEFORE
    return time_left.PRODUCTION[seen]


def lines(found: RunStatus) -> Iterator[tuple[str, str]]:
    """Yield what is said of a run, each with its label."""
    yield "run", f"{found.run}: {found.subject}"
    running = found.state in {"at-work", "waiting"}
    if running:
        yield "step", " ".join(filter(None, (numbered(found), found.step)))
        yield "does", f"{found.doing}{f', {found.share:.0%}' if found.share is not None else ''}"
        ago = duration(since(found.since, found.at))
        yield "since", f"{found.since:%Y-%m-%d %H:%M:%S} UTC, {ago}"
        yield "left", remaining(found)
    else:
        yield "DEAD" if found.state == "dead" else "ended", found.doing
    if found.waits_for:
        yield "WAITS FOR", found.waits_for
    yield "production", found.production
    yield "cost", found.cost
    if found.exit_code is not None:
        yield "exit code", str(found.exit_code)
    yield from (("next", text) for text in found.next)


def line(found: RunStatus) -> str:
    """Say where a run stands in one line."""
    if found.state in {"dead", "ended"}:
        return found.doing
    if found.waits_for:
        return f"waits for {found.waits_for}"
    share = f", {found.share:.0%}" if found.share is not None else ""
    parts = (numbered(found), f"{found.step}: {found.doing}{share}", found.production, remaining(found))
    return " · ".join(filter(None, parts))


def numbered(found: RunStatus) -> str:
    """Say which step it is of how many."""
    return f"step {found.number} of {found.of}" if found.number and found.of else ""


def remaining(found: RunStatus) -> str:
    """Say how long it still takes, by the clock as well."""
    if found.left is None:
        return "not known how long"
    what = "to the question" if found.to_question else "left"
    return f"about {about(found.left)} {what}, {found.at + timedelta(seconds=found.left):%H:%M} UTC"


def since(last: datetime, now: datetime) -> float:
    """Seconds since a moment; none where this machine's clock was set back."""
    return max(0.0, (now - last).total_seconds())
