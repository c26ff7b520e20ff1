"""Whatever a parameter group or `init_connect` sets: rows come back exactly, or the run is refused beforehand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from fakes import BILLING, FakeWorld, definition, request
from mysql.conftest import tls_options
from mysql.programs import PLUGINS
from mysql.site import FAMILIES, GIVEN, ORACLE, PASSWORD, USER, Server, Site, launch
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.outcome.load_result import SavedTable
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.survey import TableSurvey
from rdsrestore.mysql.dump.program.client_programs import tools
from rdsrestore.mysql.session.login.connection import Login, connect
from rdsrestore.mysql.session.settings import settle
from rdsrestore.workflow.preflight import Severity, check
from rdsrestore.workflow.surveyor import survey

Turned = dict[str, object]
TRANSACTIONS: Turned = {
    "autocommit": 0,
    "completion_type": "CHAIN",
    "foreign_key_checks": 0,
    "unique_checks": 0,
    "innodb_lock_wait_timeout": 1,
    "lock_wait_timeout": 1,
    "net_read_timeout": 2,
    "net_write_timeout": 2,
}
LIMITS: Turned = {
    "max_join_size": 2,
    "sql_select_limit": 2,
    "sql_safe_updates": 1,
    "group_concat_max_len": 8,
    "max_sort_length": 8,
    "eq_range_index_dive_limit": 1,
    "sql_buffer_result": 1,
    "sort_buffer_size": 32768,
}
NOT_FOR_PROGRAMS = ("max_join_size", "sql_select_limit")
LIMITS_OF_OURS: Turned = {name: value for name, value in LIMITS.items() if name not in NOT_FOR_PROGRAMS}
"""Those under which a dump program reads all rows, whatever it can be told."""
WORDS: Turned = {
    "sql_mode": "ANSI,TRADITIONAL,NO_BACKSLASH_ESCAPES",
    "time_zone": "-08:00",
    "sql_auto_is_null": 1,
    "sql_notes": 0,
    "sql_quote_show_create": 0,
    "div_precision_increment": 0,
    "default_week_format": 3,
    "lc_messages": "de_DE",
    "lc_time_names": "de_DE",
    "auto_increment_increment": 7,
    "auto_increment_offset": 3,
}
PRIVILEGED: Turned = {
    "max_error_count": 0,
    "innodb_strict_mode": 0,
    "low_priority_updates": 1,
    "big_tables": 1,
    "explicit_defaults_for_timestamp": 0,
    "binlog_row_image": "MINIMAL",
    "binlog_format": "MIXED",
}
"""What a login may not turn for itself on every server."""
NAMES: Turned = {
    "character_set_client": "latin1",
    "character_set_connection": "latin1",
    "character_set_results": "latin1",
    "collation_connection": "latin1_bin",
}
"""What is of the connection alone: a global value means nothing."""
MARIADB_OWN: Turned = {
    "alter_algorithm": "INSTANT",
    "check_constraint_checks": 0,
    "default_regex_flags": "MULTILINE",
    "default_storage_engine": "Aria",
    "idle_transaction_timeout": 1,
    "in_predicate_conversion_threshold": 2,
    "max_statement_time": 0.001,
    "sort_buffer_size": 1024,
    "sql_if_exists": 1,
    "system_versioning_insert_history": 1,
    "tx_isolation": "SERIALIZABLE",
    "tx_read_only": 1,
}
MEMORY: Turned = {"max_session_mem_used": 8192, "tmp_disk_table_size": 1024}
"""With which MariaDB's own dump program can't even log in, or not ask for tablespaces."""
MYSQL_OWN: Turned = {
    "default_storage_engine": "MyISAM",
    "explain_format": "TREE",
    "information_schema_stats_expiry": 86400,
    "max_execution_time": 1,
    "range_optimizer_max_mem_size": 1,
    "show_gipk_in_create_table_and_information_schema": 0,
    "transaction_isolation": "SERIALIZABLE",
    "transaction_read_only": 1,
}
MYSQL_PRIVILEGED: Turned = PRIVILEGED | {
    "internal_tmp_mem_storage_engine": "MEMORY",
    "sql_generate_invisible_primary_key": 1,
    "sql_require_primary_key": 1,
}
TEXTS = "(1, 1, 'ü'), (2, 2, '日'), (3, 3, ''), (4, 4, 'a\\\\\\''), (0, 0, '0'), (-7, 7, NULL), (8, 8, '👍')"
OVERWRITE = Policy(Merge.OVERWRITE)


def first(settings: Turned) -> str:
    return next(iter(settings))


@pytest.fixture
def oracle_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put Oracle's client programs on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("mysqldump", "mysql"):
        words = shlex.join(ORACLE.program(name))
        (folder / name).write_text(f'#!/bin/sh\nLIBMYSQL_PLUGIN_DIR={PLUGINS} exec {words} "$@"\n', "utf-8")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@contextmanager
def turned(site: Site, settings: Turned) -> Iterator[None]:
    """Turn settings of both servers, and turn them back."""
    servers = (site.production, site.copy)
    before = [{name: server.sql(f"SELECT @@GLOBAL.{name}")[0][0] for name in settings} for server in servers]
    try:
        for server in servers:
            turn(server, settings)
        yield
    finally:
        for server, values in zip(servers, before, strict=True):
            turn(server, values)


def turn(server: Server, settings: Turned) -> None:
    with server.root() as root, root.cursor() as cursor:
        for name, value in settings.items():
            cursor.execute(f"SET GLOBAL {name} = %s", (value,))


@contextmanager
def by_every_login(site: Site, settings: Turned) -> Iterator[None]:
    """Have each login turn settings for itself."""
    texts = ", ".join(f"{name} = {value!r}" for name, value in settings.items())
    with turned(site, {"init_connect": f"SET SESSION {texts.replace(', ', ', SESSION ')}"}):
        yield


def damaged(site: Site) -> None:
    """Two tables and what became of them: one lost some rows, others were changed; one lost all."""
    columns = "id INT PRIMARY KEY, u INT UNIQUE, t VARCHAR(40), at TIMESTAMP NULL DEFAULT NULL, CHECK (id > -100)"
    for table in ("part", "whole"):
        site.both(f"CREATE TABLE {table} ({columns}) CHARSET utf8mb4; INSERT INTO {table} (id, u, t) VALUES {TEXTS}")
        site.both(f"UPDATE {table} SET at = '2017-06-01 10:14:00'")
    site.now("DELETE FROM part WHERE id IN (0, 1, 2, -7); UPDATE part SET t = '?' WHERE id IN (3, 8)")
    site.both("CREATE TABLE keyless (n INT); INSERT INTO keyless VALUES (1), (1), (1), (1), (2)")
    site.now("DELETE FROM keyless LIMIT 2")
    site.now("INSERT INTO part VALUES (99, 7, 'has the u of -7', NULL); DELETE FROM whole")


def rows(site: Site, table: str) -> list[tuple[object, ...]]:
    return site.now(f"SELECT id, u, HEX(t), at FROM {table} ORDER BY id")


def restore(site: Site) -> SavedTable:
    """Restore both tables: one by way of the scratch schema, the other straight from its dump."""
    site.locate("part", OVERWRITE)
    site.stage("part")
    difference = site.compare("part", policy=OVERWRITE)
    saved = site.save("part", policy=OVERWRITE)
    load = site.load("part", policy=OVERWRITE)
    ledger = site.ledger("part", difference.live, policy=OVERWRITE)
    assert (difference.missing, difference.changed, difference.unfit) == (3, 2, 1)
    assert (load.inserted, load.updated, ledger.matching, ledger.after) == (3, 2, 5, 7)
    assert site.locate_keys("whole")
    site.stage("whole")
    assert site.compare("whole").missing == 7
    assert (site.load("whole").inserted, site.ledger("whole").matching) == (7, 7)
    _, load, _ = site.restore("keyless")
    assert load.inserted == 2
    return saved


def check_there_and_back(site: Site, under: Callable[[], AbstractContextManager[None]]) -> None:
    """Restore and undo while settings are turned, and look without them."""
    damaged(site)
    before, then = rows(site, "part"), site.then("SELECT id, u, HEX(t), at FROM part ORDER BY id")
    with under():
        saved = restore(site)
    assert rows(site, "part") == [*(row for row in then if row[0] != -7), before[-1]]
    assert rows(site, "whole") == then
    assert site.now("SELECT n, COUNT(*) FROM keyless GROUP BY n ORDER BY n") == [(1, 4), (2, 1)]
    with under():
        back, undone = site.undo(saved)
    assert (back.writes, undone.rows) == (5, 5)
    assert rows(site, "part") == before


def refused(site: Site, wanted: Request | None = None, *, create_sql: str = "") -> list[str]:
    """Look at production as the survey does; returns the codes of what stands in the way."""
    found = survey(request(), FakeWorld().world(), Path())
    with site.live() as server:
        facts = replace(server.server(), privileges_missing=())
    table = TableSurvey(BILLING, replace(definition(), create_sql=create_sql), 3)
    found = replace(found, server=facts, tools=tools(), tables=(table,))
    return [each.code for each in check(wanted or request(), found) if each.severity is Severity.BLOCKS]


@pytest.mark.only("mariadb", "MySQL has settings of its own, in a test of their own")
@pytest.mark.parametrize("settings", [TRANSACTIONS, LIMITS_OF_OURS, WORDS, PRIVILEGED, MARIADB_OWN], ids=first)
def test_rows_come_back_whatever_a_parameter_group_of_mariadb_sets(site: Site, settings: Turned) -> None:
    with turned(site, settings):
        assert refused(site) == []
    check_there_and_back(site, lambda: turned(site, settings))


@pytest.mark.parametrize("settings", [TRANSACTIONS, LIMITS, WORDS, MYSQL_PRIVILEGED, MYSQL_OWN], ids=first)
@pytest.mark.usefixtures("oracle_programs")
def test_rows_come_back_whatever_a_parameter_group_of_mysql_sets(mysql_site: Site, settings: Turned) -> None:
    with turned(mysql_site, settings):
        assert refused(mysql_site) == []
    check_there_and_back(mysql_site, lambda: turned(mysql_site, settings))


@pytest.mark.only("mariadb", "MySQL has settings of its own, in a test of their own")
@pytest.mark.parametrize("settings", [TRANSACTIONS, LIMITS_OF_OURS, WORDS, MARIADB_OWN], ids=first)
def test_rows_come_back_whatever_each_login_of_mariadb_sets_for_itself(site: Site, settings: Turned) -> None:
    check_there_and_back(site, lambda: by_every_login(site, settings))


@pytest.mark.parametrize("settings", [TRANSACTIONS, LIMITS, WORDS, MYSQL_OWN, NAMES], ids=first)
@pytest.mark.usefixtures("oracle_programs")
def test_rows_come_back_whatever_each_login_of_mysql_sets_for_itself(mysql_site: Site, settings: Turned) -> None:
    check_there_and_back(mysql_site, lambda: by_every_login(mysql_site, settings))


@pytest.mark.usefixtures("oracle_programs")
def test_a_dump_program_that_can_be_told_serves_mariadb_as_well(site: Site) -> None:
    own = MEMORY if GIVEN.engine == "mariadb" else {}
    with turned(site, LIMITS | own), by_every_login(site, NAMES):
        assert refused(site) == []
    check_there_and_back(site, lambda: by_every_login(site, LIMITS | own | NAMES))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sql_select_limit", 2),
        ("max_join_size", 2),
        ("max_execution_time", 1),
        ("show_gipk_in_create_table_and_information_schema", 0),
    ],
)
def test_what_a_dump_program_can_not_set_back_is_refused_beforehand(mysql_site: Site, name: str, value: int) -> None:
    with turned(mysql_site, {name: value}):
        assert set(refused(mysql_site)) == {"tool.settings"}
    with by_every_login(mysql_site, {name: value}):
        assert set(refused(mysql_site)) == {"tool.settings"}
    assert refused(mysql_site) == []


@pytest.mark.usefixtures("oracle_programs")
def test_a_hidden_key_is_seen_and_kept_where_the_parameter_group_hides_it(mysql_site: Site) -> None:
    mysql_site.both(
        "SET SESSION sql_generate_invisible_primary_key = 1; CREATE TABLE t (n INT);"
        " INSERT INTO t VALUES (7), (7), (8); DELETE FROM t LIMIT 1"
    )
    mysql_site.now("DELETE FROM t")
    with turned(mysql_site, {"show_gipk_in_create_table_and_information_schema": 0}):
        assert mysql_site.definition("t").key == ("my_row_id",)
        _, load, _ = mysql_site.restore("t")
    assert load.inserted == 2
    assert mysql_site.now("SELECT my_row_id, n FROM t ORDER BY 1") == [(2, 7), (3, 8)]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_wide_key_is_staged_whatever_row_format_new_tables_get(family: str, request: pytest.FixtureRequest) -> None:
    site: Site = request.getfixturevalue(family)
    columns = "k VARCHAR(255) PRIMARY KEY, n INT, f FLOAT"
    site.both(f"CREATE TABLE t ({columns}) CHARSET utf8mb4 ROW_FORMAT=DYNAMIC; INSERT INTO t VALUES ('a', 1, 0.1)")
    site.both("INSERT INTO t VALUES ('b', 2, 0.2)")
    site.now("DELETE FROM t WHERE k = 'a'")
    with turned(site, {"innodb_default_row_format": "redundant"}):
        _, load, _ = site.restore("t")
    assert load.inserted == 1
    assert site.equal("t")


def test_names_that_each_login_changes_are_refused_where_the_dump_program_would_believe_them(site: Site) -> None:
    with turned(site, {"init_connect": "SET NAMES latin1"}):
        assert refused(site) == ["tool.settings"]


def test_a_binlog_of_statements_is_refused_beforehand(site: Site) -> None:
    with turned(site, {"binlog_format": "STATEMENT"}):
        assert refused(site) == ["db.binlog-format"]


@pytest.mark.only("mariadb", "MySQL has no such setting")
def test_another_engine_for_every_new_table_is_refused_beforehand(site: Site) -> None:
    with turned(site, {"enforce_storage_engine": "Aria"}):
        assert refused(site) == ["db.engine-enforced"]


def test_a_table_that_production_would_not_make_is_refused_beforehand(mysql_site: Site) -> None:
    keyless = "CREATE TABLE `billing` (\n  `id` bigint\n) COMMENT='PRIMARY KEY (id)'"
    with turned(mysql_site, {"sql_require_primary_key": 1}):
        assert refused(mysql_site, create_sql=keyless) == []
        assert refused(mysql_site, request(into="old"), create_sql=keyless) == ["db.primary-key"]
        keyed = keyless.replace("bigint", "bigint,\n  PRIMARY KEY (`id`)")
        assert refused(mysql_site, request(into="old"), create_sql=keyed) == []


def test_a_server_that_bends_a_setting_is_not_worked_with(certificates: Path, tmp_path: Path) -> None:
    server = launch(tmp_path / "s", *tls_options(certificates), "--maximum-net-read-timeout=40")
    try:
        with pytest.raises(DatabaseError) as bent:
            connect(Login(server.endpoint, USER, Secret(PASSWORD), certificates / "ca.pem"), "production")
    finally:
        server.process.terminate()
        server.process.wait(60)
    assert (bent.value.code, "'net_read_timeout'" in bent.value.what) == ("db.setting", True)


class Deaf:
    """A session that takes every setting and has none."""

    greeted = "5.5.5-10.11.9-MariaDB"

    def run(self, sql: str) -> int:
        return len(sql) * 0

    def named(self, sql: str) -> dict[str, object]:
        return dict.fromkeys(re.findall(r"AS (\w+)", sql), 1)


def test_a_setting_that_is_taken_and_not_kept_is_named() -> None:
    with pytest.raises(DatabaseError) as bent:
        settle(Deaf(), "production")
    assert (bent.value.code, bent.value.what) == ("db.setting", "time_zone is 1 and has to be +00:00")


GREETINGS = (
    "SELECT 1; SELECT 2",
    "SET autocommit = 0; SET NAMES latin1",
    "SET SESSION TRANSACTION READ ONLY; SET time_zone = '-08:00'; SET sql_select_limit = 1",
    "START TRANSACTION",
    "SET completion_type = CHAIN",
    "BEGIN; INSERT INTO greeted.logins VALUES (CONNECTION_ID())",
    "LOCK TABLES greeted.logins WRITE",
    "USE greeted; CALL noted()",
)


@pytest.fixture
def greeting(family: Site) -> Iterator[Callable[[str], None]]:
    """Let production run a statement at each login."""
    family.production.sql(
        "CREATE DATABASE greeted; CREATE TABLE greeted.logins (c BIGINT);"
        " CREATE PROCEDURE greeted.noted() INSERT INTO greeted.logins VALUES (5)"
    )

    def says(text: str) -> None:
        written = text.replace("'", "''")
        family.production.sql(f"SET GLOBAL init_connect = '{written}'")

    yield says
    family.production.sql("SET GLOBAL init_connect = ''; DROP DATABASE greeted")


@pytest.mark.parametrize("text", GREETINGS)
def test_whatever_a_server_does_at_each_login_rows_come_back(
    family: Site, greeting: Callable[[str], None], text: str
) -> None:
    family.both("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9)); INSERT INTO t VALUES (1, 'é'), (2, 'b'), (3, NULL)")
    family.now("DELETE FROM t WHERE id > 1")
    greeting(text)

    family.restore("t")

    assert family.equal("t")
    if "greeted" in text and "LOCK" not in text:
        assert family.production.sql("SELECT COUNT(*) > 0 FROM greeted.logins") == [(1,)]


def test_what_a_server_can_t_do_at_a_login_is_named(family: Site, greeting: Callable[[str], None]) -> None:
    greeting("this is no statement")
    with pytest.raises(DatabaseError, match="init_connect command failed") as refused, family.live() as server:
        server.databases()
    assert (refused.value.code, refused.value.retryable) == ("db.setting", False)
    assert "init_connect" in refused.value.hint
