"""What has to be right: one SELECT, one value, nothing written."""

from __future__ import annotations

import pytest

from mysql.site import Site
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.request.invariants import Invariant, readings


def read(site: Site, query: str) -> str:
    with site.live() as server:
        return server.read(site.database, [Invariant("x", query)])[0]


def test_values_are_read_as_text(site: Site) -> None:
    site.now("CREATE TABLE t (id INT, amount DECIMAL(9,2)); INSERT INTO t VALUES (1, 1.50), (2, 2)")
    assert [read(site, query) for query in ("SELECT SUM(amount) FROM t", "SELECT MAX(id) FROM t WHERE id > 9")] == [
        "3.50",
        "NULL",
    ]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM t",
        "SELECT 1; DELETE FROM t",
        "SELECT id FROM t",
        "SELECT 1, 2",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT id FROM t LIMIT 1 FOR UPDATE",
        "SELECT @x := 1",
        "SELECT 1 -- x",
        "SELECT nothing FROM t",
        "",
    ],
)
def test_anything_but_one_value_is_refused(site: Site, query: str) -> None:
    site.now("CREATE TABLE t (id INT); INSERT INTO t VALUES (1), (2)")
    with pytest.raises(DatabaseError) as refused:
        read(site, query)
    assert (refused.value.code, refused.value.where) == ("invariant.failed", "invariant x")
    assert site.now("SELECT COUNT(*) FROM t") == [(2,)]


def test_a_value_is_judged_by_what_is_expected() -> None:
    asked = [Invariant("a", "", "zero"), Invariant("b", "", "restored"), Invariant("c", "")]
    found = readings(asked, ("7", "7", "7"), ("1", "1", "1"), ("0", "8", "9"))
    assert [reading.broken for reading in found] == [False, True, False]
    assert [reading.broken for reading in readings(asked, (), ("1", "1", "1"), ("2", "8", "9"))] == [True, False, False]
