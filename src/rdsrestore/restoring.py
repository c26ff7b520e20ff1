"""The main job as the operator meets it: ask, read, judge, show, confirm, run, sum up."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from rdsrestore import __version__
from rdsrestore.asking import Asked, complete
from rdsrestore.core.bounds import PAUSE
from rdsrestore.core.changes import SavedTable
from rdsrestore.core.checks import Finding, Severity, check
from rdsrestore.core.desk import Desk
from rdsrestore.core.errors import ExitCode, Refused
from rdsrestore.core.events import Announcer
from rdsrestore.core.facts import Dumped, Saved, Swapped
from rdsrestore.core.journal import Journal, Kind
from rdsrestore.core.model import Merge, Policy, Request, RunId
from rdsrestore.core.pauses import Pauses
from rdsrestore.core.planner import make_plan
from rdsrestore.core.replay import Told, header, replay
from rdsrestore.core.runner import execute
from rdsrestore.core.step import Facts, Impact, Plan, Run, Step, World
from rdsrestore.core.survey import Survey
from rdsrestore.core.surveyor import survey
from rdsrestore.core.targets import AFTER
from rdsrestore.front import Front
from rdsrestore.keeping import deposit
from rdsrestore.prolonging import prolonged
from rdsrestore.steps import COMPARISON, RECIPE, STEPS, SWAP_BACK, WAY_BACK
from rdsrestore.steps.approve import Approve
from rdsrestore.store.journal_file import JournalFile
from rdsrestore.store.runs import StoredRun
from rdsrestore.store.shredder import shred


@dataclass(frozen=True)
class Job:
    """What a command is to do: its steps, the question before them, and whether to only show them or not to ask.

    `saved` are the undo files of the run that is taken back, in the folder `saved_in`, and `swapped` what it renamed.
    """

    recipe: Sequence[type[Step]]
    question: str
    dry_run: bool
    yes: bool
    saved: tuple[SavedTable, ...] = ()
    saved_in: str = ""
    swapped: Swapped | None = None


def restore(asked: Asked, front: Front, *, dry_run: bool, yes: bool) -> ExitCode:
    """Restore what was asked for, or with `dry_run` only show how; returns the exit code.

    Raises UsageError, Refused and RemoteError before anything is made; whatever happens later is in the outcome.
    """
    world = front.world(yes=yes, typed=asked.confirm)
    request = complete(asked, front, world)
    if yes and not dry_run and asked.confirm != (request.typed or asked.confirm):
        raise Refused("--yes", "this may take rows away and needs more than a yes", f"add --confirm '{request.typed}'")
    question = f"Start? Nothing is written to {request.database} before you are asked again."
    return start(request, Job(RECIPE, question, dry_run, yes), world, front)


def compare(asked: Asked, front: Front, *, dry_run: bool, yes: bool) -> ExitCode:
    """Say what a restore would change, and end there; returns the exit code."""
    world = front.world(yes=yes)
    request = complete(asked, front, world)
    question = f"Start? No table of {request.database} is written to."
    return start(request, Job(COMPARISON, question, dry_run, yes), world, front)


def undo(name: str | None, front: Front, reason: str, *, dry_run: bool, yes: bool) -> ExitCode:
    """Take an earlier run's changes back; returns the exit code."""
    stored = front.runs.find(name)
    with stored.locked():
        told = replay(stored.records(), STEPS)
        saved, swapped = told.facts.find(Saved), told.facts.find(Swapped)
        if saved is None:
            raise Refused("undo", f"run {stored.id} changed no row of production", "rdsrestore runs lists the runs")
        request = replace(
            told.request,
            operator=front.settings.operator,
            reason=reason,
            policy=Policy(Merge.EXACT),
            incident_end=None,
            invariants=(),
            undoes=stored.id.value,
        )
        later = f"Start? Nothing is written to {request.database} before you are asked again."
        question = f"Start? This renames tables of {request.database} at once." if swapped else later
        recipe = SWAP_BACK if swapped else WAY_BACK
        job = Job(recipe, question, dry_run, yes, saved.tables, str(stored.folder), swapped)
        return start(request, job, front.world(yes=yes), front)


