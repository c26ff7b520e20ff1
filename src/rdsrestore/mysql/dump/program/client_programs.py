"""The dump program: which there is, what it understands, how it is run, and what it says when it fails."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import BinaryIO

from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import ToolError
from rdsrestore.domain.tables.server import ClientTools
from rdsrestore.mysql.dump.program.option_file import environment
from rdsrestore.mysql.session.errors import MEANINGS, Meaning, meaning_of
from rdsrestore.mysql.session.login.connection import Login

DUMPERS = ("mysqldump", "mariadb-dump")
INSTALL = "install mariadb-client or mysql-client"
ANOTHER = "put another dump program first on the PATH: mariadb-client, or mysql-client of the server's own version"
OPTION = re.compile(r"^\s+(?:-\w, )?--([a-z][a-z0-9-]+)", re.MULTILINE)
NUMBERED = (
    re.compile(r"\berror:?\s+(?P<number>\d{3,5})(?: \(\w{5}\))?:?\s*(?P<words>.*)", re.IGNORECASE),
    re.compile(r"': (?P<words>.*) \((?P<number>\d{4,5})\)\s*$"),
)
"""How a dump program gives a server's error: `Got error: 2026: …`, `Couldn't execute '…': … (1142)`."""
ITS_OWN = range(2000, 3000)
"""Numbers of a client's own errors (manual, "Client Error Message Reference"): they speak of no row."""
FULL = re.compile(rf"\berrno:? {errno.ENOSPC}\b")
"""How a dump program says that a disk is full: `Got errno 28 on write`."""
DENIED = "db.denied"
PLUGINS = frozenset({1251, 2059, 2061})
OTHER = Meaning("tool.failed", "run the same command again")
NO_ROOM = Meaning(
    "dump.unwritten", "free some space, or set RDSRESTORE_HOME to another disk, then run the same command"
)
SHOWN = 300
"""Characters of a program's words."""


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
    """Ask a program for its version and its options; ToolError where it can't be run or does not answer."""
    version = asked(path, "--version").strip()
    return Client(path, version, frozenset(OPTION.findall(asked(path, "--help", "--verbose"))))


def asked(path: str, *words: str) -> str:
    """Run a program that only prints."""
    try:
        return subprocess.run(
            [path, "--no-defaults", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=USUAL.program_words,
            env=environment(),
        ).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise unusable(path, error) from error


def unusable(path: str, error: OSError | subprocess.TimeoutExpired) -> ToolError:
    """Say that a program can't be run at all."""
    why = (error.strerror or str(error)) if isinstance(error, OSError) else f"no answer within {error.timeout:.0f} s"
    hint = "give a shorter --where" if isinstance(error, OSError) and error.errno == errno.E2BIG else INSTALL
    return ToolError("dump", f"{path} can't be run: {why}", hint, code="tool.failed")


def find() -> Client:
    """Find the dump program under any of its names; ToolError with code `tool.missing` where there is none."""
    for name in DUMPERS:
        path = shutil.which(name)
        if path:
            return probe(path)
    raise ToolError("dump", f"{DUMPERS[0]} is not on the PATH", INSTALL, code="tool.missing")


def tools() -> ClientTools:
    """Say which program there is, by its name alone where it does not say what it is."""
    path = next((path for name in DUMPERS if (path := shutil.which(name))), None)
    if path is None:
        return ClientTools(None)
    try:
        client = probe(path)
    except ToolError:
        return ClientTools(path)
    return ClientTools(path, dump_sets="init-command" in client.options)


@contextmanager
def running(
    words: list[str], complaints: BinaryIO, stdout: int | BinaryIO = subprocess.DEVNULL, descriptors: Sequence[int] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a group of its own, and see that all of that is gone afterwards: wait, terminate, kill."""
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=complaints,
            env=environment(),
            pass_fds=descriptors,
            start_new_session=True,
        )
    except OSError as error:
        raise unusable(words[0], error) from error
    try:
        yield process
    finally:
        if process.poll() is None:
            signal_all(process, signal.SIGTERM)
            try:
                process.wait(USUAL.program_ends)
            except subprocess.TimeoutExpired:
                signal_all(process, signal.SIGKILL)
                with contextlib.suppress(subprocess.TimeoutExpired):  # the system itself may wait for a disk
                    process.wait(USUAL.program_ends)


def signal_all(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal a program's whole group: what is found on the PATH may be a script that runs the program as its child."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def with_renewed(login: Login, act: Callable[[Login], None]) -> None:
    """Have a program do something; once more where the password was changed meanwhile, with the one of now."""
    try:
        act(login)
    except ToolError as error:
        fresh = login.renewed(login.password) if error.code == DENIED else None
        if fresh is None:
            raise
        act(replace(login, password=fresh))


def failed(where: str, name: str, status: int, complaints: BinaryIO) -> ToolError:
    """Say how a program failed, without any row that it may have printed."""
    complaints.seek(0)
    number, words = complaint(complaints.read(1 << 16).decode("utf-8", "replace"))
    how = f"killed by signal {-status}" if status < 0 else f"exit status {status}"
    meaning = meaning_of(number, words) if number in MEANINGS and status >= 0 else OTHER
    if FULL.search(words):
        meaning = NO_ROOM
    if number in PLUGINS:
        meaning = replace(meaning, hint=ANOTHER)
    detail = f": {words}" if words else ""
    return ToolError(where, f"{name} failed with {how}{detail}", meaning.hint, code=meaning.code, retryable=True)


def complaint(text: str) -> tuple[int, str]:
    """Find in what a program said why it failed: the server's number, 0 for none, and the words that hold no row."""
    lines = [each.strip() for each in text.splitlines() if each.strip()]
    for line in reversed(lines):
        found = next((match for form in NUMBERED if (match := form.search(line))), None)
        if found:
            number = int(found["number"])
            plain = number in MEANINGS or number in ITS_OWN
            return number, shown(f"error {number}" + (f": {found['words']}" if plain else ""))
    said = [line for line in lines if "warning" not in line.lower()] or lines
    return 0, shown("; ".join(said))


def shown(words: str) -> str:
    """Make a program's words fit for a line."""
    line = "".join(sign if sign.isprintable() else " " for sign in words)
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"
