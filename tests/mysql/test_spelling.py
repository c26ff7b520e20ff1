"""A table is made again only after a statement that says all of its definition."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mysql.site import FAMILIES, PASSWORD, USER, Site
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.selection import Selection
from rdsrestore.mysql.schema import ddl


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Iterator[Site]:
    """Each family's two servers in turn."""
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]  # a fixture's name is all it takes


def problem(site: Site, columns: str) -> str:
    """Make a table on the copy; returns why it is not made again on production, having tried where it is."""
    site.then(f"CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(9), {columns})")
    definition = site.definition("t")
    with site.databases.copy(site.copy.endpoint, USER, Secret(PASSWORD)) as server:
        try:
            server.check(definition, Selection(None, None), made=True)
        except DatabaseError as error:
            return f"{error.code}: {error.what}"
    site.now(ddl.target_table(definition, site.ref("t"), with_foreign_keys=False))
    return ""


DEFAULTS = "SELECT HEX(CAST(v AS BINARY)), HEX(CAST(w AS BINARY)) FROM t"


@pytest.mark.parametrize(
    "columns",
    [
        "v VARCHAR(9) DEFAULT '👍', w INT",
        "v VARCHAR(9) NOT NULL DEFAULT '👍?', w INT NOT NULL",
        "v VARCHAR(9) CHARACTER SET utf16 DEFAULT '👍', w INT",
        "v VARCHAR(9) CHARACTER SET gbk DEFAULT x'A140', w INT",
        "v VARCHAR(9) CHARACTER SET latin1 DEFAULT x'80FF', w VARCHAR(9) DEFAULT '中é?'",
        "v VARCHAR(9) DEFAULT '?', w ENUM('?', 'ü') NOT NULL DEFAULT '?'",
        "v VARBINARY(9) DEFAULT x'FF00FE', w BIT(9) DEFAULT b'101'",
        "v VARCHAR(20) DEFAULT (CONCAT('a', '👍')), w INT",
        "v TEXT DEFAULT ('👍'), w INT",
    ],
)
def test_a_default_is_the_same_to_the_last_byte_or_the_table_is_not_made(family: Site, columns: str) -> None:
    if problem(family, columns):
        return
    for run in (family.then, family.now):
        run("INSERT INTO t (id) VALUES (1)")
    assert family.now(DEFAULTS) == family.then(DEFAULTS)


@pytest.mark.parametrize(
    "columns", ["v ENUM('a', '👍'), w INT", "v SET('a', 'x👍'), w INT", "v ENUM('a', x'A140') CHARACTER SET gbk, w INT"]
)
def test_a_table_with_labels_that_the_statement_does_not_say_is_not_made(family: Site, columns: str) -> None:
    found = problem(family, columns)
    assert found.startswith("db.definition")
    assert "default or labels of column v" in found


@pytest.mark.only("mariadb", "MySQL writes such a default as it is")
def test_a_default_that_mariadb_writes_as_a_question_mark_is_named(site: Site) -> None:
    assert "default or labels of column v" in problem(site, "v VARCHAR(9) DEFAULT '👍'")


@pytest.mark.parametrize(
    "columns",
    ["v VARCHAR(20) AS (CONCAT(a, '👍')) STORED", "CHECK (a <> '👍')", "v VARCHAR(20) DEFAULT (CONCAT('a', '👍'))"],
)
def test_an_expression_that_mysql_writes_with_question_marks_is_named(mysql_site: Site, columns: str) -> None:
    assert "a character within an expression" in problem(mysql_site, columns)


@pytest.mark.parametrize("columns", ["v VARCHAR(20) AS (CONCAT(a, '中é?')) STORED", "CHECK (a <> '中?')"])
def test_an_expression_of_the_basic_plane_is_none_of_them(family: Site, columns: str) -> None:
    assert problem(family, columns) == ""


def test_a_server_that_wants_a_primary_key_is_asked_too(mysql_site: Site) -> None:
    mysql_site.copy.sql("SET GLOBAL sql_require_primary_key = ON")
    try:
        assert "default or labels of column v" in problem(mysql_site, "v ENUM('a', '👍')")
    finally:
        mysql_site.copy.sql("SET GLOBAL sql_require_primary_key = OFF")


def test_a_default_that_is_no_text_stops_no_restore_in_place(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, v VARBINARY(9) DEFAULT x'FF00FE'); INSERT INTO t (id) VALUES (1)")
    site.now("DELETE FROM t")

    assert site.restore("t")[1].inserted == 1
    assert site.equal("t")
