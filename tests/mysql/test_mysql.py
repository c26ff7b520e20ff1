"""What is particular to Oracle's MySQL, on the real server."""

from __future__ import annotations

from mysql.site import Site


def test_deleted_rows_come_back(mysql_site: Site) -> None:
    mysql_site.both("CREATE TABLE w (id INT PRIMARY KEY, t VARCHAR(20)); INSERT INTO w VALUES (1, 'a'), (2, 'b')")
    mysql_site.now("DELETE FROM w WHERE id = 2")
    _, load, ledger = mysql_site.restore("w")
    assert (load.rows, ledger.matching) == (1, 1)
    assert mysql_site.equal("w")
