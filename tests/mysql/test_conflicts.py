from __future__ import annotations

import threading

import pytest

from mysql.site import GIVEN, Site
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.outcome.load_result import TableLoad
from tool import counted

PLAIN = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(50)); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')"


def reasons(load: TableLoad) -> dict[str, int]:
    return {conflict.reason: conflict.rows for conflict in load.conflicts}


def test_a_unique_value_taken_since_leaves_the_newer_row_and_the_others_come_back(site: Site) -> None:
    site.both(
        "CREATE TABLE t (id INT PRIMARY KEY, email VARCHAR(50) UNIQUE); INSERT INTO t VALUES (1, 'E@x'), (2, NULL), (3, 'z')"
    )
    site.now("DELETE FROM t; INSERT INTO t VALUES (9, 'e@x')")

    difference, load, check = site.restore("t")

    assert difference.missing == 2
    assert [(each.rows, each.sample) for each in difference.conflicts] == [(1, ("1",))]
    assert "email" in difference.conflicts[0].reason
    assert (load.inserted, check.planned, check.unfit, check.matching) == (2, 3, 1, 2)
    assert site.now("SELECT id, email FROM t ORDER BY id") == [(2, None), (3, "z"), (9, "e@x")]


def test_a_row_whose_parent_is_gone_stays_out(site: Site) -> None:
    site.both(
        "CREATE TABLE p (id INT PRIMARY KEY); INSERT INTO p VALUES (1), (2);"
        "CREATE TABLE t (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id)); INSERT INTO t VALUES (1, 1), (2, 2), (3, NULL)"
    )
    site.now("DELETE FROM t; DELETE FROM p WHERE id = 2")

    difference, load, _check = site.restore("t")

    assert difference.missing == load.inserted == 2
    assert "parent in p is missing" in difference.conflicts[0].reason
    assert site.now("SELECT id FROM t ORDER BY id") == [(1,), (3,)]


def test_a_parent_restored_in_the_same_run_is_no_conflict(site: Site) -> None:
    site.both(
        "CREATE TABLE p (id INT PRIMARY KEY); INSERT INTO p VALUES (1), (2);"
        "CREATE TABLE t (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE); INSERT INTO t VALUES (1, 1), (2, 2)"
    )
    site.now("DELETE FROM p")
    site.prepare("p", "t")

    differences = site.compare_all(site.target("p"), site.target("t"))
    loads = site.load("p"), site.load("t")

    assert [each.missing for each in differences] == [load.inserted for load in loads] == [2, 2]
    assert not any(each.conflicts for each in differences)


def test_tables_that_reference_each_other_are_compared(site: Site) -> None:
    site.both(
        "CREATE TABLE a (id INT PRIMARY KEY, b INT); CREATE TABLE b (id INT PRIMARY KEY, a INT, FOREIGN KEY (a) REFERENCES a (id));"
        "INSERT INTO a VALUES (1, NULL), (2, 1); INSERT INTO b VALUES (1, 1);"
        "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b (id)"
    )
    site.now("SET foreign_key_checks = 0; DELETE FROM a; DELETE FROM b")
    site.prepare("a", "b")

    assert [each.missing for each in site.compare_all(site.target("a"), site.target("b"))] == [2, 1]
    assert (site.load("a").inserted, site.load("b").inserted) == (1, 1)
    assert site.now("SELECT id FROM a") == [(1,)]


def test_children_of_their_own_table_come_after_their_parents(site: Site) -> None:
    site.both(
        "CREATE TABLE t (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES t (id)); SET foreign_key_checks = 0;"
        f"INSERT INTO t SELECT seq, IF(seq = 40, NULL, seq + 1) FROM {counted(40)}"
    )
    site.now("SET foreign_key_checks = 0; DELETE FROM t WHERE id > 3")

    difference, load, check = site.restore("t")

    assert (difference.missing, load.inserted, check.matching) == (37, 37, 37)
    assert not load.conflicts
    assert site.equal("t")


def test_a_whole_tree_without_its_root_stays_out(site: Site) -> None:
    site.both(
        "CREATE TABLE t (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES t (id)); SET foreign_key_checks = 0;"
        "INSERT INTO t VALUES (1, 99), (2, 1), (3, 2), (4, NULL)"
    )
    site.now("DELETE FROM t WHERE id > 2; DELETE FROM t WHERE id > 1; DELETE FROM t")

    difference, load, _check = site.restore("t")

    assert (difference.missing, load.inserted) == (1, 1)
    assert difference.conflicts[0].rows == 3


def test_a_key_written_between_compare_and_load_is_never_overwritten(site: Site) -> None:
    site.both(PLAIN)
    site.now("DELETE FROM t")
    site.prepare("t")
    assert site.compare("t").missing == 3
    site.now("INSERT INTO t VALUES (2, 'theirs')")

    load, check = site.load("t"), site.ledger("t")

    assert load.inserted == 2
    assert sum(reasons(load).values()) == 1
    assert (check.planned, check.unfit, check.matching) == (3, 1, 2)
    assert site.now("SELECT * FROM t ORDER BY id") == [(1, "a"), (2, "theirs"), (3, "c")]


