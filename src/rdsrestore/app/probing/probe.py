"""Find when an answer changed, where no binlog tells it: restored copies of moments between are asked in turn.

Each copy is a run of its own, with its own journal, whose steps end with the question: it is removed before the next
one is made, and whatever a kill leaves is found as any run's is.
"""

from __future__ import annotations

import re
import secrets
import shlex
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from rdsrestore import __version__
from rdsrestore.app.context import Context
from rdsrestore.app.find import USUALLY, moment
from rdsrestore.app.probing.answer import Found, Probing, check
from rdsrestore.app.probing.window import Window
from rdsrestore.app.requests import table_names
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.app.requests.local_zone import local_zone
from rdsrestore.app.requests.request_builder import complete
from rdsrestore.app.restore import RunSession, usual, work
from rdsrestore.config.settings import PasswordGiven
from rdsrestore.domain.cloud.instance import SourceInstance
from rdsrestore.domain.codec import Json
from rdsrestore.domain.errors import RdsRestoreError, Refused, UsageError
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.request import timespec
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.domain.survey import Survey
from rdsrestore.notify.text import about
from rdsrestore.steps.recipe import PROBE_RECIPE
from rdsrestore.workflow.journal.header import header
from rdsrestore.workflow.journal.journal import Journal, Kind
from rdsrestore.workflow.planner import make_plan
from rdsrestore.workflow.preflight import check_copy
from rdsrestore.workflow.preflight.finding import refuse_if_blocked
from rdsrestore.workflow.step import World
from rdsrestore.workflow.surveyor import anew, survey

WITHIN = "5m"
"""How narrow is narrow enough: RDS takes its logs away that often, and people know the rest."""
SECONDS = re.compile(r"(\d{1,4})\s*s(?:ec|econds?)?")


@dataclass(frozen=True)
class Wanted:
    """What is asked, of which time, and how closely: each as it was typed; `dry_run` shows, `yes` does not ask."""

    statement: str
    since: str | None
    until: str | None
    within: str
    dry_run: bool
    yes: bool


class StoppedError(Exception):
    """A copy's run did not come to its end; `code` says how it ended."""

    def __init__(self, code: ExitCode) -> None:
        super().__init__(code)
        self.code = code


def probe(asked: CommandLine, context: Context, wanted: Wanted) -> ExitCode:
    """Narrow down when the probe's answer changed, and name the command that restores what was before it.

    UsageError and Refused before anything is made; Refused with code `probe.same` where both ends answer the same.
    """
    check(wanted.statement)
    within = within_of(wanted.within)
    world = context.world()
    request = replace(complete(asked, context, world, at=Moment(datetime.now(UTC), "now")), looks=True, recreate=True)
    window = time_of(wanted, world.sources.source(request.instance))
    request = replace(request, point=Moment(window.since, moment(window.since)))
    read = survey(request, world, context.runs.prepare(), context.listener_checks())
    search = Search(knowing(context, world), wanted.statement, within, request, read)
    search.show(window, dry_run=wanted.dry_run)
    if wanted.dry_run:
        context.screen.print("dry run: nothing was created and nothing was changed")
        return ExitCode.OK
    if not (wanted.yes or context.confirm(f"Start? No table of {request.database} is written to.")):
        raise Refused("--probe", "you said no; nothing was created", "run the same command again when you are ready")
    return search.run(window, "--yes" if wanted.yes else request.operator)


