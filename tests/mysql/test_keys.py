from __future__ import annotations

import pytest

from mysql.site import Site
from rdsrestore.domain.errors import DatabaseError
from tool import counted

MANY = 40_500


def test_the_primary_key_identifies_a_row_before_any_unique_one(site: Site) -> None:
    site.both("CREATE TABLE t (u INT NOT NULL UNIQUE, a INT, b INT, PRIMARY KEY (b, a))")
    assert site.definition("t").key == ("b", "a")


def test_the_shortest_unique_key_without_null_stands_in_for_a_primary_key(site: Site) -> None:
    site.both(
        "CREATE TABLE t (n INT NULL UNIQUE, a INT NOT NULL, b INT NOT NULL, c INT NOT NULL, p VARCHAR(300) NOT NULL,"
        " UNIQUE two (a, b), UNIQUE one (c), UNIQUE prefix (p(10)))"
    )
    assert site.definition("t").key == ("c",)


def test_a_key_over_the_first_bytes_of_a_text_identifies_nothing(site: Site) -> None:
    site.both("CREATE TABLE t (p VARCHAR(300) NOT NULL, UNIQUE prefix (p(10)))")
    assert site.definition("t").key == ()


@pytest.mark.parametrize(
    ("columns", "rows", "gone"),
    [
        ("a INT, b VARCHAR(9), PRIMARY KEY (b, a)", "(1,'x'),(2,'x'),(1,'y')", "a = 1"),
        ("a VARBINARY(9) PRIMARY KEY, b INT", "(X'00ff',1),(X'27',2),(X'5c',3),('',4)", "b > 1"),
        ("a CHAR(36) CHARACTER SET ascii PRIMARY KEY, b INT", "('x',1),('y',2)", "b = 2"),
        ("a VARCHAR(20) CHARACTER SET latin1 PRIMARY KEY, b INT", "('ü',1),('é',2)", "b = 2"),
        ("a VARCHAR(20) PRIMARY KEY, b INT", "('🙈',1),('it''s',2),('\\\\',3),('%_',4)", "b > 0"),
        (
            "a DATETIME(6), b TIME(3), PRIMARY KEY (a, b)",
            "('2017-06-01 10:14:00.000001','-00:30:00.5'),('2017-06-01','01:00:00')",
            "1",
        ),
        ("a DECIMAL(20,5) PRIMARY KEY, b INT", "(-0.00001,1),(12345678901234.5,2)", "b = 2"),
        ("a ENUM('z','a'), b SET('y','x'), PRIMARY KEY (a, b)", "('z','x'),('a','x,y'),('a','')", "a = 'a'"),
        ("a BIT(40) PRIMARY KEY, b INT", "(5,1),(1099511627775,2)", "b = 2"),
        ("a TIMESTAMP PRIMARY KEY, b INT", "('2017-06-01 10:14:00',1),('2017-06-01 11:14:00',2)", "b = 2"),
        ("a BINARY(16) PRIMARY KEY, b INT", "(UNHEX('00000000000000000000000000000000'),1),(UNHEX('FF'),2)", "b = 2"),
        pytest.param(
            "a UUID PRIMARY KEY, b INT",
            "('123e4567-e89b-12d3-a456-426655440000',1)",
            "1",
            marks=pytest.mark.only("mariadb", "MySQL has no such type"),
        ),
    ],
)
def test_rows_are_told_apart_by_keys_of_any_kind(site: Site, columns: str, rows: str, gone: str) -> None:
    site.both(f"CREATE TABLE t ({columns}); INSERT INTO t VALUES {rows}")
    site.now(f"DELETE FROM t WHERE {gone}")
    before = site.now("SELECT COUNT(*) FROM t")[0][0]

    difference, load, check = site.restore("t")

    assert difference.live == before
    assert load.inserted == difference.missing == difference.restored - before
    assert check.matching == check.done
    assert site.equal("t")


