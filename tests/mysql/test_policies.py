"""Each policy, the three-way comparison, and undo, on real servers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mysql.site import SCHEMA, Site
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.request.merge_policy import Merge, OnConflict, Policy
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.rows import Act, Provenance, Relation
from rdsrestore.domain.tables.target import AFTER
from rdsrestore.mysql.adapter import MysqlDatabases
from tool import counted

SEED = (
    "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), f FLOAT, n INT,"
    " at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3));"
    f" INSERT INTO t SELECT seq, CONCAT('v', seq), seq / 3, NULL, '2017-06-01 10:00:00.5' FROM {counted(6)}"
)
SINCE = "DELETE FROM t WHERE id <= 2; UPDATE t SET v = 'changed' WHERE id IN (3, 4); INSERT INTO t (id, v) VALUES (9, 'new')"
ROWS = "SELECT id, v, f + 0e0, n, at FROM t ORDER BY id"


def policy(merge: Merge, **changes: object) -> Policy:
    return replace(Policy(merge), **changes)  # type: ignore[arg-type]


def test_missing_puts_back_what_is_missing_and_nothing_else(site: Site) -> None:
    site.both(SEED)
    site.now(SINCE)
    changed = site.now("SELECT * FROM t WHERE id IN (3, 4, 9)")

    difference, load, ledger = site.restore("t", policy=policy(Merge.MISSING))

    assert (difference.missing, difference.changed, difference.newer) == (2, 2, 1)
    assert (load.inserted, load.updated, load.deleted) == (2, 0, 0)
    assert (ledger.untouched, ledger.others) == (None, 0)
    assert site.now("SELECT * FROM t WHERE id IN (3, 4, 9)") == changed
    assert site.now(ROWS)[:2] == site.then(ROWS)[:2]


def test_overwrite_also_gives_changed_rows_their_restored_values(site: Site) -> None:
    site.both(SEED)
    site.now(SINCE)

    difference, load, ledger = site.restore("t", policy=policy(Merge.OVERWRITE))

    assert (difference.planned(Act.INSERT), difference.planned(Act.UPDATE)) == (2, 2)
    assert (load.inserted, load.updated, load.deleted) == (2, 2, 0)
    assert (ledger.matching, ledger.untouched) == (4, None)
    assert site.now(ROWS)[:6] == site.then(ROWS)
    assert site.now("SELECT v FROM t WHERE id = 9") == [("new",)]


def test_exact_makes_the_table_what_it_was(site: Site) -> None:
    site.both(SEED)
    site.now(SINCE)

    _, load, ledger = site.restore("t", policy=policy(Merge.EXACT))

    assert (load.inserted, load.updated, load.deleted) == (2, 2, 1)
    assert (ledger.before, ledger.after, ledger.others, ledger.untouched) == (5, 6, 0, None)
    assert site.now(ROWS) == site.then(ROWS)


def test_columns_takes_back_only_these_and_leaves_the_clock_alone(site: Site) -> None:
    site.both(SEED)
    site.now("UPDATE t SET v = 'wrong', n = 7, at = '2020-01-01'")

    difference, load, _ = site.restore("t", policy=policy(Merge.OVERWRITE, columns=("v",)))

    assert difference.changed == load.updated == 6
    assert site.now("SELECT v FROM t ORDER BY id") == site.then("SELECT v FROM t ORDER BY id")
    assert site.now("SELECT DISTINCT n, CAST(at AS CHAR) FROM t") == [(7, "2020-01-01 00:00:00.000")]


def test_a_row_that_differs_in_other_columns_only_is_none_of_columns(site: Site) -> None:
    site.both(SEED)
    site.now("UPDATE t SET n = 7")

    assert site.restore("t", policy=policy(Merge.OVERWRITE, columns=("v", "f")))[0].changed == 0


def test_where_never_takes_a_row_for_newer_that_the_copy_has(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(9)); INSERT INTO t VALUES (1, 'closed'), (2, 'open')")
    site.now("UPDATE t SET s = 'open' WHERE id = 1; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (3, 'open')")
    chosen = policy(Merge.EXACT, where="s = 'open'")
    site.prepare("t")

    site.compare("t", policy=chosen)
    load = site.load("t", policy=chosen)

    assert (load.inserted, load.updated, load.deleted) == (1, 0, 1)
    assert site.now("SELECT * FROM t ORDER BY id") == [(1, "open"), (2, "open")]


def three_ways(site: Site) -> None:
    """R on the copy, A kept as a dump of the copy as the incident left it, P on production."""
    site.both(
        "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), n INT);"
        f" INSERT INTO t SELECT seq, CONCAT('v', seq), 0 FROM {counted(12)}"
    )
    incident = (
        "UPDATE t SET v = 'wrong' WHERE id <= 6; DELETE FROM t WHERE id IN (7, 8); INSERT INTO t VALUES (20, 'x', 0)"
    )
    site.copy.sql(f"CREATE TABLE kept LIKE t; INSERT INTO kept SELECT * FROM t; {incident}", site.database)
    made = site.dump("t").path
    site.folder.joinpath(AFTER).mkdir()
    site.folder.joinpath(made).rename(site.folder / AFTER / made)
    site.afters["t"] = site.dumps["t"]
    site.copy.sql("DELETE FROM t; INSERT INTO t SELECT * FROM kept", site.database)
    site.dump("t")
    site.stage("t")
    site.now(
        f"{incident}; UPDATE t SET n = 1 WHERE id = 2; UPDATE t SET v = 'edited' WHERE id = 3; DELETE FROM t WHERE id = 4;"
        " INSERT INTO t VALUES (8, 'again', 1); UPDATE t SET v = 'later' WHERE id = 9; DELETE FROM t WHERE id = 10;"
        " INSERT INTO t VALUES (30, 'new', 0); UPDATE t SET v = 'v5' WHERE id = 5"
    )


HISTORIES = {
    (Relation.CHANGED, Provenance.TAKEN): 2,  # 1, 6
    (Relation.CHANGED, Provenance.MERGED): 1,  # 2
    (Relation.MISSING, Provenance.TAKEN): 1,  # 7
    (Relation.CHANGED, Provenance.LATER): 1,  # 9
    (Relation.MISSING, Provenance.LATER): 1,  # 10
    (Relation.EXTRA, Provenance.LATER): 1,  # 30
    (Relation.EXTRA, Provenance.TAKEN): 1,  # 20
}


def test_three_ways_tell_the_incident_from_the_work_that_followed(site: Site) -> None:
    three_ways(site)
    chosen = policy(Merge.OVERWRITE, three_way=True)

    difference = site.compare("t", policy=chosen)
    load = site.load("t", policy=chosen)

    assert {(group.relation, group.provenance): group.rows for group in difference.groups} == HISTORIES
    assert difference.unfit == 3  # 3, 4, 8
    assert (load.inserted, load.updated, load.deleted) == (1, 3, 0)
    assert site.now("SELECT * FROM t ORDER BY id") == [
        (1, "v1", 0), (2, "v2", 1), (3, "edited", 0), (5, "v5", 0), (6, "v6", 0), (7, "v7", 0), (8, "again", 1),
        (9, "later", 0), (11, "v11", 0), (12, "v12", 0), (20, "x", 0), (30, "new", 0),
    ]  # fmt: skip


def test_what_somebody_took_back_by_hand_is_no_conflict(site: Site) -> None:
    three_ways(site)
    site.now("UPDATE t SET v = 'v6', n = 9 WHERE id = 6")
    chosen = policy(Merge.OVERWRITE, three_way=True)

    difference = site.compare("t", policy=chosen)
    load = site.load("t", policy=chosen)

    assert (load.updated, sum(each.rows for each in load.conflicts)) == (2, difference.unfit)
    assert site.now("SELECT v, n FROM t WHERE id = 6") == [("v6", 9)]


def test_conflicts_are_restored_where_that_is_asked_for(site: Site) -> None:
    three_ways(site)
    chosen = policy(Merge.EXACT, three_way=True, on_conflict=OnConflict.RESTORE)

    site.compare("t", policy=chosen)
    load = site.load("t", policy=chosen)

    assert (load.inserted, load.updated, load.deleted) == (2, 5, 1)
    assert site.now("SELECT * FROM t WHERE id IN (3, 4, 8, 20) ORDER BY id") == [
        (3, "v3", 0),
        (4, "v4", 0),
        (8, "v8", 0),
    ]


def test_what_is_written_between_preview_and_load_is_left_alone(site: Site) -> None:
    site.both(SEED)
    site.now(SINCE)
    chosen = policy(Merge.EXACT)
    site.prepare("t")
    site.compare("t", policy=chosen)
    since = "INSERT INTO t (id, v) VALUES (1, 'mine'); UPDATE t SET v = 'mine' WHERE id IN (3, 9)"

    site.now(since)
    load = site.load("t", policy=chosen)

    assert (load.inserted, load.updated, load.deleted) == (1, 1, 0)
    assert [conflict.rows for conflict in load.conflicts] == [3]
    assert site.now("SELECT id FROM t WHERE v = 'mine' ORDER BY id") == [(1,), (3,), (9,)]


def test_on_conflict_stop_writes_nothing_of_the_transaction(site: Site) -> None:
    site.both(SEED)
    site.now(SINCE)
    chosen = policy(Merge.OVERWRITE, on_conflict=OnConflict.STOP)
    site.prepare("t")
    site.compare("t", policy=chosen)
    site.now("INSERT INTO t (id, v) VALUES (1, 'mine')")

    with pytest.raises(DatabaseError) as stopped:
        site.load("t", policy=chosen)

    assert stopped.value.code == "conflict.stop"
    assert site.now("SELECT id FROM t ORDER BY id") == [(1,), (3,), (4,), (5,), (6,), (9,)]


def test_undo_takes_everything_back_but_what_was_written_since(site: Site) -> None:
    site.both(SEED)
    site.now(SINCE)
    chosen = policy(Merge.EXACT)
    site.prepare("t")
    site.compare("t", policy=chosen)
    before = site.now(ROWS)
    saved = site.save("t", policy=chosen)
    site.load("t", policy=chosen)
    site.now("UPDATE t SET v = 'mine' WHERE id IN (1, 3)")

    difference, load = site.undo(saved)

    assert (load.inserted, load.updated, load.deleted) == (1, 1, 1)
    assert [conflict.rows for conflict in difference.conflicts] == [2]
    assert [row for row in site.now(ROWS) if row[0] not in {1, 3}] == [row for row in before if row[0] != 3]
    assert site.now("SELECT id FROM t WHERE v = 'mine'") == [(1,), (3,)]


def test_undo_does_nothing_twice(site: Site) -> None:
    site.both(SEED)
    site.now("DELETE FROM t")
    site.prepare("t")
    site.compare("t")
    saved = site.save("t")
    site.load("t")

    assert site.undo(saved)[1].deleted == 6
    difference, load = site.undo(saved)

    assert (difference.writes, difference.unfit, load.rows) == (0, 0, 0)
    assert site.now("SELECT COUNT(*) FROM t") == [(0,)]


def test_rows_that_are_pointed_to_are_never_deleted(site: Site) -> None:
    site.both(
        "CREATE TABLE p (id INT PRIMARY KEY); CREATE TABLE c (id INT PRIMARY KEY, p INT,"
        " FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE); INSERT INTO p VALUES (1)"
    )
    site.now("INSERT INTO p VALUES (2), (3); INSERT INTO c VALUES (1, 2)")
    chosen = policy(Merge.EXACT)

    _, load, _ = site.restore("p", policy=chosen)

    assert load.deleted == 1
    assert [(conflict.reason, conflict.rows) for conflict in load.conflicts] == [
        ("rows that are not restored point to it", 1)
    ]
    assert site.now("SELECT * FROM p ORDER BY id") == [(1,), (2,)]
    assert site.now("SELECT * FROM c") == [(1, 2)]


def test_values_that_swap_between_rows_wait_for_each_other(site: Site) -> None:
    site.both(
        "CREATE TABLE t (id INT PRIMARY KEY, u VARCHAR(9) UNIQUE); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')"
    )
    site.now("UPDATE t SET u = 'z' WHERE id = 3; UPDATE t SET u = 'c' WHERE id = 2; UPDATE t SET u = 'b' WHERE id = 1")

    _, load, _ = site.restore("t", policy=policy(Merge.OVERWRITE))

    assert (load.updated, load.conflicts) == (3, ())
    assert site.equal("t")


def test_spelling_that_a_collation_does_not_see_is_restored_too(site: Site) -> None:
    site.both(
        "CREATE TABLE t (k VARCHAR(9) PRIMARY KEY, v CHAR(9)) COLLATE utf8mb4_general_ci; INSERT INTO t VALUES ('a', 'é')"
    )
    site.now("UPDATE t SET k = 'A', v = 'E'")

    _, load, _ = site.restore("t", policy=policy(Merge.OVERWRITE))

    assert load.updated == 1
    assert site.equal("t")
    assert site.production.sql(f"SHOW DATABASES LIKE '{SCHEMA}'")


@pytest.mark.parametrize(
    ("merge", "words"),
    [
        (Merge.MISSING, ["INSERT"]),
        (Merge.NONE, ["INSERT"]),
        (Merge.OVERWRITE, ["INSERT", "UPDATE"]),
        (Merge.EXACT, ["INSERT", "UPDATE", "DELETE"]),
    ],
)
def test_the_plan_names_the_statements_of_its_own_policy(merge: Merge, words: list[str]) -> None:
    named = MysqlDatabases(lambda: Secret(""), None).statements_of("load", Policy(merge))

    assert [statement.partition(" ")[0] for statement in named] == words
