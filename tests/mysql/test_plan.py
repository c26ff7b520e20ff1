"""Carrying a plan out, or back, costs as much for each row in a large plan as in a small one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mysql.site import FAMILIES, Server, Site
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.request.throttle_rules import ThrottleRules
from rdsrestore.mysql.merge.batches import FIRST, LineRange, Pacing, Took, paced, sized
from rdsrestore.mysql.pace.batch_size import FULL, SOFT

ROWS = 20_000
FOR_A_LOAD, FOR_AN_UNDO = 18, 38
"""Rows looked at for each row written: 13 and 33 by line number; with the plan's own states as a way in, 23 and more."""
NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
OVERWRITE = Policy(Merge.OVERWRITE)


def rows_read(server: Server) -> int:
    """How many rows the server's sessions have looked at so far."""
    return sum(int(value) for _name, value in server.sql("SHOW GLOBAL STATUS LIKE 'Handler_read%'"))


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_read_for_a_row_does_not_grow_with_the_plan(family: str, request: pytest.FixtureRequest) -> None:
    site: Site = request.getfixturevalue(family)
    site.both(
        f"CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t {NUMBERS}"
        f" SELECT a.i * 200 + b.i, 1 FROM n AS a JOIN n AS b WHERE a.i <= {ROWS // 200}"
    )
    site.now("UPDATE t SET v = 2")
    site.locate("t", OVERWRITE)
    site.stage("t")
    site.compare("t", policy=OVERWRITE)
    saved = site.save("t", policy=OVERWRITE)

    start = rows_read(site.production)
    load = site.load("t", policy=OVERWRITE)
    middle = rows_read(site.production)
    _, undone = site.undo(saved)
    end = rows_read(site.production)
    assert load.rows == undone.rows == ROWS
    assert 1 < (middle - start) / ROWS < FOR_A_LOAD
    assert 1 < (end - middle) / ROWS < FOR_AN_UNDO


def sizes(seconds: Callable[[int], float], rounds: int) -> list[int]:
    """Size spans one after the other, of which each takes so long."""
    found, before, size = list[int](), Took(0, 0.0), FIRST
    for _round in range(rounds):
        took = Took(size, seconds(size))
        size, before = sized(took, before, FULL.seconds), took
        found.append(size)
    return found


def test_spans_shrink_until_they_take_as_long_as_they_should() -> None:
    assert sizes(lambda lines: lines / 100, 8)[-1] == pytest.approx(FULL.seconds * 100, rel=0.1)


def test_spans_grow_until_they_take_as_long_as_they_should() -> None:
    assert sizes(lambda lines: lines / 10_000, 8)[-1] == pytest.approx(FULL.seconds * 10_000, rel=0.1)


def test_spans_do_not_shrink_where_the_time_does_not_depend_on_them() -> None:
    assert min(sizes(lambda _lines: 5.0, 20)) == FIRST // 2


def test_a_load_that_is_slowed_down_meanwhile_writes_little_from_the_next_transaction_on(tmp_path: Path) -> None:
    rules = ThrottleRules(slow=tmp_path / "gentle")
    written: list[int] = []

    def work(lines: LineRange) -> None:
        written.append(lines.high - lines.low + 1)
        if sum(written) >= FIRST * 3:
            rules.slow.touch()  # type: ignore[union-attr] # as was given

    assert list(paced(1, FIRST * 6, work, pacing=Pacing.within(rules, lambda: None)))[-1] == FIRST * 6
    assert written[:3] == [FIRST, FIRST * 2, SOFT.rows]
