"""The person who answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from rdsrestore.domain.request.answer import Answer, Question


@dataclass
class FakeOperator:
    """Says yes, unless told to answer otherwise."""

    answer: Answer = Answer.YES
    asked: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    """Whom to let in besides, in the order of the questions."""

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
