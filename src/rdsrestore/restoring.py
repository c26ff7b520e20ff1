"""The main job as the operator meets it: ask, read, judge, show, confirm, run, sum up."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from rdsrestore import __version__
from rdsrestore.core.checks import Finding, Severity, check
from rdsrestore.core.errors import ExitCode, Refused
from rdsrestore.core.events import Announcer
from rdsrestore.core.journal import Kind
from rdsrestore.core.model import Merge, RunId
from rdsrestore.core.planner import make_plan
from rdsrestore.core.replay import header
from rdsrestore.core.runner import Desk, execute
from rdsrestore.core.step import Plan, Run, World
from rdsrestore.core.survey import Survey
from rdsrestore.core.surveyor import survey
from rdsrestore.outlets import console
from rdsrestore.steps import RECIPE
from rdsrestore.store.journal_file import JournalFile
from rdsrestore.wiring import Front


@dataclass(frozen=True)
class Asked:
    """What the command line says; None and empty where it says nothing."""

    tables: tuple[str, ...] = ()
    before: str | None = None
    snapshot: str | None = None
    instance: str | None = None
    database: str | None = None
    merge: Merge | None = None
    where: str | None = None
    into: str | None = None
    recreate: bool = False
    fire_triggers: bool = False
    caller: str | None = None
    instance_class: str | None = None
    wait: int | None = None
    reason: str = ""


def restore(asked: Asked, front: Front, *, dry_run: bool, yes: bool) -> ExitCode:
    """Restore what was asked for, or with `dry_run` only show how; returns the exit code.

    Raises UsageError and Refused before anything is made; whatever happens later is in the outcome.
    """
    world = front.world(front.settings.user or "", yes=yes)
    request = front.complete(asked, world)
    read = survey(request, world, front.runs.prepare(), front.listener_checks())
    findings = check(request, read)
    run = RunId.new(read.at, secrets.token_hex(2))
    plan = make_plan(request, read, run, RECIPE)
    expected = front.runs.durations()
    show(front, plan, read, findings, expected, world)
    if dry_run:
        front.err.print("dry run: nothing was created and nothing was changed", highlight=False)
        return ExitCode.REFUSED if blocking(findings) else ExitCode.OK
    refuse_if_blocked(findings)
    if not yes and not front.confirm(f"Start? Nothing is written to {request.database} before you are asked again."):
        raise Refused("plan", "you said no; nothing was created", "run the same command again when you are ready")
    return carry_out(plan, read, world, front, by="--yes" if yes else request.operator)


def show(
    front: Front, plan: Plan, read: Survey, findings: Sequence[Finding], expected: dict[str, float], world: World
) -> None:
    """Print the findings and the plan."""
    calls = {
        step.name: (*world.cloud.calls_of(step.name), *world.databases.statements_of(step.name)) for step in plan.steps
    }
    console.findings(front.err, findings)
    console.plan(front.err, plan, read, expected, calls)


def blocking(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings that stop a run."""
    return tuple(finding for finding in findings if finding.severity is Severity.BLOCKS)


def refuse_if_blocked(findings: Sequence[Finding]) -> None:
    """Raise Refused with the first blocking finding, saying how many there are."""
    blocked = blocking(findings)
    if blocked:
        more = f" (and {len(blocked) - 1} more, above)" if len(blocked) > 1 else ""
        raise Refused("survey", f"{blocked[0].message}{more}", blocked[0].hint, code=blocked[0].code)


def carry_out(plan: Plan, read: Survey, world: World, front: Front, by: str) -> ExitCode:
    """Run a confirmed plan in a folder of its own."""
    stored = front.runs.create(plan.run)
    with stored.locked():
        journal = JournalFile(stored.journal, world.clock)
        announcer = Announcer(front.listeners(stored.folder))
        run = Run(plan.run, plan.request, read, world, stored.folder, front.progress(announcer))
        try:
            journal.append(Kind.STARTED, "", header(plan, read, __version__, socket.gethostname()))
            journal.append(Kind.APPROVED, "", {"question": "start the plan", "answer": "yes", "by": by})
            outcome = execute(plan, run, Desk(journal, announcer, front.runs.durations()))
        finally:
            announcer.close()
            journal.close()
    front.sum_up(outcome, stored)
    return outcome.exit_code
