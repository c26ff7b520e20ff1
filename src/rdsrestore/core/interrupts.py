"""Signals as one exception while there is something to stop, and as a remark while cleaning up."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from rdsrestore.core.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop(BaseException):
    """Raised by a signal; no library that catches Exception can swallow it on its way to the runner."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.error = Interrupted(number, signal.Signals(number).name)


class Interrupts:
    """Catches INT, TERM and HUP between enter and exit, and puts the former handlers back on every path.

    The first signal raises Stop in the main thread and shelters everything after it; under shelter a signal only
    calls `remark`.
    """

    def __init__(self, remark: Callable[[], None]) -> None:
        self._remark = remark
        self._sheltered = False
        self._former: dict[signal.Signals, signal._HANDLER] = {}

    def shelter(self) -> None:
        """From here on no signal raises."""
        self._sheltered = True

    def __enter__(self) -> Self:
        for number in SIGNALS:
            self._former[number] = signal.signal(number, self._hear)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if self._sheltered:
            self._remark()
            return
        self._sheltered = True
        raise Stop(number)
