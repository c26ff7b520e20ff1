"""Errors and events that a test wants at named calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rdsrestore.domain.errors import DatabaseError


@dataclass
class Faults:
    """Errors that a test wants at named calls: `times` each, before the effect or after it."""

    planned: dict[str, BaseException] = field(default_factory=dict)
    after: dict[str, Callable[[], None]] = field(default_factory=dict)

    def fail(self, call: str, error: BaseException) -> None:
        """Make the next call of that name fail before it does anything."""
        self.planned[call] = error

    def when(self, call: str, then: Callable[[], None]) -> None:
        """Do something each time the call of that name has had its effect."""
        self.after[call] = then

    def before(self, call: str) -> None:
        error = self.planned.pop(call, None)
        if error:
            raise error

    def done(self, call: str) -> None:
        then = self.after.get(call)
        if then:
            then()


def unreachable() -> DatabaseError:
    return DatabaseError("copy", "no answer", "open the rule", code="db.unreachable")
