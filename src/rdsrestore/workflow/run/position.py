"""Where in the job a step stands, and what production's tables have seen of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rdsrestore.workflow.step import Impact, Step


class Touched(StrEnum):
    """What production's tables have seen of a run so far."""

    NOTHING = "nothing"
    NOW = "now"
    BEFORE = "before"


@dataclass(frozen=True)
class Position:
    """Step `number` of `of`; those after it take `later` seconds as a rule.

    Where a question is still to come they are counted up to it, and `to_question` is set.
    """

    number: int
    of: int
    later: float
    to_question: bool
    touched: Touched


def position(steps: Sequence[Step], step: Step, expected: Mapping[str, float], *, changed: bool) -> Position:
    """Say where a step stands; `changed` where an earlier one has changed production's tables."""
    index = next((number for number, each in enumerate(steps) if each is step), 0)
    after = steps[index + 1 :]
    question = next((number for number, each in enumerate(after) if each.asks), None)
    seconds = sum(expected.get(each.name, each.usual.total_seconds()) for each in after[:question])
    writes = step.impact is Impact.PRODUCTION and not step.sets
    touched = Touched.NOW if writes else Touched.BEFORE if changed else Touched.NOTHING
    return Position(index + 1, len(steps), seconds, question is not None, touched)
