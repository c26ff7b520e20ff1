"""What stands between a dump and production: the scanner, on real dumps, cut ones and forged ones."""

from __future__ import annotations

import string
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mysql.site import SCHEMA, Site, name
from rdsrestore.domain.errors import RdsRestoreError, ToolError
from rdsrestore.domain.tables.definition import Column
from rdsrestore.mysql.dump.dump_scan import Scanned, scan
from rdsrestore.mysql.dump.dump_store import DumpStore
from tiers import amount

COLUMNS = (
    Column("id", "int", "int", nullable=False),
    Column("v", "text", "text", nullable=True),
    Column("twice", "int", "int", nullable=True, generated=True),
)
HEAD = b"/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump\n\n/*!40101 SET NAMES utf8mb4 */;\n"
TAIL = b"\n/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;\n\n-- Dump completed on 2017-06-01\n"
INSERT = b"INSERT INTO `t` (`id`, `v`) VALUES "


def scanned(body: bytes, head: bytes = HEAD, tail: bytes = TAIL) -> Scanned:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "t.sql").write_bytes(head + body + tail)
        return scan(DumpStore(Path(folder)), "t.sql", "t", COLUMNS)


def test_rows_are_counted_over_several_statements_in_either_layout() -> None:
    body = INSERT + b"(1,'a'),(2,NULL);\n" + INSERT + b"\n(3,0xFF),\n(4,_binary 'x'),\n(-5,1.5e-3);\n"
    found = scanned(body)
    assert found.rows == 5
    assert (HEAD + body)[found.start : found.end] == body.rstrip()


def test_a_text_that_looks_like_the_next_line_s_row_counts_as_none() -> None:
    assert scanned(INSERT + b"(1,'a),\n(2'),\n(3,'b');\n").rows == 2


def test_the_server_s_own_settings_are_a_known_frame() -> None:
    oracle = (
        b"-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)\n--\n/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;\n"
        b"/*!50503 SET NAMES utf8mb4 */;\n/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;\n"
        b"/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n"
        b"/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;\n"
    )
    assert scanned(INSERT + b"(1,'a');\n", oracle).rows == 1


@pytest.mark.parametrize(
    "body",
    [
        b"DROP TABLE x;\n",
        b"DELETE FROM `t`;\n",
        b"LOCK TABLES `t` WRITE;\n",
        b"SET @@SESSION.SQL_LOG_BIN=0;\n",
        b"/*!40000 ALTER TABLE `t` DISABLE KEYS */;\n",
        b"/*!50003 CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW SET @a=1 */;\n",
        b"/*!DROP TABLE x */;\n",
        b"/*M!DROP TABLE x */;\n",
        b"/*M!100100 DROP TABLE x */;\n",
        b"/*!40101 SET GLOBAL read_only=1 */;\n",
        b"/*!40101 SET SQL_LOG_BIN=0 */;\n",
        b"/*!40101 SET SQL_MODE='', PASSWORD='x' */;\n",
        b"/*!40101 SET NAMES utf8 */; DROP TABLE x;\n",
        b"\\! touch /tmp/x\n",
        b"DELIMITER //\n",
        b"source /etc/passwd\n",
        b"USE other;\n",
        b"INSERT INTO `other` (`id`, `v`) VALUES (1,'a');\n",
        b"INSERT INTO `x`.`t` (`id`, `v`) VALUES (1,'a');\n",
        b"INSERT INTO `t` VALUES (1,'a');\n",
        b"INSERT INTO `t` (`v`, `id`) VALUES ('a',1);\n",
        b"INSERT INTO `t` (`id`) VALUES (1);\n",
        b"INSERT IGNORE INTO `t` (`id`, `v`) VALUES (1,'a');\n",
        b"REPLACE INTO `t` (`id`, `v`) VALUES (1,'a');\n",
        b"INSERT INTO `t` (`id`) SELECT 5; DROP TABLE x; INSERT INTO `t` (`id`, `v`) VALUES (1,'a');\n",
        INSERT + b"(1,SLEEP(5));\n",
        INSERT + b"(1,(SELECT 1));\n",
        INSERT + b"(1,'a') ON DUPLICATE KEY UPDATE v='x';\n",
        INSERT + b"(1,'a'); DELETE FROM t;\n",
        INSERT + b"(1,'a'),(2,@@version);\n",
        INSERT + b"(1,'a\\\\'); DELETE FROM t; -- ');\n",
        INSERT + b"(1,''); DELETE FROM t; -- ');\n",
        INSERT + b'(1,"a");\n',
        INSERT + b"(1,/*!1*/2);\n",
        INSERT + b"();\n",
        INSERT + b"(1,0x);\n",
        INSERT + b"(1,'a')\n",
    ],
)
def test_a_forged_dump_is_refused(body: bytes) -> None:
    for whole in (body, INSERT + b"(7,'x');\n" + body, body + INSERT + b"(7,'x');\n"):
        with pytest.raises(ToolError) as refused:
            scanned(whole)
        assert refused.value.code == "dump.foreign"


