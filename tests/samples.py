"""A plan, its survey, the events of a run and how it may end, for whoever tells of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

from fakes import BEFORE, BILLING, LINES, NOW, FakeWorld, request
from rdsrestore.core import events
from rdsrestore.core.errors import CloudError
from rdsrestore.core.model import Request, RunId
from rdsrestore.core.outcome import Outcome, Remains
from rdsrestore.core.planner import make_plan
from rdsrestore.core.step import Impact, Plan
from rdsrestore.core.survey import Survey
from rdsrestore.core.surveyor import survey
from rdsrestore.core.tables import Conflict, LostChildren, TableCheck, TableDifference, TableLoad
from rdsrestore.outlets.terminal import Terminal
from rdsrestore.steps import RECIPE

RUN = RunId("170601-103000-abcd")
EVIL = "\x1b[2J\x1b]0;owned\x07 [bold]x[/bold] \x9b31m \u202e:bomb: <!channel> *b* & \ud800"


class Screen:
    """A terminal whose output can be read: a pipe's, or one that can be animated, 80 columns wide."""

    def __init__(self, *, animated: bool = False) -> None:
        self.stream = StringIO()
        self.terminal = Terminal(self.stream, animated=animated)
        if animated:
            self.terminal.width = 80

    @property
    def text(self) -> str:
        return self.stream.getvalue()


def wanted() -> Request:
    return request(tables=("billing", "billing_lines"), reason="a missing WHERE")


def sample_survey() -> Survey:
    world = FakeWorld()
    world.server.live = {BILLING: dict.fromkeys(range(12), "x"), LINES: {}}
    found = survey(wanted(), world.world(), Path("/"))
    return replace(found, hourly_cost=Decimal("0.0680"))


def sample_plan() -> Plan:
    return make_plan(wanted(), sample_survey(), RUN, RECIPE)


def sample_differences() -> tuple[TableDifference, ...]:
    return (
        TableDifference(
            BILLING, BILLING, restored=20_000, live=12, missing=19_990, present=7, changed=2, newer=5,
            conflicts=(Conflict("invoice_no is taken by a newer row", 3, ("17", "18", "19")),),
            sample=((("id", "1"), ("invoice_no", "A-1"), ("notes", "a very long note that goes on and on")),),
            children=(LostChildren(LINES, "CASCADE", 40_000, 0),),
        ),
    )  # fmt: skip


def ended_well() -> Outcome:
    left = (Conflict("invoice_no is taken by a newer row", 3, ("17",)),)
    return Outcome(
        run=RUN.value,
        loads=(TableLoad(BILLING, 19_990, 20, left), TableLoad(LINES, 40_000, 40)),
        checks=(
            TableCheck(BILLING, 19_997, 19_997, 19_990, 19_990, 12, 20_002),
            TableCheck(LINES, 40_000, 40_000, 40_000, 40_000, 0, 40_000),
        ),
        production_touched=True,
        proof=(f"instance {RUN.resource} is gone", f"security group {RUN.resource} is gone, and its rule with it"),
        notices=("Slack: 2 messages not delivered (status 503)",),
    )


def ended_badly() -> Outcome:
    cause = CloudError("restore-instance", "the copy ended as storage-full", "use --class", code="aws.restore-failed")
    remains = Remains(f"delete instance {RUN.resource}", "aws: no answer", f"rdsrestore cleanup {RUN}")
    return Outcome(run=RUN.value, cause=cause, remains=(remains,))


def story() -> list[events.Event]:
    """A run that waits, fails and is not wholly cleaned up, in events."""
    end = NOW + timedelta(minutes=21)
    return [
        events.RunStarted(RUN, sample_plan(), NOW),
        events.StepStarted("own-group", "make security group g, closed to everybody", Impact.TEMPORARY, NOW, 2.0),
        events.StepDone("own-group", "made sg-1", 0.41),
        events.StepStarted("restore-instance", f"restore production as of {BEFORE}", Impact.TEMPORARY, NOW, 1200.0),
        events.StepProgress("restore-instance", "creating"),
        events.StepProgress("restore-instance", "backing-up", 0.5),
        events.StepFailed("restore-instance", "restore-instance: storage-full", "use --class", 1230.0),
        events.UndoStarted("restore-instance", "delete instance r"),
        events.UndoDone("restore-instance", "delete instance r", 65.0, "aws: no answer"),
        events.UndoStarted("own-group", "delete security group g"),
        events.UndoDone("own-group", "delete security group g", 1.0),
        events.Notice("Slack does not answer"),
        events.RunEnded(RUN, ended_badly(), end),
    ]
