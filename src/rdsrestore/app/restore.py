"""The main job as the operator meets it: ask, read, judge, show, confirm, run, sum up."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from rdsrestore import __version__
from rdsrestore.app.audit.upload import deposit
from rdsrestore.app.bring_children import bring_children
from rdsrestore.app.context import Context
from rdsrestore.app.detach.detaching import can_detach, own_terminal
from rdsrestore.app.lifetime.keepalive import prolonged
from rdsrestore.app.lifetime.kept_instance import look_after
from rdsrestore.app.lifetime.run_keys import hearing
from rdsrestore.app.requests import rows_from
from rdsrestore.app.requests.binlog.transaction import with_later_changes
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.app.requests.from_instance import held, kept_instance
from rdsrestore.app.requests.from_run import EarlierRun
from rdsrestore.app.requests.keep_binlog import before_others, with_binlog
from rdsrestore.app.requests.let_in import refuse_unmeant, wide
from rdsrestore.app.requests.request_builder import complete
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.facts import Swapped
from rdsrestore.domain.ids import RunId, TableRef
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.outcome.load_result import SavedTable
from rdsrestore.domain.request.answer import Begin
from rdsrestore.domain.request.merge_policy import Triggers
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import RowsFrom
from rdsrestore.domain.request.throttle_rules import PAUSE
from rdsrestore.domain.survey import Survey
from rdsrestore.steps.load import Load
from rdsrestore.steps.recipe import COMPARISON, FROM_RECIPE, INSTANCE_RECIPE
from rdsrestore.store.kept_dumps import dump_files
from rdsrestore.store.runs import StoredRun
from rdsrestore.store.shredder import shred
from rdsrestore.workflow.events import Announcer
from rdsrestore.workflow.journal.header import header
from rdsrestore.workflow.journal.journal import Journal, Kind
from rdsrestore.workflow.journal.replay import ReplayedRun
from rdsrestore.workflow.planner import make_plan
from rdsrestore.workflow.preflight import Severity, check, unfit
from rdsrestore.workflow.preflight.finding import refuse_if_blocked
from rdsrestore.workflow.run.pauses import Pauses
from rdsrestore.workflow.run.run_io import RunIO
from rdsrestore.workflow.run.runner import execute
from rdsrestore.workflow.step import Facts, Impact, Plan, Run, Step, World
from rdsrestore.workflow.surveyor import survey


@dataclass(frozen=True)
class Job:
    """What a command is to do: its steps, the question before them, and whether to only show them or not to ask.

    `saved` are the undo files of the run that is taken back, in the folder `saved_in`, `swapped` what it renamed,
    and `made` the tables that it made; `earlier` is the run whose dumps are used.
    """

    recipe: Sequence[type[Step]]
    question: str
    dry_run: bool
    yes: bool
    saved: tuple[SavedTable, ...] = ()
    saved_in: str = ""
    swapped: Swapped | None = None
    made: tuple[TableRef, ...] = ()
    earlier: EarlierRun | None = None
    anew: Callable[[StoredRun], ExitCode | None] = lambda _stored: None
    """Begins again from the copy that the run has kept for it; None where nobody asked for that."""


def restore(asked: CommandLine, context: Context, *, dry_run: bool, yes: bool) -> ExitCode:
    """Restore what was asked for, or with `dry_run` only show how; returns the exit code.

    Raises UsageError, Refused and RemoteError before anything is made; whatever happens later is in the outcome.
    """
    world = context.world(yes=yes, typed=asked.confirm, anew=True)
    kept = kept_instance(asked, context)
    earlier = EarlierRun.of(context.runs.find(asked.taken_from)) if asked.taken_from and not kept else None
    if earlier:
        request = earlier.request(asked, context)
    else:
        request = kept.request(asked, context, world) if kept else complete(asked, context, world)
        request = rows_from.settled(request, lambda text: context.screen.print(text, soft_wrap=True), world)
    if yes and not dry_run and asked.confirm != (request.typed or asked.confirm):
        raise Refused("--yes", "this may take rows away and needs more than a yes", f"add --confirm '{request.typed}'")
    question = f"Start? Nothing is written to {request.database} before you are asked again."
    recipe = FROM_RECIPE if earlier else INSTANCE_RECIPE if kept else rows_from.recipe(request)

    def anew(stored: StoredRun) -> ExitCode | None:
        return bring_children(stored, asked, context, lambda more: restore(more, context, dry_run=dry_run, yes=yes))

    request = with_binlog(request, context, ask=not (yes or dry_run))
    with held(request, context):
        return start(request, Job(recipe, question, dry_run, yes, earlier=earlier, anew=anew), world, context)


def compare(asked: CommandLine, context: Context, *, dry_run: bool, yes: bool) -> ExitCode:
    """Say what a restore would change, and end there; returns the exit code."""
    world = context.world(yes=yes)
    request = replace(complete(asked, context, world), triggers=Triggers.FIRE)
    question = f"Start? No table of {request.database} is written to."
    return start(request, Job(COMPARISON, question, dry_run, yes), world, context)


def start(request: Request, job: Job, world: World, context: Context) -> ExitCode:
    """Read, judge, show, confirm and run."""
    read = look(request, job, world, context)
    others = without_unfit(request, read)
    if others and may_skip(request, others, job, context):
        request, read = others, look(others, job, world, context)
    request = read.meant(request)
    findings = check(request, read)
    plan = make_plan(request, read, RunId.new(read.at, secrets.token_hex(2)), job.recipe)
    calls = {
        step.name: (
            *world.account.calls_of(step.name, clustered=read.clustered),
            *world.engines.of(read.source.engine).statements_of(step.name, request.policy),
        )
        for step in plan.steps
    }
    context.show_plan(plan, read, findings, usual(context, plan, read), calls if job.dry_run else {})
    refuse_if_blocked(findings, "; --skip-unfit restores the other tables" if others else "")
    if job.dry_run:
        context.screen.print("dry run: nothing was created and nothing was changed")
        return ExitCode.OK
    refuse_unmeant(request, read, None if job.yes else context)
    begin = Begin.HERE if job.yes else consented(plan.steps, job.question, context)
    if begin is Begin.NO:
        raise Refused("plan", "you said no; nothing was created", "run the same command again when you are ready")
    return carry_out(plan, read, world, context, job, detached=begin is Begin.DETACHED or context.settings.detach)


UNCHANGED = ("", "")


def look(request: Request, job: Job, world: World, context: Context) -> Survey:
    """Read everything that the run depends on."""
    read = survey(request, world, context.runs.prepare(), context.listener_checks())
    read = with_later_changes(read, request, world, context)
    alone = request.rows_from is RowsFrom.BINLOG and not (request.transaction or request.undoes)
    if alone and (there := read.tables[0].definition):
        world.engines.of(read.source.engine).check_rows_from_binlog(read.source.endpoint, request.user, there)
    read = replace(read, binlog=before_others(read.binlog, request.instance, context.runs.all()))
    read = replace(read, saved=job.saved, saved_in=job.saved_in, swapped=job.swapped, made=job.made)
    if job.earlier is None:
        return read
    return replace(read, earlier=job.earlier.of_tables(request, read), where=UNCHANGED)  # it was read so then


def without_unfit(request: Request, read: Survey) -> Request | None:
    """Ask for the tables alone that can be restored; None where all or none can, or something else is in the way."""
    out = {} if request.undoes else unfit(request, read)
    left = tuple(ref.table for ref in request.refs if ref not in out)
    if not out or not left:
        return None
    others = replace(request, tables=left, skipped=tuple(f"{ref}: {why}" for ref, why in out.items()))
    without = replace(read, tables=tuple(table for table in read.tables if table.ref not in out))
    blocked = any(finding.severity is Severity.BLOCKS for finding in check(others, without))
    return None if blocked else others


def may_skip(request: Request, others: Request, job: Job, context: Context) -> bool:
    """Whether the run may go on without the tables that can't be restored: by its option, or by whom can be asked."""
    if request.skip_unfit:
        return True
    if job.yes or job.dry_run or context.prompts is None:
        return False
    for text in others.skipped:
        context.screen.print(f"can't be restored: {text}", soft_wrap=True)
    return context.confirm(f"Go on with {', '.join(others.tables)} alone?")


