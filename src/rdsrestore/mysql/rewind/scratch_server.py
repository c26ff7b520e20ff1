"""A server of our own on this machine, for as long as a context: nobody else reaches it, and it does not outlive us.

It answers at a file alone, in a folder that only we can read. MariaDB's begins on an empty folder when no account is
asked for; MySQL's has to lay its own tables out first.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rdsrestore.child_process import start
from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import ToolError, UsageError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.dump.program.client_programs import asked
from rdsrestore.mysql.dump.program.option_file import environment
from rdsrestore.mysql.session.login.connection import Login

NAMES = {"mariadb": ("mariadbd", "mysqld"), "mysql": ("mysqld",)}
PACKAGE = {"mariadb": "mariadb-server-core", "mysql": "mysql-server-core"}
ELSEWHERE = "/usr/sbin:/usr/local/sbin:/usr/libexec:/usr/local/libexec"
"""Where servers lie that are on nobody's PATH."""
NUMBER = re.compile(r"(\d+)\.(\d+)\.(\d+)")
BACKUP = "or use --rows-from backup"
LONGEST = 100
"""Bytes of a socket's path that every system takes."""
READY_WITHIN = 180.0
"""Seconds; a busy disk takes long over a new data directory."""
ENDS_WITHIN = 10.0
OFTEN = 0.02
OPTIONS = (
    "--skip-networking",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--performance-schema=OFF",
    "--event-scheduler=OFF",
    "--max-allowed-packet=1G",
    "--default-time-zone=+00:00",
    "--character-set-server=utf8mb4",
    "--innodb-strict-mode=OFF",
    "--innodb-buffer-pool-size=256M",
    "--innodb-flush-method=nosync",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=OFF",
)
"""It need not outlive a loss of power."""
OWN = {
    "mariadb": ("--skip-grant-tables", "--innodb-log-file-size=64M"),
    "mysql": ("--innodb-redo-log-capacity=64M", "--mysqlx=OFF", "--secure-file-priv=", "--gtid-mode=OFF"),
}


@dataclass(frozen=True)
class ServerProgram:
    """A server's program: where it is, of which family, and its version."""

    path: str
    flavour: str
    version: tuple[int, ...]


def server_program(flavour: str, version: str) -> ServerProgram:
    """Find a server of a family that is no older than a version; ToolError (`tool.missing`, `tool.older`)."""
    found = [each for each in candidates(flavour) if each.flavour == flavour]
    install = f"install {PACKAGE[flavour]}, whose server need not run, {BACKUP}"
    if not found:
        what = f"{NAMES[flavour][0]} is not on this machine, and the rows of a binlog need a server to be played on"
        raise ToolError("--rows-from", what, install, code="tool.missing")
    wanted = numbers(version)[:2]
    fitting = next((each for each in found if each.version[:2] >= wanted), None)
    if fitting is None:
        what = f"{found[0].path} is older than production's {version}, and may not understand its binlog"
        raise ToolError("--rows-from", what, f"put a newer one first on the PATH, {BACKUP}", code="tool.older")
    return fitting


def candidates(flavour: str) -> Iterator[ServerProgram]:
    """Find the programs that a family's server may be."""
    path = f"{os.environ.get('PATH', '')}:{ELSEWHERE}"
    for name in NAMES[flavour]:
        if found := shutil.which(name, path=path):
            said = asked(found, "--version")
            yield ServerProgram(found, "mariadb" if "mariadb" in said.lower() else "mysql", numbers(said))


def numbers(text: str) -> tuple[int, ...]:
    """Read a version."""
    found = NUMBER.search(text)
    return tuple(map(int, found.groups())) if found else ()


@contextmanager
def scratch_server(program: ServerProgram, folder: Path, names: int) -> Iterator[Login]:
    """Start a server in a folder, with production's way with tables' `names`, and end it; ToolError where it fails."""
    file = folder / "s"
    if len(os.fsencode(file)) > LONGEST:
        raise UsageError("TMPDIR", "its path is too long for a server's socket", "set TMPDIR to a shorter one")
    data = folder / "data"
    words = [program.path, "--no-defaults", f"--datadir={data}", f"--tmpdir={folder}", f"--log-error={folder}/log.err"]
    words += [*OPTIONS, *OWN[program.flavour], f"--lower-case-table-names={names}"]
    words += ["--user=root"] if os.geteuid() == 0 else []
    data.mkdir(mode=0o700)
    if program.flavour == "mysql":
        run_to_end([*words, "--initialize-insecure"], folder)
    process = started([*words, f"--socket={file}", f"--pid-file={folder}/pid"])
    try:
        await_answer(process, file, folder)
        yield Login(Endpoint("localhost", 0), "root", Secret(""), None, socket=file)
    finally:
        end(process)


def started(words: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a program; ToolError where it can't be."""
    try:
        return start(words, environment())
    except (OSError, subprocess.SubprocessError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ToolError("--rows-from", f"{words[0]} can't be run: {why}", f"look at it, {BACKUP}") from error


def run_to_end(words: Sequence[str], folder: Path) -> None:
    """Run a program that ends by itself; ToolError where it fails or does not."""
    process = started(words)
    try:
        if process.wait(READY_WITHIN):
            raise failed(folder, f"could make no data directory (exit status {process.returncode})")
    except subprocess.TimeoutExpired as error:
        raise failed(folder, f"made no data directory within {READY_WITHIN:.0f} s") from error
    finally:
        end(process)


def await_answer(process: subprocess.Popen[bytes], file: Path, folder: Path, within: float = READY_WITHIN) -> None:
    """Wait until a server takes connections."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise failed(folder, f"ended at once (exit status {process.returncode})")
        with socket.socket(socket.AF_UNIX) as knocking:
            if knocking.connect_ex(str(file)) == 0:
                return
        time.sleep(OFTEN)
    raise failed(folder, f"gave no answer within {within:.0f} s")


def failed(folder: Path, what: str) -> ToolError:
    """Say why there is no server, in its own last words; no row was given to it yet."""
    log = folder / "log.err"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    said = next((line for line in reversed(lines) if "ERROR" in line), "")
    what = f"the scratch server {what}{f': {said[-200:]}' if said else ''}"
    return ToolError("--rows-from", what, f"free some disk or memory if that is short, {BACKUP}", code="tool.failed")


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server whose files nobody needs any more."""
    if process.poll() is None:
        process.kill()
        process.wait(max(ENDS_WITHIN, USUAL.program_ends))
