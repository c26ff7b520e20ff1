"""LOAD DATA takes a dump's rows to the last bit, or not at all; nobody's file is ever read for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mysql.site import GIVEN, PASSWORD, QUALIFIED, USER, Site
from rdsrestore.domain.request.merge_policy import OnConflict, Policy
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.dump import bulk
from rdsrestore.mysql.dump.statements import Statement
from rdsrestore.mysql.session.login.connection import Login, Session, connect
from rdsrestore.mysql.write import preflight_conflicts
from tool import counted

TABLE = r"""
CREATE TABLE t (
  id BIGINT NOT NULL PRIMARY KEY, small SMALLINT(5) ZEROFILL, price DECIMAL(20,5), exact DOUBLE, made DATE,
  at DATETIME(6), stamp TIMESTAMP(3) NULL, lasts TIME(2), born YEAR, code CHAR(5), latin VARCHAR(100) CHARACTER SET latin1,
  wide VARCHAR(50) CHARACTER SET utf16, body LONGTEXT, raw VARBINARY(40), fixed BINARY(4), blobbed LONGBLOB,
  kind ENUM('a','it''s','1','') NULL, tags SET('x','y'), doc JSON, UNIQUE KEY (code)) DEFAULT CHARSET utf8mb4;
INSERT INTO t VALUES
 (-9223372036854775808, 7, -0.00001, 0.1, '0000-00-00', '2024-02-30 00:00:00', '2038-01-19 03:14:07', '-838:59:59', 1901,
  'a', 'Grüße', '🙈', 'tab\t nl\n cr\r nul\0 z\Z q'' d" b\\ ),\n(', X'0027295C2C0A', X'01', X'DEADBEEF00',
  'it''s', 'x,y', '{"a": [1, null]}'),
 (0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
 (1, 0, 0, -0.0, '2017-06-01', '2017-06-01 10:14:00', '1970-01-01 00:00:01', '00:00:00', 0, 'NULL', 'NULL', '', '\\N', '',
  '', '', '1', '', '[]'),
 (2, 0, 0, 1e300, '2017-06-01', '2017-06-01 10:14:00', NULL, '00:00:00', 0, '\\', ',', '(', "'", X'30783431', '0x', '',
  '', '', '{}')
"""


@contextmanager
def session(site: Site) -> Iterator[Session]:
    with closing(connect(Login(site.production.endpoint, USER, Secret(PASSWORD), site.ca), "load")) as made:
        yield made


@pytest.fixture
def site(site: Site) -> Iterator[Site]:
    """Production takes LOAD DATA LOCAL, which MySQL does not unless it is told to."""
    ((before,),) = site.production.sql("SELECT @@GLOBAL.local_infile")
    site.production.sql("SET GLOBAL local_infile = 1")
    yield site
    site.production.sql(f"SET GLOBAL local_infile = {before}")


def fed(site: Site) -> int:
    """Count the server's LOAD DATA statements so far."""
    return int(site.production.sql("SHOW GLOBAL STATUS LIKE 'Com_load'")[0][1])


def restore(site: Site) -> tuple[int, int]:
    """Restore a table without any rows; returns how many rows were written and by how many LOAD DATA."""
    site.dump("t")
    site.whole.add("t")
    before = fed(site)
    site.stage("t")
    site.compare("t")
    load = site.load("t")
    site.ledger("t")
    return load.rows, fed(site) - before


def test_every_value_arrives_as_it_was(site: Site) -> None:
    site.both(f"SET sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO'; {TABLE}")
    site.now("DELETE FROM t")

    assert restore(site) == (4, 1)
    assert site.equal("t")


def test_a_statement_with_a_row_in_the_way_is_written_row_by_row(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, code VARCHAR(9), UNIQUE KEY (code))")
    site.both(f"INSERT INTO t SELECT seq, CONCAT('c', seq) FROM {counted(500)}")
    site.now("DELETE FROM t")
    site.dump("t")
    site.whole.add("t")
    site.stage("t")
    site.now("INSERT INTO t VALUES (1007, 'C7'), (1000, 'C9')")

    load = site.load("t")

    assert load.inserted == 498
    assert [(each.rows, each.reason) for each in load.conflicts] == [(2, f"Duplicate for key '{QUALIFIED}code'")]
    assert site.now("SELECT code FROM t WHERE id IN (7, 8, 1000) ORDER BY id") == [("c8",), ("C9",)]


@pytest.mark.parametrize(
    ("definition", "may"),
    [
        ("id INT PRIMARY KEY, v VARCHAR(9)", True),
        # in MariaDB's lock mode, 1, others' inserts would wait; in MySQL's, 2, they do not
        ("id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(9)", GIVEN.engine == "mysql"),
        ("id INT PRIMARY KEY, v BIT(3)", False),
        ("id INT PRIMARY KEY, v POINT", False),
    ],
)
def test_it_is_used_where_nobody_waits_and_every_type_is_known(site: Site, definition: str, *, may: bool) -> None:
    site.now(f"CREATE TABLE t ({definition})")
    with site.live() as server, session(site) as own:
        found = server.definition(site.ref("t"))
        assert found
        assert bulk.allowed(own, found) is may


def test_a_server_that_forbids_it_is_not_asked(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9)); INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    site.now("DELETE FROM t")
    site.production.sql("SET GLOBAL local_infile = 0")
    try:
        assert restore(site) == (2, 0)
    finally:
        site.production.sql("SET GLOBAL local_infile = 1")
    assert site.equal("t")


