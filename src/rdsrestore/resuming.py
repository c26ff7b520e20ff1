"""Go on with a run that was cut off, from what its journal tells and the world still shows."""

from __future__ import annotations

import hashlib
import socket
from dataclasses import replace
from pathlib import Path

from rdsrestore import __version__
from rdsrestore.core.changes import AFTER
from rdsrestore.core.errors import ExitCode, Refused
from rdsrestore.core.facts import Dumped, Swapped, TakenBack
from rdsrestore.core.journal import Kind
from rdsrestore.core.planner import make_plan
from rdsrestore.core.replay import Told, replay
from rdsrestore.core.step import World
from rdsrestore.core.tables import DumpFile
from rdsrestore.front import Front
from rdsrestore.restoring import Office, alone, work
from rdsrestore.steps import STEPS
from rdsrestore.steps.road import Found, ahead
from rdsrestore.steps.stock import recount
from rdsrestore.store.runs import StoredRun


def resume(name: str | None, front: Front, confirm: str | None, *, yes: bool) -> ExitCode:
    """Finish a run; returns the exit code.

    Raises Refused where there is nothing to go on with, and JournalError while another process works on it.
    """
    stored = front.runs.find(name)
    with stored.locked():
        told = replay(stored.records(), STEPS)
        refuse_if_finished(told, stored)
        refuse_if_taken_back(front.runs.taken_back().get(stored.id.value), stored)
        world = front.world(yes=yes, typed=confirm)
        survey = replace(told.survey, at=world.clock.now())
        kinds = {kind.name: kind for kind in STEPS}
        whole = make_plan(told.request, survey, stored.id, [kinds[step] for step in told.recipe])
        found = look(told, stored, world)
        plan = replace(whole, steps=tuple(ahead(whole.steps, told, found)))
        for line in what_is_left([step.describe() for step in plan.steps], told, stored):
            front.screen.print(line, soft_wrap=True)
        if not yes and not front.confirm("Go on?"):
            raise Refused(
                "resume", "you said no; nothing was done", f"rdsrestore cleanup {stored.id} removes all of it"
            )
        by = "--yes" if yes else front.settings.operator
        data = {"by": by, "host": socket.gethostname(), "version": __version__, "from": first_of(plan.steps)}
        office = Office(stored, world, front)
        with alone(plan, survey, world):
            return work(plan, survey, office, lambda journal: journal.append(Kind.RESUMED, "", dict(data)), told)


def first_of(steps: tuple[object, ...]) -> str:
    """Name the step that comes first."""
    return str(getattr(steps[0], "name", "")) if steps else "teardown"


def refuse_if_finished(told: Told, stored: StoredRun) -> None:
    """Refuse a run that came to its end, or that this release can't go on with."""
    if told.ending and told.ending.exit_code in {ExitCode.OK, ExitCode.INCOMPLETE} and not told.ending.error:
        raise Refused("resume", f"run {stored.id} is finished", f"rdsrestore audit {stored.id} shows what it did")
    if not told.recipe:
        raise Refused("resume", f"run {stored.id} is of an older release", f"rdsrestore cleanup {stored.id}")


def refuse_if_taken_back(taken: TakenBack | None, stored: StoredRun) -> None:
    """Refuse a run whose rows another run has taken back since: its plan and its books hold no more."""
    if taken:
        raise Refused(
            "resume",
            f"run {taken.by} took back what run {stored.id} wrote: {taken.ended or 'it is unfinished'}",
            f"rdsrestore cleanup {stored.id} removes what is left of it; to restore again, run the same command again",
            code="run.taken-back",
        )


def what_is_left(steps: list[str], told: Told, stored: StoredRun) -> list[str]:
    """Say where a run goes on."""
    cut = "was cut off" if told.ending is None else f"ended: {told.ending.headline}"
    todo = [f"  {text}" for text in steps] or ["  nothing but the teardown"]
    return [f"run {stored.id} {cut}; what is left:", *todo]


def look(told: Told, stored: StoredRun, world: World) -> Found:
    """Look at what is still there of a run."""
    dumped = told.facts.find(Dumped)
    folder = stored.folder
    sound = dumped is not None and all(
        intact(place, dump)
        for place, dumps in ((folder, dumped.dumps), (folder / AFTER, dumped.afters))
        for dump in dumps
    )
    with world.databases.production(told.survey.source.endpoint, told.request.user) as database:
        found = Found(sound, database.scratch_exists(stored.id.schema))
        if told.facts.find(Swapped) or not found.scratch:
            recount(told, database)  # nothing is left to verify it by
        return found


def intact(folder: Path, dump: DumpFile) -> bool:
    """Whether a dump is still what was checked, to its last byte."""
    if dump.floats and not (folder / dump.floats).exists():
        return False
    try:
        with (folder / dump.path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == dump.sha256
    except OSError:
        return False