def test_a_row_that_others_put_back_meanwhile_is_theirs(site: Site) -> None:
    site.both(PLAIN)
    site.now("DELETE FROM t")
    site.prepare("t")
    site.compare("t")
    site.now("INSERT INTO t VALUES (2, 'b')")

    load = site.load("t")

    assert (load.inserted, reasons(load)) == (2, {"it was written by others during the run": 1})
    assert site.equal("t")


def test_a_key_held_by_an_open_transaction_is_awaited_and_then_kept(site: Site) -> None:
    site.both(PLAIN)
    site.now("DELETE FROM t")
    site.prepare("t")
    site.compare("t")
    with site.production.root(site.database) as theirs, theirs.cursor() as cursor:
        theirs.begin()
        cursor.execute("INSERT INTO t VALUES (2, 'theirs')")
        release = threading.Timer(1.0, theirs.commit)
        release.start()
        load = site.load("t")
        release.join()

    assert load.inserted == 2
    assert site.now("SELECT v FROM t WHERE id = 2") == [("theirs",)]


def test_loading_again_changes_nothing(site: Site) -> None:
    site.both(PLAIN)
    site.now("DELETE FROM t")
    site.restore("t")
    site.now("UPDATE t SET v = 'edited' WHERE id = 1; DELETE FROM t WHERE id = 2")

    again = site.load("t")

    assert again.inserted == 3
    assert site.now("SELECT * FROM t ORDER BY id") == [(1, "edited"), (3, "c")]


def test_a_trigger_that_rewrites_a_value_stops_the_load_before_that_row(site: Site) -> None:
    site.both(PLAIN)
    site.now(
        "DELETE FROM t; CREATE TRIGGER bend BEFORE INSERT ON t FOR EACH ROW SET NEW.v = IF(NEW.id = 2, 'bent', NEW.v)"
    )

    with pytest.raises(DatabaseError, match=r"trigger bend \(BEFORE INSERT\) changes v of the rows") as stopped:
        site.restore("t")

    assert stopped.value.code == "table.trigger-rewrites"
    assert site.now("SELECT * FROM t ORDER BY id") == [(1, "a")]


def test_a_trigger_that_rewrites_rows_without_a_key_stops_the_load_before_them(site: Site) -> None:
    site.both("CREATE TABLE t (v VARCHAR(50), n INT, d DATE); INSERT INTO t VALUES ('a', 1, NULL), ('a', 1, NULL)")
    site.now("DELETE FROM t LIMIT 1; CREATE TRIGGER bend BEFORE INSERT ON t FOR EACH ROW SET NEW.n = 7, NEW.v = 'a'")

    with pytest.raises(DatabaseError, match=r"trigger bend \(BEFORE INSERT\) changes n of the rows") as stopped:
        site.restore("t")

    assert stopped.value.code == "table.trigger-rewrites"
    assert site.now("SELECT * FROM t") == [("a", 1, None)]


def test_a_trigger_that_changes_nothing_of_rows_without_a_key_lets_them_back(site: Site) -> None:
    site.both("CREATE TABLE t (v VARCHAR(50), n INT, d DATE); INSERT INTO t VALUES ('a', 1, NULL), ('b', NULL, NULL)")
    site.now("DELETE FROM t; CREATE TRIGGER same BEFORE INSERT ON t FOR EACH ROW SET NEW.v = TRIM(NEW.v)")

    site.restore("t")

    assert site.equal("t")


@pytest.mark.parametrize(("event", "table"), [("UPDATE", "a"), ("INSERT", "b")])
def test_a_trigger_that_rewrites_rows_of_a_circle_stops_the_load_before_them(
    site: Site, event: str, table: str
) -> None:
    site.both(
        "CREATE TABLE a (id INT PRIMARY KEY, b INT, v INT); CREATE TABLE b (id INT PRIMARY KEY, a INT NOT NULL, v INT,"
        " FOREIGN KEY (a) REFERENCES a (id)); INSERT INTO a VALUES (1, NULL, 5); INSERT INTO b VALUES (1, 1, 5);"
        "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b (id); UPDATE a SET b = 1"
    )
    site.now("SET foreign_key_checks = 0; DELETE FROM a; DELETE FROM b")
    site.now(f"CREATE TRIGGER bend BEFORE {event} ON {table} FOR EACH ROW SET NEW.v = 7")
    site.prepare("a", "b")
    site.compare_all(site.target("a"), site.target("b"))

    with pytest.raises(DatabaseError, match=rf"bend \(BEFORE {event}\) changes v of the rows"):
        site.load("a", "b")

    assert site.now("SELECT * FROM a") == site.now("SELECT * FROM b") == []


