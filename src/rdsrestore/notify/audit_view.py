"""The audit log for people: what a journal tells, as a timeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.table import Table

from rdsrestore.domain.codec import Json
from rdsrestore.notify.console.terminal import Terminal
from rdsrestore.notify.text import clean
from rdsrestore.workflow.journal.journal import Kind, Reading, Record

SAID = {
    Kind.APPROVED: "question",
    Kind.RESUMED: "by",
    Kind.DONE: "result",
    Kind.FAILED: "problem",
    Kind.UNDO: "text",
    Kind.UNDO_FAILED: "problem",
    Kind.NOTICE: "text",
    Kind.ENDED: "headline",
    Kind.CLEANED: "headline",
}
MARK = {Kind.DONE: "done", Kind.UNDONE: "undone", Kind.FAILED: "FAILED", Kind.UNDO_FAILED: "NOT UNDONE"}


def timeline(console: Terminal, reading: Reading) -> None:
    """Print who did what when: a line a record, with durations and the cloud's request ids."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("time (UTC)", "what", "step", "said", "seconds", "AWS requests"):
        table.add_column(heading, overflow="fold", no_wrap=heading in {"time (UTC)", "what", "step"})
    for record in reading.records:
        if record.kind is not Kind.INTENT:
            table.add_row(*(clean(cell) for cell in row(record)))
    console.print(table)
    if reading.torn:
        console.print("the last line is unfinished: the run was cut off while writing it")


def row(record: Record) -> Sequence[str]:
    """One record's cells."""
    seconds = record.data.get("seconds")
    return (
        f"{record.at:%Y-%m-%d %H:%M:%S}",
        MARK.get(record.kind, record.kind.value),
        record.step,
        said(record),
        f"{seconds:.1f}" if isinstance(seconds, float | int) else "",
        " ".join(requests(record.data.get("calls"))),
    )


def said(record: Record) -> str:
    """The words of a record."""
    if record.kind is Kind.STARTED:
        return opening(record)
    if record.kind is Kind.PROOF:
        return "; ".join(words(record.data.get("proof"))) or "nothing was made"
    if record.kind is Kind.APPROVED:
        return f"{record.data.get('question')} {record.data.get('answer')}"
    return str(record.data.get(SAID.get(record.kind, ""), ""))


def opening(record: Record) -> str:
    """Who started what, where and why."""
    data = record.data
    request = data.get("request")
    reason = request.get("reason") if isinstance(request, dict) else ""
    identity = data.get("identity")
    arn = identity.get("arn") if isinstance(identity, dict) else ""
    why = f", because: {reason}" if reason else ""
    return f"{data.get('operator')} on {data.get('host')} as {arn}, rdsrestore {data.get('version')}{why}"


def requests(calls: Json) -> Iterable[str]:
    """The calls of a record as `service:Operation request-id`."""
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            yield f"{call['service']}:{call['operation']} {call['request_id']}"


def words(value: Json) -> Iterable[str]:
    """The strings of a list."""
    return (str(each) for each in value) if isinstance(value, list) else ()


def runs_table(console: Terminal, rows: Iterable[tuple[str, datetime | None, str, str, str]]) -> None:
    """Print the runs: name, start, what, how it ended, and the dumps in its folder."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("run", "started (UTC)", "what", "ended", "dumps (UTC)"):
        table.add_column(heading, overflow="fold")
    for name, at, what, ended, dumps in rows:
        when = f"{at:%Y-%m-%d %H:%M:%S}" if at else "?"
        table.add_row(name, when, clean(what), clean(ended), clean(dumps))
    console.print(table)
