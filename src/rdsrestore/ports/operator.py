"""The person who answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from rdsrestore.domain.request.answer import Answer, Question
from rdsrestore.domain.tables.question import Take


class Operator(Protocol):
    """The person, or the flag that speaks for them."""

    def approve(self, question: Question) -> Answer:
        """Show what would change and ask; whoever does not answer in time means later."""
        ...

    def let_in(self, trouble: str) -> str | None:
        """Ask whom else to let in to a copy that can't be reached, as EC2 writes it; None where nobody knows."""
        ...

    def look(self, ask: Callable[[str, int | None, Take], None]) -> None:
        """Put statements to a copy, each with the most rows that are wanted and who takes them.

        Refused by whoever has nothing to ask.
        """
        ...
