"""Finish the teardown of a run that could not do it itself."""

from __future__ import annotations

from rdsrestore.core.errors import ExitCode
from rdsrestore.core.events import Announcer
from rdsrestore.core.replay import replay
from rdsrestore.core.runner import Desk, clean_up
from rdsrestore.core.step import Run
from rdsrestore.outlets import console
from rdsrestore.steps import RECIPE
from rdsrestore.store.journal_file import JournalFile
from rdsrestore.wiring import Front, SystemClock


def clean(name: str | None, front: Front) -> ExitCode:
    """Undo what a run's journal has open, newest first, and prove that it is gone."""
    stored = front.runs.find(name)
    with stored.locked():
        told = replay(stored.records(), RECIPE)
        journal = JournalFile(stored.journal, SystemClock())
        announcer = Announcer(front.listeners(stored.folder))
        run = Run(
            id=stored.id,
            request=told.request,
            survey=told.survey,
            world=front.world(told.request.user),
            folder=stored.folder,
            progress=front.progress(announcer, "cleanup"),
            facts=told.facts,
        )
        try:
            outcome = clean_up(told.open, run, Desk(journal, announcer))
        finally:
            announcer.close()
            journal.close()
    console.summary(front.err, outcome, stored.folder)
    return outcome.exit_code
