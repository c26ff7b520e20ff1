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