@pytest.mark.parametrize(
    ("columns", "values"),
    [
        ("a INT, b INT, PRIMARY KEY (a, b)", "n % 7, n"),
        ("a BIT(1), b INT, PRIMARY KEY (a, b)", "n % 2, n"),
        ("a ENUM('z','m','a'), b INT, PRIMARY KEY (a, b)", "1 + n % 3, n"),
        ("a VARCHAR(20), b INT, PRIMARY KEY (a)", "CONCAT(CHAR(97 + n % 26), '\\\\''', n), n"),
        ("a VARBINARY(20), b INT, PRIMARY KEY (a)", "UNHEX(LEFT(SHA2(n, 256), 40)), n"),
        ("a DOUBLE, b INT, PRIMARY KEY (a, b)", "n / 7, n"),
        ("a TIME(2), b INT, PRIMARY KEY (a, b)", "SEC_TO_TIME(CAST(n AS SIGNED) - 20000), n"),
    ],
)
def test_tables_of_many_ranges_are_compared_row_by_row(site: Site, columns: str, values: str) -> None:
    site.both(
        f"CREATE TABLE t ({columns}); INSERT INTO t SELECT {values} FROM (SELECT seq AS n FROM {counted(MANY)}) q"
    )
    site.now("DELETE FROM t WHERE b % 3 = 0")

    difference, load, check = site.restore("t")

    assert (difference.restored, difference.missing, difference.changed) == (MANY, MANY // 3, 0)
    assert load.inserted == MANY // 3
    assert (check.after, check.matching) == (MANY, MANY // 3)


def test_a_table_without_a_key_is_loaded_while_production_is_empty(site: Site) -> None:
    site.both("CREATE TABLE t (page VARCHAR(9), n INT); INSERT INTO t VALUES ('a', 1), ('a', 1), ('b', NULL)")
    site.now("TRUNCATE t")

    difference, load, check = site.restore("t")

    assert (difference.missing, load.inserted, check.matching) == (3, 3, 3)
    assert site.equal("t")


def test_a_table_without_a_key_gets_as_many_of_each_row_as_it_has_too_few(site: Site) -> None:
    site.both("CREATE TABLE t (page VARCHAR(9), n INT); INSERT INTO t VALUES ('a', 1), ('a', 1), ('a', 1), ('b', NULL)")
    site.now("DELETE FROM t; INSERT INTO t VALUES ('a', 1), ('c', 1), ('c', 1), ('A', 1)")

    difference, load, check = site.restore("t")

    assert (difference.missing, difference.newer, load.inserted, check.matching) == (3, 3, 3, 3)
    assert sorted(site.now("SELECT page, n FROM t"), key=str) == sorted(
        [("a", 1), ("a", 1), ("a", 1), ("b", None), ("c", 1), ("c", 1), ("A", 1)], key=str
    )


def test_a_key_whose_collation_changed_is_read_as_production_reads_it(site: Site) -> None:
    site.both(
        "CREATE TABLE t (k VARCHAR(9) COLLATE utf8mb4_bin PRIMARY KEY, v INT); INSERT INTO t VALUES ('a', 1), ('B', 2)"
    )
    site.now(
        "DELETE FROM t; ALTER TABLE t MODIFY k VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci; INSERT INTO t VALUES ('A', 5)"
    )

    difference, load, _check = site.restore("t")

    assert (difference.live, load.inserted) == (1, 1)
    assert site.now("SELECT k, v FROM t ORDER BY v") == [("B", 2), ("A", 5)]


def test_keys_that_have_become_equal_are_a_conflict_and_not_a_crash(site: Site) -> None:
    site.both(
        "CREATE TABLE t (k VARCHAR(9) COLLATE utf8mb4_bin PRIMARY KEY, v INT); INSERT INTO t VALUES ('a', 1), ('A', 2), ('b', 3)"
    )
    site.now("DELETE FROM t; ALTER TABLE t MODIFY k VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    site.prepare("t")

    with pytest.raises(DatabaseError) as refused:
        site.compare("t")

    assert refused.value.code == "db.schema-drift"
    assert "--into" in refused.value.hint
    assert site.now("SELECT COUNT(*) FROM t") == [(0,)]


def test_a_key_that_has_become_narrower_is_refused_before_anything_is_written(site: Site) -> None:
    site.both("CREATE TABLE t (k BIGINT PRIMARY KEY); INSERT INTO t VALUES (1), (5000000000)")
    site.now("DELETE FROM t; ALTER TABLE t MODIFY k INT NOT NULL")
    site.prepare("t")

    with pytest.raises(DatabaseError) as refused:
        site.compare("t")

    assert refused.value.code == "db.schema-drift"
