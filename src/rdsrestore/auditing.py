"""Show and verify what earlier runs did; nothing outside this machine is asked."""

from __future__ import annotations

import sys
from datetime import datetime

from rdsrestore.core.errors import ExitCode, JournalError
from rdsrestore.core.journal import Kind, Record
from rdsrestore.front import Front
from rdsrestore.outlets import audit
from rdsrestore.store.runs import StoredRun


def list_runs(front: Front) -> ExitCode:
    """List the runs, newest first."""
    rows = [summary(run) for run in front.runs.all()]
    if front.stream:
        for name, at, what, ended in rows:
            front.stream.write({"run": name, "at": at.isoformat() if at else None, "what": what, "ended": ended})
    elif rows:
        audit.runs_table(front.screen, rows)
    else:
        front.screen.print("no runs yet")
    return ExitCode.OK


def show_run(name: str | None, front: Front) -> ExitCode:
    """Show a run's journal as a timeline, or as JSON lines."""
    run = front.runs.find(name)
    reading = run.reading()
    if front.stream:
        for record in reading.records:
            sys.stdout.write(record.line() + "\n")
    else:
        front.screen.print(f"run {run.id}: {summary(run)[2]}", soft_wrap=True)
        audit.timeline(front.screen, reading)
        front.screen.print(f"folder: {run.folder}", soft_wrap=True)
    if reading.broken:
        raise broken(run)
    return ExitCode.OK


def verify_run(name: str | None, front: Front) -> ExitCode:
    """Follow the journal's hash chain; JournalError names the first line where it does not hold."""
    run = front.runs.find(name)
    reading = run.reading()
    if reading.broken:
        raise broken(run)
    last = reading.records[-1].hash if reading.records else ""
    text = f"run {run.id}: {len(reading.records)} records, unchanged since they were written; last hash {last}"
    front.screen.print(text, soft_wrap=True)
    return ExitCode.OK


def broken(run: StoredRun) -> JournalError:
    """Name the first line of a journal where its chain does not hold."""
    found = run.reading().broken
    line, problem = (found.line, found.problem) if found else (0, "")
    return JournalError(
        f"{run.journal}, line {line}",
        problem,
        "what stands before that line can be trusted; compare the rest with the account's own trail",
    )


def summary(run: StoredRun) -> tuple[str, datetime | None, str, str]:
    """Say of a run: its name, its start, what it was for, how it ended."""
    records = run.records()
    start = next((record for record in records if record.kind is Kind.STARTED), None)
    end = next((record for record in reversed(records) if record.kind is Kind.ENDED), None)
    ended = str(end.data.get("headline")) if end else f"not finished: rdsrestore cleanup {run.id}"
    return run.id.value, start.at if start else None, purpose(start) if start else "?", ended


def purpose(start: Record) -> str:
    """Name the tables and the moment of a run's first record."""
    request = start.data.get("request")
    if not isinstance(request, dict):
        return "?"
    point, tables = request.get("point"), request.get("tables")
    when = (point.get("utc") or point.get("id")) if isinstance(point, dict) else ""
    names = ", ".join(map(str, tables)) if isinstance(tables, list) else ""
    undoes = request.get("undoes")
    state = f"as before run {undoes}" if undoes else f"as of {when}"
    return f"{names} of {request.get('instance')} {state}"
