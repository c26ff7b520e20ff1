"""Production's storage is asked for room where a whole table may stand there once more, before one is made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fakes import BILLING, SOURCE, Ear, FakeWorld, definition, request
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.outcome.outcome import Outcome
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.tables.dump_file import DumpFile, Fingerprint
from rdsrestore.domain.tables.in_place import InPlace
from rdsrestore.domain.tables.target import Target
from rdsrestore.steps.load import way
from rdsrestore.steps.recipe import RECIPE
from rdsrestore.steps.stage import by_way_of
from rdsrestore.workflow.events import Announcer
from rdsrestore.workflow.planner import make_plan
from rdsrestore.workflow.run.run_io import RunIO
from rdsrestore.workflow.run.runner import execute
from rdsrestore.workflow.step import Run
from rdsrestore.workflow.surveyor import survey
from workflow.test_runner import Paper

RUN = RunId("170601-103000-abcd")
TWICE = 2 * definition().bytes
FEW = "production may need 0.0 GB for it, and has 0.0 GB free"


def run_with(free: int, asked: Request, folder: Path, world: FakeWorld) -> Run:
    world.cloud.free = {SOURCE.id: free}
    read = survey(asked, world.world(), folder)
    return Run(RUN, asked, read, world.world(), folder, lambda _text, _share: None)


def played(run: Run) -> Outcome:
    plan = make_plan(run.request, run.survey, RUN, RECIPE)
    return execute(plan, run, RunIO(Paper(), Announcer([Ear()])))


def test_a_dropped_table_is_not_made_where_there_is_too_little_room_for_what_the_copy_has(tmp_path: Path) -> None:
    world = FakeWorld()
    world.server.live = {}
    outcome = played(run_with(TWICE - 1, request(recreate=True), tmp_path, world))
    assert outcome.cause
    assert outcome.cause.code == "disk.production"
    assert world.server.live == {}
    assert played(run_with(TWICE, request(recreate=True), tmp_path, world)).cause is None
    assert len(world.server.live[BILLING]) == 3


@pytest.mark.parametrize(("free", "why"), [(TWICE - 1, FEW), (TWICE, "it has triggers")])
def test_rows_go_into_the_table_itself_where_there_is_too_little_room_for_another(
    free: int, why: str, tmp_path: Path
) -> None:
    world = FakeWorld()
    world.server.definitions[BILLING] = definition(create_sql="CREATE TABLE", key_index="PRIMARY")
    asked = replace(request(), in_place=InPlace.SHADOW)
    run = run_with(free, asked, tmp_path, world)
    dump = DumpFile(definition(), "billing.sql", 100, "0", 3, Fingerprint(3, 0))
    chosen = by_way_of(run, world.server, Target(dump, BILLING, direct=True))
    assert (chosen.shadow, chosen.why_not) == (False, why)
    assert (f"into the table itself, since {why}" in way(asked, run.survey)) == (why == FEW)


def test_nobody_is_asked_where_no_table_may_stand_there_once_more(tmp_path: Path) -> None:
    assert run_with(1, request(), tmp_path, FakeWorld()).survey.free_storage is None
    assert run_with(1, request(into="then"), tmp_path, FakeWorld()).survey.free_storage == 1
