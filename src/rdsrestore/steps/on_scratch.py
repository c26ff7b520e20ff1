"""What the steps that work in the run's scratch schema have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.step import Step


@dataclass(frozen=True)
class OnScratch(Step):
    """A step whose whole intent is the scratch schema it works in, named after the run."""

    schema: str

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self:
        """Concern the run's scratch schema."""
        del request, survey
        return cls(run.schema)
