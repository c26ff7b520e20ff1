"""A page in the run's folder for whoever asks a month later: what was done, what came of it, where to look."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rdsrestore.domain.incident import BINLOG
from rdsrestore.domain.outcome.outcome import Outcome
from rdsrestore.domain.plain_text import clean_line
from rdsrestore.domain.tables.target import AFTER
from rdsrestore.notify.audit_view import MARK, said
from rdsrestore.notify.console.views import checked, left, meaning, production
from rdsrestore.notify.next_steps import following
from rdsrestore.notify.text import counted, duration
from rdsrestore.workflow import events
from rdsrestore.workflow.journal.journal import Kind, Reading, Record, read

JOURNAL = "journal.jsonl"
REPORT = "report.md"


FILES = {
    "plan-*.jsonl": "every row that differed, and what was done with it",
    "undo-*.sql.gz*": "what rows were before they were touched",
    "slices-*.jsonl": "the key ranges and keys that differ",
    "*.sql*": "the rows as they were",
    "*.triggers": "statements that make triggers again",
    f"{AFTER}/*.sql*": "the rows as the incident left them",
    f"{BINLOG}/*": "production's binlog of the incident, byte for byte; the journal has its SHA-256",
}
"""What the files of a run are, by their names; the first that fits counts."""


@dataclass
class Report:
    """Writes report.md, for its owner alone, when the run has ended and what is not kept of it is removed."""

    folder: Path
    _ended: Outcome | None = field(default=None, init=False)

    def handle(self, event: events.Event) -> None:
        """Keep how the run ended, or add what a cleanup did since; OSError where the disk does not take it."""
        if not isinstance(event, events.RunEnded):
            return
        if event.outcome.earlier:
            self.put(addition(event.outcome, event.at), os.O_APPEND)
        else:
            self._ended = event.outcome

    def put(self, lines: Iterable[str], how: int) -> None:
        """Write lines in place of what is there, or after it."""
        text = "\n".join(lines) + "\n"
        descriptor = os.open(self.folder / REPORT, os.O_WRONLY | os.O_CREAT | how, 0o600)
        with open(descriptor, "a", encoding="utf-8") as stream:  # noqa: PTH123 - the descriptor carries the mode
            stream.write(text)

    def close(self) -> Sequence[str]:
        """Write the page of a run that has ended, now that the dumps are removed; OSError as above."""
        if self._ended:
            reading = read((self.folder / JOURNAL).read_text("utf-8"))
            self.put(page(self._ended, reading, files_of(self.folder)), os.O_TRUNC)
        return ()


def files_of(folder: Path) -> Mapping[str, str]:
    """Say what each file of a run's folder is that somebody may want to read."""
    found = {
        path.relative_to(folder).as_posix(): what
        for pattern, what in reversed(FILES.items())
        for path in folder.glob(pattern)
    }
    return dict(sorted(found.items()))


def page(outcome: Outcome, reading: Reading, files: Mapping[str, str]) -> Iterable[str]:
    """Write the page's lines, from how the run ended, its journal, and what the files beside it are."""
    start = next((record for record in reading.records if record.kind is Kind.STARTED), None)
    yield f"# Run {outcome.run}"
    yield ""
    yield f"{clean_line(outcome.headline)}."
    yield ""
    yield f"- exit code {int(outcome.exit_code)}: {meaning(outcome)}"
    yield f"- production: {clean_line(production(outcome))}"
    yield from (f"- {clean_line(line)}" for line in numbers(outcome))
    if start:
        yield f"- started {start.at:%Y-%m-%d %H:%M:%S} UTC by {clean_line(said(start))}"
    asked = counted(sum(map(requests, reading.records)), "request")
    yield f"- AWS: {asked}; `rdsrestore audit {outcome.run} --requests` lists their ids"
    yield ""
    yield "## What to do next, as it was when the run ended"
    yield ""
    yield from (f"- {clean_line(step)}" for step in following(outcome))
    yield ""
    yield "## Timeline (UTC)"
    yield ""
    yield from (f"- {moment(record)}" for record in reading.records if record.kind is not Kind.INTENT)
    yield ""
    yield "## To look into it"
    yield ""
    yield f"- `rdsrestore audit {outcome.run} --verify` checks that the journal was not changed since"
    yield from (f"- {clean_line(name)}: {what}" for name, what in files.items())
    yield f"- this folder holds customer data; `rdsrestore forget {outcome.run}` removes it when the incident is closed"


def addition(outcome: Outcome, at: datetime) -> Iterable[str]:
    """Write what a cleanup did after the run had ended; the page itself stays."""
    yield ""
    yield f"## Cleaned up on {at:%Y-%m-%d %H:%M:%S} UTC"
    yield ""
    yield f"- {clean_line(outcome.headline)}"
    yield from (f"- {clean_line(line)}" for line in numbers(outcome))


def numbers(outcome: Outcome) -> Iterable[str]:
    """Count what came back, what did not, and what is left."""
    yield from checked(outcome)
    for table, conflict in outcome.conflicts:
        yield f"{table}: left alone: {left(conflict)}"
    yield from (f"left out: {text}" for text in outcome.skipped)
    yield from (f"kept: {text}; it costs money until then" for text in outcome.kept)
    for remain in outcome.remains:
        yield f"when the run ended: {remain.said}; {remain.command}"
    yield from outcome.proof


def moment(record: Record) -> str:
    """One record in a line."""
    seconds = record.data.get("seconds")
    took = f" ({duration(seconds)})" if isinstance(seconds, int | float) else ""
    what = " ".join(word for word in (MARK.get(record.kind, record.kind.value), record.step) if word)
    words = said(record)
    return clean_line(f"{record.at:%H:%M:%S} {what}{f': {words}' if words else ''}{took}")


def requests(record: Record) -> int:
    """Count the cloud's requests of a record."""
    calls = record.data.get("calls")
    return len(calls) if isinstance(calls, list) else 0
