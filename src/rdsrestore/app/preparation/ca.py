"""RDS's certificates: fetch them to where they are looked for, and say until when they hold."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from rdsrestore.app.context import Context
from rdsrestore.aws.network import certificates
from rdsrestore.aws.session import region
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.health import Check, State
from rdsrestore.domain.ids import BUNDLE, PREFIX
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.mysql.session.login import bundle, tls
from rdsrestore.notify.text import counted
from rdsrestore.workflow.upkeep import SOON

READABLE = 0o644


def fetch(context: Context) -> ExitCode:
    """Fetch the bundle of the region's partition, check it, and put it whole in the place of an older one.

    CloudError where it can't be fetched or is something else, UsageError where it can't be written; then what was
    there stays.
    """
    settings = context.settings
    url = settings.ca_url or bundle.of_region(region(settings.aws_profile, settings.region))
    path = platformdirs.user_config_path(PREFIX) / BUNDLE
    pem = certificates.fetch(url, tls.shown(path))
    found = bundle.checked(pem.decode("latin-1"), datetime.now(UTC))
    try:
        put(path, pem)
    except OSError as error:
        what = f"{tls.shown(path)} can't be written: {error.strerror}"
        raise UsageError("ca", what, "make its folder writable, or set RDSRESTORE_SSL_CA to another file") from error
    first = found[0]
    context.screen.print(f"{len(found):,} certificates of Amazon RDS in {tls.shown(path)}", soft_wrap=True)
    context.screen.print(f"the first to expire is {first.name}, on {first.until:%Y-%m-%d}", soft_wrap=True)
    if settings.ssl_ca and settings.ssl_ca != path:
        context.screen.print(f"ssl_ca is set, so {settings.ssl_ca} is used and not this file", soft_wrap=True)
    return ExitCode.OK


def trusted(file: Path | None, now: datetime) -> Check:
    """Say whom servers have to be vouched for by, and until when that holds."""
    name, hint = "authorities", "rdsrestore ca fetches RDS's"
    if file is None:
        what = "no file is set: the system's are trusted, and RDS's are in no system's"
        return Check(name, State.WARNED, what, hint, "db.tls")
    shown = tls.shown(file)
    try:
        found = bundle.authorities(file.read_text("latin-1"))
    except (OSError, ValueError) as error:
        return Check(name, State.FAILED, f"{shown}: {error}", hint, "db.tls")
    if not found:
        return Check(name, State.FAILED, f"{shown} holds no certificate", hint, "db.tls")
    first = found[0]
    said = (
        f"{counted(len(found), 'certificate')} in {shown}, the first to end is {first.name}, on {first.until:%Y-%m-%d}"
    )
    if first.until - now > SOON:
        return Check(name, State.OK, said)
    return Check(name, State.WARNED, said, f"{hint} anew", "db.tls")


def put(path: Path, content: bytes) -> None:
    """Write a file that everybody may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        new = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), READABLE)
            os.fsync(file.fileno())
            new.replace(path)
        except OSError:
            new.unlink(missing_ok=True)
            raise