@dataclass(frozen=True)
class Search:
    """One search: what it asks, how closely it looks, and what every copy of it is restored by."""

    context: Context
    statement: str
    within: timedelta
    request: Request
    read: Survey

    def show(self, window: Window, *, dry_run: bool) -> None:
        """Show what it takes; Refused where a copy of either end can't be had."""
        ends = [self.request_at(at) for at in (window.since, window.until)]
        findings = tuple(dict.fromkeys(each for end in ends for each in check_copy(end, self.read)))
        plan = make_plan(ends[0], self.read, RunId.new(self.read.at, secrets.token_hex(2)), PROBE_RECIPE)
        expected = usual(self.context, plan, self.read)
        self.context.show_plan(plan, self.read, findings, expected, {step.name: () for step in plan.steps if dry_run})
        refuse_if_blocked(findings)
        rounds = window.rounds(self.within)
        seconds = rounds * sum(expected.get(step.name, step.usual.total_seconds()) for step in plan.steps)
        hourly = self.read.hourly_cost
        price = f", for about {hourly * Decimal(seconds) / 3600:.2f} USD" if hourly else "; the price is not known"
        said = (
            f"this is the plan of one copy. There will be {rounds} at the most, one after the other, each removed"
            " before the next is made: at both ends, then always in the middle, until"
            f" {about(self.within.total_seconds())} are left. That takes about {about(seconds)}{price},"
            " beside the minutes in which each is removed."
        )
        self.context.screen.print(said, soft_wrap=True)

    def run(self, window: Window, by: str) -> ExitCode:
        """Ask at both ends, then always in the middle; `by` says who has agreed to it."""
        rounds, third = window.rounds(self.within), False
        ask = Numbered(self, rounds, by)
        try:
            first, last = ask(window.since), ask(window.until)
            while not window.found(self.within) and first.value != last.value:
                found = ask(window.middle)
                third |= found.value not in {first.value, last.value}
                window = window.halved(same=found.value == first.value)
                self.tell(window)
        except StoppedError as stopped:
            self.tell(window)
            return stopped.code
        except RdsRestoreError:
            self.tell(window)
            raise
        if first.value == last.value:
            what = f"nothing changed between {window}: at both ends the answer is {first.text}"
            hint = "choose another --since or --until, or a probe that tells then from now"
            raise Refused("--probe", what, hint, code="probe.same")
        return self.conclude(window, first, last, third=third)

    def ask(self, at: datetime, which: str, by: str, stopped: threading.Event) -> Found:
        """Have a run of its own restore the copy, ask it, and remove it; StoppedError where it does not come so far."""
        context = replace(self.context)  # a run ends with its connections cut
        try:
            probing = Probing(context, self.statement)
            world = replace(context.world(), operator=probing)
            request = self.request_at(at)
            read = anew(self.read, request, world)
            plan = make_plan(request, read, RunId.new(read.at, secrets.token_hex(2)), PROBE_RECIPE)
            context.screen.print(f"copy {which}: as of {moment(at)}", soft_wrap=True)
            stored = context.runs.create(plan.run)

            def begin(journal: Journal) -> None:
                index = context.runs.index.read().head
                journal.append(Kind.STARTED, "", header(plan, read, __version__, socket.gethostname(), index))
                agreed: dict[str, Json] = {"question": "restore copies to be asked?", "answer": "yes", "by": by}
                journal.append(Kind.APPROVED, "", agreed)

            with stored.locked():
                code = work(plan, read, RunSession(stored, world, context, stopped), begin)
        finally:
            context.close()
        if code is not ExitCode.OK or not probing.answers:
            raise StoppedError(code)
        found = probing.answers[-1]
        self.context.screen.print(f"at {moment(at)} the answer is {found.text}", soft_wrap=True)
        return found

    def tell(self, window: Window) -> None:
        """Say how far it is, and how to go on from there."""
        if self.context.stream:
            self.context.stream.write({"event": "window", **ends_of(window), "command": self.again(window)})
        self.context.screen.print(f"so far: between {window}; to go on from here:", soft_wrap=True)
        self.context.screen.print(f"  {self.again(window)}", soft_wrap=True)

    def conclude(self, window: Window, first: Found, last: Found, *, third: bool) -> ExitCode:
        """Name the moment and the command that restores it."""
        more = "it was yet another one in between, so that" if third else "where"
        said = f"the answer changed between {window}: it was {first.text} before, and is {last.text} in the end"
        self.context.screen.print(
            f"{said}; {more} it changed more than once, this is one of the changes", soft_wrap=True
        )
        command = self.command(window)
        if self.context.stream:
            self.context.stream.write({"event": "found", **ends_of(window), "command": command})
        self.context.screen.print(f"to restore what was before it:\n  {command}", soft_wrap=True)
        if self.there:
            end = f"--incident-end {moment(window.until)}"
            self.context.screen.print(f"where rows were changed, and not deleted, add {end}", soft_wrap=True)
        return ExitCode.OK

    def request_at(self, at: datetime) -> Request:
        """Ask for the copy of a moment."""
        return replace(self.request, point=Moment(at, moment(at)))

    def again(self, window: Window) -> str:
        """Write the command that goes on with a narrower time."""
        words = ["rdsrestore", "find", *self.tables, "--probe", self.statement]
        words += ["--since", moment(window.since), "--until", moment(window.until)]
        words += ["--within", f"{int(self.within.total_seconds())}s", *self.place]
        return shlex.join(words)

    def command(self, window: Window) -> str:
        """Write the command that restores what was before the change."""
        words = ["rdsrestore", "table", *self.tables, "--before", moment(window.since), *self.place]
        return shlex.join([*words, *([] if self.there else ["--recreate"])])

    @property
    def there(self) -> bool:
        """Whether production has all of the tables now."""
        return all(each.definition for each in self.read.tables)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables as they are typed."""
        return tuple(map(table_names.written, self.request.tables))

    @property
    def place(self) -> tuple[str, ...]:
        """Where they are, as it is typed."""
        return "--instance", self.request.instance, "--database", self.request.database


@dataclass
class Numbered:
    """Counts the copies that are asked."""

    search: Search
    most: int
    by: str
    number: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def __call__(self, at: datetime) -> Found:
        """Ask the next one; raises what `Search.ask` raises, and so where a signal came while one was removed."""
        if self.stopped.is_set():
            raise StoppedError(ExitCode.INTERRUPTED)
        self.number += 1
        return self.search.ask(at, f"{self.number} of at most {self.most}", self.by, self.stopped)


def ends_of(window: Window) -> Mapping[str, Json]:
    """Write a window for programs."""
    return {"since": moment(window.since), "until": moment(window.until)}


def within_of(text: str) -> timedelta:
    """Read how narrow is narrow enough; UsageError where it can't be read."""
    seconds = SECONDS.fullmatch(text.strip())
    return timedelta(seconds=max(1, int(seconds[1])) if seconds else timespec.lasting(text, "--within"))


def time_of(wanted: Wanted, source: SourceInstance) -> Window:
    """Read the time to look at: usually the day before what the backups reach; UsageError where it is none."""
    now, zone = datetime.now(UTC), local_zone()
    latest = source.latest or now
    until = timespec.parse(wanted.until, now, zone, "--until").utc if wanted.until else latest
    usually = max(until - USUALLY, source.earliest + timedelta(seconds=1)) if source.earliest else until - USUALLY
    since = timespec.parse(wanted.since, now, zone, "--since").utc if wanted.since else usually
    found = Window(since.replace(microsecond=0), until.replace(microsecond=0))
    if found.since >= found.until:
        raise UsageError("--since", "is not before --until", "give the earlier moment to --since")
    return found


def knowing(context: Context, world: World) -> Context:
    """Keep a password that was typed, so that nobody is asked again for each copy."""
    if context.settings.password or world.engines.password_from() or context.prompts is None:
        return context
    typed = world.engines.password()
    if typed is None:
        return context
    return replace(context, settings=replace(context.settings, password=PasswordGiven(typed, "what was typed")))
