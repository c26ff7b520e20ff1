"""SIGKILL after the start and after the end of each step; then cleanup leaves nothing, and the table is whole."""

from __future__ import annotations

import pytest

from rdsrestore.core.step import Step
from rdsrestore.steps import RECIPE
from rdsrestore.steps.reach_moment import ReachMoment
from tool import LabTool, kill_at

STEPS = [step for step in RECIPE if step is not ReachMoment]


@pytest.mark.parametrize("event", ["step-started", "step-done"])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_after_a_kill_cleanup_leaves_nothing(shop: LabTool, step: type[Step], event: str) -> None:
    shop.sql("CREATE TABLE IF NOT EXISTS shop.kept (id INT PRIMARY KEY, text VARCHAR(20))")
    shop.sql("REPLACE INTO shop.kept VALUES (1, 'one'), (2, 'two'), (3, 'three')")
    before = shop.moment()
    shop.sql("DELETE FROM shop.kept WHERE id > 1; INSERT INTO shop.kept VALUES (9, 'since')")
    words = ["table", "kept", "--before", before, "--yes"]
    if step.name == "landing":
        shop.sql("DROP TABLE IF EXISTS shop.kept_then")
        words += ["--into", "kept_then"]
    if step.name == "swap":
        words += ["--swap", "--confirm", "kept"]
    if step.name in {"restore-after", "await-after"}:
        words += ["--incident-end", shop.moment()]

    with shop.started(*words) as process:
        assert kill_at(process, event, step.name)
    shop("cleanup", check=0)

    assert shop.ours() == []
    rows = {tuple(row) for row in shop.sql("SELECT id, text FROM shop.kept ORDER BY id")}
    as_it_was, as_planned = {("1", "one"), ("9", "since")}, {("2", "two"), ("3", "three")}
    swapped = {("1", "one"), *as_planned}
    assert as_it_was <= rows <= as_it_was | as_planned or (step.name == "swap" and rows == swapped)
    shop("audit", "--verify", check=0)
    shop.sql("DROP TABLE shop.kept")


def test_after_a_kill_the_same_command_completes_the_job(shop: LabTool) -> None:
    shop.sql("CREATE TABLE shop.again (id INT PRIMARY KEY)")
    shop.sql("INSERT INTO shop.again VALUES (1), (2)")
    before = shop.moment()
    shop.sql("DELETE FROM shop.again")
    with shop.started("table", "again", "--before", before, "--yes") as process:
        assert kill_at(process, "step-done", "restore-instance")
    ended = shop("table", "again", "--before", before, "--yes", check=0)
    assert "rdsrestore cleanup" in ended.stdout
    assert shop.number("SELECT COUNT(*) FROM shop.again") == 2
    (left,) = (each["id"] for each in shop.status()["instances"] if each["id"] != "production")
    shop("cleanup", left.removeprefix("rdsrestore-"), check=0)
    assert shop.ours() == []
    shop.sql("DROP TABLE shop.again")
