"""Rows of other tables that come along: children that went with their parents, parents that are needed, circles."""

from __future__ import annotations

from dataclasses import replace

from mysql.site import SCHEMA, Site, silent
from rdsrestore.domain.outcome.load_result import TableLoad
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.request.throttle_rules import ThrottleRules
from rdsrestore.domain.tables.rows import TableDifference
from rdsrestore.domain.tables.target import Role

THREE_LEVELS = (
    "CREATE TABLE a (id INT PRIMARY KEY, v INT);"
    " CREATE TABLE b (id INT PRIMARY KEY, a INT, FOREIGN KEY (a) REFERENCES a (id) ON DELETE CASCADE);"
    " CREATE TABLE c (id INT PRIMARY KEY, b INT, n INT, FOREIGN KEY (b) REFERENCES b (id) ON DELETE SET NULL);"
    " INSERT INTO a VALUES (1, 1), (2, 2), (3, 3); INSERT INTO b VALUES (10, 1), (20, 2), (21, 2), (30, 3);"
    " INSERT INTO c VALUES (100, 10, 0), (200, 20, 0), (201, 20, 0), (210, 21, 0), (300, 30, 0)"
)


def together(site: Site, roles: dict[str, Role], policy: Policy) -> tuple[list[TableDifference], list[TableLoad]]:
    site.prepare(*roles)
    targets = [replace(site.target(table, policy=policy), role=role) for table, role in roles.items()]
    differences = site.compare_all(*targets)
    with site.live() as server:
        server.load(SCHEMA, targets, site.folder, ThrottleRules(), silent)
        return list(differences), [server.loaded(SCHEMA, target) for target in targets]


def test_children_come_back_over_several_levels_and_links_are_tied_again(site: Site) -> None:
    site.both(THREE_LEVELS)
    site.now("DELETE FROM a WHERE id <= 2; UPDATE c SET n = 7 WHERE id = 200")

    _, loads = together(site, {"a": Role.ASKED, "b": Role.CHILD, "c": Role.CHILD}, Policy())

    assert [(load.inserted, load.updated) for load in loads] == [(2, 0), (3, 0), (0, 4)]
    assert (site.equal("a"), site.equal("b")) == (True, True)
    assert site.now("SELECT * FROM c ORDER BY id") == [
        (100, 10, 0), (200, 20, 7), (201, 20, 0), (210, 21, 0), (300, 30, 0),
    ]  # fmt: skip


def test_children_that_went_another_way_stay_away(site: Site) -> None:
    site.both(THREE_LEVELS)
    site.now(
        "DELETE FROM c WHERE id = 300; DELETE FROM b WHERE id = 30; DELETE FROM a WHERE id = 1;"
        " UPDATE c SET b = 20 WHERE id = 100"
    )

    _, loads = together(site, {"a": Role.ASKED, "b": Role.CHILD, "c": Role.CHILD}, Policy())

    assert [(load.inserted, load.updated) for load in loads] == [(1, 0), (1, 0), (0, 0)]
    assert site.now("SELECT * FROM c WHERE id IN (100, 300)") == [(100, 20, 0)]
    assert site.now("SELECT id FROM b ORDER BY id") == [(10,), (20,), (21,)]


def test_parents_that_restored_rows_need_come_along_and_no_others(site: Site) -> None:
    site.both(THREE_LEVELS)
    site.now("SET foreign_key_checks = 0; DELETE FROM b WHERE id <= 20; DELETE FROM a; SET foreign_key_checks = 1")

    differences, loads = together(site, {"a": Role.PARENT, "b": Role.ASKED}, Policy())

    assert [load.inserted for load in loads] == [2, 2]
    assert differences[0].missing == 3
    assert site.now("SELECT id FROM a ORDER BY id") == [(1,), (2,)]


def test_a_table_that_is_its_own_child_comes_back_whole(site: Site) -> None:
    site.both(
        "CREATE TABLE t (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES t (id) ON DELETE CASCADE);"
        " INSERT INTO t VALUES (9, NULL), (1, 9), (5, 1), (2, 5), (7, NULL)"
    )
    site.now("DELETE FROM t WHERE id = 9")

    _, loads = together(site, {"t": Role.ASKED}, Policy())

    assert (loads[0].inserted, loads[0].conflicts) == (4, ())
    assert site.equal("t")


def test_rows_that_point_to_each_other_in_a_circle_come_back(site: Site) -> None:
    site.both(
        "CREATE TABLE p (id INT PRIMARY KEY, chief INT, v INT, at TIMESTAMP NULL ON UPDATE CURRENT_TIMESTAMP);"
        " CREATE TABLE e (id INT PRIMARY KEY, place INT NOT NULL, FOREIGN KEY (place) REFERENCES p (id));"
        " INSERT INTO p VALUES (1, NULL, 1, NULL), (2, NULL, 2, NULL); INSERT INTO e VALUES (10, 1), (20, 2);"
        " UPDATE p SET chief = id * 10, at = '2017-01-01'; ALTER TABLE p ADD FOREIGN KEY (chief) REFERENCES e (id);"
        " CREATE TABLE s (id INT PRIMARY KEY, o INT, FOREIGN KEY (o) REFERENCES s (id));"
        " INSERT INTO s VALUES (1, NULL), (2, 1), (3, 3); UPDATE s SET o = 2 WHERE id = 1"
    )
    site.now("SET foreign_key_checks = 0; DELETE FROM p; DELETE FROM e; DELETE FROM s; SET foreign_key_checks = 1")

    _, loads = together(site, {"p": Role.ASKED, "e": Role.ASKED, "s": Role.ASKED}, Policy(Merge.OVERWRITE))

    assert [(load.inserted, load.conflicts) for load in loads] == [(2, ()), (2, ()), (3, ())]
    assert all(map(site.equal, ("p", "e", "s")))
