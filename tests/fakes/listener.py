"""Somebody who is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rdsrestore.workflow.events import Event


@dataclass
class Ear:
    """A listener that remembers, and breaks when told."""

    heard: list[Event] = field(default_factory=list)
    broken: bool = False

    def handle(self, event: Event) -> None:
        if self.broken:
            raise ConnectionError("nobody there")
        self.heard.append(event)

    def close(self) -> Sequence[str]:
        return ()
