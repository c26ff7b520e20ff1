"""A program that leads to servers for as long as this process lives, and no longer."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from rdsrestore.domain.deadlines import USUAL

GUARD = """
trap '' HUP INT QUIT
folder=$1; signal=$2; shift 2
exec 3<&0 </dev/null
"$@" 3<&- & child=$!
( read -r _ <&3; kill -"$signal" "$child"; sleep 5; kill -9 "$child" ) >/dev/null 2>&1 & watch=$!
exec 3<&-
wait "$child"; status=$?
kill -9 "$watch" 2>/dev/null
rm -rf -- "$folder"
exit "$status"
"""
"""Ends the program and removes its folder once we are gone, killed or not: the pipe that it reads from ends with us.

Ctrl-C is ours to answer: what is left on the servers is still to be removed through it.
"""
SHORT = 40
"""Bytes of a folder's path below which programs can make their sockets in it: the system takes about a hundred."""
MOST = 1 << 16


def private(name: str) -> Path:
    """Make a folder that nobody else may enter, for a program of that name."""
    short = len(tempfile.gettempdir()) <= SHORT
    return Path(tempfile.mkdtemp(prefix=f"rdsrestore-{name}-", dir=None if short else "/tmp"))  # noqa: S108


class Guarded:
    """A program at work, with a folder of its own that goes with it; OSError where it can't be started.

    `signal` ends it. With `apart` it has no terminal, and hears of no Ctrl-C there; what it prints is kept as well.
    """

    def __init__(
        self,
        words: Sequence[str],
        folder: Path,
        *,
        signal: str = "TERM",
        environment: Mapping[str, str] | None = None,
        apart: bool = False,
    ) -> None:
        self.folder = folder
        self._complaints: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the program
        try:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", GUARD, "sh", str(folder), signal, *words],
                stdin=subprocess.PIPE,
                stdout=self._complaints if apart else subprocess.DEVNULL,
                stderr=self._complaints,
                env=None if environment is None else dict(environment),
                start_new_session=apart,
            )
        except OSError:
            self._complaints.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise

    @property
    def ended(self) -> int | None:
        """The exit status; None while it is at work."""
        return self._process.poll()

    def said(self) -> str:
        """Read what it has said so far."""
        if self._complaints.closed:
            return ""
        return os.pread(self._complaints.fileno(), MOST, 0).decode("utf-8", "replace")  # it goes on writing at the end

    def end(self) -> None:
        """End it, quietly."""
        if self._process.stdin:
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2 * USUAL.program_ends)  # its guard kills it after the half of that
        self._complaints.close()


def last(said: str) -> str:
    """Take the last line of what a program said, fit for a line of ours."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return "".join(sign if sign.isprintable() else " " for sign in lines[-1])[:200] if lines else ""
