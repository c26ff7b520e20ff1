"""Ask one thing at a time, with what there is to choose from; every answer can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from rdsrestore.app.context import Context
from rdsrestore.app.find import find
from rdsrestore.app.guide.answers import (
    WAYS,
    Accident,
    Answers,
    Topic,
    answer,
    command,
    command_line,
    hopeless,
    next_topic,
    one_back,
    refuse_unreachable,
    window,
)
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.app.requests.local_zone import local_zone
from rdsrestore.app.restore import compare, restore
from rdsrestore.app.resume import resume
from rdsrestore.config.settings import PasswordGiven
from rdsrestore.domain.cloud.instance import SourceInstance
from rdsrestore.domain.errors import DatabaseError, RdsRestoreError, Refused, UsageError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.request import timespec
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.notify.console import views
from rdsrestore.notify.console.prompts import Prompts
from rdsrestore.notify.text import clean, counted
from rdsrestore.ports.production import Production
from rdsrestore.workflow.journal.journal import goes_on
from rdsrestore.workflow.surveyor import refuse_dead

OPENING = (
    "rdsrestore brings back rows of single tables from the backups of RDS.",
    "First some questions, then a plan. Nothing is written before you have seen what,",
    "and have typed yes. Ctrl-C leaves at any time, and removes whatever was made.",
)
BACK, NEW, GONE, FIND = "back", "a new restore", "a table that is gone", "find"
NOTED = 30
"""Instances of which more than the name is shown."""


class TakenBackError(Exception):
    """The operator wants the question before."""


class FindFirstError(Exception):
    """The operator does not know the moment, and wants to look for it."""


def guide(context: Context) -> ExitCode:
    """Lead from nothing to a whole command line, and run it after a yes; returns its exit code."""
    if context.prompts is None:
        raise Refused("guide", "there is no terminal to ask in", "rdsrestore table TABLE --before MOMENT")
    for text in OPENING:
        context.screen.say(clean(text), 2)
    context.screen.print()
    context.remind()
    unfinished = [f"resume {run.id}" for run in context.runs.unfinished() if goes_on(run.sound())]
    if unfinished:
        picked = context.prompts.choose("An earlier run is unfinished. What is to be done?", [*unfinished, NEW])
        if picked != NEW:
            return resume(picked.split()[1], context, CommandLine(), yes=False)
    asking = Guide(context, context.prompts)
    try:
        return asking.run()
    finally:
        asking.context.close()


@dataclass
class Guide:
    """A conversation: `context` gets the password that production took, so that nobody is asked for it again."""

    context: Context
    prompts: Prompts
    answers: Answers = field(default_factory=Answers)

    def run(self) -> ExitCode:
        """Ask, then do what came of it."""
        try:
            answers = self.ask_all()
        except FindFirstError:
            self.context.close()
            return find(command_line(self.answers), self.context, since=None, until=None)
        self.context.close()  # nobody is logged in any more: a run that leaves the terminal takes no login along
        work = compare if answers.accident is Accident.UNKNOWN else restore
        return work(command_line(answers), self.context, dry_run=False, yes=False)

    def ask_all(self) -> Answers:
        """Ask until all is known and agreed to; Refused where the operator stops there."""
        questions: dict[Topic, Callable[[], object]] = {
            Topic.INSTANCE: self.instance,
            Topic.DATABASE: self.database,
            Topic.TABLES: self.tables,
            Topic.ACCIDENT: self.accident,
            Topic.BEFORE: self.before,
            Topic.AFTER: self.after,
        }
        last: RdsRestoreError | None = None
        while True:
            topic = next_topic(self.answers)
            try:
                if topic is None:
                    self.agree()
                    return self.answers
                self.answers = answer(self.answers, topic, questions[topic]())
            except TakenBackError:
                self.answers = one_back(self.answers)
            except RdsRestoreError as error:
                if hopeless(error, last) or not self.answers.instance:
                    raise
                last = error
                views.error(self.context.errors, error)
                self.answers = one_back(self.answers)

    def agree(self) -> None:
        """Show the whole command line and what it does; Refused where it is not to be run."""
        assert self.answers.accident  # noqa: S101 - for the type checker: it was asked for
        self.say("This is the quickest way that does no more than that:")
        self.context.screen.say(clean(f"  {command(self.answers)}", "bold"))  # one line, to be copied
        self.say(f"It {WAYS[self.answers.accident]}.")
        picked = self.choose("Run it? First the plan is shown, and asked about.", ["yes", "no"], "yes")
        if picked == "no":
            raise Refused("guide", "you said no; nothing was made", "the command above does it whenever you are ready")

    def instance(self) -> str:
        """Ask for the instance, with what there is known of each."""
        sources = self.context.world().sources
        names = sources.instances()
        notes = {name: noted(sources.source(name)) for name in names[:NOTED]}
        return self.choose(
            "Which RDS instance holds the table?", names, self.usual("instance", names), notes, first=True
        )

    def database(self) -> str:
        """Ask for the database."""
        with self.production() as server:
            names = server.databases()
        return self.choose("Which database?", names, self.usual("database", names))

    def tables(self) -> tuple[str, ...]:
        """Ask for the tables and say how many rows each has now; one that is gone is named."""
        database = self.answers.database or ""
        with self.production() as server:
            names = server.tables(database)
            picked = self.prompts.choose_some("Which tables lost or changed rows?", [*names, GONE, BACK], escape=BACK)
            if BACK in picked and BACK not in names:
                raise TakenBackError
            if GONE in picked and GONE not in names:
                return (self.words("the name of the table that is gone"),)
            for name in picked:
                rows = server.count(TableRef(database, name))
                self.say(f"{database}.{name} has {counted(rows, 'row')} now")
        return picked

    def accident(self) -> Accident:
        """Ask what happened."""
        return Accident(self.choose("What happened?", [each.value for each in Accident]))

    def before(self) -> Moment:
        """Ask for the last good second, below the moments that can be had."""
        source = self.source()
        self.say(window(source.earliest, source.latest), "bold")
        self.say("Which moment is to come back? The last second at which the data was still right.")
        self.say(f"Not sure? Type {FIND}: it looks in production's binlog. {BACK} is the question before.")
        return self.moment(lambda moment: refuse_unreachable(moment, source.earliest, None))

    def after(self) -> Moment:
        """Ask for a moment after the accident."""
        self.say("And a moment after the accident? What was changed later than that stays as it is.")
        return self.moment(lambda moment: refuse_unreachable(moment, None, self.answers.before))

    def moment(self, refuse: Callable[[Moment], None]) -> Moment:
        """Ask until a moment can be read and had, and say it back."""
        self.say(timespec.EXAMPLES)
        zone = local_zone()
        while True:
            try:
                moment = timespec.parse(self.words("moment"), datetime.now(UTC), zone)
                refuse(moment)
            except UsageError as error:
                views.error(self.context.screen, error)
            else:
                self.say(timespec.explain(moment, datetime.now(UTC), zone))
                return moment

    @contextmanager
    def production(self) -> Iterator[Production]:
        """Log in to production."""
        source = self.source()
        refuse_dead(source)
        self.know_password(source)
        with production(self.context, source) as database:
            yield database

    def know_password(self, source: SourceInstance) -> None:
        """Ask for the password where the settings have none, and again where production does not take it."""
        settings = self.context.settings
        while self.context.settings.password is None:
            secret = self.prompts.password(f"Password of {settings.user or source.master_user} on production")
            trial = replace(self.context, settings=replace(settings, password=PasswordGiven(secret, "what was typed")))
            try:
                with production(trial, source) as database:
                    database.databases()  # the first question logs in
            except DatabaseError as error:
                trial.close()
                if error.code != "db.denied":
                    raise
                views.error(self.context.screen, error)
            else:
                self.context = trial

    def source(self) -> SourceInstance:
        """Read what is known of the instance."""
        return self.context.world().sources.source(self.answers.instance or "")

    def usual(self, name: str, names: Sequence[str]) -> str | None:
        """Take what the settings say, where it is one of the choices."""
        said = self.context.settings.given.get(name)
        return str(said) if said in names else None

    def choose(
        self,
        title: str,
        names: Sequence[str],
        usual: str | None = None,
        notes: dict[str, str] | None = None,
        *,
        first: bool = False,
    ) -> str:
        """Let one be picked, or the question before."""
        offered, escape = (names, None) if first else ([*names, BACK], BACK)
        picked = self.prompts.choose(title, offered, usual, notes, escape=escape)
        if picked == BACK and BACK not in names:
            raise TakenBackError
        return picked

    def words(self, title: str) -> str:
        """Read words; the two that mean another question raise what they mean."""
        said = self.prompts.choose(title, ())
        if said == BACK:
            raise TakenBackError
        if said == FIND and self.answers.accident and not self.answers.before:
            raise FindFirstError
        return said

    def say(self, text: str, style: str = "") -> None:
        """Print a line."""
        self.context.screen.say(clean(text, style), 2)


@contextmanager
def production(context: Context, source: SourceInstance) -> Iterator[Production]:
    """Log in to production as the settings say."""
    world = context.world()
    user = context.settings.user or world.engines.user() or source.master_user
    with world.engines.of(source.engine).production(source.endpoint, user) as database:
        yield database


def noted(source: SourceInstance) -> str:
    """Say of an instance what tells it from others."""
    return f"{source.engine} {source.version}, {source.instance_class}, {source.status}"
