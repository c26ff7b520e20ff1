"""A table that has none of a dump's rows takes the dump as it is, beside whatever others write."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pymysql
import pytest

from mysql.site import FAMILIES, PASSWORD, QUALIFIED, SCHEMA, USER, Site, silent
from rdsrestore.domain.errors import DatabaseError, ToolError
from rdsrestore.domain.outcome.load_result import Ledger, SavedTable, TableLoad
from rdsrestore.domain.request.merge_policy import Merge, OnConflict, Policy
from rdsrestore.domain.request.throttle_rules import ThrottleRules
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.rows import Act, Relation
from rdsrestore.domain.tables.target import Target
from rdsrestore.mysql.dump import chunks
from rdsrestore.mysql.production import MysqlProduction
from rdsrestore.mysql.session.login.connection import Login, connect
from tool import counted

ROWS = 30_000
NO_SUCH_THREAD = 1094


def table(rows: int = ROWS, padding: int = 90) -> str:
    return f"""
CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(200) NOT NULL, at DATETIME(3) NULL, raw VARBINARY(20),
  UNIQUE KEY (name)) DEFAULT CHARSET utf8mb4;
INSERT INTO t SELECT seq, CONCAT('it''s; \\n(', seq, '), 🙈 ', REPEAT('x', {padding})), IF(seq % 3, NOW(3), NULL),
  UNHEX(LEFT(SHA2(seq, 256), 32)) FROM {counted(rows)}
