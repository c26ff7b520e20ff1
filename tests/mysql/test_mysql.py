"""What is particular to Oracle's MySQL, on the real server."""

from __future__ import annotations

import pytest

from mysql.site import Site


def test_deleted_rows_come_back(mysql_site: Site) -> None:
    mysql_site.both("CREATE TABLE w (id INT PRIMARY KEY, t VARCHAR(20)); INSERT INTO w VALUES (1, 'a'), (2, 'b')")
    mysql_site.now("DELETE FROM w WHERE id = 2")
    _, load, ledger = mysql_site.restore("w")
    assert (load.rows, ledger.matching) == (1, 1)
    assert mysql_site.equal("w")


@pytest.mark.parametrize("key", ["PRIMARY KEY (s)", "UNIQUE KEY (s)"])
def test_a_key_that_is_computed_tells_no_rows_apart_and_they_come_back_without_it(mysql_site: Site, key: str) -> None:
    mysql_site.both(
        f"CREATE TABLE w (j INT, s INT AS (j + 1) STORED NOT NULL, v INT, {key});"
        " INSERT INTO w (j, v) VALUES (5, 50), (6, 60), (7, 70)"
    )
    mysql_site.now("DELETE FROM w WHERE j > 5")
    _, load, _ledger = mysql_site.restore("w")
    assert load.rows == 2
    assert mysql_site.now("SELECT j, s, v FROM w ORDER BY j") == [(5, 6, 50), (6, 7, 60), (7, 8, 70)]


def test_what_is_computed_with_production_s_own_settings_comes_back_as_it_was(mysql_site: Site) -> None:
    mysql_site.both(
        "SET SESSION default_week_format = 3, SESSION lc_time_names = 'de_DE', SESSION div_precision_increment = 9;"
        " CREATE TABLE w (id INT PRIMARY KEY, d DATE, w INT AS (WEEK(d)) STORED, m VARCHAR(20) AS (DATE_FORMAT(d, '%M')) STORED,"
        " q VARCHAR(30) AS (CONCAT(id / 7)) STORED); INSERT INTO w (id, d) VALUES (1, '2016-12-31'), (2, '2017-01-01')"
    )
    before = mysql_site.now("SELECT * FROM w")
    mysql_site.production.sql(
        "SET GLOBAL default_week_format = 3, GLOBAL lc_time_names = 'de_DE', GLOBAL div_precision_increment = 9"
    )
    try:
        mysql_site.now("DELETE FROM w")
        mysql_site.restore("w")
    finally:
        mysql_site.production.sql(
            "SET GLOBAL default_week_format = 0, GLOBAL lc_time_names = 'en_US', GLOBAL div_precision_increment = 4"
        )
    assert "Dezember" in str(before)
    assert mysql_site.now("SELECT * FROM w") == before
