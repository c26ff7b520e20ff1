"""The server makes it hard: locks, deadlocks, rows that are too large."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from mysql.site import Site
from rdsrestore.domain.errors import RdsRestoreError
from rdsrestore.domain.request.merge_policy import Merge, Policy
from tool import counted

WITHIN = 60
WAITING = "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'"
"""Not INNODB_TRX, which stays as it is for as long as it is read more often than every 0.1 s."""
LOST = "SHOW GLOBAL STATUS LIKE 'Com_rollback'"
DEADLOCKS = "SELECT COUNT FROM information_schema.INNODB_METRICS WHERE NAME = 'lock_deadlocks'"


def number(site: Site, query: str) -> int:
    return int(site.production.sql(query)[0][-1])


def await_number(site: Site, query: str, least: int) -> None:
    deadline = time.monotonic() + WITHIN
    while number(site, query) < least:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_row_that_others_hold_for_longer_than_we_wait_is_written_once_they_let_go(site: Site) -> None:
    site.both(f"CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t SELECT seq, seq FROM {counted(500)}")
    site.now("UPDATE t SET v = 0")
    policy = Policy(Merge.OVERWRITE)
    site.prepare("t")
    site.compare("t", policy=policy)
    before = number(site, LOST)
    with ThreadPoolExecutor(1) as pool, site.production.root(site.database) as other, other.cursor() as cursor:
        cursor.execute("START TRANSACTION")
        cursor.execute("SELECT * FROM t WHERE id = 250 FOR UPDATE")
        loading = pool.submit(site.load, "t", policy=policy)
        await_number(site, WAITING, 1)
        await_number(site, LOST, before + 1)  # our own wait ran out, and the transaction was thrown back
        cursor.execute("ROLLBACK")
        assert loading.result(WITHIN).updated == 500
    assert site.equal("t")


def test_a_transaction_that_a_deadlock_threw_back_is_written_again(site: Site) -> None:
    site.both(f"CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t SELECT seq, seq FROM {counted(400)}")
    site.now("CREATE TABLE heavy (id INT PRIMARY KEY); UPDATE t SET v = 0")
    policy = Policy(Merge.OVERWRITE)
    site.prepare("t")
    site.compare("t", policy=policy)
    before = number(site, DEADLOCKS)
    with ThreadPoolExecutor(1) as pool, site.production.root(site.database) as other, other.cursor() as cursor:
        cursor.execute("START TRANSACTION")
        # the server throws the lighter one back: ours
        cursor.execute(f"INSERT INTO heavy SELECT seq FROM {counted(5000)}")
        cursor.execute("SELECT * FROM t WHERE id = 400 FOR UPDATE")
        loading = pool.submit(site.load, "t", policy=policy)
        await_number(site, WAITING, 1)
        cursor.execute("SELECT * FROM t WHERE id = 399 FOR UPDATE")
        assert number(site, DEADLOCKS) == before + 1
        cursor.execute("ROLLBACK")
        assert loading.result(WITHIN).updated == 400
    assert site.equal("t")


@pytest.fixture
def narrow(site: Site) -> Iterator[Site]:
    """Production takes one MiB at a time."""
    site.production.sql("SET GLOBAL max_allowed_packet = 1048576")
    yield site
    site.production.sql("SET GLOBAL max_allowed_packet = 16777216")


def test_a_row_above_the_packet_limit_is_an_error_that_names_the_parameter(narrow: Site) -> None:
    narrow.copy.sql("CREATE TABLE t (id INT PRIMARY KEY, body LONGBLOB)", narrow.database)
    narrow.copy.sql("INSERT INTO t VALUES (1, 'small'), (2, REPEAT('x', 3000000))", narrow.database)
    narrow.production.sql("CREATE TABLE t (id INT PRIMARY KEY, body LONGBLOB)", narrow.database)
    narrow.dump("t")
    with pytest.raises(RdsRestoreError) as refused:
        narrow.stage("t")
    assert (refused.value.code, "max_allowed_packet" in refused.value.hint) == ("db.packet", True)
    assert narrow.now("SELECT COUNT(*) FROM t") == [(0,)]


@pytest.mark.parametrize("emptied", [False, True])
def test_bytes_up_to_the_packet_limit_come_back_though_hexadecimal_doubles_them(family: Site, *, emptied: bool) -> None:
    every = bytes(range(256)) + b"\xc3'\xf0\\'\xe2\x82'\\\\''\x00'"
    family.both("CREATE TABLE t (id INT PRIMARY KEY, v LONGBLOB, w INT, s LONGTEXT)")
    family.both(
        f"INSERT INTO t SELECT id, REPEAT(x'{every.hex()}', 3500), 0, '0xAB''\\\\' FROM (SELECT 1 AS id UNION SELECT 2) AS n"
    )
    family.now("DELETE FROM t" if emptied else "DELETE FROM t WHERE id = 1; UPDATE t SET w = 1")
    policy, shown = Policy(Merge.MISSING if emptied else Merge.OVERWRITE), "SELECT id, SHA2(v, 256), w, s FROM t"
    family.production.sql("SET GLOBAL max_allowed_packet = 1048576")
    try:
        assert not (emptied and family.locate_keys("t"))
        if not emptied:
            family.locate("t", policy)
        family.stage("t")
        family.compare("t", policy=policy)
        saved = family.save("t", policy=policy)
        family.load("t", policy=policy)
        assert sorted(family.now(shown)) == sorted(family.then(shown))
        family.undo(saved)
    finally:
        family.production.sql("SET GLOBAL max_allowed_packet = 16777216")
    assert family.now("SELECT id, w FROM t") == ([] if emptied else [(2, 1)])
