"""Columns that were retyped since: compared and written by the value that they become, or refused by name."""

from __future__ import annotations

import pytest

from mysql.site import Site
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.request.merge_policy import Merge, Policy

OVERWRITE = Policy(Merge.OVERWRITE)
CARRIED = [
    ("VARCHAR(20)", "DECIMAL(10,2)", "'1.5'", "'-20'", "3"),
    ("VARCHAR(20)", "INT", "'15'", "'-20.0'", "3"),
    ("TEXT", "BIGINT UNSIGNED", "'15'", "'9223372036854775807'", "3"),
    ("DECIMAL(10,2)", "DECIMAL(12,4)", "1.5", "-20", "3"),
    ("DECIMAL(10,2)", "INT", "15", "-20", "3"),
    ("DECIMAL(10,2)", "DOUBLE", "1.5", "0.1", "3"),
    ("DECIMAL(10,2)", "VARCHAR(20)", "1.5", "-20", "'3'"),
    ("DOUBLE", "DECIMAL(10,2)", "1.5", "0.1", "3"),
    ("FLOAT", "DOUBLE", "1.5", "0.1", "3"),
    ("INT", "VARCHAR(20)", "15", "-20", "'3'"),
    ("INT", "DOUBLE", "15", "-20", "3"),
    ("MEDIUMINT", "FLOAT", "8388607", "-20", "3"),
    ("INT(8) ZEROFILL", "INT", "15", "20", "3"),
    ("INT", "INT(8) UNSIGNED ZEROFILL", "15", "20", "3"),
    ("INT", "BIT(8)", "15", "20", "3"),
    ("BIT(8)", "INT", "15", "20", "3"),
    ("YEAR", "INT", "2017", "0", "3"),
    ("YEAR", "VARCHAR(9)", "2017", "1999", "'3'"),
    ("DATE", "DATETIME", "'2017-06-01'", "'1999-12-31'", "'2020-01-01'"),
    ("DATE", "DATETIME(3)", "'2017-06-01'", "'1999-12-31'", "'2020-01-01'"),
    ("DATETIME", "DATE", "'2017-06-01'", "'1999-12-31'", "'2020-01-01'"),
    ("DATETIME", "DATETIME(6)", "'2017-06-01 10:14'", "'1999-12-31'", "'2020-01-01'"),
    ("DATETIME(3)", "VARCHAR(30)", "'2017-06-01 10:14'", "'1999-12-31'", "'x'"),
    ("TIMESTAMP(3)", "TIMESTAMP", "'2017-06-01 10:14'", "'1999-12-31'", "'2020-01-01'"),
    ("TIME", "TIME(3)", "'10:14'", "'-99:00'", "'01:01'"),
    ("ENUM('a','b')", "ENUM('new','b','a')", "'a'", "'b'", "'new'"),
    ("ENUM('a','B')", "VARCHAR(9)", "'a'", "'B'", "'new'"),
    ("VARCHAR(9)", "ENUM('new','b','a')", "'a'", "'b'", "'new'"),
    ("SET('a','b')", "SET('a','b','c')", "'a'", "'a,b'", "'c'"),
    ("VARCHAR(9) CHARACTER SET latin1", "TEXT CHARACTER SET utf8mb4", "'ä'", "'ö '", "'中'"),
    ("CHAR(9)", "VARCHAR(5)", "'a'", "'b '", "'c'"),
    ("BINARY(2)", "VARBINARY(9)", "X'00'", "X'FF00'", "X'01'"),
    ("VARBINARY(9)", "BLOB", "X'00'", "X'FF00'", "X'01'"),
]
REFUSED = [
    ("VARCHAR(20)", "DECIMAL(10,2)", "'1.555'"),
    ("VARCHAR(20)", "DECIMAL(10,2)", "'007'"),
    ("VARCHAR(20)", "DECIMAL(10,2)", "'1e2'"),
    ("VARCHAR(40)", "DECIMAL(20,2)", "'123456789012345678.901'"),
    ("VARCHAR(20)", "INT", "'1.5'"),
    ("VARCHAR(20)", "DOUBLE", "'1.5'"),
    ("VARCHAR(20)", "YEAR", "'17'"),
    ("VARCHAR(20)", "BIT(8)", "'1'"),
    ("VARCHAR(20)", "DATE", "'2017-6-1'"),
    ("VARCHAR(20)", "DATETIME", "'2017-06-01'"),
    ("DECIMAL(10,4)", "DECIMAL(10,2)", "1.5555"),
    ("DECIMAL(10,2)", "INT", "1.5"),
    ("DECIMAL(20,2)", "DOUBLE", "1.5"),
    ("DECIMAL(10,2)", "FLOAT", "1.5"),
    ("DOUBLE", "DECIMAL(10,2)", "1.555"),
    ("DOUBLE", "FLOAT", "0.1"),
    ("DOUBLE", "INT", "1.5"),
    ("DOUBLE", "VARCHAR(20)", "1.5"),
    ("BIGINT", "DOUBLE", "9007199254740993"),
    ("INT", "FLOAT", "16777217"),
    ("INT", "YEAR", "5"),
    ("INT", "ENUM('a','b')", "1"),
    ("ENUM('7','8')", "INT", "'8'"),
    ("ENUM('a','b')", "ENUM('B','A')", "'a'"),
    ("VARCHAR(9)", "ENUM('A','B')", "'a'"),
    ("VARCHAR(9)", "ENUM('a','b')", "'2'"),
    ("SET('a','b')", "SET('b','a')", "'a,b'"),
    ("VARCHAR(9)", "CHAR(9)", "'a '"),
    ("VARCHAR(9)", "VARCHAR(2)", "'a     '"),
    ("VARCHAR(9)", "VARBINARY(9)", "'a'"),
    ("VARBINARY(9)", "VARCHAR(9)", "'a'"),
    ("VARBINARY(2)", "BINARY(4)", "X'01'"),
    ("BIT(8)", "VARCHAR(9)", "65"),
    ("DATETIME", "DATE", "'2017-06-01 10:14'"),
    ("DATETIME(3)", "DATETIME", "'2017-06-01 10:14:00.5'"),
    ("DATETIME", "TIME", "'2017-06-01 10:14'"),
    ("TIMESTAMP", "DATETIME", "'2017-06-01 10:14'"),
    ("TIMESTAMP", "VARCHAR(30)", "'2017-06-01 10:14'"),
    ("DATETIME", "TIMESTAMP", "'2017-06-01 10:14'"),
    ("TIME", "DATETIME", "'10:14'"),
]