MORE = INSERT + b"(8,'y');\n"


@pytest.mark.parametrize(
    "between",
    [
        b"/*!40101 SET SQL_MODE='NO_BACKSLASH_ESCAPES' */;\n",
        b"/*!40101 SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n",
        b"/*!40101 SET NAMES utf8mb4 */;\n",
        b"/*!40101 SET NAMES gbk */;\n",
        b"/*!40014 SET UNIQUE_CHECKS=0 */;\n",
        b"/*M!999999\\- enable the sandbox mode */ \n",
        b"-- a remark\n",
        b"# a remark\n",
        b"/* a remark */\n",
        b"/* a remark */ ",
        b"SET sql_mode='NO_BACKSLASH_ESCAPES';\n",
        b"DELIMITER //\n",
        b"delimiter //\n",
        b"\\! touch /tmp/x\n",
        b"\\. /tmp/x\n",
        b"source /tmp/x\n",
        b"system touch /tmp/x\n",
        b"\\d //\n",
        b"\\C gbk\n",
        b"charset gbk\n",
        b"use other\n",
        b"commit;\n",
        b";\n",
        b"\0",
        b"\xef\xbb\xbf",
        b"x",
        b" " * 10 + b"insert into `t` (`id`, `v`) VALUES (9,'z');\n",
        b"-- Dump completed on 2017-06-01\n",
    ],
)
def test_nothing_may_stand_between_two_statements_with_rows(between: bytes) -> None:
    for body in (INSERT + b"(7,'x');\n" + between + MORE, INSERT + b"(7,'x');\n\n" + between + b"\n" + MORE):
        with pytest.raises(ToolError) as refused:
            scanned(body)
        assert refused.value.code == "dump.foreign"


def test_white_space_may_stand_between_them() -> None:
    assert scanned(INSERT + b"(7,'x');\n\n \t\r\n" + MORE).rows == 2


@pytest.mark.parametrize(
    "setting",
    [
        b"SET SQL_MODE='NO_BACKSLASH_ESCAPES'",
        b"SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_BACKSLASH_ESCAPES'",
        b"SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO,ANSI_QUOTES'",
        b"SET SQL_MODE=0",
        b"SET SQL_MODE=@@GLOBAL",
        b"SET SQL_MODE=@OLD_TIME_ZONE",
        b"SET @OLD_SQL_MODE='NO_BACKSLASH_ESCAPES'",
        b"SET @OLD_SQL_MODE=@@TIME_ZONE",
        b"SET NAMES gbk",
        b"SET NAMES binary",
        b"SET NAMES utf8mb4 COLLATE utf8mb4_bin",
        b"SET CHARACTER_SET_CLIENT='sjis'",
        b"SET TIME_ZONE='+05:30'",
        b"SET TIME_ZONE='SYSTEM'",
        b"SET FOREIGN_KEY_CHECKS=1",
        b"SET AUTOCOMMIT=0",
        b"SET @OLD_AUTOCOMMIT=@@AUTOCOMMIT",
    ],
)
def test_a_frame_that_says_that_its_rows_are_to_be_read_otherwise_is_refused(setting: bytes) -> None:
    line = b"/*!40101 " + setting + b" */;\n"
    for head, tail in ((HEAD + line, TAIL), (line + HEAD, TAIL), (HEAD, line + TAIL)):
        with pytest.raises(ToolError) as refused:
            scanned(INSERT + b"(1,'a');\n", head, tail)
        assert refused.value.code == "dump.foreign"


