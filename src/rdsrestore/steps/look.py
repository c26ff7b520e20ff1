"""Let somebody look at the restored rows in their own words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.facts import Fact
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.domain.tables.question import AskedStatement, CopyAsked, Take
from rdsrestore.steps.sessions import copy, counted
from rdsrestore.workflow.step import Impact, Run, Step


@written("Look")
@dataclass(frozen=True)
class Look(Step):
    """Hand the copy's answers to who asks; kept is what was asked, without its values, and when."""

    name: ClassVar[str] = "look"
    impact: ClassVar[Impact] = Impact.READS
    usual: ClassVar[timedelta] = timedelta(seconds=2)

    database: str

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self:
        """Concern the run's own database."""
        del survey, run
        return cls(request.database)

    def describe(self) -> str:
        """Say what may be asked."""
        return "ask the copy: SELECT, SHOW and EXPLAIN, in transactions that can't write"

    def apply(self, run: Run) -> Fact:
        """Let them ask as long as they like."""
        run.facts.put(CopyAsked())
        with copy(run) as server:

            def ask(statement: str, most: int | None, take: Take) -> None:
                text = server.ask(self.database, statement, most, take)
                asked = AskedStatement(run.world.clock.now(), text)
                run.facts.put(CopyAsked((*run.facts.get(CopyAsked).statements, asked)))

            run.world.operator.look(ask)
        return run.facts.get(CopyAsked)

    def halfway(self, run: Run) -> Fact | None:
        """Tell what was asked until it failed."""
        return run.facts.find(CopyAsked)

    def result(self, fact: Fact | None) -> str:
        """Count."""
        return f"{counted(len(fact.statements), 'statement')} answered" if isinstance(fact, CopyAsked) else "looked"
