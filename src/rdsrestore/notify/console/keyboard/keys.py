"""Single keys while something works: each is heard at once and shown nowhere, until something is asked.

The terminal is in its usual mode whenever a question is open, while the process is stopped (Ctrl-Z), and at the end.
Ctrl-C and Ctrl-Z stay the signals that they are.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import termios
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

TICK = 0.2
"""Seconds between two looks at whether the terminal is ours."""
MOST = 1024
ESCAPE = b"\x1b"
LOCAL, CHARACTERS = 3, 6
"""Where `termios.tcgetattr` has the local modes and the control characters."""


class Keys:
    """Hears keys between enter and exit, in a thread of its own; nothing where the terminal is not this process's."""

    def __init__(self, keyboard: int, acts: Mapping[str, Callable[[], None]]) -> None:
        """Hear the keys of `acts`, each of which does what it is there for."""
        self._keyboard = keyboard
        self._acts = {key.encode(): act for key, act in acts.items()}
        self._usual: list[Any] | None = None
        """The terminal's usual mode, while it has another."""
        self._lock = threading.RLock()
        self._reader: threading.Thread | None = None
        self._wake = socket.socketpair()
        """What is sent through it ends the reader's wait: whoever asks does not wait for it."""
        self._over = threading.Event()
        self._deaf = False
        self._former: signal._HANDLER = signal.SIG_DFL

    def __enter__(self) -> None:
        """Begin to hear; for the main thread."""
        self._former = signal.signal(signal.SIGTSTP, self._stopped)
        self._begin()

    def __exit__(self, *_how: object) -> None:
        """Hear nothing any more."""
        self._end()
        signal.signal(signal.SIGTSTP, self._former)
        for each in self._wake:
            each.close()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Hear nothing for as long as somebody else reads."""
        self._end()
        try:
            yield
        finally:
            self._begin()

    def deaf(self) -> None:
        """Hear nothing any more, and put the terminal back at once; what a signal may do."""
        self._deaf = True
        self._over.set()
        self._give_back()

    def _begin(self) -> None:
        if self._deaf or not self._ours():
            return
        self._over = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self._over,), name="keys", daemon=True)
        self._reader.start()

    def _end(self) -> None:
        self._over.set()
        self._give_back()
        if self._reader:
            self._wake[1].send(b".")
            self._reader.join()
            self._reader = None
            self._wake[0].recv(1)
        self._give_back()  # it may have been about to take it

    def _read(self, over: threading.Event) -> None:
        while not over.is_set():
            try:
                taken = self._take(over)
                readers: list[int | socket.socket] = [self._keyboard, self._wake[0]] if taken else [self._wake[0]]
                ready = select.select(readers, [], [], TICK)[0]
                if self._keyboard in ready and self._ours() and not over.is_set():
                    self._heard(os.read(self._keyboard, MOST))
            except (OSError, termios.error):  # the terminal is gone
                return

    def _heard(self, typed: bytes) -> None:
        """Do what one key is there for, held down or not; pasted words and keys of several bytes are nobody's."""
        if not typed:
            raise OSError("the terminal is gone")
        if len(set(typed)) == 1 and (act := self._acts.get(typed[:1])):
            act()

    def _ours(self) -> bool:
        """Whether this process is in the terminal's foreground: else to read would stop it (termios(3))."""
        try:
            return os.tcgetpgrp(self._keyboard) == os.getpgrp()
        except OSError:
            return False

    def _take(self, over: threading.Event) -> bool:
        """Have each key as it is pressed, and not shown."""
        with self._lock:
            if over.is_set() or not self._ours():
                return False
            if self._usual is None:
                usual = termios.tcgetattr(self._keyboard)
                mode = [*usual[:CHARACTERS], [*usual[CHARACTERS]]]
                mode[LOCAL] &= ~(termios.ICANON | termios.ECHO)
                mode[CHARACTERS][termios.VMIN], mode[CHARACTERS][termios.VTIME] = 1, 0
                self._usual = usual
                termios.tcsetattr(self._keyboard, termios.TCSANOW, mode)
            return True

    def _give_back(self) -> None:
        with self._lock, suppress(OSError, termios.error):
            usual, self._usual = self._usual, None
            if usual is not None and self._ours():
                termios.tcsetattr(self._keyboard, termios.TCSANOW, usual)

    def _stopped(self, number: int, _frame: FrameType | None) -> None:
        """Stop as Ctrl-Z has it, with the terminal as the shell knows it; it is taken again in the foreground."""
        self._give_back()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
        signal.signal(number, self._stopped)
