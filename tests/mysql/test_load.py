"""Loads under trouble: connections that die, and tables whose rows need each other."""

from __future__ import annotations

import contextlib
import threading

import pymysql
import pytest

from mysql.site import SCHEMA, Site, silent
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.request.throttle_rules import ThrottleRules
from tool import counted


def test_a_connection_lost_in_the_middle_of_the_load_is_made_again(site: Site) -> None:
    site.both(f"CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t SELECT seq, seq FROM {counted(30000)}")
    site.now("DELETE FROM t")
    site.prepare("t")
    site.compare("t")
    killed: list[int] = []

    def kill_once(text: str, share: float | None) -> None:
        silent(text, share)
        if share and not killed:
            found = site.production.sql("SELECT id FROM information_schema.PROCESSLIST WHERE user = 'admin'")
            killed.extend(row[0] for row in found)
            for number in killed:
                site.production.sql(f"KILL {number}")

    with site.live() as server:
        server.load(SCHEMA, [site.target("t")], site.folder, ThrottleRules(), kill_once)
        load = server.loaded(SCHEMA, site.target("t"))

    assert killed
    assert (load.inserted, load.conflicts) == (30000, ())
    assert site.equal("t")


def test_a_load_whose_connection_keeps_dying_is_exact_whenever_it_ends(site: Site) -> None:
    site.both(f"CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t SELECT seq, seq FROM {counted(40000)}")
    site.now("DELETE FROM t")
    site.prepare("t")
    site.compare("t")
    over = threading.Event()

    killed: list[int] = []

    def keep_killing() -> None:
        pause = 0.1
        while not over.wait(pause):
            for (number,) in site.production.sql("SELECT id FROM information_schema.PROCESSLIST WHERE user = 'admin'"):
                with contextlib.suppress(pymysql.MySQLError):
                    site.production.sql(f"KILL {number}")
                    killed.append(number)
            pause *= 1.2  # however slow the machine is, the load gets on in the end

    killer = threading.Thread(target=keep_killing)
    killer.start()
    with contextlib.suppress(DatabaseError):
        site.load("t")
    over.set()
    killer.join()
    rows = site.now("SELECT COUNT(*) FROM t")[0][0]
    marked = site.production.sql(f"SELECT COUNT(*) FROM {plan(site)} WHERE rr_st = 'done'")[0][0]

    load = site.load("t")

    assert killed
    assert rows == marked
    assert (load.inserted, load.conflicts) == (40000, ())
    assert site.ledger("t").matching == 40000
    assert site.equal("t")


def plan(site: Site) -> str:
    ((table,),) = site.production.sql(f"SHOW TABLES FROM {SCHEMA} LIKE 'rdsrestore%plan%'")
    return f"{SCHEMA}.{table}"


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        (f"SELECT seq, IF(seq = 300, NULL, seq + 1) FROM {counted(300)}", 300),
        (f"SELECT seq, IF(seq = 9000, NULL, 9000) FROM {counted(9000)}", 9000),
        (f"SELECT seq, IF(seq = 1, NULL, seq - 1) FROM {counted(9000)}", 9000),
        (
            f"SELECT seq, IF(seq = 1, NULL, IF(seq % 500 = 2, seq - 1, IF(seq % 500, seq - 2, seq + 1))) FROM {counted(3001)}",
            3001,
        ),
    ],
)
def test_a_table_that_references_itself_is_loaded_in_few_statements(site: Site, rows: str, number: int) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES t (id))")
    site.both(f"SET foreign_key_checks = 0; INSERT INTO t {rows}")
    site.now("SET foreign_key_checks = 0; DELETE FROM t")

    _difference, load, check = site.restore("t")

    assert (load.inserted, check.matching, load.conflicts) == (number, number, ())
    assert load.statements < number / 3
    assert site.equal("t")
