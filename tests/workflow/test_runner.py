"""The runner on a world of fakes: what is written, what is undone, and how it ends."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from fakes import BEFORE, BILLING, LINES, NOW, Ear, FakeWorld, definition, request, unreachable
from rdsrestore.domain.cloud.instance import SourceCluster
from rdsrestore.domain.codec import Json
from rdsrestore.domain.errors import CloudError, JournalError
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.outcome.outcome import Outcome
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.domain.tables.definition import ForeignKey, Trigger, triggers_file
from rdsrestore.steps.recipe import RECIPE
from rdsrestore.workflow.events import Announcer, Notice, StepDone, StepFailed, StepStarted
from rdsrestore.workflow.journal.journal import Kind, Record, chain
from rdsrestore.workflow.planner import make_plan
from rdsrestore.workflow.run.run_io import RunIO
from rdsrestore.workflow.run.runner import execute
from rdsrestore.workflow.step import Run
from rdsrestore.workflow.surveyor import survey

RUN = RunId("170601-103000-abcd")


@dataclass
class Paper:
    """A journal in memory that can run out of space."""

    records: list[tuple[Kind, str]] = field(default_factory=list)
    full_at: tuple[Kind, str] | None = None
    signal_at: tuple[Kind, str] | None = None

    def append(self, kind: Kind, step: str = "", data: dict[str, Json] | None = None) -> Record:
        if (kind, step) == self.full_at:
            raise JournalError("journal", "disk full")
        self.records.append((kind, step))
        if (kind, step) == self.signal_at:
            os.kill(os.getpid(), signal.SIGINT)
        return chain(None, NOW, kind, step, data or {})

    def of(self, kind: Kind) -> list[str]:
        return [step for each, step in self.records if each is kind]


@dataclass
class Stage:
    """One run on fakes."""

    folder: Path
    world: FakeWorld = field(default_factory=FakeWorld)
    paper: Paper = field(default_factory=Paper)
    ear: Ear = field(default_factory=Ear)

    def play(self, wanted: Request | None = None) -> Outcome:
        wanted = wanted or request()
        world = self.world.world()
        read = survey(wanted, world, self.folder)
        plan = make_plan(wanted, read, RUN, RECIPE)
        run = Run(RUN, wanted, read, world, self.folder, lambda _text, _share: None)
        return execute(plan, run, RunIO(self.paper, Announcer([self.ear])))

    def nothing_left(self) -> bool:
        cloud, server = self.world.cloud, self.world.server
        return not (cloud.groups or cloud.rules or cloud.copies or cloud.clusters or server.scratch)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_a_deleted_table_comes_back_and_nothing_is_left(stage: Stage) -> None:
    outcome = stage.play()
    assert outcome.exit_code is ExitCode.OK
    assert stage.world.server.live[BILLING] == {1: "a", 2: "b", 3: "c"}
    assert outcome.written == 3
    assert stage.nothing_left()
    assert len(outcome.proof) == 5


def test_each_step_says_where_in_the_job_it_stands_and_what_production_has_seen(stage: Stage) -> None:
    stage.play()
    begun = [each for each in stage.ear.heard if isinstance(each, StepStarted)]
    places = {each.step: each.position for each in begun if each.position}
    assert [each.number for each in places.values()] == list(range(1, len(begun) + 1))
    assert {each.of for each in places.values()} == {len(begun)}
    asked = list(places).index("approve")
    assert [each.to_question for each in places.values()] == [number < asked for number in range(len(begun))]
    seen = {step: place.touched.value for step, place in places.items()}
    assert (seen["dump"], seen["save"], seen["load"], seen["verify"]) == ("nothing", "nothing", "now", "before")
    assert places["approve"].later == places["save"].later + 20
    assert list(places.values())[-1].later == 0


@pytest.mark.parametrize(("wanted", "kept"), [(request(), False), (request(recreate=True), True)])
def test_statements_of_triggers_that_are_not_made_again_are_kept(stage: Stage, wanted: Request, *, kept: bool) -> None:
    had = definition(triggers=(Trigger("bump", "AFTER", "DELETE", "app@%"),))
    stage.world.server.definitions[BILLING] = had
    if wanted.recreate:
        del stage.world.server.live[BILLING]
    assert stage.play(wanted).exit_code is ExitCode.OK
    file = stage.folder / triggers_file(BILLING)
    assert not kept or file.stat().st_mode & 0o777 == 0o600
    assert (file.read_text() if file.exists() else "") == ("CREATE TRIGGER bump ON billing;\n" if kept else "")


def test_rows_written_since_stay(stage: Stage) -> None:
    stage.world.server.live[BILLING] = {2: "edited", 9: "new"}
    outcome = stage.play()
    assert stage.world.server.live[BILLING] == {1: "a", 2: "edited", 3: "c", 9: "new"}
    assert outcome.differences[0].newer == 1


def test_an_intent_is_written_before_each_act_and_a_result_after_it(stage: Stage) -> None:
    stage.play()
    intents, results = stage.paper.of(Kind.INTENT), stage.paper.of(Kind.DONE)
    assert intents == results
    for step in intents:
        assert stage.paper.records.index((Kind.INTENT, step)) < stage.paper.records.index((Kind.DONE, step))


def test_the_teardown_goes_backwards_and_what_needs_production_comes_last(stage: Stage) -> None:
    stage.play()
    assert stage.paper.of(Kind.UNDONE) == ["open-rule", "restore-instance", "own-group", "arm-switch", "scratch"]


@pytest.mark.parametrize(("named", "shut", "rules"), [((), False, 0), ((), True, 1), (("10.0.0.0/16",), False, 1)])
def test_in_production_s_own_groups_a_rule_is_opened_only_where_they_shut_us_out_or_somebody_was_named(
    stage: Stage, named: tuple[str, ...], *, shut: bool, rules: int
) -> None:
    own = ("sg-0123456789abcdef0",)
    stage.world.cloud.held = replace(stage.world.cloud.held, security_groups=own)
    if shut:
        stage.world.server.faults.fail("reach", unreachable())
    copies: list[tuple[str, ...]] = []
    cloud = stage.world.cloud
    cloud.faults.when("restore", lambda: copies.extend(each.beside for each in cloud.copies.values()))
    opened: list[str] = []
    cloud.faults.when("open_rule", lambda: opened.extend(cloud.rules))

    outcome = stage.play(request(same_groups=True, allow=named))

    assert outcome.exit_code is ExitCode.OK
    assert copies == [own]
    assert len(opened) == rules
    assert stage.nothing_left()


def test_where_the_copy_can_not_be_reached_whoever_is_named_then_is_let_in_as_well(stage: Stage) -> None:
    stage.world.server.faults.fail("reach", unreachable())
    stage.world.operator.known = ["10.0.0.5/32"]
    outcome = stage.play()
    assert outcome.exit_code is ExitCode.OK
    assert stage.world.operator.asked[0] == "no answer"
    (done,) = [each for each in stage.ear.heard if isinstance(each, StepDone) and each.step == "open-rule"]
    assert done.result == "opened 2 rules, as you said also to 10.0.0.5/32; we are let in"
    assert stage.nothing_left()


@pytest.mark.parametrize(
    "call", ["create_group", "restore", "await_available", "reset_password", "open_rule", "close_rules"]
)
def test_a_cloud_failure_before_production_changed_is_clean(stage: Stage, call: str) -> None:
    stage.world.cloud.faults.fail(call, CloudError("cloud", "it broke", "wait"))
    stage.world.server.rotated = True
    outcome = stage.play()
    assert outcome.exit_code is ExitCode.FAILED_CLEAN
    assert stage.nothing_left()
    assert stage.world.server.live[BILLING] == {}


@pytest.mark.parametrize(
    ("user", "rotated", "set_in"),
    [("admin", False, []), ("admin", True, ["own-password"]), ("somebody", False, ["own-password"])],
)
def test_the_copy_gets_a_password_only_where_production_s_is_not_its_own_and_its_own_step_says_so(
    stage: Stage, user: str, *, rotated: bool, set_in: list[str]
) -> None:
    stage.world.server.rotated = rotated
    asked: list[str] = []

    def under_way() -> None:
        asked.append([each.step for each in stage.ear.heard if isinstance(each, StepStarted)][-1])

    stage.world.cloud.faults.when("reset_password", under_way)
    outcome = stage.play(request(user=user))
    assert outcome.exit_code is ExitCode.OK
    assert asked == set_in
    (done,) = [each for each in stage.ear.heard if isinstance(each, StepDone) and each.step == "own-password"]
    assert ("a one-time password was set" in done.result) is bool(set_in)
    assert stage.nothing_left()


@pytest.mark.parametrize("call", ["copy", "dump", "create_scratch", "stage", "compare"])
def test_a_database_failure_before_production_changed_is_clean(stage: Stage, call: str) -> None:
    stage.world.server.faults.fail(call, unreachable())
    outcome = stage.play()
    assert outcome.exit_code is ExitCode.FAILED_CLEAN
    assert stage.nothing_left()


def test_a_failing_load_says_that_production_changed(stage: Stage) -> None:
    stage.world.server.faults.fail("between rows", unreachable())
    outcome = stage.play()
    assert (outcome.exit_code, outcome.written) == (ExitCode.FAILED_CHANGED, 1)
    assert stage.nothing_left()


def test_lost_rows_are_found_and_both_numbers_given(stage: Stage) -> None:
    stage.world.server.lose_rows(1)
    outcome = stage.play()
    assert outcome.exit_code is ExitCode.FAILED_CHANGED
    assert "expected 3, found 2" in str(outcome.cause)


def test_what_cannot_be_deleted_wins_over_success_and_the_rest_is_still_undone(stage: Stage) -> None:
    stage.world.cloud.keep(RUN.resource)
    outcome = stage.play()
    assert outcome.exit_code is ExitCode.CLEANUP_INCOMPLETE
    assert not stage.world.server.scratch
    assert not stage.world.cloud.rules
    assert {remain.command for remain in outcome.remains} == {f"rdsrestore cleanup {RUN}"}


def test_an_instance_that_is_still_there_after_its_deletion_is_noticed(stage: Stage) -> None:
    cloud = stage.world.cloud
    spec = {}
    cloud.faults.when("restore", lambda: spec.update(cloud.copies))
    cloud.faults.when("delete_instance", lambda: cloud.copies.update(spec))
    outcome = stage.play()
    assert outcome.exit_code is ExitCode.CLEANUP_INCOMPLETE
    assert any("still available" in remain.why for remain in outcome.remains)
    assert cloud.armed(["rdsrestore-170601-103000-abcd"]), "the switch has to stay where the instance does"


def test_a_failed_undo_is_tried_once_more(stage: Stage) -> None:
    stage.world.cloud.faults.fail("delete_instance", CloudError("delete", "denied"))
    stage.world.server.faults.fail("drop_scratch", unreachable())
    assert stage.play().exit_code is ExitCode.OK
    assert stage.paper.of(Kind.UNDO_FAILED) == ["restore-instance", "own-group", "arm-switch", "scratch"]
    assert stage.nothing_left()


def test_what_is_found_gone_is_not_still_there_however_its_undo_ended(stage: Stage) -> None:
    def denied() -> None:
        raise CloudError("delete", "the answer was lost")

    for call in ("delete_instance", "delete_group"):
        stage.world.cloud.faults.when(call, denied)
    outcome = stage.play()
    assert stage.nothing_left()
    assert outcome.remains == ()
    assert set(stage.paper.of(Kind.UNDONE)) == {"open-rule", "restore-instance", "own-group", "arm-switch", "scratch"}


def test_where_nobody_can_look_that_is_what_is_said(stage: Stage) -> None:
    server = stage.world.server
    server.faults.when("drop_scratch", lambda: server.faults.fail("login", unreachable()))
    outcome = stage.play()
    assert outcome.exit_code is ExitCode.CLEANUP_INCOMPLETE
    (remain,) = outcome.remains
    assert remain.said.startswith("could not look whether this is done: drop scratch schema")
    assert stage.paper.of(Kind.UNDO_FAILED) == []


def test_what_needs_production_is_undone_after_all_that_does_not(stage: Stage) -> None:
    server = stage.world.server
    for call in ("drop_scratch", "stage"):
        server.faults.fail(call, unreachable())
    stage.play(request(into="billing_then"))
    cleared = stage.paper.of(Kind.UNDONE)
    assert cleared.index("landing") > cleared.index("arm-switch") > cleared.index("restore-instance")


def test_an_unforeseen_exception_is_our_bug_and_still_cleaned_up(stage: Stage) -> None:
    stage.world.server.faults.fail("stage", ZeroDivisionError("oops"))
    outcome = stage.play()
    assert outcome.exit_code is ExitCode.BUG
    assert stage.nothing_left()


def test_a_no_at_the_preview_changes_nothing(stage: Stage) -> None:
    stage.world.operator.refuse()
    outcome = stage.play()
    assert outcome.exit_code is ExitCode.REFUSED
    assert stage.world.server.live[BILLING] == {}
    assert stage.world.operator.asked == ["On production: insert 3 rows of shop.billing?"]
    assert stage.nothing_left()


def test_who_decides_later_changes_nothing_and_can_go_on(stage: Stage) -> None:
    stage.world.operator.put_off()
    outcome = stage.play()
    assert outcome.exit_code is ExitCode.REFUSED
    assert outcome.cause is not None
    assert outcome.cause.code == "approval.later"
    assert outcome.cause.hint == f"rdsrestore resume {outcome.run} goes on from the dump, without another restore"
    assert outcome.resumable
    assert stage.world.server.live[BILLING] == {}
    assert stage.nothing_left()


def test_nothing_missing_asks_nothing(stage: Stage) -> None:
    stage.world.server.live[BILLING] = {1: "a", 2: "b", 3: "c"}
    outcome = stage.play()
    assert outcome.exit_code is ExitCode.INCOMPLETE
    assert outcome.headline.startswith("nothing to restore: every row of that moment that was asked for is there")
    assert stage.world.operator.asked == []


def test_an_empty_copy_means_a_wrong_moment(stage: Stage) -> None:
    stage.world.server.then[BILLING] = {}
    outcome = stage.play()
    assert outcome.exit_code is ExitCode.REFUSED
    assert outcome.cause is not None
    assert "--before" in outcome.cause.hint


def test_a_full_journal_stops_the_act_and_not_the_cleanup(stage: Stage) -> None:
    opened: list[str] = []
    stage.world.cloud.faults.when("open_rule", lambda: opened.append("open_rule"))
    stage.paper.full_at = (Kind.INTENT, "open-rule")
    outcome = stage.play()
    assert outcome.exit_code is ExitCode.JOURNAL
    assert not opened
    assert stage.nothing_left()


def test_a_full_journal_during_the_cleanup_is_only_told(stage: Stage) -> None:
    stage.paper.full_at = (Kind.UNDONE, "restore-instance")
    assert stage.play().exit_code is ExitCode.OK
    assert any(isinstance(event, Notice) and "disk full" in event.text for event in stage.ear.heard)
    assert stage.nothing_left()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, ExitCode.INTERRUPTED),
        (signal.SIGTERM, ExitCode.TERMINATED),
        (signal.SIGHUP, ExitCode.INTERRUPTED),
    ],
)
def test_a_signal_stops_the_run_and_leaves_nothing(stage: Stage, number: signal.Signals, code: ExitCode) -> None:
    before = signal.getsignal(number)
    stage.world.cloud.faults.when("restore", lambda: os.kill(os.getpid(), number))
    outcome = stage.play()
    assert outcome.exit_code is code
    assert stage.nothing_left()
    assert signal.getsignal(number) is before


def test_a_second_signal_during_the_cleanup_is_answered_and_does_not_stop_it(stage: Stage) -> None:
    stage.world.cloud.faults.when("restore", lambda: os.kill(os.getpid(), signal.SIGINT))
    stage.world.cloud.faults.when("delete_instance", lambda: os.kill(os.getpid(), signal.SIGINT))
    assert stage.play().exit_code is ExitCode.INTERRUPTED
    assert any(isinstance(event, Notice) and "still cleaning up" in event.text for event in stage.ear.heard)
    assert stage.nothing_left()


def test_a_deaf_listener_changes_nothing(stage: Stage) -> None:
    stage.ear.broken = True
    outcome = stage.play()
    assert outcome.exit_code is ExitCode.OK
    assert outcome.notices == ("Ear: ConnectionError",)


def test_every_step_is_told(stage: Stage) -> None:
    stage.play()
    told = [event.step for event in stage.ear.heard if isinstance(event, StepDone)]
    assert told == stage.paper.of(Kind.DONE)


def test_a_failure_is_told_with_its_hint(stage: Stage) -> None:
    stage.world.cloud.faults.fail("restore", CloudError("cloud", "no room", "try --class db.t3.small"))
    stage.play()
    assert [event.hint for event in stage.ear.heard if isinstance(event, StepFailed)] == ["try --class db.t3.small"]


def test_children_are_dumped_and_loaded_after_their_parents(stage: Stage) -> None:
    key = ForeignKey("fk", LINES, ("billing_id",), BILLING, ("id",), "CASCADE")
    server = stage.world.server
    server.live[LINES], server.then[LINES] = {}, {7: "line"}
    server.define(definition(LINES, references=(key,)))
    server.define(definition(BILLING, referenced_by=(key,)))
    outcome = stage.play(request(tables=("billing_lines", "billing")))
    assert [load.target for load in outcome.loads] == [BILLING, LINES]


def test_merge_none_refuses_a_table_that_got_rows_meanwhile(stage: Stage) -> None:
    server = stage.world.server
    server.faults.when("stage", lambda: server.live[BILLING].update({9: "new"}))
    assert stage.play(request(policy=Policy(Merge.NONE))).exit_code is ExitCode.REFUSED
    assert server.live[BILLING] == {9: "new"}


def test_a_table_beside_takes_all_rows_and_the_live_one_is_untouched(stage: Stage) -> None:
    stage.world.server.live[BILLING] = {2: "edited"}
    outcome = stage.play(request(into="billing_then"))
    beside = outcome.loads[0].target
    assert stage.world.server.live[beside] == {1: "a", 2: "b", 3: "c"}
    assert stage.world.server.live[BILLING] == {2: "edited"}


def test_an_empty_table_beside_goes_when_the_run_fails(stage: Stage) -> None:
    stage.world.server.faults.fail("compare", unreachable())
    stage.play(request(into="billing_then"))
    assert [ref.table for ref in stage.world.server.live] == ["billing"]


def test_a_moment_beyond_the_window_is_waited_for(stage: Stage) -> None:
    late = Moment(stage.world.clock.now(), "10:30")
    assert stage.play(request(point=late)).exit_code is ExitCode.OK
    assert stage.paper.of(Kind.DONE)[0] == "reach-moment"


def test_a_moment_inside_the_window_is_not_waited_for(stage: Stage) -> None:
    stage.play(request(point=BEFORE))
    assert "reach-moment" not in stage.paper.of(Kind.INTENT)


def test_a_signal_after_the_last_step_is_done_stops_nothing_any_more(stage: Stage) -> None:
    stage.paper.signal_at = (Kind.DONE, "verify")
    outcome = stage.play()
    assert outcome.exit_code is ExitCode.OK
    assert outcome.headline.startswith("restored and verified")
    assert stage.paper.of(Kind.FAILED) == []
    assert stage.nothing_left()


def test_a_signal_between_two_steps_ends_the_run_and_blames_neither(stage: Stage) -> None:
    stage.paper.signal_at = (Kind.DONE, "open-rule")
    outcome = stage.play()
    assert outcome.exit_code is ExitCode.INTERRUPTED
    assert stage.paper.of(Kind.FAILED) == []
    assert stage.nothing_left()


CLUSTER = SourceCluster("c", "cluster-1", "production", "c-params")


@pytest.fixture
def aurora(stage: Stage) -> Stage:
    """A run whose source is the writer of a cluster of Aurora."""
    cloud = stage.world.cloud
    cloud.held = replace(cloud.held, engine="aurora-mysql", cluster="c", member_of=CLUSTER)
    return stage


def test_of_aurora_the_instance_goes_before_its_cluster(aurora: Stage) -> None:
    assert aurora.play().exit_code is ExitCode.OK
    undone = aurora.paper.of(Kind.UNDONE)
    assert undone.index("make-instance") < undone.index("restore-instance") < undone.index("own-group")
    assert aurora.nothing_left()


@pytest.mark.parametrize("call", ["restore", "create_instance", "reset_password", "delete_instance", "delete_cluster"])
def test_of_aurora_nothing_is_left_whatever_call_fails_once(aurora: Stage, call: str) -> None:
    aurora.world.cloud.faults.fail(call, CloudError(call, "no"))
    assert aurora.play().exit_code in {ExitCode.OK, ExitCode.FAILED_CLEAN}
    assert aurora.nothing_left()


def test_of_aurora_a_cluster_that_stays_keeps_its_group_and_its_schedule(aurora: Stage) -> None:
    cloud = aurora.world.cloud
    made = {}
    cloud.faults.when("restore", lambda: made.update(cloud.clusters))
    cloud.faults.when("delete_cluster", lambda: cloud.clusters.update(made))
    outcome = aurora.play()
    assert outcome.exit_code is ExitCode.CLEANUP_INCOMPLETE
    assert list(cloud.clusters) == [RUN.resource]
    assert cloud.groups
    assert list(cloud.armed([f"{RUN.resource}-cluster"])) == [f"{RUN.resource}-cluster"]


def test_a_multi_az_cluster_is_one_thing_to_make_and_to_delete(stage: Stage) -> None:
    cloud = stage.world.cloud
    cloud.held = replace(cloud.held, engine="mysql", cluster="c", member_of=CLUSTER)
    assert stage.play().exit_code is ExitCode.OK
    assert "make-instance" not in stage.paper.of(Kind.DONE)
    assert "restore-instance" in stage.paper.of(Kind.UNDONE)
    assert stage.nothing_left()
