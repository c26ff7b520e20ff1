"""A report written down: as a page of its own, as Markdown, or as JSON. Everything from outside is escaped."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from rdsrestore.domain.outcome.load_result import ALONE
from rdsrestore.domain.plain_text import clean_line
from rdsrestore.domain.tables.rows import LOOKED_AT, TableDifference
from rdsrestore.notify.console.views import reconciliation_line, unseen
from rdsrestore.notify.incident.phases import Phase, span, ticks
from rdsrestore.notify.incident.report_data import IncidentReport, TableReport
from rdsrestore.notify.text import duration

if TYPE_CHECKING:
    from jinja2 import Template

BADGES = {
    "ok": "done",
    "short": "not all is back",
    "failed": "failed, production untouched",
    "changed": "failed after production was changed",
    "unfinished": "unfinished",
    "at-work": "at work",
}
CLASSES = ("table", "then", "when compared", "missing", "changed", "newer", "left alone", "written")


@dataclasses.dataclass(frozen=True)
class Bar:
    """A phase as it is drawn: `left` and `width` in percent of the chart."""

    phase: Phase
    left: float
    width: float
    took: str


def html(report: IncidentReport, made: datetime) -> str:
    """Write a page that needs nothing else: no script, no font, no picture from anywhere."""
    bars = (*report.steps, *report.lifetimes)
    start, length = span(bars, report.last)
    whole = length.total_seconds() or 1.0
    drawn = [bar(each, start, whole, report.last) for each in report.steps]
    lived = [bar(each, start, whole, report.last) for each in report.lifetimes]
    marks = [(mark / whole * 100, duration(mark) if mark else "0") for mark in ticks(whole)]
    return template().render(
        report=report,
        badge=BADGES[report.state],
        took=duration((report.last - report.began).total_seconds()),
        bars=drawn,
        lived=lived,
        marks=marks,
        classes=CLASSES,
        rows=[class_row(each) for each in report.tables],
        remarks=list(remarks(report)),
        checks=list(checks(report)),
        made=made,
    )


@cache
def template() -> Template:
    """Read the page's template; it escapes whatever it is given, and refuses a name that it is not given."""
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - no page, no template

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=harmless
    )
    environment.filters["utc"] = lambda at: f"{at:%Y-%m-%d %H:%M:%S} UTC"
    return environment.from_string((files(__package__) / "page.html").read_text("utf-8"))


def harmless(value: object) -> object:
    """Make text fit for one line, before it is escaped."""
    return clean_line(value) if type(value) is str else value


def bar(phase: Phase, start: datetime, whole: float, last: datetime) -> Bar:
    """Place a phase in a chart of so many seconds; one that nothing ended says so."""
    seconds = phase.seconds(last)
    took = duration(seconds) if phase.end else "no end recorded"
    return Bar(phase, (phase.start - start).total_seconds() / whole * 100, seconds / whole * 100, took)


def class_row(table: TableReport) -> Sequence[str]:
    """Write one table's rows by class."""
    found = table.difference
    done = f"{table.load.rows:,}" if table.load else "-"
    if found is None:
        return (table.name, "-", "-", "-", "-", "-", "-", done)
    numbers = (found.restored, found.live, found.missing, found.changed, found.newer, found.unfit)
    return (table.name, *(f"{number:,}" for number in numbers), done)


def remarks(report: IncidentReport) -> Iterator[str]:
    """Yield what was found about columns, and which rows nobody compared."""
    for table in report.tables:
        found: TableDifference | None = table.difference
        groups = [group for group in found.groups if group.touched] if found else []
        if groups:
            often = ", ".join(f"{name} ({rows:,})" for group in groups for name, rows in group.touched)
            part = f" in the first {LOOKED_AT} rows" if any(group.rows > LOOKED_AT for group in groups) else ""
            yield f"{table.name}: columns that differ{part}: {often}"
        if found and found.unseen:
            yield unseen(found)
        yield from (f"{table.name}: {note}" for note in (found.notes if found else ()))


