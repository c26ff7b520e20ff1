"""What the server changes in other tables together with a row: never without a word."""

from __future__ import annotations

import pytest

from mysql.site import PASSWORD, Site
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.mysql.schema.server_info import unseen_from

OVERWRITE = Policy(Merge.OVERWRITE)
PARENT = "CREATE TABLE p (id INT PRIMARY KEY, code VARCHAR(10), part INT, n INT, UNIQUE KEY code (code, part))"
CHILD = (
    "CREATE TABLE k (id INT PRIMARY KEY, code VARCHAR(10), part INT,"
    " CONSTRAINT follows FOREIGN KEY (code, part) REFERENCES p (code, part) ON UPDATE {})"
)
ROWS = "INSERT INTO p VALUES (1, 'a', 1, 0), (2, 'b', 1, 0), (3, NULL, NULL, 0); INSERT INTO k VALUES (10, 'a', 1)"


@pytest.mark.parametrize("rule", ["CASCADE", "SET NULL"])
def test_a_plan_that_rows_of_other_tables_would_follow_is_refused(family: Site, rule: str) -> None:
    family.both(f"{PARENT}; {CHILD.format(rule)}; {ROWS}")
    family.now("UPDATE p SET code = 'z' WHERE id = 1; INSERT INTO k VALUES (30, 'z', 1), (31, 'z', 1)")
    before = family.now("SELECT * FROM k ORDER BY id")
    family.prepare("p")

    with pytest.raises(
        DatabaseError, match=rf"1 row would get another code, part.*\(follows, ON UPDATE {rule}\)"
    ) as no:
        family.compare("p", policy=OVERWRITE)

    assert (no.value.code, no.value.where) == ("table.on-update", f"compare {family.ref('p')}")
    assert family.now("SELECT * FROM k ORDER BY id") == before


def test_a_plan_that_leaves_alone_what_is_followed_is_carried_out(family: Site) -> None:
    family.both(f"{PARENT}; {CHILD.format('CASCADE')}; {ROWS}")
    family.now("UPDATE p SET code = 'z', n = 7 WHERE id = 1; UPDATE p SET n = 8, code = 'c' WHERE id = 3")
    family.now("DELETE FROM p WHERE id = 2")
    narrowed = Policy(Merge.OVERWRITE, columns=("n",))

    family.restore("p", policy=narrowed)

    assert family.now("SELECT * FROM p ORDER BY id") == [(1, "z", 1, 0), (2, "b", 1, 0), (3, "c", None, 0)]
    assert family.now("SELECT code FROM k") == [("z",)]


def test_a_key_that_is_only_spelled_another_way_is_followed_too(family: Site) -> None:
    family.both("CREATE TABLE p (code VARCHAR(9) COLLATE utf8mb4_general_ci PRIMARY KEY, n INT)")
    family.both("CREATE TABLE k (id INT PRIMARY KEY, code VARCHAR(9) COLLATE utf8mb4_general_ci)")
    family.both("ALTER TABLE k ADD CONSTRAINT f FOREIGN KEY (code) REFERENCES p (code) ON UPDATE CASCADE")
    family.both("INSERT INTO p VALUES ('a', 1), ('b', 1); INSERT INTO k VALUES (1, 'a')")
    family.now("UPDATE p SET n = 2 WHERE code = 'b'")
    family.prepare("p")
    assert family.compare("p", policy=OVERWRITE).changed == 1
    family.now("UPDATE p SET code = 'A' WHERE code = 'a'")

    with pytest.raises(DatabaseError, match="1 row would get another code"):
        family.compare("p", policy=OVERWRITE)


def test_an_undo_does_not_drag_rows_of_a_foreign_key_that_came_since(family: Site) -> None:
    family.both(f"{PARENT}; {ROWS.partition(';')[0]}")
    family.now("UPDATE p SET code = 'z' WHERE id = 1")
    family.prepare("p")
    family.compare("p", policy=OVERWRITE)
    saved = family.save("p", policy=OVERWRITE)
    family.load("p", policy=OVERWRITE)
    family.now(f"{CHILD.format('CASCADE')}; INSERT INTO k VALUES (10, 'a', 1)")

    with pytest.raises(DatabaseError, match="1 row would get another code, part"):
        family.undo(saved)

    assert family.now("SELECT code FROM p WHERE id = 1") == [("a",)]


def test_a_row_with_children_in_another_database_is_not_deleted(family: Site) -> None:
    other = f"{family.database}_other"
    family.both("CREATE TABLE p (id INT PRIMARY KEY); INSERT INTO p VALUES (1)")
    family.now(f"CREATE DATABASE {other}; CREATE TABLE {other}.k (id INT PRIMARY KEY, p INT)")
    family.now(f"ALTER TABLE {other}.k ADD FOREIGN KEY (p) REFERENCES {family.database}.p (id) ON DELETE CASCADE")
    family.now(f"INSERT INTO p VALUES (2), (3); INSERT INTO {other}.k VALUES (20, 2)")
    try:
        _, load, _ = family.restore("p", policy=Policy(Merge.EXACT))

        assert (load.deleted, [each.reason for each in load.conflicts]) == (
            1,
            ["rows that are not restored point to it"],
        )
        assert family.now(f"SELECT id FROM {other}.k") == [(20,)]
    finally:
        family.now(f"DROP DATABASE {other}")


