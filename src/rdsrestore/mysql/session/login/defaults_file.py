"""User and password of an option file as the servers' own programs read it: only where the file is named."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.secret import Secret

PROGRAM = "my_print_defaults"
GROUP = "client"
SHOWING = "--show"
"""MySQL's program masks passwords without it (manual, "my_print_defaults"); MariaDB's never does, and lacks it."""
WHERE = "defaults_file"


def read(file: Path) -> tuple[str | None, Secret | None]:
    """Read user and password of the group [client], with the programs' own quoting and escapes.

    UsageError where the file can't be read, is open to others, or there is no program that reads it.
    """
    try:
        with file.open("rb") as opened:
            shared = os.fstat(opened.fileno()).st_mode & 0o077
    except OSError as error:
        raise UsageError(WHERE, f"{file} can't be read: {error.strerror}", "name a readable file") from error
    if shared:
        raise UsageError(WHERE, f"{file} is open to others (mode {shared:03o})", f"chmod 600 {file}")
    program = shutil.which(PROGRAM)
    if program is None:
        raise UsageError(WHERE, f"{PROGRAM}, which reads it, is not on the PATH", "set RDSRESTORE_PASSWORD instead")
    options = dict(line.removeprefix("--").partition("=")[::2] for line in printed(program, file))
    user, password = options.get("user"), options.get("password")
    if not (user or password):
        raise UsageError(WHERE, f"{file} has neither user nor password in a group [{GROUP}]", "write them into it")
    return user or None, Secret(password) if password else None


def printed(program: str, file: Path) -> list[str]:
    """Have the program print the group's options, one a line; UsageError with its words where it can't."""
    show = [SHOWING] if SHOWING in run(program, "--help").stdout else []
    ended = run(program, f"--defaults-file={file.resolve()}", *show, GROUP)
    if ended.returncode:
        words = (ended.stderr.strip().splitlines() or ["it says nothing"])[0]
        raise UsageError(WHERE, f"{PROGRAM} can't read {file}: {words}", "mend the file")
    return ended.stdout.splitlines()


def run(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program, with nothing in its environment that leads it to another file."""
    try:
        return subprocess.run(
            [program, *words],
            env={
                "PATH": os.environ.get("PATH", ""),
                "MYSQL_TEST_LOGIN_FILE": f"{os.devnull}/none",
                "LC_ALL": "C.UTF-8",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=USUAL.program_words,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        raise UsageError(
            WHERE, f"{PROGRAM} can't be run on it: {type(error).__name__}", "set RDSRESTORE_PASSWORD"
        ) from error