def start(request: Request, job: Job, world: World, front: Front) -> ExitCode:
    """Read, judge, show, confirm and run."""
    read = survey(request, world, front.runs.prepare(), front.listener_checks())
    read = replace(read, saved=job.saved, saved_in=job.saved_in, swapped=job.swapped)
    findings = check(request, read)
    plan = make_plan(request, read, RunId.new(read.at, secrets.token_hex(2)), job.recipe)
    calls = {
        step.name: (*world.cloud.calls_of(step.name), *world.databases.statements_of(step.name)) for step in plan.steps
    }
    front.show_plan(plan, read, findings, front.runs.durations(), calls if job.dry_run else {})
    refuse_if_blocked(findings)
    if job.dry_run:
        front.screen.print("dry run: nothing was created and nothing was changed")
        return ExitCode.OK
    if not job.yes and not consented(plan.steps, job.question, front):
        raise Refused("plan", "you said no; nothing was created", "run the same command again when you are ready")
    return carry_out(plan, read, world, front, by="--yes" if job.yes else request.operator)


def consented(steps: Sequence[Step], question: str, front: Front) -> bool:
    """Ask whether to begin: for the word yes where production is written to and no step asks before it."""
    writes = any(step.impact is Impact.PRODUCTION for step in steps)
    return front.agree(question) if writes and not asks(steps) else front.confirm(question)


def asks(steps: Sequence[Step]) -> bool:
    """Say whether a step asks for approval."""
    return any(isinstance(step, Approve) for step in steps)


def refuse_if_blocked(findings: Sequence[Finding]) -> None:
    """Raise Refused with the first blocking finding, saying how many there are."""
    blocked = [finding for finding in findings if finding.severity is Severity.BLOCKS]
    if blocked:
        more = f" (and {len(blocked) - 1} more, above)" if len(blocked) > 1 else ""
        raise Refused("survey", f"{blocked[0].message}{more}", blocked[0].hint, code=blocked[0].code)


@dataclass(frozen=True)
class Office:
    """Where a run is worked on: its folder, the world, and who is told."""

    stored: StoredRun
    world: World
    front: Front


def carry_out(plan: Plan, read: Survey, world: World, front: Front, by: str) -> ExitCode:
    """Run a confirmed plan in a folder of its own."""

    def begin(journal: Journal) -> None:
        journal.append(Kind.STARTED, "", header(plan, read, __version__, socket.gethostname()))
        journal.append(Kind.APPROVED, "", {"question": "start this plan?", "answer": "yes", "by": by})

    with alone(plan, read, world):
        stored = front.runs.create(plan.run)
        with stored.locked():
            return work(plan, read, Office(stored, world, front), begin)


def dumps(run: Run) -> Iterator[Path]:
    """Name the files that hold what was dumped."""
    dumped, saved = run.facts.find(Dumped), run.facts.find(Saved)
    kept = {table.dump.path for table in saved.tables if table.whole} if saved else set()
    if dumped:
        for place, files in ((run.folder, dumped.dumps), (run.folder / AFTER, dumped.afters)):
            for each in files:
                if place != run.folder or each.path not in kept:
                    yield place / each.path
                if each.floats:
                    yield place / each.floats


def alone(plan: Plan, read: Survey, world: World) -> AbstractContextManager[None]:
    """Keep other runs off the tables, where any is written to."""
    if all(step.impact is not Impact.PRODUCTION for step in plan.steps):
        return nullcontext()
    refs = (*plan.request.refs, *(each.ref for each in read.relatives))
    return world.databases.alone(read.source.endpoint, plan.request.user, plan.run.value, refs)


def work(
    plan: Plan, read: Survey, office: Office, begin: Callable[[Journal], None], told: Told | None = None
) -> ExitCode:
    """Do a plan's steps, those of an interrupted run where `told` is given, and sum up."""
    stored, world, front = office.stored, office.world, office.front
    expected = front.runs.durations()
    journal = JournalFile(stored.journal, world.clock)
    announcer = Announcer(front.listeners(stored.folder))
    facts = told.facts if told else Facts()
    run = Run(plan.run, plan.request, read, world, stored.folder, announcer.remark, facts)
    try:
        begin(journal)
        with Pauses(stored.folder / PAUSE), prolonged(plan.run, plan.request, world):
            outcome = execute(plan, run, Desk(journal, announcer, expected), told.open if told else ())
        problems = () if plan.request.keep_dump or outcome.exit_code else shred(dumps(run))
    finally:
        announcer.close()
        journal.close()
    if outcome.differences and not asks(plan.steps):
        front.show_differences(outcome.differences, asked=False)
    front.sum_up(
        replace(
            outcome, notices=(*announcer.problems, *problems, *deposit(stored, world, front.settings.audit_bucket))
        ),
        stored.folder,
    )
    return outcome.exit_code
