"""Who would look after what is left, who can't be told, and what earlier runs left."""

from __future__ import annotations

from collections.abc import Iterator

from rdsrestore.core.checks.finding import Finding, warns
from rdsrestore.core.model import Request
from rdsrestore.core.survey import Survey


def unwatched(request: Request) -> Iterator[Finding]:
    """Who would delete the copy if nobody here could."""
    if request.switch_role is None:
        yield warns(
            "switch.off",
            "nothing in AWS would delete the copy if this machine were lost",
            "set switch_role, as the runbook describes; rdsrestore iam-policy prints what the role needs",
        )


def told(survey: Survey) -> Iterator[Finding]:
    """Who can't be told, and what earlier runs left."""
    for listener in survey.listeners:
        if listener.problem:
            yield warns("listener.silent", f"{listener.name}: {listener.problem}", listener.hint)
    for run in dict.fromkeys(leftover.run for leftover in survey.leftovers):
        things = ", ".join(f"{each.kind} {each.id}" for each in survey.leftovers if each.run == run)
        yield warns(
            "leftovers", f"run {run} left {things}", f"rdsrestore cleanup {run} removes it, if it is not running"
        )
