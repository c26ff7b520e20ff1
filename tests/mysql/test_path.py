from __future__ import annotations

from mysql.site import Site


def test_deleted_rows_come_back_and_rows_written_since_stay(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20)); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    site.now("DELETE FROM t; INSERT INTO t VALUES (2, 'newer'), (4, 'new')")

    difference, load, check = site.restore("t")

    assert (difference.missing, difference.live, difference.changed, difference.newer) == (2, 2, 1, 1)
    assert load.inserted == 2
    assert (check.planned, check.done, check.matching, check.others, check.untouched) == (2, 2, 2, 0, None)
    assert (check.before, check.after) == (2, 4)
    assert site.now("SELECT * FROM t ORDER BY id") == [(1, "a"), (2, "newer"), (3, "c"), (4, "new")]
