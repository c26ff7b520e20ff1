"""A server that this process starts and that must not outlive it, however it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def start(words: Sequence[str], environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a program that hears and says nothing; the kernel ends it when this thread's process is gone (Linux).

    OSError where it can't be started.
    """
    parent = os.getpid()
    return subprocess.Popen(
        list(words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=None if environment is None else dict(environment),
        preexec_fn=lambda: die_with(parent),  # noqa: PLW1509 - nothing here holds a lock across the fork
    )


def die_with(parent: int) -> None:
    """Ask the kernel to end this process when its parent is gone, which it may be already."""
    if not hasattr(LIBC, "prctl"):
        return
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
