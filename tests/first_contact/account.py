"""The account that is asked, through the tool's own adapters and its settings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rdsrestore.app.compose import Password
from rdsrestore.app.context import Context
from rdsrestore.aws.errors import translated
from rdsrestore.aws.rds.instances import RdsInstances
from rdsrestore.aws.session import CallLog, Clients
from rdsrestore.config.settings import Settings
from rdsrestore.domain.cloud.instance import SourceInstance
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.session.login.connection import Login, Session, connect


@dataclass
class Account:
    """One instance of an account, and how to ask about it."""

    instance: str
    settings: Settings
    log: CallLog
    clients: Clients
    cloud: RdsInstances
    password: Password

    @classmethod
    def of(cls, context: Context, instance: str) -> Account:
        """Make the adapters; a password that is not set is asked for in a terminal."""
        settings, log = context.settings, CallLog()
        clients = Clients(settings.aws_profile, settings.region, log)
        prompts = context.prompts
        ask = (lambda: prompts.password("Password of the login on production")) if prompts else None
        password = Password(settings.password, clients, ask, settings.user)
        cloud = RdsInstances(clients, log, settings.poll, settings.checkip_url, password.seen)
        return cls(instance, settings, log, clients, cloud, password)

    @cached_property
    def shown(self) -> dict[str, Any]:
        """The instance as RDS describes it, the writer where a cluster was named."""
        with translated("instance"):
            found = self.clients.rds.describe_db_instances(DBInstanceIdentifier=self.source.id)
        return {**found["DBInstances"][0]}

    @cached_property
    def source(self) -> SourceInstance:
        """The instance as the tool understands it."""
        return self.cloud.source(self.instance)

    @property
    def user(self) -> str:
        return self.settings.user or self.password.user() or self.source.master_user

    @cached_property
    def production(self) -> Session:
        """A session on production; it only reads."""
        return connect(self.login(self.source.endpoint, self.user, self.password()), "production")

    def login(self, endpoint: Endpoint, user: str, password: Secret) -> Login:
        return Login(endpoint, user, password, self.settings.ssl_ca)
