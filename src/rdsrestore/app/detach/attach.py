"""Show a run that has left its terminal, and pass on what is typed; or say what became of it."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from rdsrestore.app.audit.status import look, only, show
from rdsrestore.app.context import Context
from rdsrestore.app.detach import wire
from rdsrestore.app.detach.keeper import CHUNK, TERMINAL, TICK, reach
from rdsrestore.domain.errors import JournalError, Refused
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.notify.text import clean
from rdsrestore.store.runs import StoredRun

LEAVE = b"\x1a"
"""Ctrl-Z: a key that means to put something in the background, and that every keyboard has."""
SHOW_CURSOR = b"\x1b[?25h"


class LeftError(Exception):
    """This terminal shows the run no longer; the text says why."""


def attach(name: str | None, context: Context) -> ExitCode:
    """Show a run until it ends or this terminal leaves it; returns the run's exit code, JOURNAL where it goes on.

    Refused where the run has a terminal of its own already, JournalError where its process is gone.
    """
    run = context.runs.begun(name) if name else only(context, "attach")
    if context.prompts is None:
        raise Refused("attach", "there is no terminal here", f"rdsrestore watch {run.id} follows a run without one")
    link = reach(run.folder)
    if link is None:
        return what_became(run, context)
    context.screen.say(clean(f"run {run.id}: Ctrl-Z leaves it to itself, Ctrl-C stops it", "dim"))
    with link:
        try:
            code = Window(link, sys.stdin.fileno(), sys.stdout.fileno()).show()
        except LeftError as why:
            context.screen.print(f"\n{why}; it goes on: rdsrestore attach {run.id} shows it again", soft_wrap=True)
            return ExitCode.JOURNAL
    known = next((each for each in ExitCode if each == code), None)
    return what_became(run, context) if known is None else known


def what_became(run: StoredRun, context: Context) -> ExitCode:
    """Say how a run ended that nobody shows any more, and return its exit code."""
    found = look(context.runs.find(run.id.value), context)
    if found.state == "dead":
        raise JournalError(f"run {run.id}", found.doing, "; ".join(found.next[:2]), code="journal.unfinished")
    if found.state != "ended":
        lost = os.path.lexists(run.folder / TERMINAL)
        what = "has lost its terminal, and ends" if lost else "is at work in the terminal that it was started in"
        hint = f"rdsrestore watch {run.id} follows it from here"
        raise Refused("attach", f"run {run.id} {what}", hint, code="run.not-detached")
    show(found, context)
    return next((code for code in ExitCode if code == found.exit_code), ExitCode.BUG)


@dataclass
class Window:
    """This terminal in place of the run's; `code` is what its process ended with, below zero by a signal."""

    link: socket.socket
    keyboard: int
    screen: int
    _size: tuple[int, int] = (0, 0)
    _seen: bool = False
    """Whether the run's screen was shown here: until then nothing that is typed is an answer to it."""

    def show(self) -> int | None:
        """Return what the run's process ended with, None where its keeper is gone; LeftError where only this ends."""
        messages = wire.Messages()
        with raw(self.keyboard, self.screen):
            while True:
                self._say_size()
                ready, _, _ = select.select([self.keyboard, self.link.fileno()], [], [], TICK)
                if self.keyboard in ready:
                    self._type()
                if self.link.fileno() not in ready:
                    continue
                arrived = self._heard()
                if not arrived:
                    return None
                for kind, content in messages.take(arrived):
                    if kind == wire.OUTPUT:
                        self._draw(content)
                    elif kind == wire.TAKEN:
                        raise LeftError("another terminal shows the run now")
                    elif kind == wire.ENDED:
                        return int(wire.CODE.unpack(content)[0])

    def _type(self) -> None:
        """Pass on what was typed."""
        typed = os.read(self.keyboard, CHUNK)
        if not typed or LEAVE in typed:
            raise LeftError("this terminal has left the run")
        if self._seen:
            self._say(wire.KEYS, typed)

    def _draw(self, content: bytes) -> None:
        """Show what the run has written; what was typed before its first picture is forgotten."""
        write(self.screen, content)
        if not self._seen:
            termios.tcflush(self.keyboard, termios.TCIFLUSH)
            self._seen = True

    def _say_size(self) -> None:
        """Tell how large this terminal is, whenever that is news."""
        size = termios.tcgetwinsize(self.screen)
        if size != self._size:
            self._size = size
            self._say(wire.RESIZED, wire.SIZE.pack(*size))

    def _say(self, kind: bytes, content: bytes) -> None:
        try:
            self.link.sendall(wire.message(kind, content))
        except OSError:  # its keeper is gone, which is read next
            return

    def _heard(self) -> bytes:
        try:
            return self.link.recv(CHUNK)
        except OSError:
            return b""


@contextmanager
def raw(keyboard: int, screen: int) -> Iterator[None]:
    """Have each key as it is pressed, none of before, and nothing shown that the run does not write."""
    former = termios.tcgetattr(keyboard)
    handlers = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        tty.setraw(keyboard, termios.TCSAFLUSH)
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        termios.tcsetattr(keyboard, termios.TCSADRAIN, former)
        write(screen, SHOW_CURSOR + b"\r")


def stop(_number: int, _frame: FrameType | None) -> None:
    """Leave at a signal, which is meant for this terminal and not for the run."""
    raise LeftError("this terminal was stopped")


def write(screen: int, content: bytes) -> None:
    """Write all of it."""
    while content:
        content = content[os.write(screen, content) :]
