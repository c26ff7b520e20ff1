"""Passwords kept in Secrets Manager, with the user they belong to."""

from __future__ import annotations

import json
from dataclasses import dataclass

from rdsrestore.aws.errors import translated
from rdsrestore.aws.session import Clients
from rdsrestore.domain.errors import CloudError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.secret import Secret


@dataclass(frozen=True)
class Login:
    """Whom a secret lets in; `user` is None where it holds a password alone."""

    user: str | None
    password: Secret


def login(clients: Clients, arn: str) -> Login:
    """Read a secret: a JSON object with `password` and perhaps `username`, or a password alone."""
    with translated("password_secret"):
        text = clients.secrets().get_secret_value(SecretId=arn).get("SecretString", "")
    fields = as_fields(text)
    if not fields["password"]:
        raise CloudError(
            "password_secret",
            "the secret holds no password",
            "password_secret in rdsrestore.toml should name a secret with a password field",
            code="aws.no-secret",
        )
    return Login(fields.get("username") or None, Secret(fields["password"]))


def token(clients: Clients, endpoint: Endpoint, user: str) -> Secret:
    """Sign a login to a database, which is good for a quarter of an hour; nothing is asked of AWS for it.

    RDS user guide, "IAM database authentication for MariaDB, MySQL, and PostgreSQL".
    """
    with translated("--iam-auth"):
        made = clients.rds.generate_db_auth_token(endpoint.host, endpoint.port, user, clients.region)
    return Secret(made)


def as_fields(text: str) -> dict[str, str]:
    """Take a secret's text apart; its password is empty where there is none."""
    try:
        found = json.loads(text)
    except ValueError:
        found = text
    if not isinstance(found, dict):
        return {"password": text}
    return {"password": "", **{key: value for key, value in found.items() if isinstance(value, str)}}
