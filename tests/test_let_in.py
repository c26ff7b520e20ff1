"""More than a single address is asked for by itself, before anything is made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fakes import FakeWorld, request
from rdsrestore.app.requests.let_in import wide
from rdsrestore.workflow.surveyor import survey


def test_a_single_address_needs_no_question_and_anything_wider_is_named_in_one(tmp_path: Path) -> None:
    read = survey(request(), FakeWorld().world(), tmp_path, ())
    assert wide(request(), read) == ()
    assert wide(request(allow=("10.0.0.7/32",)), read) == ()
    asked = request(caller="10.0.0.7/32", allow=("10.1.0.0/16", "sg-0123456789abcdef0"))
    (question,) = wide(asked, read)
    assert "10.1.0.0/16 (65,536 addresses), whoever carries security group sg-0123456789abcdef0" in question
    assert "10.0.0.7" not in question
    assert "production's own" not in question
    assert wide(replace(asked, taken_from="170601-103000-abcd"), read) == ()


def test_production_s_own_groups_are_asked_for_by_their_ids(tmp_path: Path) -> None:
    world = FakeWorld()
    world.cloud.held = replace(world.cloud.held, security_groups=("sg-0123456789abcdef0",))
    asked = request(same_groups=True)
    (question,) = wide(asked, survey(asked, world.world(), tmp_path, ()))
    assert "whoever production's own security groups let in (sg-0123456789abcdef0)" in question