def consented(steps: Sequence[Step], question: str, context: Context) -> Begin:
    """Ask whether to begin: for the word yes where production is written to and no step asks before it."""
    writes = any(step.impact is Impact.PRODUCTION for step in steps)
    if writes and not asks(steps):
        return Begin.HERE if context.agree(question) else Begin.NO
    if context.prompts and can_detach(context) and not context.settings.detach:
        return context.prompts.begin(question)
    return Begin.HERE if context.confirm(question) else Begin.NO


def asks(steps: Sequence[Step]) -> bool:
    """Say whether a step asks for approval."""
    return any(step.asks for step in steps)


@dataclass(frozen=True)
class RunSession:
    """Where a run is worked on: its folder, the world, and who is told."""

    stored: StoredRun
    world: World
    context: Context
    stopped: threading.Event = field(default_factory=threading.Event)
    """Set by a signal, also by one that comes when the steps are done, and so changes nothing of the run."""

    def stopping(self) -> None:
        """Take in that a signal has come."""
        self.stopped.set()
        self.context.screen.deaf()


def carry_out(
    plan: Plan, read: Survey, world: World, context: Context, job: Job, *, detached: bool = False
) -> ExitCode:
    """Run a confirmed plan in a folder of its own, and what it led to; `detached` in a process of its own."""
    if detached:
        world.engines.of(read.source.engine).log_out()  # a connection belongs to one process
    apart = own_terminal(plan.run, plan.request, context, detached=detached)
    by = "--yes" if job.yes else plan.request.operator

    def begin(journal: Journal) -> None:
        index = context.runs.index.read().head
        journal.append(Kind.STARTED, "", header(plan, read, __version__, socket.gethostname(), index))
        for question in (*wide(plan.request, read), "start this plan?"):
            journal.append(Kind.APPROVED, "", {"question": question, "answer": "yes", "by": by})

    with alone(plan, read, world):
        stored = apart or context.runs.create(plan.run)
        with stored.locked():
            code = work(plan, read, RunSession(stored, world, context), begin)
    again = job.anew(stored)
    return look_after(stored, plan.request, context, code) if again is None else again