"""


@pytest.fixture
def emptied(site: Site) -> Target:
    """Both servers have a table of some statements' length, and production's rows are deleted."""
    site.both(table())
    site.then("UPDATE t SET raw = NULL WHERE id % 7 = 0")
    site.now("DELETE FROM t")
    site.dump("t")
    return replace(site.target("t"), direct=True)


@contextmanager
def ready(site: Site, target: Target) -> Iterator[MysqlProduction]:
    """Production with a scratch schema, and the target prepared."""
    with site.live() as server:
        server.create_scratch(SCHEMA, "260101-000000-abcd")
        assert server.takes_directly(target)
        server.stage(SCHEMA, target, site.folder, silent)
        yield server


def go(site: Site, server: MysqlProduction, target: Target) -> tuple[SavedTable, TableLoad, Ledger]:
    """The steps after staging."""
    (difference,) = server.compare(SCHEMA, [target], site.folder, silent)
    saved = server.save(SCHEMA, target, site.folder, silent)
    untouched = server.untouched_rows(SCHEMA, target)
    server.load(SCHEMA, [target], site.folder, ThrottleRules(), silent)
    load = server.loaded(SCHEMA, target)
    return saved, load, server.ledger(SCHEMA, target, site.folder, difference.live, untouched, silent)


def test_all_rows_come_back_and_the_books_balance(site: Site, emptied: Target) -> None:
    with ready(site, emptied) as server:
        (difference,) = server.compare(SCHEMA, [emptied], site.folder, silent)
        assert [(each.relation, each.act, each.rows) for each in difference.groups] == [
            (Relation.MISSING, Act.INSERT, ROWS)
        ]
        _saved, load, ledger = go(site, server, emptied)
    assert (load.inserted, load.conflicts) == (ROWS, ())
    assert (ledger.before, ledger.after, ledger.planned, ledger.done, ledger.matching) == (0, ROWS, ROWS, ROWS, ROWS)
    assert ledger.untouched is True
    assert site.equal("t")


def test_what_others_wrote_since_stays_and_only_rows_in_its_way_are_left_out(site: Site, emptied: Target) -> None:
    with ready(site, emptied) as server:
        site.now("INSERT INTO t (id, name) VALUES (17, 'theirs'), (900000, 'new'); ")
        site.now("INSERT INTO t (id, name) SELECT 900001, CONCAT('it''s; \\n(', 29000, '), 🙈 ', REPEAT('x', 90))")
        _saved, load, ledger = go(site, server, emptied)
    assert load.inserted == ROWS - 2
    assert sorted((each.rows, each.reason) for each in load.conflicts) == [
        (1, f"Duplicate for key '{QUALIFIED}PRIMARY'"),
        (1, f"Duplicate for key '{QUALIFIED}name'"),
    ]
    assert (ledger.done + ledger.unfit, ledger.matching, ledger.others) == (ledger.planned, ROWS - 2, 0)
    with site.live() as again:
        listed = sorted((line.key, line.state, line.why) for line in again.lines(SCHEMA, emptied))
    why = " or ".join(sorted(each.reason for each in load.conflicts))
    assert listed == [(("17",), "conflict", why), (("29000",), "conflict", why)]
    assert site.now("SELECT id FROM t WHERE name IN ('theirs', 'new') ORDER BY id") == [(17,), (900000,)]
    assert site.now("SELECT COUNT(*) FROM t") == [(ROWS + 1,)]


def test_conflicts_stop_the_load_where_that_is_asked_for(site: Site, emptied: Target) -> None:
    target = replace(emptied, policy=Policy(on_conflict=OnConflict.STOP))
    with ready(site, target) as server:
        site.now("INSERT INTO t (id, name) VALUES (17, 'theirs')")
        with pytest.raises(DatabaseError) as stopped:
            server.load(SCHEMA, [target], site.folder, ThrottleRules(), silent)
    assert stopped.value.code == "conflict.stop"


def test_a_load_that_was_cut_off_goes_on_where_it_was(site: Site, emptied: Target) -> None:
    def cut_off(_text: str, share: float | None) -> None:
        if share and share > 0.7:
            deadline = time.monotonic() + 60
            while not site.now("SELECT COUNT(*) FROM t")[0][0] and time.monotonic() < deadline:
                time.sleep(0.05)
            raise KeyboardInterrupt

    with ready(site, emptied) as server:
        with pytest.raises(KeyboardInterrupt):
            server.load(SCHEMA, [emptied], site.folder, ThrottleRules(), cut_off)
        part = server.loaded(SCHEMA, emptied).inserted
        assert 0 < part < ROWS
        assert site.now("SELECT COUNT(*) FROM t") == [(part,)]
        server.load(SCHEMA, [emptied], site.folder, ThrottleRules(), silent)
        assert server.loaded(SCHEMA, emptied).inserted == ROWS
    assert site.equal("t")


def test_connections_that_are_lost_neither_lose_nor_double_a_row(site: Site, emptied: Target) -> None:
    def kill(_text: str, share: float | None) -> None:
        for number in connections(site) if share and share > 0.3 else ():
            end(site, number)

    with ready(site, emptied) as server:
        server.load(SCHEMA, [emptied], site.folder, ThrottleRules(), kill)
    with site.live() as again:
        assert again.loaded(SCHEMA, emptied).inserted == ROWS
    assert site.equal("t")


def end(site: Site, number: int) -> None:
    """End a connection; it may have ended by itself."""
    try:
        site.production.sql(f"KILL {number}")
    except pymysql.OperationalError as error:
        if error.args[0] != NO_SUCH_THREAD:
            raise


def connections(site: Site) -> list[int]:
    return [number for number, user, *_rest in site.production.sql("SHOW PROCESSLIST") if user == USER]


def test_the_file_that_was_checked_is_the_one_that_is_loaded(site: Site, emptied: Target) -> None:
    with ready(site, emptied) as server:
        path = site.folder / emptied.dump.path
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        with pytest.raises(ToolError) as refused:
            server.load(SCHEMA, [emptied], site.folder, ThrottleRules(), silent)
    assert refused.value.code == "dump.changed"
    assert site.now("SELECT COUNT(*) FROM t") == [(0,)]


def test_rows_that_were_written_again_since_are_told_apart(site: Site, emptied: Target) -> None:
    with ready(site, emptied) as server:
        server.load(SCHEMA, [emptied], site.folder, ThrottleRules(), silent)
        site.now("UPDATE t SET name = 'again' WHERE id = 5; INSERT INTO t (name) VALUES ('more')")
        ledger = server.ledger(SCHEMA, emptied, site.folder, 0, server.untouched_rows(SCHEMA, emptied), silent)
    assert (ledger.done, ledger.matching, ledger.others, ledger.untouched) == (ROWS, ROWS - 1, 1, None)


def test_new_rows_after_the_dumps_last_key_cost_no_second_look(site: Site, emptied: Target) -> None:
    with ready(site, emptied) as server:
        untouched = server.untouched_rows(SCHEMA, emptied)
        server.load(SCHEMA, [emptied], site.folder, ThrottleRules(), silent)
        site.now("INSERT INTO t (name) VALUES ('more')")
        ledger = server.ledger(SCHEMA, emptied, site.folder, 0, untouched, silent)
        assert (
            site.now(
                f"SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{SCHEMA}' AND TABLE_NAME = 't'"
            )
            == []
        )
    assert (ledger.matching, ledger.others, ledger.untouched) == (ROWS, 1, None)


def test_undo_takes_every_row_back_but_those_written_since(site: Site, emptied: Target) -> None:
    with ready(site, emptied) as server:
        site.now("INSERT INTO t (id, name) VALUES (900000, 'new')")
        saved, _load, _ledger = go(site, server, emptied)
    site.now("UPDATE t SET name = 'kept' WHERE id = 9")
    difference, load = site.undo(saved)
    assert (difference.planned(Act.DELETE), difference.unfit, load.deleted) == (ROWS - 1, 1, ROWS - 1)
    assert site.now("SELECT id, name FROM t ORDER BY id") == [(9, "kept"), (900000, "new")]


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("a row", "INSERT INTO t (name) VALUES ('one')"),
        ("a trigger", "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.raw = NULL"),
        ("a parent", "CREATE TABLE p (id INT PRIMARY KEY); ALTER TABLE t ADD FOREIGN KEY (id) REFERENCES p (id)"),
        ("another shape", "ALTER TABLE t MODIFY name VARCHAR(300) NOT NULL"),
        ("a column more", "ALTER TABLE t ADD extra INT"),
        ("a generated column", "ALTER TABLE t ADD longer INT AS (LENGTH(name) + 1)"),
    ],
)
def test_a_table_with_more_to_it_is_staged(site: Site, emptied: Target, why: str, text: str) -> None:
    site.now(text)
    with site.live() as server:
        assert not server.takes_directly(replace(emptied, direct=False)), why


def test_a_table_that_has_rows_takes_the_dump_whole_where_no_key_is_on_both_sides(site: Site, emptied: Target) -> None:
    site.now("INSERT INTO t (id, name) VALUES (900000, 'new')")
    apart = replace(emptied, located=replace(site.locate("t"), common=0))
    with site.live() as server:
        assert server.takes_directly(apart)
        assert not server.takes_directly(replace(apart, policy=Policy(Merge.OVERWRITE)))


def test_a_large_table_is_dumped_in_pieces_that_make_one_file(site: Site) -> None:
    site.both(table(120_000, 160))
    site.both("UPDATE t SET id = id + 2000000000 WHERE id > 90000")
    site.copy.sql("ANALYZE TABLE t", site.database)
    with closing(connect(Login(site.copy.endpoint, USER, Secret(PASSWORD), site.ca), "copy")) as session:
        for where in (None, "name LIKE 'it%'"):  # whose index has about as many rows for any range of keys
            assert 3 <= len(list(chunks.cut(session, site.definition("t"), where))) <= 20
    made = site.dump("t")
    assert made.rows == 120_000
    assert made.bytes == (site.folder / made.path).stat().st_size
    assert not list(site.folder.glob("*.piece*"))
    site.now("DELETE FROM t")
    with ready(site, replace(site.target("t"), direct=True)) as server:
        go(site, server, replace(site.target("t"), direct=True))
    assert site.equal("t")


@pytest.mark.parametrize("family", FAMILIES)
def test_an_enum_without_a_label_is_no_reason_to_leave_its_row_out(family: str, request: pytest.FixtureRequest) -> None:
    site: Site = request.getfixturevalue(family)
    site.both("CREATE TABLE t (id INT PRIMARY KEY, e ENUM('a','b') NOT NULL); INSERT INTO t VALUES (1, 'a'), (2, 0)")
    site.both("CREATE TABLE u LIKE t; INSERT INTO u SELECT * FROM t WHERE id = 1")
    site.now("DELETE FROM t; DELETE FROM u")
    assert site.locate_keys("u")
    assert not site.locate_keys("t")
    site.stage("t", "u")
    for table in ("t", "u"):
        site.compare(table)
        site.load(table)
    assert site.now("SELECT id, e + 0 FROM t ORDER BY id") == [(1, 1), (2, 0)]
    assert site.now("SELECT id, e + 0 FROM u") == [(1, 1)]