def test_a_row_of_a_circle_that_others_wrote_meanwhile_is_not_laid_to_a_trigger(site: Site) -> None:
    site.both(
        "CREATE TABLE a (id INT PRIMARY KEY, b INT, v INT); CREATE TABLE b (id INT PRIMARY KEY, a INT NOT NULL, v INT,"
        " FOREIGN KEY (a) REFERENCES a (id)); INSERT INTO a VALUES (1, NULL, 5), (2, NULL, 5);"
        " INSERT INTO b VALUES (1, 1, 5), (2, 2, 5); ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b (id); UPDATE a SET b = id"
    )
    site.now("SET foreign_key_checks = 0; DELETE FROM a; DELETE FROM b")
    site.now("CREATE TRIGGER harmless BEFORE INSERT ON b FOR EACH ROW SET NEW.v = NEW.v")
    site.prepare("a", "b")
    site.compare_all(site.target("a"), site.target("b"))
    site.now("SET foreign_key_checks = 0; INSERT INTO b VALUES (2, 2, 99)")

    load = site.load("a", "b")

    assert sum(conflict.rows for conflict in load.conflicts) == 1
    assert site.now("SELECT id, v FROM b ORDER BY id") == [(1, 5), (2, 99)]


def test_a_trigger_that_refuses_a_row_keeps_that_row_out(site: Site) -> None:
    site.both(PLAIN)
    site.now("DELETE FROM t")
    with site.production.root(site.database) as root, root.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER guard BEFORE INSERT ON t FOR EACH ROW BEGIN"
            " IF NEW.id = 2 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no twos'; END IF; END"
        )

    _difference, load, _check = site.restore("t")

    assert load.inserted == 2
    assert reasons(load) == {"a trigger refused it": 1}


@pytest.mark.parametrize(
    ("since", "about"),
    [
        ("MODIFY v VARCHAR(3)", {"mariadb": "too long", "mysql": "truncated"}[GIVEN.engine]),
        ("MODIFY v INT", "Incorrect integer value"),
        ("MODIFY v ENUM('a','c')", "truncated"),
        ("MODIFY v VARCHAR(50) NOT NULL", "null"),
        ("ADD CONSTRAINT brief CHECK (CHAR_LENGTH(v) < 4)", "brief"),
        ("MODIFY v VARCHAR(50) CHARACTER SET ascii", "Incorrect string value"),
        ("PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN (3))", "no partition"),
    ],
)
def test_what_no_longer_fits_is_found_before_anything_is_written(site: Site, since: str, about: str) -> None:
    odd = "NULL" if "null" in about else "'ünfit'"
    site.both(
        f"CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(50)); INSERT INTO t VALUES (1, '1'), (2, '2'), (3, {odd}), (4, {odd})"
    )
    fits = "a" if "ENUM" in since else "1"
    site.both(f"UPDATE t SET v = '{fits}' WHERE id < 3")
    site.now(f"DELETE FROM t; ALTER TABLE t {since}")
    site.prepare("t")

    difference = site.compare("t")

    assert difference.missing == 2
    assert [conflict.rows for conflict in difference.conflicts] == [2], difference.conflicts
    assert about in difference.conflicts[0].reason
    assert "nfit" not in difference.conflicts[0].reason
    assert site.now("SELECT COUNT(*) FROM t") == [(0,)]
    assert site.load("t").inserted == 2
    assert site.ledger("t").matching == 2


def test_a_column_gone_with_its_values_is_refused_by_name(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, precious INT, worn INT); INSERT INTO t VALUES (1, 5, NULL)")
    site.now("DELETE FROM t; ALTER TABLE t DROP precious, DROP worn")
    site.prepare("t")

    with pytest.raises(DatabaseError) as refused:
        site.compare("t")

    assert refused.value.code == "db.schema-drift"
    assert "precious" in refused.value.what
    assert "worn" not in refused.value.what


def test_a_new_column_takes_its_default_and_one_without_is_refused(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)")
    site.now("DELETE FROM t; ALTER TABLE t ADD extra INT NOT NULL DEFAULT 7")
    _difference, load, _check = site.restore("t")
    assert load.inserted == 1
    assert site.now("SELECT * FROM t") == [(1, 7)]

    site.now("DELETE FROM t; ALTER TABLE t ADD needed INT NOT NULL")
    with pytest.raises(DatabaseError) as refused:
        site.compare("t")
    assert refused.value.code == "db.schema-drift"
    assert "needed" in refused.value.what


def test_children_lost_with_their_parents_are_counted(site: Site) -> None:
    site.both(
        "CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2);"
        "CREATE TABLE c (id INT PRIMARY KEY, t INT, FOREIGN KEY (t) REFERENCES t (id) ON DELETE CASCADE);"
        "INSERT INTO c VALUES (1, 1), (2, 1), (3, 2)"
    )
    site.now("DELETE FROM t WHERE id = 1")
    site.dump("t", None, ["c"])
    site.stage("t")

    (lost,) = site.compare("t").children

    assert (lost.child, lost.rule, lost.restored, lost.live) == (site.ref("c"), "CASCADE", 3, 1)
