"""From a journal's records back to the run they tell of. Pure: the world is not asked here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rdsrestore.domain.codec import decode, decode_tagged
from rdsrestore.domain.errors import JournalError
from rdsrestore.domain.facts import Fact
from rdsrestore.domain.outcome.ending import Ending
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.journal.journal import Kind, Record, ending, open_steps
from rdsrestore.workflow.step import Facts, Step


@dataclass(frozen=True)
class ReplayedRun:
    """What a journal tells: the request, what was read, the steps still open in the order they began, and the facts.

    `recipe` names the plan's steps in order, and `ending` says how the run ended last; None where it was cut off.
    `verified` is when its rows were found right, and `failure` what had ended its steps when it was cut off.
    """

    request: Request
    survey: Survey
    open: tuple[Step, ...]
    facts: Facts
    recipe: tuple[str, ...] = ()
    ending: Ending | None = None
    verified: datetime | None = None
    failure: str = ""


def replay(records: Sequence[Record], recipe: Iterable[type[Step]]) -> ReplayedRun:
    """Rebuild what the records tell; JournalError with code `journal.version` where this release can't read them."""
    kinds = {kind.name: kind for kind in recipe}
    try:
        start = next(record for record in records if record.kind is Kind.STARTED)
        still = tuple(decode(kinds[record.step], record.data["intent"]) for record in reversed(open_steps(records)))
        known = replay_facts(records)
        for step in still:
            assumed = None if told(records, step.name) else step.interrupted()
            if assumed is not None and known.find(type(assumed)) is None:
                known.put(assumed)
        steps = start.data["steps"]
        return ReplayedRun(
            request=decode(Request, start.data["request"]),
            survey=decode(Survey, start.data["survey"]),
            open=still,
            facts=known,
            recipe=tuple(map(str, steps)) if isinstance(steps, list) else (),
            ending=ending(records),
            verified=last(records, Kind.DONE, "verify"),
            failure=failure(records),
        )
    except (
        StopIteration,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        ArithmeticError,
        AssertionError,
    ) as error:
        raise JournalError(
            "journal",
            "was written by another release, or is incomplete",
            "use the release named in its first line; rdsrestore cleanup --all goes by the marks",
            code="journal.version",
        ) from error


def last(records: Sequence[Record], kind: Kind, step: str) -> datetime | None:
    """Say when a step last did something; None where it never did."""
    return next((record.at for record in reversed(records) if (record.kind, record.step) == (kind, step)), None)


def told(records: Sequence[Record], step: str) -> bool:
    """Whether a step that did not end well has said so itself, and with it how far it came."""
    kinds = [record.kind for record in records if record.step == step and record.kind in {Kind.INTENT, Kind.FAILED}]
    return kinds[-1:] == [Kind.FAILED]


def failure(records: Sequence[Record]) -> str:
    """Say what ended the steps of a run; empty where none failed, or it went on since."""
    for record in reversed(records):
        if record.kind is Kind.FAILED:
            return str(record.data.get("problem"))
        if record.kind in {Kind.RESUMED, Kind.INTENT}:
            return ""
    return ""


def replay_facts(records: Sequence[Record]) -> Facts:
    """Rebuild the facts that the steps gave, those that failed half-way too."""
    known = Facts()
    for record in records:
        given = record.data.get("fact")
        if record.kind in {Kind.DONE, Kind.FAILED} and isinstance(given, dict):
            fact = decode_tagged(given)
            assert isinstance(fact, Fact)  # noqa: S101 - for the type checker: only facts are written there
            known.put(fact)
    return known
