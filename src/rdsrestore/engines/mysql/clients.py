"""The dump and load programs: which there are, what they understand, and how they log in without showing a password."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

from rdsrestore.core.errors import ToolError, UsageError
from rdsrestore.core.tables import ClientTools
from rdsrestore.engines.mysql.connect import Login
from rdsrestore.engines.mysql.faults import MEANINGS, Meaning

DUMPERS = ("mysqldump", "mariadb-dump")
LOADERS = ("mysql", "mariadb")
OPTION = re.compile(r"^\s+(?:-\w, )?--([a-z][a-z0-9-]+)", re.MULTILINE)
ERROR_LINE = re.compile(r"(?:ERROR|Got error:|Error:?)\s+\d{3,5}(?: \(\w{5}\))?|error: \d{3,5}", re.IGNORECASE)
DIGITS = re.compile(r"\d{3,5}")
PATIENCE = 5.0


@dataclass(frozen=True)
class Client:
    """A program and what it understands; `options` are its long options without dashes."""

    path: str
    version: str
    options: frozenset[str]

    @property
    def flavour(self) -> str:
        """Whose it is."""
        return "mariadb" if "mariadb" in self.version.lower() else "mysql"

    def accepted(self, *wanted: str) -> list[str]:
        """Keep the options that the program has, in its own family's spelling."""
        return [f"--{option}" for option in wanted if bare(option) in self.options]


def bare(option: str) -> str:
    """Strip an option to the name that the help lists it by."""
    name = option.split("=", maxsplit=1)[0]
    return name.removeprefix("skip-")


@cache
def probe(path: str) -> Client:
    """Ask a program for its version and its options."""
    version = subprocess.run([path, "--no-defaults", "--version"], capture_output=True, text=True, check=False).stdout
    words = subprocess.run([path, "--no-defaults", "--help", "--verbose"], capture_output=True, text=True, check=False)
    return Client(path, version.strip(), frozenset(OPTION.findall(words.stdout)))


def find(names: tuple[str, ...], where: str) -> Client:
    """Find a program under any of its names; ToolError with code `tool.missing` where there is none."""
    for name in names:
        path = shutil.which(name)
        if path:
            return probe(path)
    raise ToolError(
        where, f"{names[0]} is not on the PATH", "install mariadb-client or mysql-client", code="tool.missing"
    )


def tools() -> ClientTools:
    """Say which programs there are."""
    dump, load = (next((path for name in names if (path := shutil.which(name))), None) for names in (DUMPERS, LOADERS))
    dumper, loader = (probe(path) if path else None for path in (dump, load))
    return ClientTools(
        dump=dump,
        dump_version=dumper.version if dumper else "",
        dump_flavour=dumper.flavour if dumper else "",
        load=load,
        load_version=loader.version if loader else "",
        dump_sets=bool(dumper and "init-command" in dumper.options),
    )


@contextmanager
def option_file(client: Client, login: Login, folder: Path) -> Iterator[str]:
    """Write the login into a file that only we can read, and remove it afterwards; yields the option that names it."""
    descriptor, name = tempfile.mkstemp(prefix="client-", suffix=".cnf", dir=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(option_text(client, login))
        yield f"--defaults-file={name}"
    finally:
        Path(name).unlink(missing_ok=True)


def option_text(client: Client, login: Login) -> str:
    """The login as an option file, with the certificate and the host name verified; UsageError without certificates."""
    ca = str(login.ca or ssl.get_default_verify_paths().cafile or "")
    if not ca:
        raise UsageError("ssl_ca", "this system has no file of trusted certificates", "set RDSRESTORE_SSL_CA")
    verify = "ssl-verify-server-cert" if client.flavour == "mariadb" else "ssl-mode=VERIFY_IDENTITY"
    lines = [
        "[client]",
        "protocol=tcp",
        f"host={in_quotes(login.endpoint.host)}",
        f"port={login.endpoint.port}",
        f"user={in_quotes(login.user)}",
        f"password={in_quotes(login.password.reveal())}",
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


@contextmanager
def running(
    words: list[str], complaints: BinaryIO, stdin: int = subprocess.DEVNULL, stdout: int | BinaryIO = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a group of its own, and see that it is gone afterwards: wait, terminate, kill."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MYSQL_", "RDSRESTORE_"))}
    process = subprocess.Popen(
        words,
        stdin=stdin,
        stdout=stdout,
        stderr=complaints,
        env=environment | {"LC_ALL": "C.UTF-8", "TZ": "UTC"},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def failed(where: str, name: str, status: int, complaints: BinaryIO) -> ToolError:
    """Say how a program failed, without any row that it may have printed."""
    complaints.seek(0)
    said = [found[0] for found in ERROR_LINE.finditer(complaints.read(1 << 16).decode("utf-8", "replace"))]
    how = f"killed by signal {-status}" if status < 0 else f"exit status {status}"
    number = int(DIGITS.findall(said[-1])[0]) if said else 0
    meaning = MEANINGS.get(number, Meaning("tool.failed", "run the same command again"))
    detail = f": {said[-1]}" if said else ""
    return ToolError(where, f"{name} failed with {how}{detail}", meaning.hint, code=meaning.code, retryable=True)