@pytest.mark.parametrize(("then", "now", "one", "other", "damage"), CARRIED)
def test_a_retyped_column_is_compared_and_written_by_the_value_that_it_becomes(
    family: Site, then: str, now: str, one: str, other: str, damage: str
) -> None:
    family.both(f"CREATE TABLE t (id INT PRIMARY KEY, v {then} NULL)")
    family.both(f"INSERT INTO t VALUES (1, {one}), (2, {one}), (3, {other}), (4, {other}), (5, NULL), (6, NULL)")
    family.now(f"ALTER TABLE t MODIFY v {now} NULL")
    right = family.now("SELECT * FROM t ORDER BY id")
    family.now(f"DELETE FROM t WHERE id IN (4, 6); UPDATE t SET v = {damage} WHERE id = 2")

    difference, load, check = family.restore("t", policy=OVERWRITE)

    assert (difference.missing, difference.changed, difference.conflicts) == (2, 1, ())
    assert (load.conflicts, check.matching) == ((), 3)
    assert family.now("SELECT * FROM t ORDER BY id") == right


@pytest.mark.parametrize(("then", "now", "value"), REFUSED)
def test_a_retyped_column_that_may_lose_a_value_is_refused_with_both_types(
    family: Site, then: str, now: str, value: str
) -> None:
    family.both(f"CREATE TABLE t (id INT PRIMARY KEY, v {then} NULL); INSERT INTO t VALUES (1, {value}), (2, NULL)")
    family.now(f"ALTER TABLE t MODIFY v {now} NULL")
    family.prepare("t")

    with pytest.raises(DatabaseError) as refused:
        family.compare("t", policy=OVERWRITE)

    assert refused.value.code == "db.schema-drift"
    assert f"{family.database}.t" in refused.value.where
    kind = f"SELECT COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '{family.database}' AND COLUMN_NAME = 'v'"
    was, is_now = (str(side(kind)[0][0]) for side in (family.then, family.now))
    assert f"column v was {was} then and is {is_now} now" in refused.value.what


def test_a_key_that_was_text_and_is_a_number_now_is_refused(site: Site) -> None:
    site.both("CREATE TABLE t (k VARCHAR(20) PRIMARY KEY); INSERT INTO t VALUES ('1'), ('9007199254740993')")
    site.now("ALTER TABLE t MODIFY k BIGINT NOT NULL; DELETE FROM t WHERE k = 1")
    site.prepare("t")

    with pytest.raises(DatabaseError) as refused:
        site.compare("t")

    assert refused.value.code == "db.schema-drift"


def test_a_retyped_column_without_a_value_is_no_hindrance(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9)); INSERT INTO t VALUES (1, NULL), (2, NULL)")
    site.now("ALTER TABLE t MODIFY v DATE; DELETE FROM t WHERE id = 1")

    difference, load, _check = site.restore("t", policy=OVERWRITE)

    assert (difference.changed, load.inserted) == (0, 1)


def test_a_preview_calls_no_column_different_that_only_spells_its_value_in_another_way(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, price VARCHAR(20), n INT); INSERT INTO t VALUES (1, '1.5', 1)")
    site.now("ALTER TABLE t MODIFY price DECIMAL(10,2); UPDATE t SET n = 2")
    site.prepare("t")

    (group,) = site.compare("t", policy=OVERWRITE).groups

    assert group.touched == (("n", 1),)
    assert [(cell.now, cell.then) for cell in group.sample[0]] == [("1", "1"), ("1.50", "1.50"), ("2", "1")]
