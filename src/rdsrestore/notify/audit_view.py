"""The audit log for people: what a journal tells, as a timeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.text import Text

from rdsrestore.domain.codec import Json
from rdsrestore.domain.plain_text import clean_line
from rdsrestore.notify.console.terminal import Terminal
from rdsrestore.notify.text import clean, columns, duration
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
HEADINGS = ("UTC", "what", "step", "took", "said")
MARK = {Kind.DONE: "done", Kind.UNDONE: "undone", Kind.FAILED: "FAILED", Kind.UNDO_FAILED: "NOT UNDONE"}


def timeline(console: Terminal, reading: Reading, *, requests: bool = False) -> None:
    """Print who did what when: a line a record; with `requests` the cloud's request ids as well."""
    records = [record for record in reading.records if record.kind is not Kind.INTENT]
    if console.is_interactive:
        table(console, records, requests=requests)
    else:
        for record in records:
            ids = called(record) if requests else ()
            console.print(clean(" ".join((*plain(record), *ids))), soft_wrap=True)
    if reading.torn:
        console.print("the last line is unfinished: the run was cut off while writing it")


def table(console: Terminal, records: Sequence[Record], *, requests: bool) -> None:
    """Print records in columns, a heading for each day; what does not fit into the terminal's width is cut."""
    heading, *lines = columns([HEADINGS, *map(row, records)], right=frozenset({3}))
    console.print(Text(heading, "bold"), no_wrap=True, overflow="ellipsis")
    day = ""
    for record, line in zip(records, lines, strict=True):
        if day != (day := f"{record.at:%Y-%m-%d}"):
            console.print(Text(day, "dim"))
        console.print(line, no_wrap=True, overflow="ellipsis")
        for each in called(record) if requests else ():
            console.print(clean(f"          {each}"), soft_wrap=True)


def row(record: Record) -> Sequence[str]:
    """One record's cells for people."""
    seconds = record.data.get("seconds")
    took = duration(seconds) if isinstance(seconds, float | int) else ""
    what = MARK.get(record.kind, record.kind.value)
    return (f"{record.at:%H:%M:%S}", what, clean_line(record.step), took, clean_line(said(record)))


def plain(record: Record) -> Sequence[str]:
    """One record's words where a program may read them: moment, kind, step, seconds, and the rest of the line."""
    seconds = record.data.get("seconds")
    took = f"{seconds:.1f}" if isinstance(seconds, float | int) else "-"
    words = said(record)
    return (f"{record.at:%Y-%m-%dT%H:%M:%SZ}", record.kind.value, record.step or "-", took, *([words] if words else []))


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


def called(record: Record) -> Iterable[str]:
    """The calls of a record as `service:Operation request-id`."""
    calls = record.data.get("calls")
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            yield f"{call.get('service')}:{call.get('operation')} {call.get('request_id')}"


def words(value: Json) -> Iterable[str]:
    """The strings of a list."""
    return (str(each) for each in value) if isinstance(value, list) else ()


def runs_table(console: Terminal, rows: Sequence[tuple[str, str, str, str, str]]) -> None:
    """Print the runs, a line each: name, where it stands, its dumps, what it was for, how it ended."""
    cells = [(name, state, dumps, clean_line(f"{what}: {ended}")) for name, state, dumps, what, ended in rows]
    if console.is_interactive:
        heading, *lines = columns([("run", "state", "dumps stay", "what"), *cells])
        console.print(Text(heading, "bold"))
        for line in lines:
            console.print(line, no_wrap=True, overflow="ellipsis")
    else:
        for each in cells:
            console.print(" ".join(filter(None, each)), soft_wrap=True)
