"""Show and verify what earlier runs did; nothing outside this machine is asked."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from rdsrestore.app.audit.verification import broken
from rdsrestore.app.context import Context
from rdsrestore.domain.codec import Json
from rdsrestore.domain.facts import TakenBack
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.notify import audit_view
from rdsrestore.store.kept_dumps import KeptDumps, kept_dumps
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.journal.journal import Kind, Record, asked_for, ending, goes_on


def list_runs(context: Context) -> ExitCode:
    """List the runs, newest first."""
    taken = context.runs.taken_back()
    runs, keep_for, now = context.runs.all(), context.settings.keep_dumps_for, datetime.now(UTC)
    forgotten = context.runs.index.read().forgotten.values()
    rows = [(*summary(run, taken.get(run.id.value)), state(run), run) for run in runs]
    if context.stream:
        for name, at, what, ended, word, run in rows:
            end, kept, when = ending(run.sound()), kept_dumps(run), at.isoformat() if at else None
            line: dict[str, Json] = {"run": name, "at": when, "what": what, "state": word, "ended": ended}
            line["exit_code"] = end.exit_code if end else None
            if kept:
                line |= {"dump_bytes": kept.bytes, "dump_until": kept.until(keep_for).isoformat()}
            context.stream.write(line)
        for entry in forgotten:
            context.stream.write({"run": entry.run, "state": "forgotten", "by": entry.by, "at": entry.at.isoformat()})
    elif rows or forgotten:
        audit_view.runs_table(
            context.screen,
            [
                (name, word, dumps_of(kept_dumps(run), keep_for, now), what, ended)
                for name, _at, what, ended, word, run in rows
            ]
            + [
                (entry.run, "forgotten", "", f"by {entry.by} at {entry.at:%Y-%m-%d %H:%M} UTC", f"hash {entry.head}")
                for entry in forgotten
            ],
        )
    else:
        context.screen.print("no runs yet")
    return ExitCode.OK


def dumps_of(kept: KeptDumps | None, keep_for: int, now: datetime) -> str:
    """Say how large a run's dumps are, and how many days they stay yet."""
    days = math.ceil(max(0.0, (kept.until(keep_for) - now).total_seconds()) / 86400) if kept else 0
    return f"{kept.bytes / 1e6:,.1f} MB, {days} d" if kept else ""


def show_run(name: str | None, context: Context, *, requests: bool) -> ExitCode:
    """Show a run's journal as a timeline, with `requests` also the cloud's request ids, or as JSON lines."""
    run = context.runs.find(name)
    reading = run.reading()
    if context.stream:
        for record in reading.records:
            sys.stdout.write(record.line() + "\n")
    else:
        context.screen.print(f"run {run.id}: {purpose(run.records())}", soft_wrap=True)
        audit_view.timeline(context.screen, reading, requests=requests)
        context.screen.print(f"folder: {run.folder}", soft_wrap=True)
    if reading.broken:
        raise broken(run)
    return ExitCode.OK


def summary(run: StoredRun, taken: TakenBack | None) -> tuple[str, datetime | None, str, str]:
    """Say of a run: its name, its start, what it was for, how it ended or where it stands."""
    records = run.sound()
    start = next((record for record in records if record.kind is Kind.STARTED), None)
    return run.id.value, start.at if start else None, purpose(records), standing(run, records, taken)


def state(run: StoredRun) -> str:
    """Say in a word where a run stands."""
    if not run.idle():
        return "at-work"
    records = run.sound()
    end = ending(records)
    if end is None:
        return "unfinished" if run.tells() else "damaged"
    if run.cut_off():
        return "left-over"
    if end.exit_code == ExitCode.INCOMPLETE:
        return "incomplete"
    if end.exit_code in {ExitCode.OK, ExitCode.CLEANUP_INCOMPLETE} and not end.error:
        return "ok"
    return "changed" if end.changed else "unchanged"


def standing(run: StoredRun, records: Sequence[Record], taken: TakenBack | None) -> str:
    """Say how a run ended, what was done about it since, or where it stands."""
    end, last = ending(records), records[-1] if records else None
    if not run.idle():
        return "at work"
    if end is None and not run.tells():
        swept = "" if run.cut_off() else "; what it left was removed by its marks"
        return f"its journal is damaged{swept or f'; rdsrestore cleanup {run.id} goes by its marks'}"
    if end is None:
        on = f"rdsrestore resume {run.id} goes on, " if goes_on(records) else ""
        return f"unfinished: {on}rdsrestore cleanup {run.id} removes what it left"
    parts = [end.headline]
    if last and last.kind is Kind.CLEANED:
        parts.append(
            "cleanup is incomplete" if last.data.get("exit_code") == ExitCode.CLEANUP_INCOMPLETE else "cleaned up since"
        )
    if taken:
        parts.append(f"run {taken.by} took back what it wrote: {taken.how}")
    return "; ".join(parts)


def purpose(records: Sequence[Record]) -> str:
    """Name the tables and the moment of a run's first record."""
    request = asked_for(records)
    if not request:
        return "?"
    if request.get("looks") and request.get("instance_of"):
        return f"a look at what run {request.get('instance_of')} has restored"
    point, tables = request.get("point"), request.get("tables")
    when = (point.get("utc") or point.get("id")) if isinstance(point, dict) else ""
    names = ", ".join(map(str, tables)) if isinstance(tables, list) else ""
    undoes = request.get("undoes")
    state = f"as before run {undoes}" if undoes else f"as of {when}"
    asked = "a question about " if request.get("looks") else ""
    return f"{asked}{names} of {request.get('instance')} {state}"
