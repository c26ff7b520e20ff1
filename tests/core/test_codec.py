from __future__ import annotations

import json
import pickle
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from fakes import BEFORE, SOURCE, FakeWorld, request
from rdsrestore.core.changes import Act, Cell, Group, Relation, Story
from rdsrestore.core.codec import decode, encode
from rdsrestore.core.model import Policy, Request, RunId, Secret, Snapshot
from rdsrestore.core.planner import make_plan
from rdsrestore.core.survey import Survey
from rdsrestore.core.surveyor import survey
from rdsrestore.core.tables import ClientTools
from rdsrestore.steps import RECIPE


def through_json(kind: type, value: object) -> object:
    return decode(kind, json.loads(json.dumps(encode(value))))


@pytest.mark.parametrize("point", [BEFORE, Snapshot("nightly")])
def test_a_request_survives_whichever_point_it_has(point: object) -> None:
    value = request(point=point, policy=Policy(where="id > 3"))
    assert through_json(Request, value) == value


def test_a_survey_survives() -> None:
    value = survey(request(), FakeWorld().world(), Path())
    assert through_json(Survey, value) == value


@pytest.mark.parametrize("into", [None, "beside"])
def test_every_step_of_the_recipe_survives(into: str | None) -> None:
    wanted = request(into=into)
    plan = make_plan(wanted, survey(wanted, FakeWorld().world(), Path()), RunId("170601-103000-abcd"), RECIPE)
    for step in plan.steps:
        assert through_json(type(step), step) == step


@dataclass(frozen=True)
class Careless:
    password: Secret


@pytest.mark.parametrize("value", [Secret("hunter2"), Careless(Secret("hunter2")), (Secret("hunter2"),)])
def test_a_secret_cannot_be_written(value: object) -> None:
    with pytest.raises(TypeError, match="no written form"):
        encode(value)


def test_a_secret_has_no_text_and_no_pickle() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises((TypeError, ValueError)):
        decode(type(SOURCE), {"id": 3})


def test_rows_that_are_only_shown_are_never_written() -> None:
    cell = Cell("note", None, "Ada Lovelace")
    group = Group(Relation.MISSING, Story.UNKNOWN, Act.INSERT, 1, sample=((cell,),))

    assert "Lovelace" not in json.dumps(encode(group))
    assert through_json(Group, group) == replace(group, sample=())


def test_what_an_earlier_release_said_of_tools_is_passed_over() -> None:
    earlier = {"is": "ClientTools", "dump": "mysqldump", "load": "mysql", "load_version": "10.11", "problems": ["x"]}
    assert decode(ClientTools, earlier) == ClientTools("mysqldump")
