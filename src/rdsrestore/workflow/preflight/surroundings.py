"""Who would look after what is left, who can't be told, and what earlier runs left."""

from __future__ import annotations

from collections.abc import Iterator

from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.preflight.finding import Finding, warns


def unwatched(request: Request) -> Iterator[Finding]:
    """Who would delete the copy if nobody here could."""
    if request.switch_role is None:
        yield warns(
            "switch.off",
            "nothing in AWS would delete the copy if this machine were lost",
            "set switch_role: rdsrestore help a switch says how; rdsrestore iam-policy prints what the role needs",
        )


def surroundings(survey: Survey) -> Iterator[Finding]:
    """Who can't be told, and what earlier runs left."""
    for listener in survey.listeners:
        if listener.problem:
            yield warns("listener.silent", f"{listener.name}: {listener.problem}", listener.hint)
    if survey.leftovers_problem:
        yield warns(
            "leftovers.unknown",
            f"what earlier runs left could not be looked up: {survey.leftovers_problem}",
            "rdsrestore cleanup --all looks again",
        )
    for replica in survey.unseen_replicas:
        yield warns(
            "replica.unseen",
            f"replica {replica} can't be read from here; --max-lag does not watch it",
            "watch it yourself, and use --gentle",
        )
    for run in dict.fromkeys(leftover.run for leftover in survey.leftovers):
        things = ", ".join(f"{each.kind} {each.id}" for each in survey.leftovers if each.run == run)
        yield warns(
            "leftovers", f"run {run} left {things}", f"rdsrestore cleanup {run} removes it, if it is not running"
        )
