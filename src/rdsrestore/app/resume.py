"""Go on with a run that was cut off, from what its journal tells and the world still shows."""

from __future__ import annotations

import socket
from dataclasses import replace

from rdsrestore import __version__
from rdsrestore.app.context import Context
from rdsrestore.app.detach.detaching import detach
from rdsrestore.app.lifetime.kept_instance import look_after
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.app.requests.from_instance import held
from rdsrestore.app.requests.let_in import refuse_unmeant
from rdsrestore.app.requests.request_builder import one_address
from rdsrestore.app.restore import RunSession, alone, consented, work
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.facts import Differing, Dumped, Swapped, TakenBack
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.request.answer import Begin
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.steps import take_dumps
from rdsrestore.steps.recipe import STEPS, named
from rdsrestore.steps.remaining_steps import Found, remaining
from rdsrestore.steps.written_rows import recount
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.journal.journal import Kind
from rdsrestore.workflow.journal.replay import ReplayedRun, replay
from rdsrestore.workflow.planner import make_plan
from rdsrestore.workflow.preflight.finding import refuse_if_blocked
from rdsrestore.workflow.preflight.machine import caller
from rdsrestore.workflow.step import World
from rdsrestore.workflow.surveyor import anew, find_references


def resume(name: str | None, context: Context, asked: CommandLine, *, yes: bool) -> ExitCode:
    """Finish a run; returns the exit code.

    Raises Refused where there is nothing to go on with, and JournalError while another process works on it.
    """
    stored = context.runs.find(name)
    with stored.locked():
        replayed = replay(stored.whole(), STEPS)
        refuse_if_finished(replayed, stored)
        refuse_if_taken_back(context.runs.taken_back().get(stored.id.value), stored)
        typed = replayed.request.typed if replayed.request.undoes else asked.confirm
        world = context.world(yes=yes, typed=typed, via=replayed.request.via)
        replayed = replace(replayed, request=let_in(replayed.request, asked))
        replayed = replace(replayed, survey=afresh(replayed.survey, replayed.request, world))
        survey = replayed.survey
        whole = make_plan(replayed.request, survey, stored.id, named(replayed.recipe))
        found = look(replayed, stored, world)
        if name is None and replayed.ending and not (found.dumps or found.scratch or stored.cut_off()):
            raise nothing_kept(stored)
        if differing := replayed.facts.find(Differing):
            replayed.facts.put(differing.later())
        plan = replace(whole, steps=tuple(remaining(whole.steps, replayed, found)))
        for line in what_is_left([step.describe() for step in plan.steps], replayed, stored):
            context.screen.print(line, soft_wrap=True)
        refuse_if_blocked(tuple(caller(plan.request, survey)) if asked.plain.get("allow") else ())
        refuse_unmeant(plan.request, survey, None if yes or not asked.plain.get("allow") else context)
        begin = Begin.HERE if yes else consented(plan.steps, "Go on?", context)
        if begin is Begin.NO:
            raise Refused(
                "resume", "you said no; nothing was done", f"rdsrestore cleanup {stored.id} removes all of it"
            )
        if begin is Begin.DETACHED or context.settings.detach:
            world.engines.of(survey.source.engine).log_out()  # a connection belongs to one process
            detach(stored, context)
        by = "--yes" if yes else context.settings.operator
        data = {"by": by, "host": socket.gethostname(), "version": __version__, "from": first_of(plan.steps)}
        session = RunSession(stored, world, context)
        with held(plan.request, context), alone(plan, survey, world):
            code = work(plan, survey, session, lambda journal: journal.append(Kind.RESUMED, "", dict(data)), replayed)
    return look_after(stored, replayed.request, context, code)


def afresh(read: Survey, request: Request, world: World) -> Survey:
    """Take what was read, with the time, the endpoint, and this machine's address as production sees it, as of now."""
    survey = anew(read, request, world)
    with world.engines.of(survey.source.engine).production(survey.source.endpoint, request.user) as database:
        seen = database.server().caller
    return replace(
        survey,
        caller=request.caller or seen or survey.caller,
        references=find_references(request, survey.source, world),
    )


def let_in(request: Request, asked: CommandLine) -> Request:
    """Have others let in to the copy than the run was begun with, where they are named; UsageError as there."""
    caller, allow = asked.plain.get("caller"), asked.plain.get("allow")
    if not caller and not allow:
        return request
    return replace(request, caller=one_address(caller) if caller else None, allow=allow or ())


def first_of(steps: tuple[object, ...]) -> str:
    """Name the step that comes first."""
    return str(getattr(steps[0], "name", "")) if steps else "teardown"


def refuse_if_finished(replayed: ReplayedRun, stored: StoredRun) -> None:
    """Refuse a run that came to its end, or that this release can't go on with."""
    if (
        replayed.ending
        and replayed.ending.exit_code in {ExitCode.OK, ExitCode.INCOMPLETE}
        and not replayed.ending.error
    ):
        hint = f"rdsrestore audit {stored.id} shows what it did"
        if replayed.request.undoes and replayed.ending.exit_code is ExitCode.INCOMPLETE:
            hint = f"rdsrestore undo {replayed.request.undoes} tries again what it left"
        raise Refused("resume", f"run {stored.id} is finished", hint)
    if replayed.request.looks:
        hint = f"rdsrestore cleanup {stored.id} removes what is left of it; then ask again"
        raise Refused("resume", f"run {stored.id} only asked a copy, and what is not known any more", hint)
    if not replayed.recipe:
        raise Refused("resume", f"run {stored.id} is of an older release", f"rdsrestore cleanup {stored.id}")


def nothing_kept(stored: StoredRun) -> Refused:
    """Say that the newest run would be begun anew: who gave no name means what was cut off just now."""
    return Refused(
        "resume",
        f"the newest run, {stored.id}, has ended, and nothing is kept of it to go on from",
        f"rdsrestore resume {stored.id} begins it again all the same; else run the command again",
        code="run.ended",
    )


def refuse_if_taken_back(taken: TakenBack | None, stored: StoredRun) -> None:
    """Refuse a run whose rows another run has taken back since: its plan and its counts hold no more."""
    if taken:
        raise Refused(
            "resume",
            f"run {taken.by} took back what run {stored.id} wrote: {taken.ended or 'it is unfinished'}",
            f"rdsrestore cleanup {stored.id} removes what is left of it; to restore again, run the same command again",
            code="run.taken-back",
        )


def what_is_left(steps: list[str], replayed: ReplayedRun, stored: StoredRun) -> list[str]:
    """Say where a run goes on."""
    cut = "was cut off" if replayed.ending is None else f"ended: {replayed.ending.headline}"
    todo = [f"  {text}" for text in steps] or ["  nothing but the teardown"]
    return [f"run {stored.id} {cut}; what is left:", *todo]


def look(replayed: ReplayedRun, stored: StoredRun, world: World) -> Found:
    """Look at what is still there of a run."""
    dumped = replayed.facts.find(Dumped)
    folder, source = stored.folder, replayed.survey.source
    sound = dumped is not None and take_dumps.sound(dumped, folder)
    with world.engines.of(source.engine).production(source.endpoint, replayed.request.user) as database:
        found = Found(stored.id.value, sound, database.scratch_exists(stored.id.schema))
        if replayed.facts.find(Swapped) or not found.scratch:
            recount(replayed, database)  # nothing is left to verify it by
        return found