@pytest.mark.parametrize(
    ("grants", "lacking"),
    [
        ("SELECT, INSERT, UPDATE, DELETE ON {0}.*", "SELECT"),
        ("PROCESS, SHOW DATABASES ON *.*", "SELECT"),
        ("SELECT, UPDATE ON *.*", ""),
        ("SELECT, REFERENCES ON *.*", ""),
        ("ALL PRIVILEGES ON *.*", ""),
    ],
)
def test_a_login_that_can_not_see_every_table_is_found_out(family: Site, grants: str, lacking: str) -> None:
    user = f"u{family.database}"
    family.now(f"CREATE USER {user}@'%'; GRANT {grants.format(family.database)} TO {user}@'%'")
    with family.production.root() as root, root.cursor() as cursor:
        cursor.execute(f"ALTER USER {user}@'%%' IDENTIFIED BY %s", (PASSWORD,))
    try:
        with family.databases.production(family.production.endpoint, user) as server:
            unseen = server.server().unseen
    finally:
        family.now(f"DROP USER {user}@'%'")
    assert (lacking in unseen) if lacking else not unseen


def test_deleting_never_fires_the_triggers_of_children(mysql_site: Site) -> None:
    mysql_site.both("CREATE TABLE p (id INT PRIMARY KEY); INSERT INTO p VALUES (1); CREATE TABLE log (n INT)")
    mysql_site.both("CREATE TABLE k (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE)")
    mysql_site.now("CREATE TRIGGER fires BEFORE DELETE ON k FOR EACH ROW INSERT INTO log VALUES (OLD.id)")
    mysql_site.now("INSERT INTO p VALUES (2); INSERT INTO k VALUES (20, 2); SET GLOBAL enable_cascade_triggers = ON")
    try:
        _, load, _ = mysql_site.restore("p", policy=Policy(Merge.EXACT))
    finally:
        mysql_site.now("SET GLOBAL enable_cascade_triggers = OFF")

    assert (load.deleted, mysql_site.now("SELECT * FROM log")) == (0, [])
    assert mysql_site.now("SELECT id FROM k") == [(20,)]


def test_a_database_that_was_taken_out_of_a_privilege_is_not_seen() -> None:
    everywhere = "GRANT SELECT, INSERT, UPDATE ON *.* TO `a`@`%`"
    assert unseen_from([everywhere, "REVOKE SELECT ON `mysql`.* FROM `a`@`%`"], mariadb=False) == ""
    assert unseen_from([everywhere, "REVOKE SELECT ON `far`.* FROM `a`@`%`"], mariadb=False) == "SELECT on `far`.*"


def test_a_login_from_which_mysql_hides_triggers_is_told_so(mysql_site: Site) -> None:
    user = f"u{mysql_site.database}"
    grants = rf"ALL PRIVILEGES ON `rdsrestore\_%`.* TO {user}@'%'; GRANT SELECT, INSERT ON {mysql_site.database}.*"
    mysql_site.now(f"CREATE USER {user}@'%'; GRANT {grants} TO {user}@'%'")
    with mysql_site.production.root() as root, root.cursor() as cursor:
        cursor.execute(f"ALTER USER {user}@'%%' IDENTIFIED BY %s", (PASSWORD,))
    try:
        with mysql_site.databases.production(mysql_site.production.endpoint, user) as server:
            lacking = server.server().privileges_missing
            mysql_site.now(f"GRANT TRIGGER ON {mysql_site.database}.* TO {user}@'%'")
            then = server.server().privileges_missing
    finally:
        mysql_site.now(f"DROP USER {user}@'%'")
    assert (lacking, then) == (("TRIGGER on the tables",), ())


@pytest.mark.parametrize("rule", ["CASCADE", "SET NULL"])
def test_rows_of_the_table_itself_do_not_follow_either(family: Site, rule: str) -> None:
    family.both(
        "CREATE TABLE t (id INT PRIMARY KEY, code VARCHAR(9) UNIQUE, up VARCHAR(9),"
        f" FOREIGN KEY (up) REFERENCES t (code) ON UPDATE {rule})"
    )
    family.both("INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', NULL)")
    family.now("UPDATE t SET code = 'z' WHERE id = 1; UPDATE t SET code = 'y' WHERE id = 2")
    family.now("INSERT INTO t VALUES (3, 'c', 'z')")

    _, load, ledger = family.restore("t", policy=OVERWRITE)

    assert (load.updated, sum(each.rows for each in load.conflicts), ledger.matching) == (1, 1, 1)
    assert family.now("SELECT * FROM t ORDER BY id") == [(1, "z", None), (2, "b", None), (3, "c", "z")]


@pytest.mark.parametrize("rule", ["CASCADE", "SET NULL"])
def test_a_link_that_rows_of_other_tables_follow_is_not_cut(family: Site, rule: str) -> None:
    family.both("CREATE TABLE t (id INT PRIMARY KEY, up INT NULL UNIQUE, FOREIGN KEY (up) REFERENCES t (id))")
    family.both(f"CREATE TABLE k (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES t (up) ON UPDATE {rule})")
    family.now("INSERT INTO t VALUES (1, NULL), (2, 1); UPDATE t SET up = 2 WHERE id = 1; INSERT INTO k VALUES (10, 2)")

    _, load, _ = family.restore("t", policy=Policy(Merge.EXACT))

    assert (load.deleted, family.now("SELECT * FROM k")) == (0, [(10, 2)])
    assert family.now("SELECT * FROM t ORDER BY id") == [(1, 2), (2, 1)]
