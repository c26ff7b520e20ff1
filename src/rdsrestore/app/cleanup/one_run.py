"""Look after another run: finish its teardown, hold its load."""

from __future__ import annotations

from dataclasses import replace

from rdsrestore.app.audit.upload import deposit
from rdsrestore.app.context import Context
from rdsrestore.domain.errors import CutOff, RdsRestoreError, Refused
from rdsrestore.domain.facts import TakenBack
from rdsrestore.domain.outcome.ending import Ending
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.request.throttle_rules import PAUSE
from rdsrestore.domain.survey import Survey
from rdsrestore.steps.recipe import STEPS
from rdsrestore.steps.sessions import production
from rdsrestore.steps.written_rows import lacks, read_written_rows
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.events import Announcer
from rdsrestore.workflow.journal.journal import ending, open_steps
from rdsrestore.workflow.journal.replay import ReplayedRun, replay
from rdsrestore.workflow.run.run_io import RunIO
from rdsrestore.workflow.run.runner import clean_up
from rdsrestore.workflow.step import Run, World
from rdsrestore.workflow.surveyor import anew


def clean(name: str | None, context: Context) -> ExitCode:
    """Undo what a run's journal has open, and prove that it is gone; returns the exit code.

    A run that has an ending keeps it, and the exit code repeats what that left to do on production. One that was cut
    off gets its own: what is found of what it wrote to production.
    """
    stored = context.runs.find(name)
    with stored.locked():
        records = stored.records()
        taken, found = context.runs.taken_back().get(stored.id.value), ending(records)
        if found and found.exit_code != ExitCode.CLEANUP_INCOMPLETE and not open_steps(records):
            return nothing_left(stored, found, taken, context)
        replayed = replay(records, STEPS)
        if taken:
            replayed.facts.put(taken)
        if replayed.ending and not any(step.undo_text() for step in replayed.open):
            return nothing_left(stored, replayed.ending, taken, context)
        world = context.world(via=replayed.request.via)
        journal = context.runs.open(stored, world.clock)
        announcer = Announcer(context.listeners(stored.folder))
        survey = as_it_is(replayed, world)
        run = Run(stored.id, replayed.request, survey, world, stored.folder, announcer.remark, replayed.facts)
        try:
            cause = None if replayed.ending else missed(replayed, run)
            outcome = clean_up(replayed.open, run, RunIO(journal, announcer), cause, replayed.ending)
        finally:
            announcer.close()
            journal.close()
    kept = deposit(stored, context.runs.index, world, context.settings.audit_bucket)
    context.sum_up(replace(outcome, notices=(*announcer.problems, *kept)), stored.folder)
    return outcome.exit_code


def as_it_is(replayed: ReplayedRun, world: World) -> Survey:
    """Take the instance as it is now, or as it was where the account does not show it: what is left goes either way."""
    try:
        return anew(replayed.survey, replayed.request, world)
    except RdsRestoreError:
        return replayed.survey


def nothing_left(stored: StoredRun, how: Ending, taken: TakenBack | None, context: Context) -> ExitCode:
    """Say that there is nothing to do, and how the run ended; its journal stays as it is."""
    context.runs.catch_up(stored)
    code = how.again(taken)
    text = f"nothing of run {stored.id} is left; it ended: {how.sentence(taken)}"
    if context.stream:
        context.stream.write({"event": "nothing-left", "run": stored.id.value, "exit_code": int(code), "message": text})
    context.screen.print(text, soft_wrap=True)
    context.screen.print(f"rdsrestore audit {stored.id} shows who did what, when", soft_wrap=True)
    return code


def missed(replayed: ReplayedRun, run: Run) -> CutOff | None:
    """Look what a run that was cut off has done, while its plan is there to tell, and say what it did not come to."""
    run.databases.hang_up()  # a silent server must not keep what costs money
    try:
        with production(run) as database:
            read_written_rows(replayed, run.id, database)
    except RdsRestoreError as error:
        run.progress(f"what was written can't be looked up: {error}", None)
    return lacks(replayed)


def hold(name: str | None, context: Context, *, on: bool) -> ExitCode:
    """Hold a run's load, or let it go on; Refused where nothing works on a run."""
    stored = context.runs.find(name)
    if stored.idle():
        word = "pause" if on else "unpause"
        (stored.folder / PAUSE).unlink(missing_ok=True)
        raise Refused(
            word, f"run {stored.id} is not at work", "rdsrestore runs says how each ended", code="run.not-at-work"
        )
    flag = stored.folder / PAUSE
    if on:
        flag.touch(mode=0o600)
        context.screen.print(f"run {stored.id} holds before its next transaction", soft_wrap=True)
        context.screen.print(f"rdsrestore unpause {stored.id} lets it go on", soft_wrap=True)
    else:
        flag.unlink(missing_ok=True)
        context.screen.print(f"run {stored.id} goes on")
    return ExitCode.OK
