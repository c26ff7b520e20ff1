"""Keeping the binlog: for how many hours production has to, what is put back, and what of it is known afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fakes import BEFORE, NOW, FakeWorld, request
from rdsrestore.app.requests.keep_binlog import before_others
from rdsrestore.domain.codec import encode
from rdsrestore.domain.errors import ToolError
from rdsrestore.domain.facts import BinlogKept, RetentionRaised
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.incident import BinlogSurvey, KeptFile
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.request.restore_point import Moment, Snapshot
from rdsrestore.steps.keep_binlog import KeepBinlog
from rdsrestore.steps.load import Load
from rdsrestore.steps.raise_retention import RaiseRetention
from rdsrestore.store.runs import Runs
from rdsrestore.workflow.journal.header import header
from rdsrestore.workflow.journal.journal import Kind
from rdsrestore.workflow.planner import make_plan
from rdsrestore.workflow.run.position import Touched, position
from rdsrestore.workflow.step import Run
from rdsrestore.workflow.surveyor import survey

RUN = RunId("170601-103000-abcd")
HOUR = 3600
KEPT = BinlogSurvey(NOW, (KeptFile("binlog.000001", 4),))


def begun(folder: Path, world: FakeWorld) -> Run:
    wanted = request(keep_binlog=True)
    read = survey(wanted, world.world(), folder)
    return Run(RUN, wanted, read, world.world(), folder, lambda _text, _share: None)


def raised(folder: Path, binlog: BinlogSurvey, **wanted: object) -> RaiseRetention | None:
    read = replace(survey(request(), FakeWorld().world(), folder), binlog=binlog)
    return RaiseRetention.decide(request(keep_binlog=True, **wanted), read, RUN)


@pytest.mark.parametrize(
    ("age", "wait", "hours"),
    [
        (timedelta(minutes=5), 6 * HOUR, 24),
        (timedelta(hours=17), 6 * HOUR, 24),
        (timedelta(hours=17, seconds=1), 6 * HOUR, 25),
        (timedelta(hours=40), 2 * HOUR, 43),
        (timedelta(days=7), 6 * HOUR, 168),
        (timedelta(minutes=5), 30 * 24 * HOUR, 168),
    ],
)
def test_production_keeps_it_for_the_age_of_the_moment_the_wait_and_an_hour_within_a_day_and_a_week(
    tmp_path: Path, age: timedelta, wait: int, hours: int
) -> None:
    assert raised(tmp_path, KEPT, point=Moment(NOW - age, ""), wait=wait) == RaiseRetention(hours, None)


@pytest.mark.parametrize(("former", "wanted"), [(None, 24), (3, 24), (23, 24), (24, None), (168, None)])
def test_what_is_kept_for_as_long_already_is_left_alone(tmp_path: Path, former: int | None, wanted: int | None) -> None:
    step = raised(tmp_path, replace(KEPT, hours=former), point=Moment(NOW, ""))
    assert step == (RaiseRetention(wanted, former) if wanted else None)


def test_nothing_is_set_where_there_is_no_binlog_it_may_not_be_set_or_no_moment_is_known(tmp_path: Path) -> None:
    assert raised(tmp_path, replace(KEPT, files=())) is None
    assert raised(tmp_path, replace(KEPT, fixed="EXECUTE was denied")) is None
    assert raised(tmp_path, KEPT, point=Snapshot("nightly")) is None


@pytest.mark.parametrize("now", [12, 72])
def test_what_somebody_has_set_since_it_was_read_is_neither_lowered_nor_put_back(tmp_path: Path, now: int) -> None:
    world = FakeWorld()
    run, step = begun(tmp_path, world), RaiseRetention(24, None)
    world.server.hours = now
    fact = step.apply(run)
    assert isinstance(fact, RetentionRaised)
    assert f"somebody has set it to {now} since" in step.result(fact)
    step.undo(run)
    assert world.server.hours == now
    assert step.prove_gone(run).endswith(f"is {now}, set by somebody since; before this run: not set")


def test_a_run_that_was_killed_after_it_was_raised_raises_it_again_and_puts_back_what_it_was(tmp_path: Path) -> None:
    world = FakeWorld()
    run, step = begun(tmp_path, world), RaiseRetention(24, 3)
    world.server.hours = 24
    assert step.apply(run) == RetentionRaised(24)
    step.undo(run)
    assert world.server.hours == 3
    assert step.prove_gone(run).endswith("is 3 again")


def journalled(folder: Path, name: str, step: RaiseRetention, *, instance: str = "production") -> None:
    """A run's journal in which the retention is raised, and not put back."""
    runs = Runs(folder)
    stored = runs.create(RunId(name))
    wanted = request(keep_binlog=True, instance=instance)
    read = survey(request(), FakeWorld().world(), folder)
    journal = runs.open(stored, FakeWorld().clock)
    journal.append(
        Kind.STARTED, "", header(make_plan(wanted, read, stored.id, [RaiseRetention]), read, "1", "here", "")
    )
    journal.append(Kind.INTENT, step.name, {"intent": encode(step)})
    journal.close()


