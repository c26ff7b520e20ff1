"""What was asked, what came, and whether the tool supposes so."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rdsrestore.aws.errors import FAILURES, code_of
from rdsrestore.aws.session import CallLog
from rdsrestore.domain.errors import RdsRestoreError


class Judgement(enum.StrEnum):
    """Whether an answer is as the tool supposes; `NOTED` where nothing in it rests on the answer."""

    SUPPOSED = "as supposed"
    OTHERWISE = "otherwise"
    NOTED = "noted"


SIGNS = {Judgement.SUPPOSED: "✓", Judgement.OTHERWISE: "✗", Judgement.NOTED: "·"}


@dataclass(frozen=True)
class Answer:
    """What came; `supposed` is None where the tool supposes nothing."""

    came: str
    supposed: bool | None

    @property
    def judgement(self) -> Judgement:
        if self.supposed is None:
            return Judgement.NOTED
        return Judgement.SUPPOSED if self.supposed else Judgement.OTHERWISE


@dataclass(frozen=True)
class Finding:
    """One question and its answer, with the ids by which AWS knows the calls that it took."""

    asked: str
    answer: Answer
    requests: Sequence[str] = ()

    def line(self) -> str:
        """Write it for people."""
        return f"{SIGNS[self.answer.judgement]} {self.asked}: {self.answer.came}"

    def record(self) -> str:
        """Write it for keeping: one JSON object."""
        answer = self.answer
        told = {"asked": self.asked, "came": answer.came, "judgement": answer.judgement, "requests": [*self.requests]}
        return json.dumps(told, ensure_ascii=False)


@dataclass
class Findings:
    """All that was found; each is told as soon as it is there."""

    log: CallLog
    tell: Callable[[str], None]
    all: list[Finding] = field(default_factory=list)

    def ask(self, asked: str, look: Callable[[], Answer]) -> Answer:
        """Ask one thing; an error is an answer that the tool does not suppose."""
        self.log.take()
        try:
            answer = look()
        except (RdsRestoreError, *FAILURES) as error:
            answer = Answer(said(error), supposed=False)
        calls = [f"{each.operation} {each.status} {each.request_id}" for each in self.log.take()]
        self.all.append(Finding(asked, answer, calls))
        self.tell(self.all[-1].line())
        return answer


def said(error: BaseException) -> str:
    """Write an error in the words of whoever refused, with its code."""
    code = error.code if isinstance(error, RdsRestoreError) else code_of(error)
    return f"{error} [{code}]"
