"""Logins kept in Secrets Manager."""

from __future__ import annotations

import json

from rdsrestore.aws.faults import translated
from rdsrestore.aws.session import Clients
from rdsrestore.core.errors import CloudError
from rdsrestore.core.model import Secret


def password(clients: Clients, arn: str) -> Secret:
    """Read the password of a secret, which holds it alone or as `password` of a JSON object."""
    with translated("password_secret"):
        text = clients.secrets().get_secret_value(SecretId=arn).get("SecretString", "")
    try:
        fields = json.loads(text)
    except ValueError:
        fields = text
    found = fields.get("password") if isinstance(fields, dict) else text
    if not isinstance(found, str) or not found:
        raise CloudError(
            "password_secret", "the secret holds no password", "check password_secret", code="aws.no-secret"
        )
    return Secret(found)