def test_of_runs_at_once_the_value_before_the_first_comes_back(tmp_path: Path) -> None:
    world = FakeWorld()
    run, first = begun(tmp_path, world), RaiseRetention(24, None)
    first.apply(run)
    journalled(tmp_path / "runs", "170601-100000-aaaa", first)
    journalled(tmp_path / "runs", "170601-100100-bbbb", RaiseRetention(24, 3), instance="another")

    found = before_others(replace(KEPT, hours=world.server.hours), "production", Runs(tmp_path / "runs").all())
    assert found
    second = raised(tmp_path, found, point=Moment(NOW - timedelta(hours=30), ""))
    assert second == RaiseRetention(37, None, 24)
    assert "24 now by another run, not set before" in second.describe()
    assert second.apply(run) == RetentionRaised(37)
    first.undo(run)
    assert world.server.hours == 37
    second.undo(run)
    assert world.server.hours is None
    assert second.prove_gone(run).endswith("is not set again")


def test_what_nobody_of_ours_has_raised_is_what_comes_back(tmp_path: Path) -> None:
    assert before_others(None, "production", ()) is None
    journalled(tmp_path / "runs", "170601-100000-aaaa", RaiseRetention(24, 3))
    found = before_others(replace(KEPT, hours=12), "production", Runs(tmp_path / "runs").all())
    assert found == replace(KEPT, hours=12)


def copied_by(run: Run) -> BinlogKept:
    fact = KeepBinlog(BEFORE.utc, 1, 4).apply(run)
    assert isinstance(fact, BinlogKept)
    return fact


def test_files_that_were_copied_before_an_interruption_stay_known_when_the_server_has_purged_them(
    tmp_path: Path,
) -> None:
    world = FakeWorld()
    run = begun(tmp_path, world)
    first = copied_by(run)
    run.facts.put(first)
    world.server.logs = {"binlog.000002": b"later"}
    assert [file.name for file in copied_by(run).files] == ["binlog.000001", "binlog.000002"]
    world.server.logs = {"binlog.000001": b"rows and more"}
    assert [file.bytes for file in copied_by(run).files] == [len(b"rows and more")]


@pytest.mark.parametrize("call", ["binlog", "copy_binlog"])
def test_a_program_that_fails_is_said_and_does_not_stop_the_restore(tmp_path: Path, call: str) -> None:
    world = FakeWorld()
    run = begun(tmp_path, world)
    world.server.faults.fail(call, ToolError("mysqlbinlog", "it is not there"))
    assert copied_by(run) == BinlogKept((), "it is not there")


def test_while_it_is_raised_no_table_is_said_to_be_written(tmp_path: Path) -> None:
    step = raised(tmp_path, BinlogSurvey(NOW, (KeptFile("binlog.000001", 9),), None, None))
    assert step
    assert position((step,), step, {}, changed=False).touched is Touched.NOTHING
    load = Load("rdsrestore_x", Policy(Merge.MISSING))
    assert position((step, load), load, {}, changed=False).touched is Touched.NOW
