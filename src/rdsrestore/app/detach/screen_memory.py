"""The lines that a run has written, as they stand: what is drawn over is forgotten, so that a new terminal can see all.

It knows what this tool writes to a terminal and no more (ECMA-48): lines that stay, and some at the end that are erased
and drawn again.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

KEPT = 2000
"""Lines that are kept."""
TOKEN = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[^\[]|[\x00-\x1f\x7f]|[^\x00-\x1f\x7f]+")
UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*)?\Z")
COLOUR = re.compile(rb"\x1b\[[0-9;]*m\Z")
TEXT = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]")
UP = re.compile(rb"\x1b\[(\d*)A\Z")
ERASE = b"\x1b[2K"
HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"
LAST_SIGN = re.compile(rb"(?:[\x20-\x7e]|[\xc0-\xff][\x80-\xbf]*)\Z")


@dataclass
class ScreenMemory:
    """A terminal's lines, of which the cursor is always on one of the last."""

    _lines: deque[bytes] = field(default_factory=lambda: deque([b""], KEPT), init=False)
    _up: int = field(default=0, init=False)
    """How far the cursor is above the last line."""
    _returned: bool = field(default=False, init=False)
    """Whether it is at the line's beginning, where the next text takes the place of what is there."""
    _hidden: bool = field(default=False, init=False)
    _left: bytes = field(default=b"", init=False)

    def feed(self, written: bytes) -> None:
        """Take what was written to the terminal."""
        written, self._left = self._left + written, b""
        if cut := UNFINISHED.search(written):
            written, self._left = written[: cut.start()], cut.group()
        for token in TOKEN.findall(written):
            self._take(token)

    def replay(self) -> bytes:
        """Return what brings another terminal to the same picture."""
        lines = list(self._lines)
        shown = lines[: len(lines) - self._up] if not any(lines[len(lines) - self._up :]) else lines
        return b"\r\n".join(shown) + (HIDE if self._hidden else b"")

    def _take(self, token: bytes) -> None:
        if up := UP.match(token):
            self._up = min(self._up + int(up.group(1) or 1), len(self._lines) - 1)
        elif token == ERASE:
            self._put(b"")
        elif token == b"\n":
            self._down()
        elif token == b"\r":
            self._returned = True
        elif token == b"\b":
            self._put(LAST_SIGN.sub(b"", self._line))
        elif token in {HIDE, SHOW}:
            self._hidden = token == HIDE
        elif COLOUR.match(token) or TEXT.match(token):
            self._put(token if self._returned else self._line + token)

    @property
    def _line(self) -> bytes:
        return self._lines[-1 - self._up]

    def _put(self, line: bytes) -> None:
        self._lines[-1 - self._up] = line
        self._returned = False

    def _down(self) -> None:
        self._returned = False
        if self._up:
            self._up -= 1
        else:
            self._lines.append(b"")
