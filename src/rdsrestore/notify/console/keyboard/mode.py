"""The terminal's mode while single keys are read, and how it is put back whatever ends that."""

from __future__ import annotations

import os
import signal
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

DRAWN = b"\r\x1b[J\x1b[?2004l\x1b[?7h\x1b[?25h"
"""Ends what was being drawn: erase to the end, no bracketed paste, lines wrap, the cursor is seen (xterm, ECMA-48)."""
DEADLY = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def put_back(keyboard: int, screen: int) -> Iterator[None]:
    """Leave the terminal as it was found, also where a signal ends the process meanwhile; for the main thread."""
    former = termios.tcgetattr(keyboard)

    def end(number: int, _frame: FrameType | None) -> None:
        with suppress(OSError, termios.error):  # a terminal that is gone needs nothing
            termios.tcsetattr(keyboard, termios.TCSANOW, former)
            os.write(screen, DRAWN)
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    handlers = {each: signal.signal(each, end) for each in DEADLY if signal.getsignal(each) is signal.SIG_DFL}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        with suppress(termios.error):
            termios.tcsetattr(keyboard, termios.TCSADRAIN, former)
