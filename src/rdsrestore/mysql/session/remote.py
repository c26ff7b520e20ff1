"""Workers on other machines: how they are reached, and how a login and rows travel to them.

What they do are plain functions of plain values behind concurrent.futures.Executor. Passwords and rows travel encrypted
for the key of the dumps, which every worker has in its own environment.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrage

from rdsrestore import __version__
from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.session.age_key import identity
from rdsrestore.mysql.session.login.connection import Login
from rdsrestore.mysql.session.login.pool import Logins

SCHEME = "dask://"
KEY = "RDSRESTORE_DUMP_KEY"
PREFIX, SUFFIX = "rdsrestore-", ".pem"


@dataclass(frozen=True)
class Credential:
    """A login on its way to a worker; `ca` is the text of the trusted certificates, `where` names it in errors.

    `run` is whose it is: all logins of a run are forgotten together.
    """

    endpoint: Endpoint
    user: str
    password: bytes
    ca: str | None
    patience: float
    where: str
    run: str

    def logins(self) -> Logins:
        """On the worker: its sessions of this login, kept from task to task."""
        return opened(self)


@dataclass(frozen=True)
class RemoteExecutor:
    """Workers elsewhere, `size` of whose threads work at a time; `key` is known to them, and `leave` says goodbye.

    `name` tells its logins from those of other runs on the same workers.
    """

    executor: Executor
    size: int
    key: Secret
    leave: Callable[[], None]
    name: str = ""

    def admit(self, login: Login, where: str) -> Credential:
        """Encrypt a login for the way."""
        ca = login.ca.read_text("ascii") if login.ca else None
        password = self.encrypt(login.password.reveal().encode())
        return Credential(login.endpoint, login.user, password, ca, login.patience, where, self.name)

    def encrypt(self, content: bytes) -> bytes:
        """Encrypt what travels."""
        return pyrage.encrypt(content, [identity(self.key, "").to_public()])


def own_key() -> Secret:
    """On the worker: the key that its environment names; UsageError where it has none."""
    text, file = os.environ.get(KEY), os.environ.get(f"{KEY}_FILE")
    if not text and not file:
        raise UsageError("worker", f"neither {KEY} nor {KEY}_FILE is set", "start workers with the run's own key")
    return Secret(text or Path(str(file)).read_text("utf-8"))


def decrypt(content: bytes) -> bytes:
    """On the worker: decrypt what travelled."""
    return pyrage.decrypt(content, [identity(own_key(), "")])


OPENED: dict[Credential, Logins] = {}
OPENING = threading.Lock()
"""On the worker: what tasks have opened, each login once."""


def opened(given: Credential) -> Logins:
    """On the worker: make a login usable; the certificates get a file, since programs want one."""
    with OPENING:
        if given not in OPENED:
            ca = None
            if given.ca:
                descriptor, name = tempfile.mkstemp(prefix=PREFIX, suffix=SUFFIX)
                with os.fdopen(descriptor, "w", encoding="ascii") as file:
                    file.write(given.ca)
                ca = Path(name)
            password = Secret(decrypt(given.password).decode())
            OPENED[given] = Logins(Login(given.endpoint, given.user, password, ca, given.patience), given.where)
        return OPENED[given]


def forget(run: str) -> None:
    """On the worker: close a run's sessions and remove its files."""
    with OPENING:
        left = [OPENED.pop(given) for given in tuple(OPENED) if given.run == run]
    for logins in left:
        logins.close()
        if logins.login.ca:
            logins.login.ca.unlink(missing_ok=True)


def ready(sealed: bytes) -> tuple[str, bool]:
    """On the worker: say which release it has, and whether it has the key."""
    try:
        return __version__, decrypt(sealed) == KEY.encode()
    except (UsageError, OSError, ValueError, pyrage.DecryptError, pyrage.IdentityError):
        return __version__, False


def join(address: str | None, key: Secret | None) -> RemoteExecutor | None:
    """Reach the workers at `dask://host:port`; None where no address is given.

    UsageError where there is no key, no answer, or a worker that has another release or not the key.
    """
    if not address:
        return None
    if not address.startswith(SCHEME):
        raise UsageError("--executor", f"{address} is not {SCHEME}host:port", f"give {SCHEME}host:port")
    if key is None:
        raise UsageError(
            "--executor", "needs dump_key: logins and rows travel encrypted", "set RDSRESTORE_DUMP_KEY_FILE"
        )
    try:
        from distributed import Client  # noqa: PLC0415 - only here, and only some have it
    except ImportError as error:
        raise UsageError(
            "--executor", "Dask is not installed", "in a checkout of rdsrestore: pip install '.[dask]'"
        ) from error
    try:
        client: Any = Client(f"tcp://{address.removeprefix(SCHEME)}", timeout=USUAL.workers, set_as_default=False)  # type: ignore[no-untyped-call]
        client.wait_for_workers(1, timeout=USUAL.workers)
    except (OSError, TimeoutError) as error:
        raise UsageError("--executor", f"{address} does not answer, or has no workers", "start them first") from error
    executor, name = client.get_executor(pure=False, retries=3), secrets.token_hex(8)

    def leave() -> None:
        with contextlib.suppress(OSError, TimeoutError):  # workers that are gone keep nothing
            executor.shutdown(wait=False)
            client.run(forget, name, on_error="ignore")
        client.close()

    remote = RemoteExecutor(executor, sum(client.nthreads().values()), key, leave, name)
    for worker, (version, able) in client.run(ready, remote.encrypt(KEY.encode())).items():
        if version != __version__ or not able:
            remote.leave()
            what = f"{worker} has release {version}" if able else f"{worker} does not have the key"
            raise UsageError("--executor", what, f"start workers of release {__version__} with {KEY}_FILE set")
    return remote
