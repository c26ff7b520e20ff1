"""Look after another run: finish its teardown, hold its load."""

from __future__ import annotations

from dataclasses import replace

from rdsrestore.core.bounds import PAUSE
from rdsrestore.core.errors import CutOff, ExitCode, RdsRestoreError, Refused
from rdsrestore.core.events import Announcer
from rdsrestore.core.facts import TakenBack
from rdsrestore.core.journal import Ending, ending, open_steps
from rdsrestore.core.replay import Told, replay
from rdsrestore.core.runner import Desk, clean_up
from rdsrestore.core.step import Run
from rdsrestore.front import Front
from rdsrestore.keeping import deposit
from rdsrestore.steps import STEPS
from rdsrestore.steps.sessions import production
from rdsrestore.steps.stock import lacks, take_stock
from rdsrestore.store.journal_file import JournalFile
from rdsrestore.store.runs import StoredRun


def clean(name: str | None, front: Front) -> ExitCode:
    """Undo what a run's journal has open, newest first, and prove that it is gone; returns the exit code.

    A run that has an ending keeps it. One that was cut off gets its own: what is found of what it wrote to production.
    """
    stored = front.runs.find(name)
    with stored.locked():
        records = stored.records()
        taken, found = front.runs.taken_back().get(stored.id.value), ending(records)
        if found and found.exit_code != ExitCode.CLEANUP_INCOMPLETE and not open_steps(records):
            return nothing_left(stored, found, taken, front)
        told = replay(records, STEPS)
        if told.ending and not any(step.undo_text() for step in told.open):
            return nothing_left(stored, told.ending, taken, front)
        world = front.world()
        journal = JournalFile(stored.journal, world.clock)
        announcer = Announcer(front.listeners(stored.folder))
        run = Run(stored.id, told.request, told.survey, world, stored.folder, announcer.remark, told.facts)
        try:
            cause = None if told.ending else missed(told, run, taken)
            outcome = clean_up(told.open, run, Desk(journal, announcer), cause, told.ending)
        finally:
            announcer.close()
            journal.close()
    kept = deposit(stored, world, front.settings.audit_bucket)
    front.sum_up(replace(outcome, notices=(*announcer.problems, *kept)), stored.folder)
    return outcome.exit_code


def nothing_left(stored: StoredRun, how: Ending, taken: TakenBack | None, front: Front) -> ExitCode:
    """Say that there is nothing to do, and how the run ended; its journal stays as it is."""
    since = f"; run {taken.by} took back what it wrote: {taken.ended or 'it is unfinished'}" if taken else ""
    text = f"nothing of run {stored.id} is left; it ended: {how.headline}{since}"
    if front.stream:
        front.stream.write({"event": "nothing-left", "run": stored.id.value, "exit_code": 0, "message": text})
    front.screen.print(text, soft_wrap=True)
    front.screen.print(f"rdsrestore audit {stored.id} shows who did what, when", soft_wrap=True)
    return ExitCode.OK


def missed(told: Told, run: Run, taken: TakenBack | None) -> CutOff | None:
    """Look what a run that was cut off has done, while its plan is there to tell, and say what it did not come to."""
    if taken:
        told.facts.put(taken)
    try:
        with production(run) as database:
            take_stock(told, run.id, database)
    except RdsRestoreError as error:
        run.progress(f"what was written can't be looked up: {error}", None)
    return lacks(told)


def hold(name: str | None, front: Front, *, on: bool) -> ExitCode:
    """Hold a run's load, or let it go on; Refused where nothing works on a run that is to be held."""
    stored = front.runs.find(name)
    if on and stored.idle():
        raise Refused(
            "pause", f"run {stored.id} is not at work", "rdsrestore runs says how each ended", code="run.not-at-work"
        )
    flag = stored.folder / PAUSE
    if on:
        flag.touch(mode=0o600)
        front.screen.print(f"run {stored.id} holds before its next transaction", soft_wrap=True)
        front.screen.print(f"rdsrestore unpause {stored.id} lets it go on", soft_wrap=True)
    else:
        flag.unlink(missing_ok=True)
        front.screen.print(f"run {stored.id} goes on")
    return ExitCode.OK
