"""What was done to tables, for people and for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from rich.text import Text

from rdsrestore.domain.codec import Json
from rdsrestore.domain.incident import Change, Logged, Timeline, suspicions
from rdsrestore.domain.plain_text import clean_line
from rdsrestore.notify.console.terminal import Terminal
from rdsrestore.notify.text import counted

BARS, PLAIN_BARS = " ▁▂▃▄▅▆▇█", " .:-=+*#@"
WIDTH = 60
"""Columns of the chart."""
TEXT = 300
"""Characters of a statement that are shown."""
INDENT = 4
KEEP = "CALL mysql.rds_set_configuration('binlog retention hours', 24) keeps what is written from now on"


def show(console: Terminal, found: Timeline, shown: Sequence[Change], likely: Change | None) -> None:
    """Print the timeline: what was looked at, when rows were hit, and the worst changes."""
    span = f"{found.since:%Y-%m-%d %H:%M:%S} to {found.until:%Y-%m-%d %H:%M:%S} UTC"
    console.print(f"{span}: {counted(found.files, 'file')} of the binlog, {found.size / 1e6:,.0f} MB", soft_wrap=True)
    missing(console, found)
    if not shown:
        where = "in what is kept of that time" if found.gap else "in that time"
        nothing = f"no row of these tables was changed or deleted {where}"
        console.print("nothing is known of that time" if found.unknown else nothing, soft_wrap=True)
        return
    chart(console, found)
    for number, change in enumerate(shown, 1):
        entry(console, number, change, found, likely=change == likely)
    left = len(found.changes) - len(shown) + found.left_out
    if left:
        console.print(f"{counted(left, 'more transaction')} hit fewer rows or only added some", soft_wrap=True)


def missing(console: Terminal, found: Timeline) -> None:
    """Say what the server has no more: nothing is known of that time."""
    if not found.gap:
        return
    start = f"begins at {found.kept_from:%Y-%m-%d %H:%M:%S} UTC" if found.kept_from else "is empty"
    what = f"{console.symbols.note} production's binlog {start}: what was done before is not known"
    console.say(Text(what, "bold yellow"), 2)
    console.say(Text(f"  {KEEP}"), 2)


def chart(console: Terminal, found: Timeline) -> None:
    """Draw how many rows were hit when."""
    if console.plain or not any(found.minutes.values()):
        return
    first, last = min(found.minutes), max(found.minutes) + timedelta(minutes=1)
    width = (last - first) / WIDTH
    heights = [0] * WIDTH
    for minute, rows in found.minutes.items():
        heights[min(int((minute - first) / width), WIDTH - 1)] += rows
    bars = BARS if console.encoding.lower().startswith("utf") else PLAIN_BARS
    top = max(heights)
    line = "".join(bars[min(1 + each * (len(bars) - 2) // top, len(bars) - 1) if each else 0] for each in heights)
    console.print(Text(f"  {first:%H:%M} {line} {last:%H:%M}", "cyan"), no_wrap=True, overflow="crop")


def entry(console: Terminal, number: int, change: Change, found: Timeline, *, likely: bool) -> None:
    """Print one change."""
    reasons = suspicions(change, found)
    head = f"{number:>2}  {change.at:%Y-%m-%d %H:%M:%S}  {clean_line(change.ref.table)}  {hit(change)}"
    line = Text(head, "bold" if reasons else "")
    if reasons:
        line.append(f"  {console.symbols.note} {'; '.join(reasons)}", "bold yellow")
    if likely:
        line.append("  (most likely)", "bold")
    console.say(line, INDENT)
    if change.text:
        more = f"  (and {counted(change.statements - 1, 'other statement')})" if change.statements > 1 else ""
        console.say(Text(f"    {shortened(change.text)}{more}"), INDENT)
    console.say(Text(f"    {whereabouts(change)}", "dim"), INDENT)


def names(changes: Sequence[Change]) -> Mapping[str, Change]:
    """Name each of some changes in a line that no other one of them has."""
    named: dict[str, Change] = {}
    for change in changes:
        text = f"{change.at:%H:%M:%S} {change.ref.table}, {hit(change)}"
        named[text if text not in named else f"{text}, at {change.position}"] = change
    return named


def hit(change: Change) -> str:
    """Say how many rows a change hit."""
    if change.logged is not Logged.ROWS:
        return "rows not known"
    kinds = (("deleted", change.deleted), ("changed", change.updated), ("added", change.inserted))
    return ", ".join(f"{counted(rows, 'row')} {name}" for name, rows in kinds if rows)


def whereabouts(change: Change) -> str:
    """Say where a change stands."""
    ended = f"committed {change.committed:%H:%M:%S.%f}" if change.committed else ""
    gtid = f"GTID {change.gtid}" if change.gtid else ""
    thread = f"thread {change.thread}" if change.thread else ""
    xa = "of an XA transaction, which may have been rolled back" if change.prepared else ""
    who = f"who: {clean_line(change.who)} (audit log)" if change.who else "who: unknown"
    words = (ended, gtid, f"{change.file}:{change.position}", thread, xa, who)
    return ", ".join(word for word in words if word)


def shortened(text: str) -> str:
    """Make a statement one line."""
    line = clean_line(" ".join(text.split()))
    return line if len(line) <= TEXT else f"{line[:TEXT]}…"


def lines(
    found: Timeline,
    likely: Change | None,
    command: Callable[[Change], str],
    rows: Callable[[Change], str],
    alone: Callable[[Change], str] = lambda _change: "",
) -> Iterator[Mapping[str, Json]]:
    """Yield a timeline as objects for programs: what was looked at, then each change with what takes it back.

    `rows` says where a change's rows come from, `alone` what takes its transaction alone back; empty where nothing
    does.
    """
    yield {
        "event": "timeline",
        "since": iso(found.since),
        "until": iso(found.until),
        "kept_from": iso(found.kept_from) if found.kept_from else None,
        "gap": found.gap,
        "files": found.files,
        "bytes": found.size,
        "left_out": found.left_out,
    }
    for change in found.changes:
        yield {
            "event": "change",
            "at": iso(change.at),
            "committed": iso(change.committed) if change.committed else None,
            "table": str(change.ref),
            "into": str(change.into) if change.into else None,
            "logged": change.logged.value,
            "inserted": change.inserted,
            "updated": change.updated,
            "deleted": change.deleted,
            "statement": change.text,
            "statements": change.statements,
            "gtid": change.gtid,
            "file": change.file,
            "position": change.position,
            "end": change.end,
            "thread": change.thread,
            "user": change.who or None,
            "suspicions": list(suspicions(change, found)),
            "likely": change == likely,
            "command": command(change),
            "rows": rows(change),
            "transaction_command": alone(change) or None,
        }


def iso(at: datetime) -> str:
    """Write a moment."""
    return at.isoformat().replace("+00:00", "Z")
