"""What may be asked of a copy: each way to do more than read is refused, and what is asked is kept without its values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest

from mysql.site import PASSWORD, USER, Site
from rdsrestore.domain.errors import DatabaseError, UsageError
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.restored_database import MysqlRestoredDatabase
from rdsrestore.mysql.verify import questions


@pytest.mark.parametrize(
    ("statement", "kept"),
    [
        ("SELECT * FROM billing WHERE id = 17", "SELECT * FROM billing WHERE id = ?"),
        ("select note from t where note = 'Anna''s' and x = x'AB'", "select note from t where note = ? and x = ?"),
        ("SELECT \"a\", b'1', 1.5e3, N'y' FROM `t` LIMIT 2;", "SELECT ? , ? , ? , ? FROM t LIMIT ?"),
        (
            "WITH a AS (SELECT 1) SELECT * FROM a UNION SELECT 2",
            "WITH a AS ( SELECT ? ) SELECT * FROM a UNION SELECT ?",
        ),
        ("SHOW COLUMNS FROM billing LIKE 'a%'", "SHOW COLUMNS FROM billing LIKE ?"),
        ("EXPLAIN SELECT COUNT(*) FROM billing", "EXPLAIN SELECT COUNT ( * ) FROM billing"),
        ("DESCRIBE billing", "DESCRIBE billing"),
        ("SELECT NOW(), VERSION(), INET_NTOA(1)", "SELECT NOW ( ) , VERSION ( ) , INET_NTOA ( ? )"),
    ],
)
def test_what_only_reads_may_be_asked_and_is_kept_without_its_values(statement: str, kept: str) -> None:
    assert questions.without_values(statement) == kept


@pytest.mark.parametrize(
    "statement",
    [
        "",
        "DELETE FROM billing",
        "EXPLAIN DELETE FROM billing",
        "SELECT 1; DELETE FROM billing",
        "SELECT * FROM t FOR UPDATE",
        "SELECT * FROM t LOCK IN SHARE MODE",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT a INTO @x FROM t",
        "SELECT @a := 1",
        "SELECT 1 /*! INTO OUTFILE '/tmp/x' */",
        "/*! DELETE FROM t */",
        "SELECT /*+ SET_VAR(max_execution_time = 0) */ 1",
        "SELECT 1 -- more",
        "SELECT SLEEP(1)",
        "SELECT BENCHMARK(1000000, MD5('a'))",
        "SELECT GET_LOCK('a', 1)",
        "SELECT LOAD_FILE('/etc/passwd')",
        "SELECT shop.writes(1)",
        "SELECT NEXTVAL(s)",
        "CALL mysql.rds_kill(1)",
        "SET GLOBAL x = 1",
        "USE mysql",
        "KILL 1",
        "SELECT 'a" + "a" * 30_000 + "'",
        "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
        "what is this",
    ],
)
def test_what_would_do_more_is_refused_and_its_text_is_not_repeated(statement: str) -> None:
    with pytest.raises(UsageError, match="sql: the statement ") as refused:
        questions.without_values(statement)
    assert "one SELECT, SHOW, EXPLAIN or DESCRIBE" in refused.value.hint
    assert "/etc/passwd" not in str(refused.value)


def copy(site: Site) -> AbstractContextManager[MysqlRestoredDatabase]:
    return site.databases.copy(site.copy.endpoint, USER, Secret(PASSWORD))


def ask(site: Site, statement: str, most: int | None = None) -> tuple[list[str], list[tuple[Any, ...]]]:
    names: list[str] = []
    rows: list[tuple[Any, ...]] = []

    def take(columns: Sequence[str], found: Iterator[tuple[Any, ...]]) -> None:
        names.extend(columns)
        rows.extend(found)

    with copy(site) as server:
        server.ask(site.database, statement, most, take)
    return names, rows


def test_a_question_gets_its_rows_and_no_more_than_are_wanted(family: Site) -> None:
    family.then("CREATE TABLE t (id INT PRIMARY KEY, note VARCHAR(20)); INSERT INTO t VALUES (1, 'one'), (2, NULL)")
    assert ask(family, "SELECT * FROM t ORDER BY id") == (["id", "note"], [(1, "one"), (2, None)])
    assert ask(family, "SELECT id FROM t ORDER BY id", 1) == (["id"], [(1,)])
    assert ask(family, "SHOW TABLES")[1] == [("t",)]
    with pytest.raises(DatabaseError):
        ask(family, "SELECT nothing FROM t")


def test_who_takes_only_a_part_leaves_the_session_of_use(family: Site) -> None:
    family.then("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)")
    with copy(family) as server:
        with pytest.raises(UsageError):
            server.ask(family.database, "SELECT id, id FROM t", None, refuse)
        found: list[Any] = []
        server.ask(family.database, "SELECT COUNT(*) FROM t", None, lambda _names, rows: found.extend(rows))
    assert found == [(3,)]


def refuse(_names: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    next(rows)
    raise UsageError("sql", "is not to be read on", "")