def test_a_long_run_of_foreign_text_is_refused_and_not_a_crash() -> None:
    with pytest.raises(ToolError) as refused:
        scanned(b"INSERT INTO `other` VALUES " + b",".join([b"((((((1))))))"] * 20_000) + b";\n")
    assert refused.value.code == "dump.foreign"


@pytest.mark.parametrize(
    "text",
    [
        "'); DELETE FROM t; --",
        "\\'); DELETE FROM t; --",
        "\\",
        "\\\\'",
        "INSERT INTO `t` (`id`, `v`) VALUES (9,'z');\n",
        "-- Dump completed",
        "/*! */",
        "\n\n;\n",
        "''",
    ],
)
def test_a_row_s_text_is_never_taken_for_a_statement(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").encode()
    found = scanned(INSERT + b"(1,'" + quoted + b"'),(2,'" + quoted.replace(b"\\'", b"''") + b"');\n")
    assert found.rows == 2


@pytest.mark.parametrize("cut", [0, 10, len(HEAD), len(HEAD) + 60, len(HEAD) + len(INSERT) + 5, -3, -45])
def test_a_dump_that_was_cut_short_is_refused(cut: int) -> None:
    whole = HEAD + INSERT + b"(1,'a'),(2,'b');\n" + TAIL
    with pytest.raises(ToolError) as refused:
        scanned(whole[:cut] if cut >= 0 else whole[: cut - 20], b"", b"")
    assert refused.value.code == "dump.incomplete"


def as_text(value: object) -> object:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def as_bytes(value: object) -> object:
    return value.encode() if isinstance(value, str) else value


value = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.text("'\\\n\r\0\x1a\"`;()-,/*! " + string.ascii_letters, max_size=40),
    st.binary(max_size=40),
)


@settings(max_examples=amount(12, long=200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(value, value), min_size=1, max_size=30))
def test_whatever_a_table_holds_goes_through_dump_scanner_and_staging(
    site: Site, rows: list[tuple[object, object]]
) -> None:
    site.both("DROP TABLE IF EXISTS t; CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT, b LONGBLOB)")
    with site.copy.root(site.database) as root, root.cursor() as cursor:
        cursor.execute("SET sql_mode = ''")
        for number, (text, data) in enumerate(rows):
            cursor.execute("INSERT INTO t VALUES (%s, %s, %s)", (number, as_text(text), as_bytes(data)))

    site.prepare("t")

    staged = site.production.sql(f"SELECT id, v, b FROM {SCHEMA}.t ORDER BY id")
    assert staged == site.copy.sql("SELECT id, v, b FROM t ORDER BY id", site.database)
    assert site.dumps["t"].rows == len(rows)


@pytest.mark.parametrize("statement", ["DROP TABLE victim;", "INSERT INTO `victim` (`id`) VALUES (9);"])
def test_a_dump_changed_on_the_disk_never_reaches_production(site: Site, statement: str) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE victim (id INT PRIMARY KEY)")
    made = site.dump("t")
    path = site.folder / made.path
    path.write_bytes(path.read_bytes().replace(b"INSERT INTO", f"{statement}\nINSERT INTO".encode(), 1))

    with pytest.raises(ToolError) as refused:
        site.stage("t")

    assert refused.value.code == "dump.changed"
    assert site.now("SELECT COUNT(*) FROM victim") == [(0,)]


def test_a_dump_with_another_row_in_it_is_refused_by_its_digest(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)")
    path = site.folder / site.dump("t").path
    path.write_bytes(path.read_bytes().replace(b"(1)", b"(2)"))

    with pytest.raises(ToolError) as refused:
        site.stage("t")

    assert refused.value.code == "dump.changed"


def test_the_file_of_exact_floats_is_checked_like_a_dump(site: Site) -> None:
    site.both(
        "CREATE TABLE t (id INT PRIMARY KEY, f FLOAT); INSERT INTO t VALUES (1, 0.1); CREATE TABLE victim (id INT)"
    )
    path = site.folder / (site.dump("t").floats or "")
    path.write_text(f"DROP TABLE {name(site.database)}.victim;\n{path.read_text()}")

    with pytest.raises(RdsRestoreError) as refused:
        site.stage("t")

    assert refused.value.code == "dump.foreign"
    assert site.now("SELECT COUNT(*) FROM victim") == [(0,)]
