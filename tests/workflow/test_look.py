"""A look at another run's copy, on fakes: what is asked is kept, what is answered is not, and the rule is closed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from fakes import BILLING, Ear, FakeWorld, request, unreachable
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.outcome.outcome import Outcome
from rdsrestore.domain.tables.question import CopyAsked
from rdsrestore.steps.recipe import LOOK_RECIPE, RECIPE
from rdsrestore.workflow.events import Announcer
from rdsrestore.workflow.journal.journal import Kind
from rdsrestore.workflow.planner import make_plan
from rdsrestore.workflow.run.run_io import RunIO
from rdsrestore.workflow.run.runner import execute
from rdsrestore.workflow.step import Run, Step
from rdsrestore.workflow.surveyor import survey
from workflow.test_runner import Paper

OWNER, LOOK = RunId("170601-103000-abcd"), RunId("170601-113000-abcd")


@dataclass
class Kept:
    """A run that has kept its copy, in a world of fakes."""

    folder: Path
    world: FakeWorld

    def play(self, run: RunId, recipe: tuple[type[Step], ...], paper: Paper) -> tuple[Outcome, Run]:
        asked = replace(request(), keep=7200, keep_always=True)
        if run == LOOK:
            asked = replace(request(), instance_of=OWNER.value, looks=True)
        world = self.world.world()
        read = survey(asked, world, self.folder)
        done = Run(run, asked, read, world, self.folder, lambda _text, _share: None)
        return execute(make_plan(asked, read, run, recipe), done, RunIO(paper, Announcer([Ear()]))), done


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    found = Kept(tmp_path, FakeWorld())
    found.play(OWNER, RECIPE, Paper())
    return found


def test_what_was_asked_is_kept_without_values_and_the_copy_is_closed_again(kept: Kept) -> None:
    live = dict(kept.world.server.live[BILLING])
    kept.world.operator.statements = ["SELECT * FROM billing WHERE id = 17", "SHOW TABLES"]
    outcome, run = kept.play(LOOK, LOOK_RECIPE, Paper())
    assert outcome.exit_code is ExitCode.OK
    texts = [each.text for each in run.facts.get(CopyAsked).statements]
    assert texts == ["SELECT * FROM billing WHERE id = ?", "SHOW TABLES"]
    assert len(kept.world.operator.rows) == 2 * len(kept.world.server.then[BILLING])
    assert (any(kept.world.cloud.rules.values()), len(kept.world.cloud.copies)) == (False, 1)
    assert kept.world.server.live[BILLING] == live


def test_a_look_that_fails_tells_what_was_asked_until_then_and_closes_the_copy(kept: Kept) -> None:
    paper = Paper()
    kept.world.server.faults.fail("look", unreachable())
    kept.world.operator.statements = ["SHOW TABLES"]
    outcome, run = kept.play(LOOK, LOOK_RECIPE, paper)
    assert outcome.exit_code is not ExitCode.OK
    assert run.facts.get(CopyAsked).statements == ()
    assert "look" in paper.of(Kind.FAILED)
    assert not any(kept.world.cloud.rules.values())
    assert len(kept.world.cloud.copies) == 1
