"""The operator's side of a command: settings, screens, questions, and who else is told."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import platformdirs

from rdsrestore.app.detach.detaching import refuse_undetachable
from rdsrestore.app.detach.step_log import StepLog
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.config.load import load
from rdsrestore.config.settings import Settings
from rdsrestore.domain.errors import CutOff, RdsRestoreError, Refused
from rdsrestore.domain.ids import PREFIX
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.outcome.outcome import Outcome
from rdsrestore.domain.request.answer import Answer, Question
from rdsrestore.domain.request.option import declared
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import ListenerCheck, Survey
from rdsrestore.domain.tables.rows import TableDifference
from rdsrestore.notify.console import preview, views
from rdsrestore.notify.console.live import ConsoleListener
from rdsrestore.notify.console.prompts import Prompts, somebody_there
from rdsrestore.notify.console.terminal import Terminal
from rdsrestore.notify.json_lines import JsonListener
from rdsrestore.notify.notifiers import NOTIFIERS, notifiers
from rdsrestore.notify.progress_file import ProgressFile
from rdsrestore.notify.report import Report
from rdsrestore.ports.operator import Operator
from rdsrestore.store.kept_dumps import shred_old_dumps
from rdsrestore.store.runs import Runs
from rdsrestore.workflow.events import Listener
from rdsrestore.workflow.journal.journal import goes_on
from rdsrestore.workflow.preflight import Finding, Severity
from rdsrestore.workflow.step import Plan, World

DECLARING = (CommandLine, Request, *(each.settings for each in NOTIFIERS.values()))
"""Whoever has settings of their own."""


@dataclass(frozen=True)
class Context:
    """One command's settings and screens.

    People read `screen` (standard output, or standard error where programs read standard output), programs `stream`;
    `prompts` is None where nobody can be asked.
    """

    settings: Settings
    screen: Terminal
    errors: Terminal
    stream: JsonListener | None
    prompts: Prompts | None
    runs: Runs = field(init=False)
    _opened: ExitStack = field(default_factory=ExitStack, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "runs", Runs(self.settings.home))

    @classmethod
    def open(cls, profile: str | None, given: Mapping[str, Any], *, json: bool) -> Context:
        """Read the settings and take hold of the terminal; `given` on the command line goes before what is set.

        Raises UsageError where a setting can't be used.
        """
        settings = load(profile, os.environ, Path.cwd(), platformdirs.user_config_path(PREFIX), DECLARING)
        own = {each.name for each in declared(Settings)}
        said = {name: value for name, value in given.items() if name in own and value is not None}
        settings = replace(settings, **said)
        errors = Terminal(sys.stderr, plain=settings.plain)
        screen = errors if json else Terminal(sys.stdout, plain=settings.plain)
        made = cls(
            settings=settings,
            screen=screen,
            errors=errors,
            stream=JsonListener(sys.stdout) if json else None,
            prompts=Prompts(screen, patience=settings.wait_for_answer) if somebody_there(sys.stdin, screen) else None,
        )
        refuse_undetachable(made)
        return made

    def remind(self) -> None:
        """Say which runs were cut off, and what to type."""
        for run in self.runs.unfinished():
            found = run.ending()
            if found and found.kept_until and not found.error:
                what = f"run {run.id} has kept its instance until {found.kept_until:%Y-%m-%d %H:%M} UTC"
                self.errors.print(f"{what}: rdsrestore cleanup {run.id} removes it", soft_wrap=True)
                continue
            on = f"rdsrestore resume {run.id} goes on, " if goes_on(run.sound()) else ""
            hint = f"{on}rdsrestore cleanup {run.id} removes it"
            self.errors.print(f"run {run.id} is unfinished: {hint}", soft_wrap=True)

    def forget_old_dumps(self) -> None:
        """Remove the dumps whose time is up, and say so."""
        with suppress(RdsRestoreError):  # no folder of runs, no dumps
            for text in shred_old_dumps(self.runs, self.settings.keep_dumps_for, datetime.now(UTC)):
                self.errors.print(text, soft_wrap=True)

    def world(
        self, *, yes: bool = False, typed: str | None = None, anew: bool = False, via: str | None = None
    ) -> World:
        """Put the adapters together; without a terminal, and with `yes`, nobody is asked.

        `typed` is what the command line has typed already for a question that wants more than a yes; `anew` lets who
        is asked begin again from the same copy. `via` is how an earlier run reached the servers.
        """
        from rdsrestore.app import compose  # noqa: PLC0415 - half of a start, and who reads runs reaches nothing

        prompts, user = self.prompts, self.settings.user or "the master user"
        ask = (lambda: prompts.password(f"Password of {user} on production")) if prompts else None
        settings = replace(self.settings, via=self.settings.via or via)
        operator: Operator = (
            compose.AlwaysYes(self.show_differences, typed)
            if yes
            else compose.AtTheTerminal(self.show_differences, self.decide, self.ask_whom_to_let_in, anew)
        )
        world = compose.build(settings, operator, ask, self.ask_to_sign_in)
        self._opened.callback(world.engines.close)
        return world

    def close(self) -> None:
        """Leave what the command has reached."""
        self._opened.close()

    def listeners(self, folder: Path) -> list[Listener]:
        """Return everybody who is told about a run."""
        seen: Listener = self.stream or ConsoleListener(self.screen, quiet=self.settings.quiet)
        log = [StepLog(folder)] if self.prompts and self.prompts.unattended else []
        return [
            seen,
            Report(folder),
            ProgressFile(folder),
            *log,
            *(each.listener() for each in notifiers(self.settings.of)),
        ]

    def listener_checks(self) -> Sequence[ListenerCheck]:
        """Say whether those outside this machine can be told."""
        return tuple(each.check() for each in notifiers(self.settings.of))

    def show_plan(
        self,
        plan: Plan,
        read: Survey,
        findings: Sequence[Finding],
        expected: Mapping[str, float],
        calls: Mapping[str, Sequence[str]],
    ) -> None:
        """Show the plan and what was found; a plan that can't start is only shown to those who asked for it."""
        if self.stream:
            self.stream.plan(plan, findings, expected, calls, read.later)
        if calls or not any(finding.severity is Severity.BLOCKS for finding in findings):
            views.plan(self.screen, plan, read, expected, calls)
        views.findings(self.screen, findings)

    def sum_up(self, outcome: Outcome, folder: Path) -> None:
        """Show how it ended; what went wrong goes to standard error."""
        good = outcome.exit_code in {ExitCode.OK, ExitCode.INCOMPLETE}
        if outcome.cause and not isinstance(outcome.cause, CutOff):
            views.error(self.errors, outcome.cause)
        views.summary(self.screen if good else self.errors, outcome, folder)

    def fail(self, error: RdsRestoreError) -> None:
        """Show an error that ended the command."""
        if self.stream:
            self.stream.error(error)
        views.error(self.errors, error)

    def confirm(self, question: str) -> bool:
        """Ask; without a terminal the answer is no, and the flag that says yes is named."""
        if self.prompts is None:
            raise Refused("confirm", "there is no terminal to ask", "add --yes to answer every question with yes")
        return self.prompts.confirm(question)

    def agree(self, question: str) -> bool:
        """Ask for the word yes, before a write to production; without a terminal as `confirm`."""
        if self.prompts is None:
            raise Refused("confirm", "there is no terminal to ask", "add --yes to answer every question with yes")
        return self.prompts.agree(question)

    def decide(self, question: Question) -> Answer:
        """Ask before production changes; without a terminal as `confirm`."""
        if self.prompts is None:
            flags = f"--yes and --confirm '{question.typed}'" if question.typed else "--yes to answer every question"
            raise Refused("confirm", "there is no terminal to ask", f"add {flags}")
        return self.prompts.decide(question, self.show_differences)

    def ask_whom_to_let_in(self, trouble: str) -> str | None:
        """Ask that where somebody can be asked."""
        if self.prompts is None:
            return None
        self.screen.still()
        return self.prompts.ask_whom_to_let_in(trouble)

    def ask_to_sign_in(self, trouble: str) -> bool:
        """Ask for that where somebody can be asked."""
        if self.prompts is None:
            return False
        self.screen.still()
        return self.prompts.ask_to_sign_in(trouble)

    def show_differences(self, differences: Sequence[TableDifference], *, asked: bool = True) -> None:
        """Show what sets restored rows and production's apart; `asked` where a yes to writing them follows."""
        self.screen.still()
        preview.preview(self.screen, differences, asked=asked)
