"""Show and verify what earlier runs did; nothing outside this machine is asked."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime

from rdsrestore.app.context import Context
from rdsrestore.domain.codec import Json
from rdsrestore.domain.errors import JournalError
from rdsrestore.domain.facts import TakenBack
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.notify import audit_view
from rdsrestore.store.kept_dumps import KeptDumps, kept_dumps
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.journal.journal import Kind, Record, ending, finished


def list_runs(context: Context) -> ExitCode:
    """List the runs, newest first."""
    taken = context.runs.taken_back()
    runs = context.runs.all()
    rows = [(summary(run, taken.get(run.id.value)), ending(told(run)), kept_dumps(run)) for run in runs]
    keep_for = context.settings.keep_dumps_for
    if context.stream:
        for (name, at, what, ended), found, kept in rows:
            code = found.exit_code if found else None
            when = at.isoformat() if at else None
            dumps: dict[str, Json] = {}
            dumps |= {"dump_bytes": kept.bytes, "dump_until": kept.until(keep_for).isoformat()} if kept else {}
            context.stream.write({"run": name, "at": when, "what": what, "ended": ended, "exit_code": code, **dumps})
    elif rows:
        audit_view.runs_table(context.screen, [(*row, dumps_of(kept, keep_for)) for row, _found, kept in rows])
    else:
        context.screen.print("no runs yet")
    return ExitCode.OK


def dumps_of(kept: KeptDumps | None, keep_for: int) -> str:
    """Say how large a run's dumps are, how old, and when they go."""
    if kept is None:
        return ""
    return f"{kept.bytes / 1e6:,.1f} MB of {kept.since:%Y-%m-%d %H:%M}, until {kept.until(keep_for):%Y-%m-%d %H:%M}"


def show_run(name: str | None, context: Context) -> ExitCode:
    """Show a run's journal as a timeline, or as JSON lines."""
    run = context.runs.find(name)
    reading = run.reading()
    if context.stream:
        for record in reading.records:
            sys.stdout.write(record.line() + "\n")
    else:
        context.screen.print(f"run {run.id}: {purpose(run.records())}", soft_wrap=True)
        audit_view.timeline(context.screen, reading)
        context.screen.print(f"folder: {run.folder}", soft_wrap=True)
    if reading.broken:
        raise broken(run)
    return ExitCode.OK


def verify_run(name: str | None, context: Context) -> ExitCode:
    """Follow the journal's hash chain to its end.

    JournalError names the first line where it does not hold, and a journal that does not end as a process ends it: one
    that is at work, one that was cut off, and one whose last records were taken away look alike from inside.
    """
    run = context.runs.begun(name)
    idle = run.idle()
    run.refuse_newer()
    reading = run.reading()
    if reading.broken:
        raise broken(run)
    count = f"{len(reading.records):,} records"
    if not idle:
        raise JournalError(
            f"run {run.id}",
            f"is at work; its {count} until now are unchanged since they were written",
            "verify it again when it has ended",
            code="run.locked",
        )
    if not finished(reading):
        last = reading.records[-1] if reading.records else None
        found = f"the last of its {count} is {last.kind} {last.step}" if last else "it has no record"
        raise JournalError(
            str(run.journal),
            f"unfinished, or cut: {found}, and that ends no run",
            f"a run that was cut off: rdsrestore resume {run.id}, or cleanup {run.id}; else compare it with a copy",
            code="journal.cut",
        )
    head = reading.records[-1].hash
    context.screen.print(f"run {run.id}: {count}, unchanged since they were written; last hash {head}", soft_wrap=True)
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


def summary(run: StoredRun, taken: TakenBack | None) -> tuple[str, datetime | None, str, str]:
    """Say of a run: its name, its start, what it was for, how it ended or where it stands."""
    records = told(run)
    start = next((record for record in records if record.kind is Kind.STARTED), None)
    return run.id.value, start.at if start else None, purpose(records), standing(run, records, taken)


def told(run: StoredRun) -> tuple[Record, ...]:
    """Return a run's sound records; none where its journal can't be read."""
    try:
        return run.records()
    except JournalError:
        return ()


def standing(run: StoredRun, records: Sequence[Record], taken: TakenBack | None) -> str:
    """Say how a run ended, what was done about it since, or where it stands."""
    found, last = ending(records), records[-1] if records else None
    if not run.idle():
        return "at work"
    if found is None and not run.tells():
        swept = "" if run.cut_off() else "; what it left was removed by its marks"
        return f"its journal is damaged{swept or f'; rdsrestore cleanup {run.id} goes by its marks'}"
    if found is None:
        return f"unfinished: rdsrestore resume {run.id} goes on, rdsrestore cleanup {run.id} removes what it left"
    said = [found.headline]
    if last and last.kind is Kind.CLEANED:
        said.append(
            "cleanup is incomplete" if last.data.get("exit_code") == ExitCode.CLEANUP_INCOMPLETE else "cleaned up since"
        )
    if taken:
        said.append(f"run {taken.by} took back what it wrote: {taken.ended or 'it is unfinished'}")
    return "; ".join(said)


def purpose(records: Sequence[Record]) -> str:
    """Name the tables and the moment of a run's first record."""
    start = next((record for record in records if record.kind is Kind.STARTED), None)
    request = start.data.get("request") if start else None
    if not isinstance(request, dict):
        return "?"
    point, tables = request.get("point"), request.get("tables")
    when = (point.get("utc") or point.get("id")) if isinstance(point, dict) else ""
    names = ", ".join(map(str, tables)) if isinstance(tables, list) else ""
    undoes = request.get("undoes")
    state = f"as before run {undoes}" if undoes else f"as of {when}"
    return f"{names} of {request.get('instance')} {state}"
