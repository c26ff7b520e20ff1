"""Servers fall silent at any question of a run: each of them once, on one connection or on all of that server.

The questions are counted in a run that goes well, from the first connection's greeting to the last goodbye, on production
and on the copy. A few of them are tried each time, all with --long.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from rdsrestore.domain.deadlines import FACTOR
from rdsrestore.lab.launch import control
from tiers import amount
from tool import LabTool, counted, events

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("silent steps")]

SHORTER = "0.03"
"""Of each deadline: nine seconds for a silence that takes five minutes elsewhere."""
BOUND = 240.0
"""Seconds for a process to end that has met several silences one after the other, on a busy machine."""
PLACES = amount(6, long=1000)
"""At how many questions the server falls silent; never more than there are."""
ROWS = 200
WHOLE = {str(key): str(key) for key in range(1, ROWS + 1)}


@pytest.fixture(scope="module")
def silenced(labs: Callable[[bool], LabTool]) -> LabTool:
    """A lab, and the tool with short deadlines."""
    shop = labs(False)  # noqa: FBT003 - it says all there is
    return replace(shop, env=shop.env | {FACTOR: SHORTER})


def damage(shop: LabTool) -> list[str]:
    shop.sql(
        "DROP TABLE IF EXISTS shop.hushed; CREATE TABLE shop.hushed (id INT PRIMARY KEY, v INT);"
        f" INSERT INTO shop.hushed SELECT seq, seq FROM {counted(ROWS)}"
    )
    before = shop.moment()
    shop.sql("DELETE FROM shop.hushed WHERE id % 3 = 0; UPDATE shop.hushed SET v = 0 WHERE id % 5 = 0")
    return ["table", "hushed", "--before", before, "--merge", "overwrite", "--yes"]


def rows(shop: LabTool) -> dict[str, str]:
    return {row[0]: row[1] for row in shop.sql("SELECT id, v FROM shop.hushed")}


def listen(shop: LabTool, at: int, *, everywhere: bool = False) -> int:
    """Let the server fall silent at that question from now on; returns how many were asked since the last time."""
    said = control(shop.place.running(), "network", {"silent_at": at, "everywhere": everywhere})
    return int(said["asked"])


@pytest.mark.parametrize("everywhere", [False, True], ids=["one connection", "the server"])
def test_wherever_a_server_falls_silent_the_run_ends_and_says_what_is(silenced: LabTool, everywhere: bool) -> None:  # noqa: FBT001 - by pytest
    listen(silenced, 0)
    silenced(*damage(silenced), check=0)
    questions = listen(silenced, 0)
    assert questions > 50
    wrong = []
    step = max(1, questions // PLACES)
    for at in range(1 + step // 2, questions + 1, step):
        words = damage(silenced)
        damaged = rows(silenced)
        listen(silenced, at, everywhere=everywhere)
        code, took = run(silenced, words)
        listen(silenced, 0)
        wrong += [f"question {at} of {questions}: {each}" for each in faults(silenced, damaged, code, took)]
    assert wrong == []


def run(shop: LabTool, words: list[str]) -> tuple[int, float]:
    """Run the tool; returns its exit code and how long it took."""
    began = time.monotonic()
    with shop.started(*words) as process:
        *_, last = events(process)
        code = process.wait(BOUND)
    assert last["exit_code"] == code
    return code, time.monotonic() - began


def faults(shop: LabTool, damaged: dict[str, str], code: int, took: float) -> list[str]:
    """Say what is not as the exit code has it, and what is left; then remove it."""
    now, found = rows(shop), []
    if took > BOUND:
        found.append(f"took {took:.0f} s")
    if code == 0 and now != WHOLE:
        found.append("0, and not every row is back")
    if code in {3, 4} and now != damaged:
        found.append(f"{code}, and rows were written")
    if code not in {0, 3, 4, 5, 6, 8}:
        found.append(f"ends with {code}")
    if not all(value in {WHOLE[key], damaged.get(key)} for key, value in now.items()):
        found.append("rows that never were")
    if code != 6 and shop.ours():
        found.append(f"{code}, and left: {shop.ours()}")
    shop("cleanup")
    if shop.ours():
        found.append(f"not even cleanup removed {shop.ours()}")
    return found
