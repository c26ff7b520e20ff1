"""Write a run's report, for those who were not there: from its journal, whenever it is asked for."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rdsrestore.app.context import Context
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.notify.console.terminal import hush
from rdsrestore.notify.incident.documents import as_json, html, markdown
from rdsrestore.notify.incident.from_journal import incident_report
from rdsrestore.notify.incident.report_data import IncidentReport
from rdsrestore.notify.report import files_of
from rdsrestore.steps.recipe import STEPS
from rdsrestore.store.runs import StoredRun

PAGE = "report.html"
STANDARD_OUTPUT = "-"


def write_report(name: str | None, context: Context, *, form: str, output: str | None) -> ExitCode:
    """Write the report of a run, the newest without a name, as `form`: html, md or json.

    A page goes into the run's folder where no `output` is named, the others to standard output. UsageError where the
    file can't be written, JournalError where this release can't read the journal.
    """
    run = context.runs.find(name)
    run.refuse_newer()
    report = report_of(run, context, at_work=not run.idle())
    now = datetime.now(UTC)
    text = {"html": lambda: html(report, now), "md": lambda: markdown(report), "json": lambda: as_json(report)}[form]()
    place = output or (str(run.folder / PAGE) if form == "html" else STANDARD_OUTPUT)
    if place == STANDARD_OUTPUT:
        show(text)
    else:
        put(Path(place), text)
        (context.errors if form == "json" else context.screen).print(f"written: {place}", soft_wrap=True)
    return ExitCode.OK


def report_of(run: StoredRun, context: Context, *, at_work: bool) -> IncidentReport:
    """Read a run's report from its journal, and name the files that there are."""
    impacts = {step.name: step.impact for step in STEPS}
    taken = context.runs.taken_back().get(run.id.value)
    report = incident_report(run.id.value, run.reading(), impacts, at_work=at_work, taken=taken)
    return replace(report, files=files_of(run.folder))


def show(text: str) -> None:
    """Write to standard output; who stopped reading misses nothing that was wanted."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        hush(sys.stdout)


def put(path: Path, text: str) -> None:
    """Write a file for its owner alone; UsageError where that fails."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as stream:  # noqa: PTH123 - the descriptor carries the mode
            stream.write(text)
    except OSError as error:
        raise UsageError("--output", f"{path} can't be written: {error.strerror}", "name another file, or -") from error
