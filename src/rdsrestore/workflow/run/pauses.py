"""USR1 holds the load, USR2 lets it go on: both by the file that any other process may make and remove too."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self


class Pauses:
    """Listens between enter and exit, and puts the former handlers back."""

    def __init__(self, flag: Path) -> None:
        self._flag = flag
        self._former: dict[signal.Signals, signal._HANDLER] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            self._former[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(OSError):
            if number == signal.SIGUSR1:
                self._flag.touch(mode=0o600)
            else:
                self._flag.unlink(missing_ok=True)
