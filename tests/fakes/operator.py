"""The person who answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rdsrestore.domain.request.answer import Answer, Question
from rdsrestore.domain.tables.question import Take


@dataclass
class FakeOperator:
    """Says yes, unless told to answer otherwise."""

    answer: Answer = Answer.YES
    asked: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    """Whom to let in besides, in the order of the questions."""
    statements: list[str] = field(default_factory=list)
    """What to ask of a copy."""
    rows: list[tuple[object, ...]] = field(default_factory=list)

    def refuse(self) -> None:
        self.answer = Answer.NO

    def put_off(self) -> None:
        self.answer = Answer.LATER

    def approve(self, question: Question) -> Answer:
        self.asked.append(question.text if question.typed is None else f"{question.text} [{question.typed}]")
        return self.answer

    def let_in(self, trouble: str) -> str | None:
        self.asked.append(trouble)
        return self.known.pop(0) if self.known else None

    def look(self, ask: Callable[[str, int | None, Take], None]) -> None:
        for statement in self.statements:
            ask(statement, None, lambda _names, rows: self.rows.extend(rows))
