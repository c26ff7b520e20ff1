"""An instance that a run has kept: where nothing in AWS deletes it in time, this process stays and does."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rdsrestore.app.cleanup.one_run import clean
from rdsrestore.app.context import Context
from rdsrestore.domain.errors import JournalError
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.request.request import Request
from rdsrestore.store.runs import StoredRun
from rdsrestore.workflow.run.interrupts import SIGNALS

LOOK = 1.0
"""Seconds between two looks at the clock, and at whether somebody else has removed it."""


def look_after(stored: StoredRun, request: Request, context: Context, ended: ExitCode) -> ExitCode:
    """Delete what the run has kept when its time is up or at a signal; at once back where AWS does it, or none is kept.

    Returns the run's own exit code, or that of a cleanup that left something. Nothing is locked meanwhile: another
    process may use the instance, and is waited for, or remove it.
    """
    found = stored.ending()
    if found is None or found.kept_until is None or request.switch_role:
        return ended
    until = found.kept_until
    context.screen.print(
        f"staying here until {until:%Y-%m-%d %H:%M:%S} UTC to delete it; Ctrl-C deletes it at once,"
        f" as does rdsrestore cleanup {stored.id}",
        soft_wrap=True,
    )
    with stopping() as stopped:
        while stored.cut_off() and datetime.now(UTC) < until and not stopped.wait(LOOK):
            pass
        while stored.cut_off() and not stored.idle():
            time.sleep(LOOK)
        if not stored.cut_off():
            return ended
        try:  # a second signal before the cleanup listens itself is none that leaves the instance behind
            code = clean(stored.id.value, context)
        except JournalError as error:
            if error.code != "run.locked":
                raise
            return look_after(stored, request, context, ended)
    return code if code is ExitCode.CLEANUP_INCOMPLETE else ended


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Set an event at INT, TERM or HUP until the context ends."""
    stopped = threading.Event()
    former = {number: signal.signal(number, lambda *_: stopped.set()) for number in SIGNALS}
    try:
        yield stopped
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
