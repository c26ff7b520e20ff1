from __future__ import annotations

import json
import pickle
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import pytest

from fakes import BEFORE, SOURCE, FakeWorld, request
from goldens import check_golden
from rdsrestore.domain.codec import FORMS, WRITTEN, decode, decode_tagged, encode, written, written_as
from rdsrestore.domain.facts import Loaded
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Snapshot
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.survey import Survey
from rdsrestore.domain.tables.rows import Act, Cell, Group, Provenance, Relation
from rdsrestore.domain.tables.server import ClientTools
from rdsrestore.steps.recipe import RECIPE
from rdsrestore.workflow.planner import make_plan
from rdsrestore.workflow.surveyor import survey


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


@pytest.mark.parametrize("loaded", [Loaded((), complete=False), Loaded((), rested=2.5)])
def test_a_load_that_has_rested_and_one_that_is_cut_off_survive(loaded: Loaded) -> None:
    assert through_json(Loaded, loaded) == loaded


@written("Careless")
@dataclass(frozen=True)
class Careless:
    password: Secret


@dataclass(frozen=True)
class Nameless:
    number: int


@written("MovedHouse", former=["garden"])
@dataclass(frozen=True)
class Address:
    street: str = field(metadata=written_as("road"))
    door: int | None = None


def test_a_class_without_a_tag_is_never_written() -> None:
    with pytest.raises(TypeError, match="no written form"):
        encode(Nameless(3))


def test_a_tag_belongs_to_one_class() -> None:
    with pytest.raises(TypeError, match="same tag"):
        written("MovedHouse")(Nameless)


def test_a_renamed_class_and_field_keep_their_written_names() -> None:
    here = Address("High Street", 3)
    assert encode(here) == {"is": "MovedHouse", "road": "High Street", "door": 3}
    assert decode_tagged({"is": "MovedHouse", "road": "High Street", "door": 3, "garden": True}) == here


def test_a_field_that_nobody_knows_is_refused() -> None:
    with pytest.raises((TypeError, KeyError)):
        decode(Address, {"is": "MovedHouse", "road": "High Street", "cellar": 1})


def test_what_is_written_has_the_names_it_had() -> None:
    """These names are in journals on people's disks: one that goes or changes makes them unreadable."""
    ours = {kind: form for kind, form in FORMS.items() if kind.__module__.startswith("rdsrestore")}
    lines = sorted(f"{form.tag}: {' '.join(names(kind))}".rstrip() + "\n" for kind, form in ours.items())
    check_golden("written.txt", "".join(lines))


def names(kind: type) -> list[str]:
    shown = [(each.name, each.metadata.get(WRITTEN, each.name)) for each in fields(kind)]
    return [str(name) for _, name in shown if name is not False]


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
    group = Group(Relation.MISSING, Provenance.UNKNOWN, Act.INSERT, 1, sample=((cell,),))

    assert "Lovelace" not in json.dumps(encode(group))
    assert through_json(Group, group) == replace(group, sample=())


def test_what_an_earlier_release_said_of_tools_is_passed_over() -> None:
    earlier = {"is": "ClientTools", "dump": "mysqldump", "load": "mysql", "load_version": "10.11", "problems": ["x"]}
    earlier |= {"dump_version": "10.11", "dump_flavour": "mariadb"}
    assert decode(ClientTools, earlier) == ClientTools("mysqldump")
