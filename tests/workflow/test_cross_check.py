"""Rows from the binlog that the backup is asked about afterwards: it agrees, it does not, or it can't be asked."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fakes import BILLING, Ear, FakeWorld, request
from rdsrestore.domain.errors import CloudError, Interrupted, RdsRestoreError, ToolError
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.outcome.outcome import Outcome
from rdsrestore.domain.request.restore_point import RowsFrom
from rdsrestore.notify.next_steps import following
from rdsrestore.steps.recipe import CHECKED_RECIPE
from rdsrestore.workflow.events import Announcer
from rdsrestore.workflow.journal.journal import Kind
from rdsrestore.workflow.planner import make_plan
from rdsrestore.workflow.run.run_io import RunIO
from rdsrestore.workflow.run.runner import execute
from rdsrestore.workflow.step import Run
from rdsrestore.workflow.surveyor import survey
from workflow.test_runner import Paper

RUN = RunId("170601-103000-abcd")
BACK = {1: "a", 2: "b", 3: "c"}


@dataclass
class Checked:
    """One run that asks both sources, on fakes."""

    folder: Path
    world: FakeWorld = field(default_factory=FakeWorld)
    paper: Paper = field(default_factory=Paper)

    def play(self) -> Outcome:
        wanted = request(rows_from=RowsFrom.AUTO)
        read = survey(wanted, self.world.world(), self.folder)
        run = Run(RUN, wanted, read, self.world.world(), self.folder, lambda _text, _share: None)
        return execute(make_plan(wanted, read, RUN, CHECKED_RECIPE), run, RunIO(self.paper, Announcer([Ear()])))

    def nothing_left(self) -> bool:
        cloud, server = self.world.cloud, self.world.server
        return not (cloud.groups or cloud.rules or cloud.copies or server.scratch)


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    return Checked(tmp_path)


def test_rows_are_back_before_the_backup_is_restored_which_then_says_the_same(checked: Checked) -> None:
    rows_at_restore: list[dict[int, str]] = []
    checked.world.cloud.faults.when(
        "await_available", lambda: rows_at_restore.append(checked.world.server.live[BILLING])
    )

    outcome = checked.play()

    assert rows_at_restore == [BACK]
    assert (outcome.exit_code, outcome.written) == (ExitCode.OK, 3)
    assert checked.paper.of(Kind.DONE)[-1] == "cross-check"
    assert checked.nothing_left()


def test_a_backup_that_differs_is_told_loudly_with_the_undo(checked: Checked) -> None:
    checked.world.server.lacks = 1

    outcome = checked.play()

    assert outcome.exit_code is ExitCode.FAILED_CHANGED
    assert outcome.cause is not None
    assert outcome.cause.code == "verify.backup-differs"
    assert "expected 2, found 3" in outcome.headline
    said = "\n".join(following(outcome))
    assert f"rdsrestore undo {RUN}" in said
    assert "--rows-from backup" in said
    assert f"--from {RUN}" not in said
    assert checked.nothing_left()


@pytest.mark.parametrize("error", [CloudError("restore", "no capacity"), Interrupted(signal.SIGINT, "SIGINT")])
def test_a_backup_that_can_not_be_asked_takes_nothing_from_rows_that_are_verified(
    checked: Checked, error: RdsRestoreError
) -> None:
    checked.world.cloud.faults.fail("await_available", error)

    outcome = checked.play()

    assert outcome.exit_code is ExitCode.INCOMPLETE
    assert outcome.headline.startswith("restored and verified: 3 rows put back, from the binlog; the backup was not")
    assert checked.world.server.live[BILLING] == BACK
    assert checked.nothing_left()


def test_where_the_binlog_fails_nothing_is_restored_and_nothing_costs(checked: Checked) -> None:
    checked.world.server.faults.fail("rows_from_binlog", ToolError("find", "binlog.000001 is torn", code="binlog.torn"))

    outcome = checked.play()

    assert outcome.exit_code is ExitCode.FAILED_CLEAN
    assert checked.paper.of(Kind.DONE) == []
    assert checked.world.server.live[BILLING] == {}
