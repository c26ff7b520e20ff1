"""Rows that were put back and that others take away, or write again, before they are verified."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mysql.site import FAMILIES, SCHEMA, Site, silent
from rdsrestore.domain.outcome.load_result import Ledger
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.request.throttle_rules import ThrottleRules
from rdsrestore.domain.tables.target import Target

SEED = """CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20));
    INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')"""
LEDGERS = [
    ("DO 0", 4, 0),
    ("TRUNCATE t", 0, 4),
    ("DELETE FROM t WHERE id > 2", 2, 2),
    ("UPDATE t SET v = 'since' WHERE id = 1", 3, 0),
    ("UPDATE t SET v = 'since' WHERE id = 1; DELETE FROM t WHERE id = 2", 2, 1),
]


@pytest.fixture(params=FAMILIES)
def place(request: pytest.FixtureRequest) -> Site:
    """A pair of MariaDB servers, and one of Oracle's."""
    found: Site = request.getfixturevalue(request.param)
    return found


def after(site: Site, target: Target, since: str) -> Ledger:
    """Load a table, let others write, and balance its books twice."""
    with site.live() as server:
        server.drop_scratch(SCHEMA)
        server.create_scratch(SCHEMA, "260101-000000-abcd")
        server.stage(SCHEMA, target, site.folder, silent)
        (difference,) = server.compare(SCHEMA, [target], site.folder, silent)
        server.save(SCHEMA, target, site.folder, silent)
        untouched = server.untouched_rows(SCHEMA, target)
        server.load(SCHEMA, [target], site.folder, ThrottleRules(), silent)
        site.now(since)
        known = (SCHEMA, target, site.folder, difference.live, untouched, silent)
        once = server.ledger(*known)
        assert server.ledger(*known) == once  # a run that goes on verifies again
        return once


@pytest.mark.parametrize(("since", "matching", "gone"), LEDGERS)
@pytest.mark.parametrize("whole", [True, False])
def test_what_others_take_away_is_counted(place: Site, since: str, matching: int, gone: int, *, whole: bool) -> None:
    place.both(SEED)
    place.now("DELETE FROM t")
    place.dump("t")
    ledger = after(place, replace(place.target("t"), direct=whole), since)
    assert (ledger.done, ledger.matching, ledger.gone) == (4, matching, gone)


def test_without_a_key_what_is_not_there_as_planned_is_gone(place: Site) -> None:
    place.both("CREATE TABLE t (v VARCHAR(20)); INSERT INTO t VALUES ('a'), ('a'), ('b')")
    place.now("DELETE FROM t")
    place.dump("t")
    ledger = after(place, place.target("t"), "DELETE FROM t WHERE v = 'a' LIMIT 1")
    assert (ledger.done, ledger.matching, ledger.gone) == (3, 2, 1)


def test_a_row_that_was_deleted_and_came_again_is_gone_from_the_plan(place: Site) -> None:
    place.both(SEED)
    place.now("INSERT INTO t VALUES (9, 'new')")
    place.dump("t")
    ledger = after(place, place.target("t", policy=Policy(Merge.EXACT)), "INSERT INTO t VALUES (9, 'again')")
    assert (ledger.done, ledger.deleted, ledger.matching, ledger.gone) == (1, 1, 0, 1)
