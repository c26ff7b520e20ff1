"""Show what would be written, and ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.facts import Approved, Compared, Dumped, Fact, TempInstance
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.answer import CHILDREN, Answer, Question
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.domain.tables.rows import Act, lost_child_tables
from rdsrestore.steps.compare import intended
from rdsrestore.steps.sessions import counted
from rdsrestore.workflow.step import Impact, Run, Step

AGAIN = "run the same command again when you are ready"


@written("Approve")
@dataclass(frozen=True)
class Approve(Step):
    """The last stop before production changes."""

    name: ClassVar[str] = "approve"
    impact: ClassVar[Impact] = Impact.LOCAL
    usual: ClassVar[timedelta] = timedelta(seconds=30)
    asks: ClassVar[bool] = True

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self:
        """Want it always."""
        del request, survey, run
        return cls()

    def describe(self) -> str:
        """Say who decides."""
        return "show the difference and ask for your yes"

    def apply(self, run: Run) -> Fact:
        """Ask, unless there is nothing to write; where rows would be deleted, for the table's name."""
        differences = run.facts.get(Compared).differences
        rows = sum(difference.writes for difference in differences)
        deleting = any(difference.planned(Act.DELETE) for difference in differences)
        taken = run.request.tables[0] if run.request.swap else ""
        typed = run.request.typed if taken or deleting else None
        text = f"On production: {intended(differences)}{f', then put it in the place of {taken}' if taken else ''}?"
        own_copy = run.facts.find(TempInstance) and not run.request.instance_of
        children = lost_child_tables(differences, run.request.database) if own_copy else ()
        looked_at = run.request.holder(run.id).value if run.facts.find(TempInstance) else ""
        question = Question(text, differences, typed or None, run.survey.hourly_cost, children, looked_at)
        if rows:
            on = f"rdsrestore resume {run.id} goes on from the dump, without another restore"
            answer = run.world.operator.approve(question)
            refuse_unless_yes(answer, on if run.facts.find(Dumped) else AGAIN)
        return Approved(rows, tuple(difference.digest for difference in differences))

    def result(self, fact: Fact | None) -> str:
        """Say what was approved."""
        if isinstance(fact, Approved) and fact.rows:
            return f"approved: {counted(fact.rows, 'row')}"
        return "nothing to write"


def refuse_unless_yes(answer: Answer, later: str) -> None:
    """Refused with code `operator.no`, `approval.later` or `approval.children` for any answer but yes.

    `later` says what to do when it is decided.
    """
    if answer is Answer.NO:
        raise Refused(
            "approve",
            "you said no; nothing was written to production",
            AGAIN,
            code="operator.no",
        )
    if answer is Answer.LATER:
        raise Refused(
            "approve",
            "to be decided later; nothing was written to production",
            later,
            code="approval.later",
        )
    if answer is Answer.CHILDREN:
        raise Refused(
            "approve",
            "another run takes the children along; nothing was written to production by this one",
            "it begins at once, from the same copy",
            code=CHILDREN,
        )
