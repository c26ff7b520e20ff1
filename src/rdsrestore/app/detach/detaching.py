"""Leave the terminal: the run goes on in a process, a session and on a terminal of its own.

What the command was called as becomes a terminal that shows the run, like any that attaches later: there is one way to
see it and to answer it, and the run's screen and questions are what they are without all this. Passwords have been
asked for by then.
"""

from __future__ import annotations

import os
import pty
import signal
import sys
import termios
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from rdsrestore.app.detach.keeper import TERMINAL, keep, listen
from rdsrestore.domain.errors import Refused, UsageError
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.request.request import Request
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.run.interrupts import SIGNALS

if TYPE_CHECKING:
    from rdsrestore.app.context import Context

THREADS_END = 10.0
"""Seconds in which what was only looked at has to be left."""
LOOK = 0.05


def can_detach(context: Context) -> bool:
    """Whether a run of this command could outlive its terminal."""
    asked = context.prompts is not None and not context.prompts.unattended
    return asked and context.stream is None and not context.settings.executor


def refuse_undetachable(context: Context) -> None:
    """Refuse `--detach` where it can't be done; UsageError says why."""
    if not context.settings.detach or can_detach(context):
        return
    if context.settings.executor:
        raise UsageError("--detach", "goes without --executor", "use one of them")
    if context.stream:
        raise UsageError("--detach", "shows a terminal, and --json is for programs", "use one of them")
    raise UsageError("--detach", "there is no terminal to leave", "leave it out: nothing here ends with a terminal")


def own_terminal(run: RunId, request: Request, context: Context, *, detached: bool) -> StoredRun | None:
    """Make the folder of a run that leaves its terminal, or whose process has left it before; None of any other.

    Raises as `detach`.
    """
    left = context.prompts is not None and context.prompts.unattended
    if not (detached or left):
        return None
    stored = context.runs.create(run)
    if not left:
        detach(stored, context)
    elif request.instance_of:
        share(stored, request.instance_of)
    return stored


def detach(stored: StoredRun, context: Context) -> None:
    """Return in the run's own process, on its own terminal; the process that was called shows it and never returns.

    Refused where another thread is at work: it would not come along.
    """
    settle()
    try:
        listener = listen(stored.folder)
    except OSError as error:
        raise Refused("--detach", f"no socket in {stored.folder}: {error.strerror}", "leave --detach out") from error
    size = termios.tcgetwinsize(sys.stdout.fileno())
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork():
        show(stored, context)
    os.setsid()
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    run, master = pty.fork()
    if run:
        code = ExitCode.BUG
        with suppress(BaseException):
            keep(run, master, listener, stored.folder.absolute())
            code = ExitCode.OK
        os._exit(code)
    listener.close()
    termios.tcsetwinsize(sys.stdout.fileno(), size)
    if context.prompts:
        context.prompts.unattended = True


def settle() -> None:
    """Wait until this is the only thread; Refused where it does not become that."""
    until = time.monotonic() + THREADS_END
    while others := [each.name for each in threading.enumerate() if each is not threading.main_thread()]:
        if time.monotonic() > until:
            raise Refused("--detach", f"something is still waited for ({', '.join(others)})", "try again")
        time.sleep(LOOK)


def show(stored: StoredRun, context: Context) -> NoReturn:
    """Become the command that shows the run; nothing of this process is left, no secret and no connection."""
    words = [sys.executable, "-P", "-m", "rdsrestore", "attach", stored.id.value]
    home = str(context.settings.home.absolute())
    os.execve(sys.executable, words, os.environ | {"RDSRESTORE_HOME": home})  # noqa: S606


def share(stored: StoredRun, first: str) -> None:
    """Let a second run of a process that has left its terminal be reached by that of the first."""
    with suppress(OSError):
        (stored.folder / TERMINAL).symlink_to(f"../{first}/{TERMINAL}")
