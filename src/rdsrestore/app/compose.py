"""The composition root: the only place where settings become adapters, and adapters a world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from rdsrestore.app.database_adapters import EngineAdapters
from rdsrestore.aws.passwords import Login, login
from rdsrestore.aws.rds.instances import RdsInstances
from rdsrestore.aws.session import CallLog, Clients
from rdsrestore.config.settings import PasswordGiven, PasswordInSecret, Settings
from rdsrestore.domain.errors import Refused, UsageError
from rdsrestore.domain.request.answer import Answer, Question
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.rows import TableDifference
from rdsrestore.ports.databases import Access
from rdsrestore.ports.operator import Operator
from rdsrestore.workflow.step import World


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class AlwaysYes:
    """Speaks for an operator who said yes beforehand; `show` is still shown the differences.

    `typed` is the text that was given for where a yes is not enough.
    """

    show: Callable[[Sequence[TableDifference]], None]
    typed: str | None = None

    def approve(self, question: Question) -> Answer:
        """Show and agree; Refused where a text is wanted that was not given."""
        self.show(question.differences)
        if question.typed is not None and question.typed != self.typed:
            raise Refused(
                "approve",
                f"{question.text} needs more than --yes",
                f"add --confirm '{question.typed}' if that is what you want",
            )
        return Answer.YES


@dataclass(frozen=True)
class AtTheTerminal:
    """The person at the terminal."""

    show: Callable[[Sequence[TableDifference]], None]
    decide: Callable[[Question], Answer]
    anew: bool = False
    """Whether another run can begin from the same copy."""

    def approve(self, question: Question) -> Answer:
        """Show and ask."""
        self.show(question.differences)
        return self.decide(question if self.anew else replace(question, children=()))


@dataclass
class Password:
    """Production's password, fetched at its first use from where the settings say; `ask` is None without a terminal."""

    given: PasswordGiven | PasswordInSecret | None
    clients: Clients
    ask: Callable[[], Secret] | None
    _known: Login | None = field(default=None, repr=False)

    def __call__(self) -> Secret:
        """Return it; UsageError where there is none and nobody to ask."""
        return self._login().password

    def user(self) -> str | None:
        """Name whose password it is, where that is kept with it."""
        return self._login().user if isinstance(self.given, PasswordInSecret) else None

    def _login(self) -> Login:
        if self._known is None:
            self._known = self._fetch()
        return self._known

    def _fetch(self) -> Login:
        if isinstance(self.given, PasswordGiven):
            return Login(None, self.given.secret)
        if isinstance(self.given, PasswordInSecret):
            return login(self.clients, self.given.arn)
        if self.ask:
            return Login(None, self.ask())
        raise UsageError(
            "password",
            "production's password is not set",
            "set RDSRESTORE_PASSWORD, or password_secret in rdsrestore.toml",
        )


def build(settings: Settings, operator: Operator, ask: Callable[[], Secret] | None) -> World:
    """Put the adapters together."""
    log = CallLog()
    clients = Clients(settings.aws_profile, settings.region, log)
    password = Password(settings.password, clients, ask)
    return World(
        cloud=RdsInstances(clients, log, settings.poll, settings.checkip_url),
        engines=EngineAdapters(
            Access(password, settings.ssl_ca, settings.dump_key, settings.executor, settings.poll), password.user
        ),
        operator=operator,
        clock=SystemClock(),
    )
