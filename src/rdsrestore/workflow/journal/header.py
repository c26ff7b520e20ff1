"""A journal's header: its first record, which says who asked for what, where, and what was found beforehand."""

from __future__ import annotations

from rdsrestore.domain.codec import Json, encode
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.step import Plan


def header(plan: Plan, survey: Survey, version: str, host: str, index: str) -> dict[str, Json]:
    """Make the data of a journal's first record; `index` is the last hash of the journals' index."""
    return {
        "version": version,
        "operator": plan.request.operator,
        "host": host,
        "index": index,
        "identity": encode(survey.identity),
        "request": encode(plan.request),
        "survey": encode(survey),
        "plan": [step.describe() for step in plan.steps],
        "steps": [step.name for step in plan.steps],
    }
