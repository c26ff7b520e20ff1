"""The composition root: the only place where settings become adapters, and adapters a world."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from rdsrestore.app.database_adapters import EngineAdapters
from rdsrestore.aws.network.session_manager import SessionManager
from rdsrestore.aws.passwords import Login, login, token
from rdsrestore.aws.rds.instances import RdsInstances
from rdsrestore.aws.session import CallLog, Clients, SignedIn, nobody
from rdsrestore.config.settings import PasswordGiven, PasswordInSecret, Settings
from rdsrestore.domain.cloud import bastion
from rdsrestore.domain.cloud.instance import SourceInstance
from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import CloudError, Refused, UsageError
from rdsrestore.domain.request.answer import Answer, Question
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.question import Take
from rdsrestore.domain.tables.rows import TableDifference
from rdsrestore.mysql.session.login import defaults_file, login_path
from rdsrestore.ports.databases import Access
from rdsrestore.ports.operator import Operator
from rdsrestore.workflow.step import World

LOOK = 0.5
"""Seconds between two looks at a secret that is being rotated."""


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

    def let_in(self, trouble: str) -> str | None:
        """Know nobody else."""
        del trouble
        return None

    def look(self, ask: Callable[[str, int | None, Take], None]) -> None:
        """Have nothing to ask."""
        refuse_look(ask)


@dataclass(frozen=True)
class AtTheTerminal:
    """The person at the terminal."""

    show: Callable[[Sequence[TableDifference]], None]
    decide: Callable[[Question], Answer]
    let_in: Callable[[str], str | None]
    anew: bool = False
    """Whether another run can begin from the same copy."""

    def approve(self, question: Question) -> Answer:
        """Show and ask."""
        self.show(question.differences)
        return self.decide(question if self.anew else replace(question, children=()))

    def look(self, ask: Callable[[str, int | None, Take], None]) -> None:
        """Have nothing to ask."""
        refuse_look(ask)


def refuse_look(_ask: Callable[[str, int | None, Take], None]) -> None:
    """Say which command asks a copy: a look that was cut off is not gone on with."""
    raise Refused("look", "what was to be asked is not known any more", "rdsrestore sql RUN looks again")


@dataclass
class Password:
    """Production's password, fetched at its first use from where the settings say; `ask` is None without a terminal.

    Where they say nothing it is the one that RDS keeps of the master user, unless `login_name` is somebody else's.
    `named` is whose it is where it was given, if anybody said so.
    """

    given: PasswordGiven | PasswordInSecret | None
    clients: Clients
    ask: Callable[[], Secret] | None
    login_name: str | None = None
    named: str | None = None
    _managed: str | None = field(default=None, init=False)
    _known: Login | None = field(default=None, init=False, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)

    def __call__(self) -> Secret:
        """Return it; UsageError where there is none and nobody to ask."""
        return self._login().password

    def user(self) -> str | None:
        """Name whose password it is, where that is kept with it."""
        return self._login().user if isinstance(self.given, PasswordInSecret) else self.named

    def seen(self, source: SourceInstance) -> None:
        """Hear of the instance that is logged in to."""
        managed = source.managed_secret if self.login_name in {None, source.master_user} else None
        with self._lock:
            if self.given is None and managed != self._managed:
                self._managed, self._known = managed, None

    def found_in(self) -> str:
        """Say where it was found without being told; empty where it was told."""
        return "the secret that RDS keeps of it" if self._managed and self.user_named() else ""

    def user_named(self) -> bool:
        """Whether what is known came out of a secret that names its user, as those that RDS keeps do."""
        return self._known is not None and self._known.user is not None

    def renewed(self, refused: Secret) -> Secret | None:
        """Give the password that took the place of one that was refused, fetched anew; None where none did."""
        with self._lock:
            if self._known and self._known.password != refused:
                return self._known.password
            until = time.monotonic() + USUAL.rotation
            with contextlib.suppress(CloudError):  # the server's refusal says more
                while (found := self._kept()) and found.password == refused and time.monotonic() < until:
                    time.sleep(LOOK)
                if found and found.password != refused:
                    self._known = found
                    return found.password
            return None

    def _login(self) -> Login:
        with self._lock:
            if self._known is None:
                self._known = self._fetch()
            return self._known

    def _kept(self) -> Login | None:
        """Read the secret that it lies in; None where it lies in none."""
        arn = self.given.arn if isinstance(self.given, PasswordInSecret) else self._managed
        return login(self.clients, arn) if arn else None

    def _fetch(self) -> Login:
        if isinstance(self.given, PasswordGiven):
            return Login(None, self.given.secret)
        try:
            if kept := self._kept():
                return kept
        except CloudError:
            if self.given or self.ask is None:
                raise
        if self.ask:
            return Login(None, self.ask())
        raise UsageError(
            "password",
            "production's password is not set",
            "set RDSRESTORE_PASSWORD, or password_secret in rdsrestore.toml",
        )


def kept_login(settings: Settings) -> tuple[str | None, Secret | None]:
    """Read user and password from where MySQL's own programs find them; UsageError where two places are named."""
    if settings.defaults_file and settings.login_path:
        raise UsageError("--login-path", "goes without --defaults-file", "use one of them")
    if settings.login_path:
        return login_path.read(settings.login_path)
    return defaults_file.read(settings.defaults_file) if settings.defaults_file else (None, None)


def access(settings: Settings, password: Password, *, asks: bool) -> Access:
    """Say how servers are logged in to; UsageError where workers elsewhere would have to go through the bastion."""
    if settings.via and settings.executor:
        raise UsageError("--via", "goes without --executor: workers reach the servers by themselves", "use one of them")
    if settings.iam_auth and settings.executor:
        raise UsageError("--iam-auth", "goes without --executor: a token is no worker's", "use one of them")
    way = bastion.read(settings.via) if settings.via else None
    return Access(
        password,
        settings.ssl_ca,
        settings.dump_key,
        settings.executor,
        settings.poll,
        password.renewed,
        way if isinstance(way, bastion.Bastion) else None,
        settings.ssh_config,
        asks,
        None if way is None or isinstance(way, bastion.Bastion) else SessionManager(password.clients, way),
        partial(token, password.clients) if settings.iam_auth else None,
    )


def build(
    settings: Settings, operator: Operator, ask: Callable[[], Secret] | None, signed_in: SignedIn = nobody
) -> World:
    """Put the adapters together; `ask` asks for production's password, `signed_in` for another sign-in at AWS."""
    log = CallLog()
    clients = Clients(settings.aws_profile, settings.region, log, signed_in=signed_in)
    user, secret = kept_login(settings)
    source = str(settings.defaults_file or settings.login_path)
    given = settings.password or (PasswordGiven(secret, source) if secret else None)
    password = Password(given, clients, ask, settings.user or user, user)
    return World(
        cloud=RdsInstances(clients, log, settings.poll, settings.checkip_url, password.seen),
        engines=EngineAdapters(
            access(settings, password, asks=ask is not None),
            password.user,
            (lambda: "a token of IAM for each login") if settings.iam_auth else password.found_in,
        ),
        operator=operator,
        clock=SystemClock(),
    )