def checks(report: IncidentReport) -> Iterator[tuple[str, str]]:
    """Yield what was checked of each table, and what came of it: counts, other rows, the plan's digest, the dump's."""
    for table in report.tables:
        if ledger := table.ledger:
            yield table.name, reconciliation_line(ledger).partition(": ")[2]
            if ledger.untouched not in ALONE:
                yield table.name, "rows that the plan does not name changed meanwhile"
        if table.approved is not None and table.difference:
            same = "is the one that was approved" if table.approved else "IS NOT the one that was approved"
            yield table.name, f"the plan {same}: digest {table.difference.digest}"
        if table.dump:
            yield table.name, f"dump complete and equal to the rows that it was made of: SHA-256 {table.dump}"
    for name, then, before, after, expect in report.readings:
        yield name, f"{then} in the backup, {before} before, {after} after; expected: {expect or 'nothing'}"


def markdown(report: IncidentReport) -> str:
    """Write the same for a ticket or a chat."""
    return "\n".join(markdown_lines(report)) + "\n"


def markdown_lines(report: IncidentReport) -> Iterator[str]:
    """Yield the lines of a report in Markdown."""
    yield f"# Run {report.run}: {BADGES[report.state]}"
    yield from ("", plain(report.headline), "")
    yield f"- what: {plain(report.subject)}"
    until = f"by the journal until {report.last:%Y-%m-%d %H:%M:%S} UTC; not looked at for this report"
    yield f"- production, {until}: {plain(report.production)}"
    if report.exit_code is not None:
        yield f"- exit code {report.exit_code}: {plain(report.meaning)}"
    took = duration((report.last - report.began).total_seconds())
    yield f"- from {report.began:%Y-%m-%d %H:%M:%S} to {report.last:%Y-%m-%d %H:%M:%S} UTC, {took}"
    yield f"- cost: {report.cost}"
    yield from (f"- {plain(name)}: {plain(text)}" for name, text in report.who.items())
    if report.tables:
        yield from ("", "## Rows", "", f"| {' | '.join(CLASSES)} |", f"| --- |{' ---: |' * (len(CLASSES) - 1)}")
        yield from (f"| {' | '.join(map(plain, class_row(each)))} |" for each in report.tables)
    sections = (
        ("Remarks", [*remarks(report), *report.notes]),
        ("Not restored", [f"{name}: {why}" for name, why in report.lost]),
        ("Checks", [f"{name}: {text}" for name, text in checks(report)]),
        ("Approvals", [f"{each.at:%H:%M:%S} UTC {each.by}: {each.what} {each.answer}" for each in report.approvals]),
        ("Timeline (UTC)", [line(each, report.last) for each in report.steps]),
        ("Removed", [*report.proof, *(f"STILL THERE, or not looked at: {each}" for each in report.remains)]),
        ("What to do next", report.next),
        ("Files", [f"{name}: {what}" for name, what in report.files.items()]),
    )
    for title, lines in sections:
        if lines:
            yield from ("", f"## {title}", "", *(f"- {plain(each)}" for each in lines))
    yield from ("", f"Journal: {report.records:,} records, last hash `{report.hash}`.")


def line(phase: Phase, last: datetime) -> str:
    """Write a phase in a line."""
    took = duration(phase.seconds(last)) if phase.end else "no end recorded"
    return f"{phase.start:%H:%M:%S} {phase.name} ({took}){f': {phase.said}' if phase.said else ''}"


def plain(text: str) -> str:
    """Make text from outside fit for a line of Markdown: nothing in it marks up anything."""
    return "".join(f"\\{each}" if each in "\\`*_[]<>|#&!~" else each for each in clean_line(text))


def as_json(report: IncidentReport) -> str:
    """Write the same for programs."""
    data = dataclasses.asdict(report) | {"cost": report.cost}
    return json.dumps(data, default=written_value, indent=2) + "\n"


def written_value(value: object) -> object:
    """Write what JSON has no form of."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal | Enum):
        return str(value)
    raise TypeError(type(value).__name__)
