"""A plan, its survey, the events of a run and how it may end, for whoever tells of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

from fakes import BEFORE, BILLING, LINES, NOW, FakeWorld, request
from rdsrestore.domain.errors import CloudError
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.outcome.load_result import Ledger, TableLoad
from rdsrestore.domain.outcome.outcome import Outcome
from rdsrestore.domain.outcome.remains import Remains
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.domain.tables.rows import (
    Act,
    Cell,
    Conflict,
    Group,
    LostChildren,
    Provenance,
    Relation,
    TableDifference,
)
from rdsrestore.notify.console.terminal import Terminal
from rdsrestore.steps.recipe import RECIPE
from rdsrestore.workflow import events
from rdsrestore.workflow.planner import make_plan
from rdsrestore.workflow.run.position import Position, Touched
from rdsrestore.workflow.step import Impact, Plan
from rdsrestore.workflow.surveyor import survey

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
    long = "a very long note that goes on and on"
    missing = (Cell("id", None, "1"), Cell("invoice_no", None, "A-1"), Cell("notes", None, long))
    changed = (Cell("id", "2", "2"), Cell("amount", "10.00", "12.00"), Cell("notes", "x", "x"))
    return (
        TableDifference(
            BILLING, BILLING, restored=20_000, live=12,
            groups=(
                Group(Relation.MISSING, Provenance.UNKNOWN, Act.INSERT, 19_990, (missing,)),
                Group(Relation.CHANGED, Provenance.UNKNOWN, Act.KEEP, 2, (changed,), (("notes", 2), ("amount", 1))),
                Group(Relation.EXTRA, Provenance.UNKNOWN, Act.KEEP, 5),
            ),
            conflicts=(Conflict("invoice_no is taken by a newer row", 3, ("17", "18", "19")),),
            children=(LostChildren(LINES, "CASCADE", 40_000, 0),), unlike=("column vat was added since",),
        ),
        TableDifference(
            LINES, LINES, restored=900, live=899,
            groups=(Group(Relation.MISSING, Provenance.UNKNOWN, Act.INSERT, 1),), unseen=899,
        ),
    )  # fmt: skip


def ended_well() -> Outcome:
    return Outcome(
        run=RUN.value,
        loads=(TableLoad(BILLING, inserted=19_990), TableLoad(LINES, inserted=40_000)),
        ledgers=(
            Ledger(BILLING, 12, 20_002, 19_990, 0, 19_990, 19_990, 0, 19_990, untouched=True),
            Ledger(LINES, 0, 40_000, 40_000, 0, 40_000, 40_000, 0, 40_000, untouched=False),
        ),
        saved=True,
        production_touched=True,
        proof=(f"instance {RUN.resource} is gone", f"security group {RUN.resource} is gone, and its rule with it"),
        notices=("Slack: 2 messages not delivered (status 503)",),
    )


def ended_short() -> Outcome:
    """Three rows could not be written, one was written again since, and two were taken away."""
    left = (Conflict("invoice_no is taken by a newer row", 3, ("17",)),)
    whole = ended_well()
    return replace(
        whole,
        differences=sample_differences(),
        loads=(replace(whole.loads[0], conflicts=left), whole.loads[1]),
        ledgers=(
            replace(whole.ledgers[0], planned=19_993, unfit=3),
            replace(whole.ledgers[1], matching=39_997, gone=2, after=39_998),
        ),
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
        events.StepStarted(
            "restore-instance",
            f"restore production as of {BEFORE}",
            Impact.TEMPORARY,
            NOW,
            1200.0,
            Position(2, 9, 400.0, to_question=True, touched=Touched.NOTHING),
        ),
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
