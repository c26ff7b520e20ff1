"""The table of engines, and what the cloud's descriptions become."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import toy_engine
from fakes import BILLING, SOURCE, Ear, FakeClock, FakeCloud, FakeOperator, request
from rdsrestore.app.database_adapters import EngineAdapters
from rdsrestore.aws.rds import describe
from rdsrestore.domain.cloud.engine import ENGINES, Engine, engine
from rdsrestore.domain.errors import CloudError
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.outcome.exit_code import ExitCode
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.adapter import MysqlDatabases
from rdsrestore.ports.databases import Access
from rdsrestore.steps.recipe import RECIPE
from rdsrestore.store.journal_file import JournalFile
from rdsrestore.workflow.events import Announcer
from rdsrestore.workflow.planner import make_plan
from rdsrestore.workflow.run.run_io import RunIO
from rdsrestore.workflow.run.runner import execute
from rdsrestore.workflow.step import Run, World
from rdsrestore.workflow.surveyor import survey

ACCESS = Access(lambda: Secret("unused"), None, None, None, 1.0)


@pytest.mark.parametrize("name", ["aurora-postgresql", "postgres", "docdb", ""])
def test_another_engine_is_an_error_that_says_which_are_supported(name: str) -> None:
    with pytest.raises(CloudError) as raised:
        engine(name)
    assert raised.value.code == "aws.engine"
    assert "mariadb, mysql" in raised.value.hint


def test_an_instance_without_an_endpoint_can_not_be_restored_from() -> None:
    with pytest.raises(CloudError, match="production is stopped") as raised:
        describe.source({"DBInstanceIdentifier": "production", "DBInstanceStatus": "stopped"}, ())
    assert raised.value.code == "aws.no-endpoint"


def test_each_engine_of_the_table_has_an_adapter_and_those_of_a_family_share_it() -> None:
    adapters = EngineAdapters(ACCESS, lambda: None)
    made = {name: adapters.of(name) for name in ENGINES}
    assert all(isinstance(each, MysqlDatabases) for each in made.values())
    assert made["mysql"] is made["mariadb"]
    adapters.close()


def test_a_new_engine_is_a_line_in_the_table_and_an_adapter(tmp_path: Path) -> None:
    known = {**ENGINES, "toy": Engine("Toy", "toy_engine:databases"), "late": Engine("Late", "is_not_there:databases")}
    engines = EngineAdapters(ACCESS, lambda: None, known=known)
    world = World(FakeCloud(held=replace(SOURCE, engine="toy")), engines, FakeOperator(), FakeClock())

    read = survey(request(), world, tmp_path)
    run = Run(RunId("170601-103000-abcd"), request(), read, world, tmp_path, lambda _text, _share: None)
    journal = JournalFile(tmp_path / "journal.jsonl", world.clock)
    outcome = execute(make_plan(request(), read, run.id, RECIPE), run, RunIO(journal, Announcer([Ear()])))
    journal.close()

    assert outcome.exit_code is ExitCode.OK
    assert toy_engine.SERVER.live[BILLING] == toy_engine.SERVER.then[BILLING]
    assert toy_engine.MADE == [ACCESS]
    assert run.databases is toy_engine.SERVER
    with pytest.raises(CloudError, match="engine sqlite can't be restored from yet"):
        engines.of("sqlite")
