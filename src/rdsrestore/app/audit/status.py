"""Look at a run from another terminal, once or until its end; nothing but its folder is read."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime

from rdsrestore.app.audit.report import report_of
from rdsrestore.app.context import Context
from rdsrestore.app.detach.keeper import TERMINAL
from rdsrestore.domain.codec import Json
from rdsrestore.domain.errors import JournalError, Refused, UsageError
from rdsrestore.domain.facts import Compared
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.notify.console.views import labelled, short
from rdsrestore.notify.progress_file import read_progress
from rdsrestore.notify.status_view import RunStatus, line, lines, status_of
from rdsrestore.notify.text import clean
from rdsrestore.steps.compare import intended
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.journal.replay import replay_facts

EVERY = 1.0
"""Seconds between two looks."""
SAID_AGAIN = 60.0
"""Seconds after which a line is said again where nothing can be animated."""


def show_status(name: str | None, context: Context) -> ExitCode:
    """Say where a run stands; without a name the one at work, or which there are."""
    runs = [context.runs.find(name)] if name else at_work(context)
    for run in runs if len(runs) == 1 else ():
        show(look(run, context), context)
    if len(runs) != 1:
        say(context, {"event": "runs", "at-work": [run.id.value for run in runs]}, "no run is at work")
        for run in runs:
            say(context, None, f"run {run.id} is at work: rdsrestore status {run.id}")
        context.remind()
    return ExitCode.OK


def watch(name: str | None, context: Context, *, every: float = EVERY) -> ExitCode:
    """Follow a run to its end and return its exit code.

    Refused where no run is at work, UsageError where several are, JournalError where the run's process is gone.
    """
    run = context.runs.find(name) if name else only(context, "watch")
    last: RunStatus | None = None
    try:
        while True:
            found = look(run, context)
            tell(found, last, context)
            if found.state == "dead":
                raise JournalError(f"run {run.id}", found.doing, "; ".join(found.next[:2]), code="journal.unfinished")
            if found.state == "ended":
                return next((code for code in ExitCode if code == found.exit_code), ExitCode.BUG)
            last = found if last is None or worth_saying(found, last) else last
            time.sleep(every)
    finally:
        context.screen.still()


def look(run: StoredRun, context: Context) -> RunStatus:
    """Read where a run stands: whether it is at work before its journal, so that one that ends meanwhile has ended."""
    at_work = not run.idle()
    report, records = report_of(run, context, at_work=at_work), run.records()
    compared = replay_facts(records).find(Compared)
    question = intended(compared.differences) if compared else ""
    found = status_of(report, records, read_progress(run.folder), question, datetime.now(UTC))
    if at_work and os.path.lexists(run.folder / TERMINAL):
        return replace(found, next=(f"rdsrestore attach {run.id} shows it and takes your answer", *found.next))
    return found


def at_work(context: Context) -> list[StoredRun]:
    """Return the runs that a process works on."""
    return [run for run in context.runs.all() if not run.idle() and run.sound()]


def only(context: Context, command: str) -> StoredRun:
    """Return the one run at work, for a command that wants one."""
    runs = at_work(context)
    if not runs:
        raise Refused(command, "no run is at work", "rdsrestore runs says how each ended", code="run.not-at-work")
    if len(runs) > 1:
        raise UsageError(
            "run", f"{len(runs)} runs are at work", f"name one of {', '.join(str(run.id) for run in runs)}"
        )
    return runs[0]


def show(found: RunStatus, context: Context) -> None:
    """Print a status, each fact on its line."""
    if context.stream:
        context.stream.write(as_data(found))
        return
    for label, text in lines(found):
        labelled(context.screen, label, text, "bold" if label.isupper() else "dim", fold=label != "next" or short(text))


def tell(found: RunStatus, last: RunStatus | None, context: Context) -> None:
    """Say what has changed: on a terminal in a line that moves, elsewhere in a line whenever there is news."""
    news = last is None or worth_saying(found, last)
    if context.stream:
        if news:
            context.stream.write(as_data(found))
    elif found.state in {"ended", "dead"}:
        context.screen.still()
        show(found, context)
    elif context.screen.is_interactive:
        if last is None:
            labelled(context.screen, "run", f"{found.run}: {found.subject}")
        if last and last.place != found.place:
            context.screen.still()
            context.screen.say(clean(f"{found.at:%H:%M:%S} {line(found)}", "dim"))
        moving = clean(f"{found.at:%H:%M:%S} {line(found)}")
        moving.no_wrap, moving.overflow = True, "ellipsis"
        context.screen.animate(moving)
    elif news:
        context.screen.say(clean(f"{found.at:%H:%M:%S} {line(found)}"))


def worth_saying(found: RunStatus, last: RunStatus) -> bool:
    """Whether a status says something new, or is a minute younger."""
    return found.place != last.place or (found.at - last.at).total_seconds() >= SAID_AGAIN


def as_data(found: RunStatus) -> Mapping[str, Json]:
    """Write a status for programs."""
    data = asdict(replace(found, next=()))
    return {"event": "status", **data, "at": iso(found.at), "since": iso(found.since), "next": list(found.next)}


def iso(at: datetime) -> str:
    """Write a moment."""
    return at.isoformat().replace("+00:00", "Z")


def say(context: Context, data: Mapping[str, Json] | None, text: str) -> None:
    """Say a line, or write its data for programs."""
    if context.stream and data:
        context.stream.write(data)
    elif not context.stream and not (data and data.get("at-work")):
        context.screen.print(text, soft_wrap=True)
