"""Keeps a run's own terminal: what the run writes is shown to who is attached, and what is typed there is passed on.

A process of its own, so that the run never waits for it to be scheduled, and so that the end of either is seen by the
other: the run's terminal is closed with its keeper, which is a SIGHUP to the run, and a keeper that loses its run says
how that ended.
"""

from __future__ import annotations

import gc
import os
import select
import socket
import termios
import time
from contextlib import chdir, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rdsrestore.app.detach import wire
from rdsrestore.app.detach.screen_memory import ScreenMemory

TERMINAL = "terminal"
"""The socket's name in a run's folder."""
TICK = 0.2
"""Seconds between two looks at whether the run is still there."""
CHUNK = 65536
BEHIND = 4 << 20
"""Bytes by which a terminal may be behind before it is given up."""
PATIENCE = 5.0
"""Seconds in which a terminal has to take the last words."""
FIRST = 60.0
"""Seconds in which the terminal that the run was started in comes back as the first that shows it."""
FORGET_LINE = b"\x15"
"""VKILL (termios(3)): what was typed and not ended by whoever was attached before counts for nobody."""


def listen(folder: Path) -> socket.socket:
    """Open the socket, for its owner alone; OSError where the folder does not take it."""
    listener = socket.socket(socket.AF_UNIX)
    former = os.umask(0o177)
    try:
        with chdir(folder):  # a path of the folder's may be longer than a socket's may be
            listener.bind(TERMINAL)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(former)
    listener.listen(8)
    return listener


def reach(folder: Path) -> socket.socket | None:
    """Connect to the keeper of a run's terminal; None where it has none, or none any more."""
    link = socket.socket(socket.AF_UNIX)
    try:
        with chdir(folder):
            link.connect(TERMINAL)
    except OSError:
        link.close()
        return None
    return link


@dataclass
class Viewer:
    """A terminal that is attached; what it does not take at once waits for it. `sized`: it has said how large it is."""

    link: socket.socket
    messages: wire.Messages = field(default_factory=wire.Messages)
    waiting: bytes = b""
    sized: bool = False

    def send(self, kind: bytes, content: bytes = b"") -> None:
        """Say something."""
        self.waiting += wire.message(kind, content)

    def flush(self) -> None:
        """Hand over what the terminal takes now; OSError where it is gone."""
        with suppress(BlockingIOError):
            self.waiting = self.waiting[self.link.send(self.waiting) :]


@dataclass
class Keeper:
    """Serves until the run's process, a child of this one, has ended; `master` is the run's terminal from behind."""

    run: int
    master: int
    listener: socket.socket
    screen: ScreenMemory = field(default_factory=ScreenMemory)
    _viewer: Viewer | None = field(default=None, init=False)
    _writes: bool = field(default=True, init=False)
    """Whether anybody may still write to the run's terminal."""
    _seen: bool = field(default=False, init=False)
    """Whether any terminal has shown the run."""

    def serve(self) -> int:
        """Return how the run's process ended; below zero the signal that ended it."""
        os.set_blocking(self.master, False)
        status: int | None = None
        while status is None:
            self._turn(TICK)
            child, found = os.waitpid(self.run, os.WNOHANG)
            status = os.waitstatus_to_exitcode(found) if child else None
        until = time.monotonic() + (PATIENCE if self._seen else FIRST)
        while time.monotonic() < until and (self._turn(0 if self._seen else TICK) or not self._seen):
            pass
        self._last_word(status)
        return status

    def _turn(self, patience: float) -> bool:
        """Pass on what is there; whether anything was."""
        viewer = self._viewer
        readers: list[int | socket.socket] = [self.listener, *([self.master] if self._writes else [])]
        readers += [viewer.link] if viewer else []
        ready, free, _ = select.select(readers, [viewer.link] if viewer and viewer.waiting else [], [], patience)
        if self.master in ready:
            self._hear()
        try:
            if viewer and viewer.link in ready:
                self._obey(viewer)
            if viewer and free:
                viewer.flush()
        except OSError:
            self._leave()
        if viewer and len(viewer.waiting) > BEHIND:
            self._leave()
        if self.listener in ready:
            self._welcome()
        return bool(ready or free)

    def _hear(self) -> None:
        """Take what the run has written."""
        try:
            written = os.read(self.master, CHUNK)
        except BlockingIOError:
            return
        except OSError:  # EIO: no process has the terminal open (pty(7))
            written = b""
        self._writes = bool(written)
        self.screen.feed(written)
        if self._viewer and self._viewer.sized and written:
            self._viewer.send(wire.OUTPUT, written)

    def _obey(self, viewer: Viewer) -> None:
        """Do what the attached terminal says; OSError where it is gone."""
        arrived = viewer.link.recv(CHUNK)
        if not arrived:
            raise OSError("the terminal is gone")
        for kind, content in viewer.messages.take(arrived):
            if kind == wire.KEYS:
                self._type(content)
            elif kind == wire.RESIZED:
                termios.tcsetwinsize(self.master, wire.SIZE.unpack(content))
                if not viewer.sized:
                    viewer.sized = self._seen = True
                    viewer.send(wire.OUTPUT, self.screen.replay())

    def _type(self, keys: bytes) -> None:
        """Type on the run's terminal; what that does not take is lost, as on any other."""
        with suppress(OSError):
            os.write(self.master, keys)

    def _welcome(self) -> None:
        """Let another terminal in; one at a time, and the newest, for the one before may be lost without a word."""
        link, _address = self.listener.accept()
        link.settimeout(0)
        if self._viewer:
            self._viewer.send(wire.TAKEN)
            with suppress(OSError):
                self._viewer.flush()
            self._leave()
        self._type(FORGET_LINE)
        self._viewer = Viewer(link)

    def _leave(self) -> None:
        if self._viewer:
            self._viewer.link.close()
        self._viewer = None

    def _last_word(self, status: int) -> None:
        """Tell the attached terminal how the run's process ended."""
        if self._viewer:
            self._viewer.send(wire.ENDED, wire.CODE.pack(status))
            with suppress(OSError):
                self._viewer.link.settimeout(PATIENCE)
                self._viewer.link.sendall(self._viewer.waiting)
        self._leave()


def keep(run: int, master: int, listener: socket.socket, folder: Path) -> None:
    """Be the keeper of a run's terminal until its end, with nothing else in hand; call it in a process of its own."""
    gc.disable()  # what is forgotten of the run must not close what takes its descriptor's number here
    os.chdir(folder)
    leave_all_but(master, listener.fileno())
    Keeper(run, master, listener).serve()
    with suppress(OSError):
        os.unlink(TERMINAL)  # noqa: PTH108 - by its name alone, as it was made
        os.rmdir(folder)  # noqa: PTH106 - only where the run was refused before it wrote a word there


def leave_all_but(*kept: int) -> None:
    """Close whatever else was open, so that nobody's terminal, lock or connection is held."""
    start = 0
    for each in (*sorted(kept), os.sysconf("SC_OPEN_MAX")):
        os.closerange(start, each)
        start = each + 1
    for number in range(3):
        if number not in kept:
            assert os.open(os.devnull, os.O_RDWR) == number  # noqa: S101 - the lowest that is free
