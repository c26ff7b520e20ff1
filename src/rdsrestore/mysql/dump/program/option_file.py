"""How a client program logs in: an option file that lies in memory, so that no password outlives the programs.

A descriptor's name is short, too: MariaDB's programs pass over an option file whose path does not fit their buffer
(FN_REFLEN, 512 bytes) without a word, and then ask whatever server their defaults lead to.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rdsrestore.domain.errors import UsageError
from rdsrestore.mysql.dump.program.relay import relay
from rdsrestore.mysql.session.login.connection import Login

DESCRIPTORS = Path("/proc/self/fd")
PREFIX, SUFFIX = "rdsrestore-client-", ".cnf"
LONGEST = 255
"""Bytes of a path that every program takes in."""
NO_LOGIN_FILE = f"{os.devnull}/none"
"""Oracle's programs read ~/.mylogin.cnf after every option file (manual, "Option Files"); here they find none."""


@dataclass(frozen=True)
class OptionFile:
    """The option that names it, and the descriptors that a program has to inherit to read it."""

    option: str
    descriptors: tuple[int, ...] = ()


@contextmanager
def option_file(login: Login, flavour: str) -> Iterator[OptionFile]:
    """Give a program of that flavour a login; UsageError where the system has no file of trusted certificates."""
    with ExitStack() as held:
        way = None if login.straight else held.enter_context(relay(login))
        text = option_text(login, flavour, way).encode()
        try:
            found = held.enter_context(in_memory(text))
        except OSError:
            found = held.enter_context(on_disk(text))
        yield found


@contextmanager
def in_memory(text: bytes) -> Iterator[OptionFile]:
    """Keep it in memory that ends with its last descriptor, whoever is killed; OSError where the system has none."""
    if not hasattr(os, "memfd_create") or not DESCRIPTORS.is_dir():
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    descriptor = os.memfd_create("rdsrestore")
    try:
        os.fchmod(descriptor, 0o600)  # the programs pass over a file that others may write
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(text)
        yield OptionFile(f"--defaults-file={DESCRIPTORS / str(descriptor)}", (descriptor,))
    finally:
        os.close(descriptor)


@contextmanager
def on_disk(text: bytes, folder: Path | None = None) -> Iterator[OptionFile]:
    """Keep it in a file that only we can read, locked as long as we live.

    It lies in `folder`, else where temporary files do; UsageError where its path is too long.
    """
    with locked_file(folder) as (file, name):
        if len(os.fsencode(name)) > LONGEST:
            raise UsageError("TMPDIR", "its path is too long for client programs", "set TMPDIR to a shorter one")
        file.write(text)
        file.flush()
        yield OptionFile(f"--defaults-file={name}")


@contextmanager
def locked_file(folder: Path | None) -> Iterator[tuple[BinaryIO, str]]:
    """Make a file that is ours until the context ends; one that was swept before it was locked is made again."""
    there = False
    while not there:
        descriptor, name = tempfile.mkstemp(prefix=PREFIX, suffix=SUFFIX, dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                there = os.fstat(descriptor).st_nlink > 0
                if there:
                    yield file, name
        finally:
            Path(name).unlink(missing_ok=True)


def sweep(folder: Path | None = None) -> None:
    """Remove the files of processes that were killed."""
    for path in (folder or Path(tempfile.gettempdir())).glob(f"{PREFIX}*{SUFFIX}"):
        with contextlib.suppress(OSError), open(path, "rb", opener=unmoved) as file:
            if os.fstat(file.fileno()).st_uid == os.getuid():
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


def unmoved(path: str, flags: int) -> int:
    """Open a file in a folder that others write to, too: no link is followed, no pipe is waited for."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def environment() -> dict[str, str]:
    """The environment of a program: nothing in it tells it where to log in, and none of our secrets are in it."""
    ours = ("MYSQL_", "MARIADB_", "RDSRESTORE_", "AWS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"LC_ALL": "C.UTF-8", "TZ": "UTC", "MYSQL_TEST_LOGIN_FILE": NO_LOGIN_FILE}


def option_text(login: Login, flavour: str, way: Path | None = None) -> str:
    """The login as an option file, with the certificate and the host name verified; UsageError without certificates.

    At the socket `way` they are verified by the relay behind it; at a file of this machine there is nothing to verify.
    """
    who = [f"user={in_quotes(login.user)}", f"password={in_quotes(login.secret.reveal())}"]
    if login.token and flavour == "mysql":  # MariaDB's send what a server asks for; not all of MySQL's know the option
        who.append("loose-enable-cleartext-plugin")
    if place := way or login.socket:
        plain = "skip-ssl" if flavour == "mariadb" else "ssl-mode=DISABLED"
        who = who if way else who[:1]
        return "\n".join(["[client]", "protocol=socket", f"socket={in_quotes(str(place))}", *who, plain]) + "\n"
    ca = str(login.ca or ssl.get_default_verify_paths().cafile or "")
    if not ca:
        raise UsageError("ssl_ca", "this system has no file of trusted certificates", "set RDSRESTORE_SSL_CA")
    verify = "ssl-verify-server-cert" if flavour == "mariadb" else "ssl-mode=VERIFY_IDENTITY"
    lines = [
        "[client]",
        "protocol=tcp",
        f"host={in_quotes(login.endpoint.host)}",
        f"port={login.endpoint.port}",
        *who,
        f"ssl-ca={in_quotes(ca)}",
        verify,
    ]
    return "\n".join(lines) + "\n"


def in_quotes(value: str) -> str:
    """Quote an option's value: only double quotes with both escapes survive every character."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    for character, name in (("\n", "\\n"), ("\t", "\\t"), ("\r", "\\r")):
        escaped = escaped.replace(character, name)
    return f'"{escaped}"'
