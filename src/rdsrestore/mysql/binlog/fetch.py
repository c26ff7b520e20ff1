"""Brings a binlog file here, byte for byte, with the program of the server's own family.

Never decoded on the way: a program that turns or filters events of another server loses rows without a word.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import ToolError
from rdsrestore.domain.incident import KeptFile
from rdsrestore.mysql.binlog.log_events import torn
from rdsrestore.mysql.dump.program.client_programs import DENIED, Client, failed, probe, running, with_renewed
from rdsrestore.mysql.dump.program.option_file import option_file
from rdsrestore.mysql.session.errors import MEANINGS
from rdsrestore.mysql.session.login.connection import Login

PROGRAMS = ("mariadb-binlog", "mysqlbinlog")
PREFIX = "rdsrestore-binlog-"
LOCK = "lock"
BEGUN = re.compile(rb"^#(\d{6})\s+(\d{1,2}:\d\d:\d\d) server id", re.MULTILINE)
"""How both programs say when an event was written, here in UTC."""
FIRST_EVENT = 4
OLDER = "unrecognized MariaDB version"
"""What a program says that is older than its server: MariaDB's of 10 to a server of 11."""
REFUSED, ACCESS_DENIED = "Access denied for user", 1045
"""What both programs say where they are not let in, without the error's number."""
OFTEN = 0.1
"""Seconds between two looks at a program."""
PACKAGE = {"mariadb": "mariadb-client", "mysql": "mysql-client"}


def program(flavour: str) -> Client:
    """Find the program of a server's family; ToolError with code `tool.missing` where there is none."""
    for name in PROGRAMS:
        path = shutil.which(name)
        if path and (found := probe(path)).flavour == flavour:
            return found
    name = PROGRAMS[flavour == "mysql"]
    what = f"{name} of the server's own family is not on the PATH"
    raise ToolError("find", what, f"install {PACKAGE[flavour]}", code="tool.missing")


@contextmanager
def folder() -> Iterator[Path]:
    """Make a folder that only we can read, locked as long as we live, and remove it: its files hold rows.

    One that was swept before it was locked is made again.
    """
    sweep()
    there = False
    while not there:
        with (
            tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as made,
            (Path(made) / LOCK).open("wb") as lock,
        ):
            fcntl.flock(lock, fcntl.LOCK_EX)
            there = os.fstat(lock.fileno()).st_nlink > 0
            if there:
                yield Path(made)


def sweep() -> None:
    """Remove the folders of processes that were killed."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError), (left / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left)


def begun(login: Login, client: Client, file: KeptFile) -> datetime:
    """Read when a file was begun, from its first event alone."""
    with tempfile.TemporaryFile() as words, tempfile.TemporaryFile() as complaints:
        options = [f"--stop-position={FIRST_EVENT + 1}", file.name]
        run(login, client, options, complaints, words, lambda: words.seek(0, 2))
        words.seek(0)
        found = BEGUN.search(words.read(1 << 16))
    if not found:
        raise torn(file.name, FIRST_EVENT, "it does not say when it was begun")
    text = f"{found[1].decode()} {found[2].decode()}"
    return datetime.strptime(text, "%y%m%d %H:%M:%S").replace(tzinfo=UTC)


def fetch(login: Login, client: Client, file: KeptFile, into: Path) -> Path:
    """Fetch a file whole; ToolError with code `binlog.torn` where less of it came than the server has."""
    path = into / file.name
    bring(login, client, file, into, lambda: path.stat().st_size if path.exists() else 0)
    size = path.stat().st_size if path.exists() else 0
    if size < file.size:
        raise torn(file.name, size, f"{file.size:,} bytes of it are on the server")
    return path


def bring(login: Login, client: Client, file: KeptFile, into: Path, size: Callable[[], int]) -> None:
    """Have the program write a file, or into a pipe of its name; `size` says how much has come."""
    with tempfile.TemporaryFile() as complaints:
        run(login, client, ["--raw", f"--result-file={into}/", file.name], complaints, None, size)


def run(
    login: Login,
    client: Client,
    options: list[str],
    complaints: BinaryIO,
    stdout: BinaryIO | None,
    size: Callable[[], int],
) -> None:
    """Run the program to its end; ToolError where it fails, or gets nothing more until the deadline.

    It logs in once more where the password was changed meanwhile: a login that is refused has brought nothing.
    """

    def once(now: Login) -> None:
        complaints.seek(0)
        complaints.truncate()
        run_once(now, client, options, complaints, stdout, size)

    with_renewed(login, once)


def run_once(
    login: Login,
    client: Client,
    options: list[str],
    complaints: BinaryIO,
    stdout: BinaryIO | None,
    size: Callable[[], int],
) -> None:
    """Run it with this very password."""
    with option_file(login, client.flavour) as found:
        words = [client.path, found.option, "--read-from-remote-server", "--verify-binlog-checksum", *options]
        with running(words, complaints, stdout or subprocess.DEVNULL, found.descriptors) as process:
            seen, heard = -1, time.monotonic()
            while process.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(OFTEN)
                if (now := size()) != seen:
                    seen, heard = now, time.monotonic()
                elif time.monotonic() - heard > USUAL.silence:
                    what = f"{login.endpoint} sent nothing of its binlog for {USUAL.silence:.0f} s"
                    raise ToolError("find", what, "run the same command again once it answers", code="tool.silent")
    if process.returncode:
        error = failed("find", Path(client.path).name, process.returncode, complaints)
        if REFUSED in error.what:
            raise ToolError("find", error.what, MEANINGS[ACCESS_DENIED].hint, code=DENIED) from error
        if OLDER in error.what:
            what = f"{client.path} is older than the server, and does not read what it sends"
            hint = f"install a {PACKAGE[client.flavour]} as new as the server, or put its program first on the PATH"
            raise ToolError("find", what, hint, code="tool.older") from error
        raise error
