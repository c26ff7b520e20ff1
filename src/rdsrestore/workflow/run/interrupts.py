"""Signals: the first ends the steps, the next one the cleaning up as well."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from types import FrameType, TracebackType
from typing import Self

from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import Interrupted
from rdsrestore.domain.outcome.exit_code import ExitCode

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BOUNCE = 0.5
"""Seconds within which a second signal is the first one still: a key that is held, or a parent that passes it on."""
GRACE = 10.0
"""Seconds that steps have to end after a signal, before what they wait for is cut off."""
LOOK = 0.2
"""Seconds between two looks at whether they have."""


class Stop(BaseException):
    """Raised by a signal; no library that catches Exception can swallow it on its way to the runner."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.error = Interrupted(number, signal.Signals(number).name)


class Leave(BaseException):
    """Raised by a second signal: nothing is waited for any more."""


class Heard(Enum):
    """What a signal means: the steps end, the cleaning up goes on, or it ends too."""

    STOPPING = auto()
    WAITING = auto()
    LEAVING = auto()


class Interrupts:
    """Catches INT, TERM and HUP between enter and exit, and puts the former handlers back on every path.

    The first signal raises Stop in the main thread and shelters everything after it. A second INT or TERM ends what
    `unless_left` does, and one after that the process itself. `answer` is told what each signal means.
    """

    def __init__(self, answer: Callable[[Heard], None]) -> None:
        self.error: Interrupted | None = None
        """The signal that ended the steps, where one has."""
        self.left = False
        """Whether the operator would not wait any longer."""
        self._answer = answer
        self._sheltered = self._leavable = False
        self._heard: float | None = None
        self._former: dict[signal.Signals, signal._HANDLER] = {}

    def shelter(self) -> None:
        """From here on no signal raises, but for Leave in `unless_left`."""
        self._sheltered, self._leavable = True, False

    def unless_left(self, work: Callable[[], None]) -> None:
        """Do something that a second signal ends at once; nothing where it has come already."""
        if self.left:
            return
        self._leavable = True
        with suppress(Leave):
            work()
        self._leavable = False

    @contextmanager
    def bounded(self, let_go: Callable[[], None]) -> Iterator[None]:
        """Call `let_go`, from another thread, where a signal has not ended the context after `GRACE` seconds."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(LOOK):
                if self.error and self._heard and time.monotonic() - self._heard > GRACE:
                    let_go()
                    return

        watcher = threading.Thread(target=watch, name="signals", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join(USUAL.thread)

    def __enter__(self) -> Self:
        for number in SIGNALS:
            self._former[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        again = self._heard is not None and now - self._heard > BOUNCE and number != signal.SIGHUP
        self._heard = now
        if not self._sheltered:
            self._sheltered = self._leavable = True
            stop = Stop(number)
            self.error = stop.error
            self._answer(Heard.STOPPING)
            raise stop
        if not again:
            self._answer(Heard.WAITING)
        elif self.left:
            os._exit(ExitCode.CLEANUP_INCOMPLETE)  # what should have ended at the signal before did not
        else:
            self.left = True
            self._answer(Heard.LEAVING)
            if self._leavable:
                self._leavable = False
                raise Leave
