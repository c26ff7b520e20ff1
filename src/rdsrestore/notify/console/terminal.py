"""The operator's terminal: rich's console, with an animation that steps aside for whoever types."""

from __future__ import annotations

import os
import select
import sys
import termios
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from io import TextIOWrapper
from typing import IO, TextIO

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text, TextType

from rdsrestore.notify.console.keyboard.keys import Keys

REFRESH = 8
"""Pictures a second."""
NARROW = 30
"""Columns below which nothing is indented: there would be no room left to read."""
GLUE = "\ue000"
"""Stands for a blank at which no line is broken."""
UNFOLDED = 1000
"""Columns where nobody looks: wide enough that tables in a pipe are never folded."""


@dataclass(frozen=True)
class Symbols:
    """The signs at the start of a line."""

    done: str
    failed: str
    running: str
    note: str
    spinner: str


UNICODE = Symbols("✓", "✗", "…", "!", "dots")
ASCII = Symbols("ok", "FAILED", "..", "!", "line")


class Terminal(Console):
    """A console for calm words: no markup, no highlighting, no emoji codes.

    It animates only a real terminal; pipes, files and dumb terminals get plain lines. What the encoding of `stream`
    can't hold is printed as a question mark. `animated` overrides what is found out about the stream. Where it is
    `plain` a real terminal too gets lines that stay, without colours, and words in place of signs.
    """

    def __init__(self, stream: TextIO, *, animated: bool | None = None, plain: bool = False) -> None:
        if isinstance(stream, TextIOWrapper):
            with suppress(ValueError):  # not possible any more: then the stream stays as it is
                stream.reconfigure(errors="replace")
        if animated is None:
            animated = not plain and stream.isatty() and os.environ.get("TERM", "dumb") not in {"dumb", "unknown"}
        super().__init__(
            file=stream,
            markup=False,
            highlight=False,
            emoji=False,
            force_interactive=animated,
            force_terminal=animated or None,
            color_system=None if plain else "auto",
            width=None if animated else UNFOLDED,
        )
        self.plain = plain
        self._hint: Callable[[], str] = str
        self._live: Live | None = None
        self._keys: Keys | None = None

    @property
    def symbols(self) -> Symbols:
        """The signs that the terminal's encoding can show."""
        return UNICODE if not self.plain and self.encoding.lower().startswith("utf") else ASCII

    @property
    def seen(self) -> bool:
        """Whether a person looks at it, and no program."""
        return self.is_interactive or (self.plain and self.file.isatty())

    @property
    def lists(self) -> bool:
        """Whether a list can be drawn here that is chosen from by arrow keys."""
        return self.is_interactive and self.symbols is UNICODE

    def hint(self) -> str:
        """Say which keys are heard while something works; empty where none is."""
        return self._hint()

    def bell(self) -> None:
        """Ring for whoever waited so long that they look elsewhere; nothing where no person would hear it."""
        if self.is_interactive:
            super().bell()

    def on_broken_pipe(self) -> None:
        """Fall silent where the reader went away; a restore goes on and cleans up whoever looks."""
        self.quiet = True
        hush(self.file)

    def animate(self, renderable: RenderableType) -> None:
        """Show something that changes below the last line, until `still`; nothing where it can't be animated."""
        self.still()
        if self.is_interactive:
            self._live = Live(renderable, console=self, refresh_per_second=REFRESH, transient=True)
            self._live.start()

    def still(self) -> None:
        """Take the animation away."""
        live, self._live = self._live, None
        if live:
            live.stop()

    def raw(self, line: str) -> None:
        """Write a line as it is, tabs too; nothing where the reader went away."""
        if self.quiet:
            return
        try:
            self.file.write(f"{line}\n")
        except BrokenPipeError:
            self.on_broken_pipe()

    def say(self, text: Text, indent: int = 0) -> None:
        """Print a line; on a terminal too narrow for it, go on below, `indent` columns in.

        In a pipe, and without an indent, it stays one line, so that it can be searched and copied.
        """
        if self.is_interactive and indent and text.cell_len > self.width >= indent + NARROW:
            start = len(text.wrap(self, self.width)[0].plain)
            rest = text[start + len(text.plain[start:]) - len(text.plain[start:].lstrip()) :]
            below = rest.wrap(self, self.width - indent)
            text = Text("\n").join([text[:start], *(Text(" " * indent) + line for line in below)])
        text.plain = text.plain.replace(GLUE, " ")
        self.print(text, soft_wrap=True)

    def input(
        self,
        prompt: TextType = "",
        *,
        markup: bool = False,
        emoji: bool = False,
        password: bool = False,
        stream: TextIO | None = None,
        within: float | None = None,
    ) -> str:
        """Read a line from the operator, without an animation in the way; what was typed before it does not count.

        TimeoutError where none came `within` so many seconds.
        """
        with self.lent():
            if within is None:
                return super().input(prompt, markup=markup, emoji=emoji, password=password, stream=stream)
            self.print(prompt, end="")
            return typed_line(sys.stdin, within)

    def typed(self, prompt: Text) -> str:
        """Read a line that changes nothing, so that what was typed ahead counts; EOFError at the end of the input."""
        with self._paused():
            return super().input(prompt, markup=False, emoji=False)

    @contextmanager
    def hearing(self, acts: Mapping[str, Callable[[], None]], hint: Callable[[], str]) -> Iterator[None]:
        """Hear single keys whenever nothing is asked; each does what it is there for, in another thread."""
        self._keys, self._hint = Keys(sys.stdin.fileno(), acts), hint
        try:
            with self._keys:
                yield
        finally:
            self._keys, self._hint = None, str

    def deaf(self) -> None:
        """Hear no keys any more: what they are there for is over."""
        self._hint = str
        if self._keys:
            self._keys.deaf()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Leave screen and keyboard to somebody else for a while: no animation, and nothing from before counts."""
        with self._paused():
            forget_typed(sys.stdin)
            yield

    @contextmanager
    def _paused(self) -> Iterator[None]:
        picture = self._live.renderable if self._live else None
        self.still()
        try:
            with self._keys.silent() if self._keys else nullcontext():
                yield
        finally:
            if picture is not None:
                self.animate(picture)


def typed_line(keyboard: TextIO, within: float) -> str:
    """Read a line; TimeoutError where it is not there within so many seconds, EOFError at the end of the input."""
    if not select.select([keyboard], [], [], max(within, 0))[0]:
        raise TimeoutError
    line = keyboard.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")


def forget_typed(keyboard: TextIO) -> None:
    """Drop what was typed ahead: it answers no question that nobody had seen."""
    with suppress(OSError, ValueError, termios.error):  # no terminal, so nobody types
        termios.tcflush(keyboard.fileno(), termios.TCIFLUSH)


def hush(stream: IO[str]) -> None:
    """Let a stream without a reader lead nowhere, so that what is left in it does no harm at the program's end."""
    with suppress(OSError, ValueError):  # a stream without a file behind it has nothing left to flush
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
