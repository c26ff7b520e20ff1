"""From what was asked and what was read to the steps of one run. Pure: nothing is read or changed here."""

from __future__ import annotations

from collections.abc import Sequence

from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.step import Plan, Step


def make_plan(request: Request, survey: Survey, run: RunId, recipe: Sequence[type[Step]]) -> Plan:
    """Let each step of the recipe fix its intent, leaving out the ones that are not wanted."""
    decided = (kind.decide(request, survey, run) for kind in recipe)
    return Plan(run, request, tuple(step for step in decided if step is not None))
