"""Look after another run: finish its teardown, hold its load."""

from __future__ import annotations

from dataclasses import replace

from rdsrestore.core.bounds import PAUSE
from rdsrestore.core.desk import Desk
from rdsrestore.core.errors import ExitCode
from rdsrestore.core.events import Announcer
from rdsrestore.core.replay import replay
from rdsrestore.core.runner import clean_up
from rdsrestore.core.step import Run
from rdsrestore.front import Front
from rdsrestore.keeping import deposit
from rdsrestore.steps import STEPS
from rdsrestore.store.journal_file import JournalFile


def clean(name: str | None, front: Front) -> ExitCode:
    """Undo what a run's journal has open, and prove that it is gone."""
    stored = front.runs.find(name)
    with stored.locked():
        told = replay(stored.records(), STEPS)
        world = front.world()
        journal = JournalFile(stored.journal, world.clock)
        announcer = Announcer(front.listeners(stored.folder))
        run = Run(stored.id, told.request, told.survey, world, stored.folder, announcer.remark, told.facts)
        try:
            outcome = clean_up(told.open, run, Desk(journal, announcer))
        finally:
            announcer.close()
            journal.close()
    kept = deposit(stored, world, front.settings.audit_bucket)
    front.sum_up(replace(outcome, notices=(*announcer.problems, *kept)), stored.folder)
    return outcome.exit_code


def hold(name: str | None, front: Front, *, on: bool) -> ExitCode:
    """Hold a run's load, or let it go on."""
    stored = front.runs.find(name)
    flag = stored.folder / PAUSE
    if on:
        flag.touch(mode=0o600)
        front.screen.print(f"run {stored.id} holds before its next transaction", soft_wrap=True)
        front.screen.print(f"rdsrestore unpause {stored.id} lets it go on", soft_wrap=True)
    else:
        flag.unlink(missing_ok=True)
        front.screen.print(f"run {stored.id} goes on")
    return ExitCode.OK
