"""Only what differs is dumped, staged and written, whatever the key."""

from __future__ import annotations

import pytest

from mysql.site import Site
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.outcome.load_result import TableLoad
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.tables.rows import TableDifference
from tool import counted

MANY = 40_000


def located(site: Site, policy: Policy) -> tuple[TableDifference, TableLoad]:
    site.locate("t", policy)
    site.stage("t")
    return site.compare("t", policy=policy), site.load("t", policy=policy)


@pytest.mark.parametrize(
    ("columns", "values"),
    [
        ("id INT PRIMARY KEY, v INT, f FLOAT", "seq, seq, seq / 3"),
        ("id VARCHAR(20) PRIMARY KEY, v INT, f FLOAT", "CONCAT(CHAR(97 + seq % 26), seq), seq, seq / 3"),
        ("a INT, id INT, v INT, f FLOAT, PRIMARY KEY (a, id)", "seq % 7, seq, seq, seq / 3"),
    ],
)
def test_scattered_damage_moves_only_what_was_hit(site: Site, columns: str, values: str) -> None:
    site.both(f"CREATE TABLE t ({columns}); INSERT INTO t SELECT {values} FROM {counted(MANY)}")
    site.now("DELETE FROM t WHERE v % 400 = 1; UPDATE t SET v = -v WHERE v % 500 = 2")
    gone = MANY // 400
    changed = MANY // 500 - MANY // 2000 * 0

    difference, load = located(site, Policy(Merge.EXACT))

    assert (difference.missing, difference.changed, difference.newer) == (gone, changed, 0)
    assert (load.inserted, load.updated) == (gone, changed)
    assert site.dumps["t"].rows < 4 * (gone + changed)
    assert site.equal("t")


def test_rows_written_since_are_counted_and_deleted_only_where_asked(site: Site) -> None:
    site.both(f"CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t SELECT seq, 1 FROM {counted(MANY)}")
    site.now(
        f"DELETE FROM t WHERE id BETWEEN 100 AND 2000; INSERT INTO t SELECT seq, 2 FROM {counted(MANY + 50, MANY + 1)}"
    )

    difference, load = located(site, Policy(Merge.EXACT))

    assert (difference.missing, difference.newer) == (1901, 50)
    assert (load.inserted, load.deleted) == (1901, 50)
    assert site.equal("t")


def test_equal_tables_are_not_dumped_at_all(site: Site) -> None:
    site.both(f"CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t SELECT seq, 1 FROM {counted(5000)}")

    difference, load = located(site, Policy(Merge.EXACT))

    assert (site.dumps["t"].rows, difference.restored, difference.groups, load.rows) == (0, 5000, (), 0)


def test_keys_of_a_file_are_all_that_is_looked_at(site: Site) -> None:
    site.both(
        "CREATE TABLE t (k VARCHAR(9), n INT, v INT, PRIMARY KEY (k, n)); INSERT INTO t VALUES ('a,b', 1, 1), ('ü', 2, 2), ('c', 3, 3)"
    )
    site.now("DELETE FROM t WHERE n <> 2; UPDATE t SET v = 9 WHERE n = 2")
    path = site.folder / "keys"
    path.write_text('"a,b",1\n\nü,2\n{"key": ["\'none\'", "7"], "relation": "missing"}\n', "utf-8")

    difference, load = located(site, Policy(Merge.OVERWRITE, keys=str(path)))

    assert (difference.missing, difference.changed, load.rows) == (1, 1, 2)
    assert site.now("SELECT * FROM t ORDER BY n") == [("a,b", 1, 1), ("ü", 2, 2)]


@pytest.mark.parametrize("line", ["x", "1,2,3", '{"key": ["1 OR 1 = 1"]}', '{"no": 1}', "1 OR 1 = 1"])
def test_a_line_that_is_no_key_is_refused(site: Site, line: str) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY)")
    path = site.folder / "keys"
    path.write_text(f"1\n{line}\n", "utf-8")

    with pytest.raises(UsageError) as refused:
        site.locate("t", Policy(keys=str(path)))

    assert "line 2" in refused.value.what
