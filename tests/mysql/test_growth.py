"""What a run asks of a server does not grow with the tables that have nothing to do with it."""

from __future__ import annotations

import pytest

from mysql.site import USER, Site
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import TableRef
from rdsrestore.mysql.adapter import MysqlDatabases
from rdsrestore.mysql.schema import catalog, foreign_keys
from rdsrestore.mysql.session.login.connection import Session, connect

OTHERS = 150
KNOWN = 2
"""Statements that a definition takes which is as it was."""


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


def asked(session: Session) -> int:
    """How many statements this session has sent so far, this one included."""
    ((_name, number),) = session.rows("SHOW SESSION STATUS LIKE 'Questions'")
    return int(number)


@pytest.fixture
def related(family: Site) -> Site:
    """A table with a trigger, to which another one points."""
    family.now("""
        CREATE TABLE p (id INT AUTO_INCREMENT PRIMARY KEY, q VARCHAR(9));
        CREATE TABLE c (id INT PRIMARY KEY, p INT, CONSTRAINT up FOREIGN KEY (p) REFERENCES p (id));
        CREATE TRIGGER first BEFORE INSERT ON p FOR EACH ROW SET NEW.q = 'a'""")
    return family


def of(site: Site) -> Session:
    with site.live() as server:
        return connect(server._login, "test")  # noqa: SLF001


def test_a_definition_that_is_as_it_was_takes_two_statements(related: Site) -> None:
    session = of(related)
    first = catalog.definition(session, related.ref("p"))
    related.now("INSERT INTO p (q) VALUES ('x'), ('y')")
    before = asked(session)
    again = catalog.definition(session, related.ref("p"))
    assert asked(session) - before == KNOWN + 1
    assert first
    assert again
    assert (again.columns, again.referenced_by, again.triggers) == (first.columns, first.referenced_by, first.triggers)
    assert "AUTO_INCREMENT=3" in again.create_sql


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE p ADD COLUMN r INT",
        "ALTER TABLE p MODIFY q VARCHAR(10) NOT NULL",
        "ALTER TABLE p ADD UNIQUE KEY (q)",
        "DROP TRIGGER first",
        "CREATE TRIGGER second AFTER INSERT ON p FOR EACH ROW SET @a = 1",
        "ALTER TABLE c DROP FOREIGN KEY up",
        "CREATE TABLE d (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE)",
        "ALTER TABLE c DROP FOREIGN KEY up; ALTER TABLE c ADD CONSTRAINT up FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE",
        "ALTER TABLE p ENGINE=MyISAM",
        "DROP TABLE p",
        "ALTER DATABASE CHARACTER SET latin1",
    ],
)
def test_a_definition_that_has_changed_is_read_anew(related: Site, change: str) -> None:
    if "MyISAM" in change or change == "DROP TABLE p":
        related.now("DROP TABLE c")
    session = of(related)
    catalog.definition(session, related.ref("p"))
    related.now(change)
    found = catalog.definition(session, related.ref("p"))
    assert found == catalog.definition(of(related), related.ref("p"))


def test_steps_share_a_login(family: Site) -> None:
    family.now("CREATE TABLE p (id INT PRIMARY KEY)")
    databases = family.databases
    numbers = [number(databases, family) for _step in range(3)]
    databases.close()
    assert len(set(numbers)) == 1


def test_a_login_that_was_lost_between_two_steps_is_made_anew(family: Site) -> None:
    databases = family.databases
    first = number(databases, family)
    family.production.sql(f"KILL {first}")
    second = number(databases, family)
    databases.close()
    assert second != first


def test_after_an_error_nobody_gets_the_session(family: Site) -> None:
    databases = family.databases
    first = number(databases, family)
    with pytest.raises(DatabaseError), databases.production(family.production.endpoint, USER) as server:
        server.count(family.ref("nowhere"))
    assert number(databases, family) != first
    databases.close()


def test_whoever_hangs_up_logs_out_everywhere(family: Site) -> None:
    databases = family.databases
    first = number(databases, family)
    databases.hang_up()
    assert number(databases, family) != first
    databases.close()


def number(databases: MysqlDatabases, site: Site) -> int:
    """The connection's number of one step."""
    with databases.production(site.production.endpoint, USER) as server:
        return int(server._ready().one("SELECT CONNECTION_ID()")[0])  # noqa: SLF001
