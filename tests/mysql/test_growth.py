"""What a run asks of a server does not grow with the tables that have nothing to do with it."""

from __future__ import annotations

import pytest

from mysql.site import USER, Site
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import TableRef
from rdsrestore.mysql.schema import catalog, foreign_keys
from rdsrestore.mysql.session.login.connection import Session, connect

OTHERS = 150


@pytest.fixture
def two(site: Site) -> Site:
    """A database with two tables, which belong together."""
    site.now("""
        CREATE TABLE p (id INT PRIMARY KEY, q INT, UNIQUE (q));
        CREATE TABLE c (id INT PRIMARY KEY, p INT, r INT,
            CONSTRAINT `by/p` FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE,
            CONSTRAINT by_q FOREIGN KEY (r) REFERENCES p (q) ON UPDATE SET NULL)""")
    return site


@pytest.fixture
def crowded(two: Site) -> Site:
    """The same among many others."""
    return among_others(two)


def among_others(site: Site) -> Site:
    site.now(";".join(f"CREATE TABLE o{number} (id INT PRIMARY KEY)" for number in range(OTHERS)))
    return site


def opened(session: Session) -> int:
    """How many tables this session had opened so far, from the server's cache or not."""
    return sum(int(value) for _name, value in session.rows("SHOW SESSION STATUS LIKE 'Opened_table%'"))


def definition_opens(site: Site) -> int:
    """How many tables are opened for a definition, the server's own among them, when none is open yet."""
    with site.live() as server:
        session = connect(server._login, "test")  # noqa: SLF001
    catalog.definition(session, site.ref("p"))
    site.production.sql("FLUSH TABLES")
    before = opened(session)
    found = catalog.definition(session, site.ref("p"))
    assert found
    assert [each.name for each in found.referenced_by] == ["by/p", "by_q"]
    return opened(session) - before


def test_a_definition_opens_no_other_table(two: Site) -> None:
    alone = max(definition_opens(two), definition_opens(two))  # MySQL opens more of its own the second time
    assert definition_opens(among_others(two)) <= alone + OTHERS / 50


def test_both_ways_give_the_same_keys(crowded: Site) -> None:
    with crowded.live() as server:
        session = connect(server._login, "test")  # noqa: SLF001
    (first, second) = foreign_keys.incoming(session, crowded.ref("p"))
    assert (first, second) == foreign_keys.outgoing(session, crowded.ref("c"))
    assert (first.on_delete, second.on_update) == ("CASCADE", "SET NULL")
    assert (first.columns, first.parent_columns) == (("p",), ("id",))


def test_a_login_without_the_right_to_innodbs_list_sees_the_same(crowded: Site) -> None:
    with crowded.live() as server:
        login = server._login  # noqa: SLF001
    crowded.production.sql(f"REVOKE PROCESS ON *.* FROM {USER}@'%'")
    try:
        session = connect(login, "test")
        with pytest.raises(DatabaseError):
            session.rows("SELECT * FROM information_schema.INNODB_SYS_FOREIGN")
        found = foreign_keys.incoming(session, crowded.ref("p"))
    finally:
        crowded.production.sql(f"GRANT PROCESS ON *.* TO {USER}@'%'")
    assert [each.name for each in found] == ["by/p", "by_q"]


def test_names_that_files_write_otherwise_are_found(family: Site) -> None:
    database = f"{family.database}-$ü"
    family.production.sql(f"""
        CREATE DATABASE `{database}`;
        CREATE TABLE `{database}`.`t/x.é` (id INT PRIMARY KEY);
        CREATE TABLE `{database}`.`c #1` (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES `t/x.é` (id))""")
    try:
        with family.live() as server:
            session = connect(server._login, "test")  # noqa: SLF001
        (key,) = foreign_keys.incoming(session, TableRef(database, "t/x.é"))
        assert key.child == TableRef(database, "c #1")
    finally:
        family.production.sql(f"DROP DATABASE `{database}`")
