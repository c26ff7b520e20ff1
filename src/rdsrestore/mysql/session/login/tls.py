"""Whom servers have to prove themselves to be: certificate and host name are always verified."""

from __future__ import annotations

import shlex
import ssl
from functools import cache
from pathlib import Path

import platformdirs

from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.ids import BUNDLE, PREFIX, Endpoint
from rdsrestore.mysql.session.login.bundle import of_endpoint


@cache
def trust(ca: Path | None) -> ssl.SSLContext:
    """Make the TLS settings; UsageError where `ca` can't be read.

    Certificates need not hold every field that newer versions of Python want, as the driver's own settings have it.
    """
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
    except (OSError, ssl.SSLError) as error:
        raise UsageError("ssl_ca", f"{ca} can't be used: {error}", "set RDSRESTORE_SSL_CA to the RDS bundle") from error
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def how_to(endpoint: Endpoint, error: BaseException | None) -> str:
    """Say what to do where a server was not trusted."""
    if isinstance(error, ssl.SSLCertVerificationError) and "mismatch" in error.verify_message.lower():
        return f"see who answers at {endpoint}: the certificate is another server's"
    where = shown(platformdirs.user_config_path(PREFIX) / BUNDLE)
    return (
        "set RDSRESTORE_SSL_CA to the bundle of the server's certificate authority, "
        "or put RDS's own where it is looked for: "
        f"rdsrestore ca, or curl --create-dirs -o {where} {of_endpoint(endpoint)}"
    )


def shown(path: Path) -> str:
    """Write a path as a shell takes it, short where it can be."""
    home = Path.home()
    short = f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
    return short if shlex.quote(short.removeprefix("~/")) == short.removeprefix("~/") else shlex.quote(str(path))
