"""A run for programs: one JSON object a line on standard output."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TextIO

from rdsrestore.domain.codec import Json, encode, encode_fields
from rdsrestore.domain.errors import RdsRestoreError
from rdsrestore.domain.outcome.outcome import Outcome
from rdsrestore.domain.tables.rows import TableDifference
from rdsrestore.domain.tables.transaction import LaterChanges
from rdsrestore.notify.console.terminal import hush
from rdsrestore.workflow import events
from rdsrestore.workflow.preflight import Finding
from rdsrestore.workflow.step import Plan


@dataclass
class JsonListener:
    """Writes each event as it happens; once nobody reads any more it falls silent."""

    stream: TextIO
    _deaf: bool = field(default=False, init=False)

    def handle(self, event: events.Event) -> None:
        """Write one event: `event` names its kind, `step` the step where it has one."""
        kind = re.sub(r"(?<!^)(?=[A-Z])", "-", type(event).__name__).lower()
        self.write({"event": kind, **details(event), "message": event.message()})

    def plan(
        self,
        planned: Plan,
        found: Sequence[Finding],
        expected: Mapping[str, float],
        calls: Mapping[str, Sequence[str]],
        later: LaterChanges | None = None,
    ) -> None:
        """Write the plan and the findings, each step with its usual length in seconds and what it would call.

        `later` are the transactions that changed the rows of the one that is taken back.
        """
        steps: list[Json] = [
            {
                "name": step.name,
                "impact": step.impact.value,
                "text": step.describe(),
                "undo": step.undo_text(),
                "expected": expected.get(step.name, step.usual.total_seconds()),
                "calls": list(calls.get(step.name, ())),
            }
            for step in planned.steps
        ]
        findings: list[Json] = [encode_fields(finding) for finding in found]
        plan = {"event": "plan", **heading(planned), "steps": steps, "findings": findings}
        self.write(plan | ({"later": encode(later)} if later is not None else {}))

    def error(self, problem: RdsRestoreError) -> None:
        """Write a failure that ends the program; where it can't be written it is told on standard error alone."""
        with suppress(OSError):
            self.write({"event": "error", **failure(problem), "exit_code": int(problem.exit_code)})

    def write(self, data: Mapping[str, Json]) -> None:
        """Write one object as one line of ASCII, at once."""
        if self._deaf:
            return
        try:
            self.stream.write(json.dumps(data, separators=(",", ":")) + "\n")
            self.stream.flush()
        except OSError as error:
            self._deaf = True
            hush(self.stream)
            if not isinstance(error, BrokenPipeError):
                raise

    def close(self) -> Sequence[str]:
        """Say so where the reader went away."""
        return ("standard output was closed before the end",) if self._deaf else ()


def details(event: events.Event) -> dict[str, Json]:
    """The fields of an event, the plan and the outcome in short."""
    if isinstance(event, events.RunStarted):
        steps: list[Json] = [step.name for step in event.plan.steps]
        return {**heading(event.plan), "at": encode(event.at), "steps": steps}
    if isinstance(event, events.CleaningStarted):
        return {**heading(event.plan), "at": encode(event.at)}
    if isinstance(event, events.RunEnded):
        return {"run": event.run.value, "at": encode(event.at), **ending(event.outcome), "audit_head": event.head}
    if isinstance(event, events.StepStarted) and event.position:
        return {**encode_fields(replace(event, position=None)), "position": encode_fields(event.position)}
    return encode_fields(event)


def heading(plan: Plan) -> dict[str, Json]:
    """What a plan is for."""
    request = plan.request
    return {
        "run": plan.run.value,
        "operator": request.operator,
        "instance": request.instance,
        "database": request.database,
        "tables": list(request.tables),
        "point": str(request.point),
        "policy": encode_fields(request.policy),
        "incident_end": str(request.incident_end) if request.incident_end else None,
        "transaction": encode(request.transaction),
        "undoes": request.undoes,
        "from": request.taken_from,
        "reason": request.reason,
    }


def ending(outcome: Outcome) -> dict[str, Json]:
    """What came of a run."""
    return {
        "exit_code": int(outcome.exit_code),
        "written": outcome.written,
        "not_back": outcome.lacking,
        "production_touched": outcome.production_touched,
        "made": list(outcome.made),
        "tables": [
            {
                "table": str(load.target),
                "inserted": load.inserted,
                "updated": load.updated,
                "deleted": load.deleted,
                "left_alone": sum(each.rows for each in load.conflicts),
            }
            for load in outcome.loads
        ],
        "differences": [difference(each) for each in outcome.differences],
        "ledgers": [{**encode_fields(ledger), "landing": str(ledger.target)} for ledger in outcome.ledgers],
        "remains": [encode_fields(remain) for remain in outcome.remains],
        "proof": list(outcome.proof),
        "kept": list(outcome.kept),
        "notices": list(outcome.notices),
        "error": failure(outcome.cause) if outcome.cause else None,
    }


def difference(found: TableDifference) -> dict[str, Json]:
    """What sets one table's sides apart; every key stands in the run's folder."""
    return {
        "table": str(found.ref),
        "landing": str(found.target),
        "restored": found.restored,
        "live": found.live,
        "groups": [
            {
                "relation": group.relation.value,
                "story": group.provenance.value,
                "act": group.act.value,
                "rows": group.rows,
                "columns": dict(group.touched),
                "sample": [{cell.column: {"now": cell.now, "then": cell.then} for cell in row} for row in group.sample],
            }
            for group in found.groups
        ],
        "conflicts": [encode_fields(conflict) for conflict in found.conflicts],
        "children": [{**encode_fields(child), "child": str(child.child)} for child in found.children],
        "unlike": list(found.unlike),
        "unseen": found.unseen,
        "print": found.digest,
    }


def failure(problem: RdsRestoreError) -> dict[str, Json]:
    """The parts of an error."""
    return {"code": problem.code, "where": problem.where, "what": problem.what, "hint": problem.hint}
