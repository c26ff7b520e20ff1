"""Look with SQL at the rows that a run has restored: while it asks, or while it keeps its instance."""

from __future__ import annotations

import secrets
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from rdsrestore import __version__
from rdsrestore.app.audit.upload import deposit
from rdsrestore.app.context import Context
from rdsrestore.app.lifetime.keepalive import prolonged
from rdsrestore.domain.errors import RdsRestoreError, Refused
from rdsrestore.domain.facts import Dumped, TempInstance
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.request.answer import Answer, Question
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.tables.question import Take
from rdsrestore.mysql.verify.questions import without_values
from rdsrestore.notify.console import result_view, views
from rdsrestore.notify.console.live import ConsoleListener
from rdsrestore.notify.console.terminal import Terminal
from rdsrestore.steps import take_dumps
from rdsrestore.steps.recipe import LOOK_RECIPE, STEPS
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.events import Announcer
from rdsrestore.workflow.journal.header import header
from rdsrestore.workflow.journal.journal import Kind
from rdsrestore.workflow.journal.replay import ReplayedRun, replay
from rdsrestore.workflow.planner import make_plan
from rdsrestore.workflow.run.run_io import RunIO
from rdsrestore.workflow.run.runner import execute
from rdsrestore.workflow.step import Plan, Run, World
from rdsrestore.workflow.surveyor import anew

MADE, READ = "restore-instance", "close-rule"
"""The steps by which a run makes its copy, and after which it needs the copy no more."""
READS = "run {} has not read its copy yet"
LEAVING = frozenset({"exit", "quit", "\\q"})


@dataclass(frozen=True)
class Asking:
    """Who only asks a copy: one statement, or, where none is given, one after the other until the input ends."""

    context: Context
    statement: str | None
    out: Terminal

    def approve(self, question: Question) -> Answer:
        """Agree to no write: a look has none."""
        raise Refused("sql", f"{question.text} is not for a look to decide")

    def let_in(self, trouble: str) -> str | None:
        """Ask whom else to let in, where somebody can be asked."""
        return self.context.ask_whom_to_let_in(trouble)

    def look(self, ask: Callable[[str, int | None, Take], None]) -> None:
        """Ask and show; a statement that fails ends it only where it is the one that was given."""
        self.context.screen.still()
        if self.statement:
            ask(self.statement, self.most, self.take)
            return
        for statement in self.statements():
            try:
                ask(statement, self.most, self.take)
            except RdsRestoreError as error:
                views.error(self.context.errors, error)

    @property
    def most(self) -> int | None:
        """How many rows are wanted: a person reads some, a program all."""
        return result_view.MOST + 1 if self.out.seen and not self.context.stream else None

    def take(self, names: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
        """Show a result."""
        result_view.show(names, rows, self.out, self.context.stream)

    def statements(self) -> Iterator[str]:
        """Read statements, each on a line of its own, from the terminal or a pipe."""
        if self.context.prompts is None:
            yield from filter(None, map(str.strip, sys.stdin))
            return
        while (line := self.context.prompts.statement()) is not None and line not in LEAVING:
            if line:
                yield line


def look(name: str, statement: str | None, context: Context, given: Mapping[str, Any]) -> ExitCode:
    """Ask a run's copy; returns the exit code.

    UsageError for a statement that does more than read, Refused with code `sql.no-copy` where there is no copy to ask,
    and with `sql.busy` while the run itself reads it.
    """
    if statement is not None:
        without_values(statement)
    asked = context.runs.find(name)
    reading = replay(asked.records(), STEPS)
    stored = context.runs.find(reading.request.instance_of) if reading.request.instance_of else asked
    at_work = not asked.idle()
    refuse_busy(asked, stored, at_work=at_work)
    owner = replay(stored.records(), STEPS)
    refuse_without_copy(stored, owner, at_work=at_work)
    seen = replace(context, screen=context.errors)  # standard output has the rows, and nothing else
    world: World = replace(
        context.world(via=owner.request.via),
        operator=Asking(seen, statement, Terminal(sys.stdout, plain=context.settings.plain)),
    )
    request = of_owner(stored, owner, context, given)
    read = anew(owner.survey, request, world)
    plan = make_plan(request, read, RunId.new(read.at, secrets.token_hex(2)), LOOK_RECIPE)
    with nullcontext() if at_work else stored.locked():
        return carry_out(plan, Run(plan.run, request, read, world, stored.folder, lambda _text, _share: None), seen)


def refuse_busy(asked: StoredRun, stored: StoredRun, *, at_work: bool) -> None:
    """Refuse while a run still needs the copy of `stored`: to look at it gives it another password."""
    own = asked.id == stored.id
    used_by_another = at_work and bool(stored.ending()) if own else not at_work and not stored.idle()
    if not used_by_another and (not at_work or READ in steps_of(asked, Kind.DONE)):
        return
    busy = f"another run uses the copy of run {stored.id} right now" if used_by_another else READS.format(asked.id)
    raise Refused("sql", busy, "wait until it asks its question: rdsrestore status says when that is", code="sql.busy")


def refuse_without_copy(stored: StoredRun, owner: ReplayedRun, *, at_work: bool) -> None:
    """Refuse where the copy is gone, or never was."""
    there = owner.facts.find(TempInstance) and MADE not in steps_of(stored, Kind.UNDO)
    if there and (at_work or stored.cut_off()):
        return
    hint = "the same restore with --keep 2h keeps its copy to be looked at"
    dumped = owner.facts.find(Dumped)
    if dumped and take_dumps.sound(dumped, stored.folder):
        hint = f"its dump is here: rdsrestore table --from {stored.id} --into NEW_TABLE puts it beside the live table"
    raise Refused("sql", f"the copy of run {stored.id} is gone", hint, code="sql.no-copy")


def steps_of(run: StoredRun, kind: Kind) -> frozenset[str]:
    """Name the steps of which a run's journal has such a record."""
    return frozenset(record.step for record in run.records() if record.kind is kind)


def of_owner(stored: StoredRun, owner: ReplayedRun, context: Context, given: Mapping[str, Any]) -> Request:
    """Ask for a look by the request of the run that has made the copy; an address that was given goes before its."""
    address = {"caller": given["caller"], "allow": ()} if given.get("caller") else {}
    return replace(
        owner.request,
        instance_of=stored.id.value,
        operator=context.settings.operator,
        looks=True,
        keep=0,
        keep_always=False,
        keep_binlog=False,
        skipped=(),
        reason="",
        **address,
    )


def carry_out(plan: Plan, run: Run, context: Context) -> ExitCode:
    """Do it as a run of its own, so that what it opens is closed whatever happens, and who has looked is kept."""
    stored = context.runs.create(plan.run)
    with stored.locked():
        journal = context.runs.open(stored, run.world.clock)
        announcer = Announcer([ConsoleListener(context.screen, quiet=context.settings.quiet)])
        try:
            index = context.runs.index.read().head
            journal.append(Kind.STARTED, "", header(plan, run.survey, __version__, socket.gethostname(), index))
            with prolonged(plan.run, plan.request, run.survey, run.world):
                own = replace(run, folder=stored.folder, progress=announcer.remark)
                outcome = execute(plan, own, RunIO(journal, announcer))
        finally:
            announcer.close()
            journal.close()
        problems = deposit(stored, context.runs.index, run.world, context.settings.audit_bucket)
    if outcome.cause:
        context.fail(outcome.cause)
    for text in (*(remain.said for remain in outcome.remains), *problems):
        context.errors.print(text, soft_wrap=True)
    return outcome.exit_code
