"""What a run's keeper and a terminal that shows the run say to each other: a kind, a length, and that many bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

HEAD = struct.Struct(">cH")
SIZE = struct.Struct(">HH")
"""A terminal's rows and columns."""
CODE = struct.Struct(">h")
"""What a process ended with; below zero the signal that ended it."""
MOST = 0xFFFF
"""Bytes that one message can hold."""
KEYS, RESIZED = b"k", b"s"
"""What a terminal says: that keys were pressed, and how large it is."""
OUTPUT, TAKEN, ENDED = b"o", b"t", b"e"
"""What a keeper says: what the run wrote, that another terminal shows it now, and how its process ended."""


def message(kind: bytes, content: bytes = b"") -> bytes:
    """Write a message, in pieces where it is long."""
    pieces = [content[start : start + MOST] for start in range(0, len(content), MOST)] or [b""]
    return b"".join(HEAD.pack(kind, len(piece)) + piece for piece in pieces)


@dataclass
class Messages:
    """Puts messages together out of what arrives."""

    _left: bytes = field(default=b"", init=False)

    def take(self, arrived: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield each message that is whole: its kind and its content."""
        self._left += arrived
        while len(self._left) >= HEAD.size:
            kind, length = HEAD.unpack_from(self._left)
            end = HEAD.size + length
            if len(self._left) < end:
                return
            content, self._left = self._left[HEAD.size : end], self._left[end:]
            yield kind, content