def usual(context: Context, plan: Plan, read: Survey) -> Mapping[str, float]:
    """The seconds that each step takes as a rule on this instance."""
    return context.runs.durations(read.identity.account, plan.request.instance)


def spent(plan: Plan, ended: ExitCode) -> bool:
    """Whether nobody needs the dumps any more: all is back, and nobody asked to keep them."""
    return ended is ExitCode.OK and any(isinstance(step, Load) for step in plan.steps) and not plan.request.keep_dump


def alone(plan: Plan, read: Survey, world: World) -> AbstractContextManager[None]:
    """Keep other runs off the tables, where any is written to."""
    if all(step.impact is not Impact.PRODUCTION for step in plan.steps):
        return nullcontext()
    refs = (*plan.request.refs, *(each.ref for each in read.relatives))
    return world.engines.of(read.source.engine).alone(read.source.endpoint, plan.request.user, plan.run.value, refs)


def work(
    plan: Plan,
    read: Survey,
    session: RunSession,
    begin: Callable[[Journal], object],
    replayed: ReplayedRun | None = None,
) -> ExitCode:
    """Do a plan's steps, those of an interrupted run where `replayed` is given, and sum up."""
    stored, world, context = session.stored, session.world, session.context
    expected = usual(context, plan, read)
    journal = context.runs.open(stored, world.clock)
    announcer = Announcer(context.listeners(stored.folder))
    facts = replayed.facts if replayed else Facts()
    run = Run(plan.run, plan.request, read, world, stored.folder, announcer.remark, facts)
    try:
        begin(journal)
        io = RunIO(journal, announcer, expected, session.stopping)
        pauses, keys = Pauses(stored.folder / PAUSE), hearing(plan, facts, stored, context)
        with pauses, prolonged(plan.run, plan.request, read, world), keys:
            outcome = execute(plan, run, io, replayed.open if replayed else ())
        problems = shred(dump_files(run.facts, run.folder)) if spent(plan, outcome.exit_code) else ()
    finally:
        announcer.close()
        journal.close()
    if outcome.differences and not asks(plan.steps):
        context.show_differences(outcome.differences, asked=False)
    kept = deposit(stored, context.runs.index, world, context.settings.audit_bucket)
    context.sum_up(replace(outcome, notices=(*announcer.problems, *problems, *kept)), stored.folder)
    return outcome.exit_code
