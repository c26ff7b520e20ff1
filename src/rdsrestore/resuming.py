"""Go on with a run that was cut off, from what its journal tells and the world still shows."""

from __future__ import annotations

import hashlib
import socket
from dataclasses import replace
from pathlib import Path

from rdsrestore import __version__
from rdsrestore.core.changes import AFTER
from rdsrestore.core.errors import ExitCode, Refused
from rdsrestore.core.facts import Dumped
from rdsrestore.core.journal import Kind
from rdsrestore.core.planner import make_plan
from rdsrestore.core.replay import Told, replay
from rdsrestore.core.step import World
from rdsrestore.core.survey import Survey
from rdsrestore.core.tables import DumpFile
from rdsrestore.front import Front
from rdsrestore.restoring import Office, alone, work
from rdsrestore.steps import STEPS
from rdsrestore.steps.road import Found, ahead
from rdsrestore.store.runs import StoredRun


def resume(name: str | None, front: Front, confirm: str | None, *, yes: bool) -> ExitCode:
    """Finish a run; returns the exit code.

    Raises Refused where there is nothing to go on with, and JournalError while another process works on it.
    """
    stored = front.runs.find(name)
    with stored.locked():
        told = replay(stored.records(), STEPS)
        refuse_if_finished(told, stored)
        world = front.world(yes=yes, typed=confirm)
        survey = afresh(told.survey, told.request.user, world)
        kinds = {kind.name: kind for kind in STEPS}
        whole = make_plan(told.request, survey, stored.id, [kinds[step] for step in told.recipe])
        plan = replace(whole, steps=tuple(ahead(whole.steps, told, look(told, stored, world))))
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


def afresh(survey: Survey, user: str, world: World) -> Survey:
    """Return what was read, with the time and this machine's address as production sees them now: it may have moved."""
    with world.databases.production(survey.source.endpoint, user) as database:
        seen = database.server().caller
    return replace(survey, at=world.clock.now(), caller=seen or survey.caller)


def first_of(steps: tuple[object, ...]) -> str:
    """Name the step that comes first."""
    return str(getattr(steps[0], "name", "")) if steps else "teardown"


def refuse_if_finished(told: Told, stored: StoredRun) -> None:
    """Refuse a run that came to its end, or that this release can't go on with."""
    if told.ended == ExitCode.OK:
        raise Refused("resume", f"run {stored.id} is finished", f"rdsrestore audit {stored.id} shows what it did")
    if not told.recipe:
        raise Refused("resume", f"run {stored.id} is of an older release", f"rdsrestore cleanup {stored.id}")


def what_is_left(steps: list[str], told: Told, stored: StoredRun) -> list[str]:
    """Say where a run goes on."""
    cut = "was cut off" if told.ended is None else f"ended with exit code {told.ended}"
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
        return Found(sound, database.scratch_exists(stored.id.schema))


def intact(folder: Path, dump: DumpFile) -> bool:
    """Whether a dump is still what was checked, to its last byte."""
    if dump.floats and not (folder / dump.floats).exists():
        return False
    try:
        with (folder / dump.path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == dump.sha256
    except OSError:
        return False
