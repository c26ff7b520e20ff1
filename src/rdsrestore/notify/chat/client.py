"""How messages get to a chat."""

from __future__ import annotations

from typing import Protocol


class DeliveryError(Exception):
    """A message did not get through. `wait` is what the chat asked for, in seconds; `final` that no retry will help."""

    def __init__(self, reason: str, wait: float | None = None, *, final: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait
        self.final = final


class ChatClient(Protocol):
    """How messages get to a place. Each method may raise DeliveryError."""

    def start(self, text: str) -> None:
        """Send the first message."""
        ...

    def reply(self, text: str) -> None:
        """Send what follows it."""
        ...

    def update(self, text: str) -> None:
        """Bring the first message up to date, where that is possible."""
        ...