def test_a_file_that_a_server_asks_for_is_never_sent(site: Site, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("1\n2\n")
    site.now("CREATE TABLE t (id INT PRIMARY KEY)")
    asked = f"LOAD DATA LOCAL INFILE '{secret}' INTO TABLE {site.database}.t"
    with session(site) as own, pytest.raises(RuntimeError, match="local_infile"):
        own.run(asked)
    with session(site) as own:
        assert own.through(lambda connection: bulk.feed(connection, asked, b"3\n")) == (1, 0)
    assert site.now("SELECT id FROM t") == [(3,)]


def test_rows_are_cut_where_no_value_can_be() -> None:
    rows = [b"(1,'),\\n(')", b"(2,NULL)", b"(3,'it''s')"]
    whole = Statement(9, b"INSERT INTO t (a, b) VALUES", b"\n" + b",\n".join(rows))
    assert list(whole.rows) == rows
    assert [part.values for part in (whole.after(0, 2)[0], whole.after(2, 2)[0])] == [b",\n".join(rows[:2]), rows[2]]
    assert [whole.after(behind, 2)[1] for behind in (0, 1, 2)] == [False, True, True]
    in_one_line = Statement(9, whole.head, b" " + b",".join(rows))
    assert list(in_one_line.rows) == rows
    assert bulk.rows_of(in_one_line.values) == (b"", 0)


def test_rows_that_are_missing_among_others_come_back_without_a_scratch_copy(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, code VARCHAR(20), v INT, UNIQUE KEY (code), UNIQUE KEY w (v, code))")
    site.both(f"INSERT INTO t SELECT seq, CONCAT('it''s \\n', seq), seq FROM {counted(3000)}")
    site.now("DELETE FROM t WHERE id % 50 = 7 OR id BETWEEN 1000 AND 1300; UPDATE t SET v = -1 WHERE id = 5")
    site.now("INSERT INTO t VALUES (5000, 'IT''S \\n57', 0), (5001, 'new', NULL)")
    lost = 3000 - site.now("SELECT COUNT(*) FROM t WHERE id <= 3000")[0][0]

    assert site.locate_keys("t")
    site.stage("t")
    difference = site.compare("t")
    saved = site.save("t")
    load = site.load("t")
    ledger = site.ledger("t", difference.live)

    assert (difference.restored, difference.live, difference.unseen) == (3000, 3002 - lost, 3000 - lost)
    assert (difference.missing, difference.newer, difference.unfit) == (lost - 1, 2, 1)
    assert [(each.reason, each.rows, each.sample) for each in difference.conflicts] == [
        ("a newer row has the same code", 1, ("57",))
    ]
    sample = difference.groups[0].sample
    assert [(cell.column, cell.now, cell.then) for cell in sample[0]] == [
        ("id", None, "7"),
        ("code", None, "it's \\n7"),
        ("v", None, "7"),
    ]
    assert (load.inserted, [each.reason for each in load.conflicts]) == (
        lost - 1,
        [f"Duplicate for key '{QUALIFIED}code'"],
    )
    assert (ledger.planned, ledger.done, ledger.matching, ledger.others) == (lost, lost - 1, lost - 1, 0)
    assert site.now("SELECT v FROM t WHERE id = 5") == [(-1,)]
    assert site.now("SELECT COUNT(*) FROM t") == [(3001,)]
    site.undo(saved)
    assert site.now("SELECT COUNT(*) FROM t") == [(3002 - lost,)]


def test_of_many_rows_it_is_said_that_the_load_will_find_what_is_in_their_way(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, code VARCHAR(20), UNIQUE KEY (code))")
    site.both(f"INSERT INTO t SELECT seq, seq FROM {counted(120000)}")
    site.now("DELETE FROM t WHERE id > 1000; INSERT INTO t VALUES (200000, '5000')")
    assert not site.locate_keys("t", Policy(on_conflict=OnConflict.STOP))  # nothing is to be written then
    assert site.locate_keys("t")
    site.stage("t")
    difference = site.compare("t")
    assert (difference.missing, difference.unfit) == (119_000, 0)
    assert [note.split(":")[0] for note in difference.notes] == ["more than 100,000 rows"]
    load = site.load("t")
    assert (load.inserted, [each.rows for each in load.conflicts]) == (118_999, [1])
    assert site.ledger("t", difference.live).matching == 118_999


def test_gentle_writes_each_row_once(site: Site) -> None:
    site.both(
        f"CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(99)); INSERT INTO t SELECT seq, REPEAT('x', 90) FROM {counted(2000)}"
    )
    site.now("DELETE FROM t")
    site.dump("t")
    site.whole.add("t")
    site.stage("t")
    load = site.load("t", policy=Policy(), gentle=True)
    assert (load.inserted, load.conflicts) == (2000, ())
    assert site.equal("t")


@pytest.mark.parametrize(
    ("literal", "said"),
    [("NULL", "NULL"), ("0x00ff", "0x00ff"), ("'it''s'", "it's"), (r"'\'\''", "''"), (r"'a\nb\\n'", r"a\nb\n")],
)
def test_a_literal_is_shown_without_its_quotes(literal: str, said: str) -> None:
    assert preflight_conflicts.plain(literal) == said
