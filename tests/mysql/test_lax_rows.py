"""Rows of a laxer session: what today's would refuse comes back as it was, or is a conflict before anything is approved."""

from __future__ import annotations

import pytest

from mysql.site import Site
from rdsrestore.domain.request.merge_policy import Merge, Policy

CUT = "CREATE TABLE t (id INT PRIMARY KEY, w INT, v VARCHAR(1) AS (w) STORED); INSERT INTO t (id, w) VALUES (1, 1), (2, 22)"
"""The second row's value was cut off, with a warning."""
CHECKED = (
    "CREATE TABLE t (id INT PRIMARY KEY, w INT, CONSTRAINT small CHECK (w < 10));"
    "SET check_constraint_checks = 0; INSERT INTO t VALUES (1, 1), (2, 22)"
)
OF_A_COLUMN = CHECKED.replace("w INT, CONSTRAINT small CHECK (w < 10)", "w INT CHECK (w < 10)")
DOCUMENT = (
    "CREATE TABLE t (id INT PRIMARY KEY, w JSON);"
    "SET check_constraint_checks = 0; INSERT INTO t VALUES (1, '[]'), (2, '{')"
)
UNCHECKED = pytest.mark.only("mariadb", "MySQL looks at each check that is enforced, always")
TABLES = [
    pytest.param(CUT, id="a stored column that was cut off"),
    pytest.param(CHECKED, id="a check", marks=UNCHECKED),
    pytest.param(OF_A_COLUMN, id="a column's check", marks=UNCHECKED),
    pytest.param(DOCUMENT, id="a document that is none", marks=UNCHECKED),
]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("damage", ["DELETE FROM t", "DELETE FROM t WHERE id = 2", "UPDATE t SET w = NULL"])
def test_what_no_session_of_today_writes_is_a_conflict_of_the_plan(site: Site, table: str, damage: str) -> None:
    site.both(table)
    site.now(damage)
    policy = Policy(Merge.OVERWRITE)
    site.dump("t")
    with site.live() as server:
        assert not server.takes_directly(site.target("t", policy=policy))
    site.stage("t")

    difference = site.compare("t", policy=policy)
    load = site.load("t", policy=policy)

    assert [each.rows for each in difference.conflicts] == [1]
    assert [each.rows for each in load.conflicts] == [1]
    rows, former = site.now("SELECT id, w FROM t ORDER BY id"), site.then("SELECT id, w FROM t ORDER BY id")
    assert rows[:1] == former[:1]
    assert rows[1:] in ([], [(2, None)])
