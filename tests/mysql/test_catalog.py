from __future__ import annotations

import pytest

from mysql.site import GIVEN, PASSWORD, Server, Site, name
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.tables.server import Grant
from rdsrestore.mysql.schema.server_info import missing_from, parsed

HOSTILE = [
    "select `from` where; --",
    'it\'s "quoted" \\ 100%_',
    "naïve Größe",
    "x" * 64,
    "ü" * 64,
    "--result-file=pwned",
    "-",
    "../../up",
    "a.b",
    "t`; DROP TABLE victim; --",
    "%",
    "INSERT INTO `t` VALUES",
]


@pytest.mark.parametrize("table", HOSTILE)
def test_a_name_is_a_name_whatever_is_in_it(site: Site, table: str) -> None:
    place = name(table)
    site.both(
        f"CREATE TABLE victim (id INT PRIMARY KEY); CREATE TABLE {place} ({place} INT, `a``b` FLOAT, `%s` INT, PRIMARY KEY ({place}, `%s`));"
        f"INSERT INTO {place} VALUES (1, 16777216, 2), (2, NULL, 3)"
    )
    site.now(f"DELETE FROM {place} WHERE {place} = 1")

    _difference, load, check = site.restore(table)

    assert (load.inserted, check.matching) == (1, 1)
    assert site.equal(table)
    assert site.now("SHOW TABLES LIKE 'victim'")
    assert all(path.parent == site.folder for path in site.folder.rglob("*"))


def test_a_database_may_have_any_name_too(servers: tuple[Server, Server], site: Site) -> None:
    site.database = "we`ird '- %s db"
    for server in servers:
        server.sql(f"DROP DATABASE IF EXISTS {name(site.database)}; CREATE DATABASE {name(site.database)}")
    site.both("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)")
    site.now("DELETE FROM t")

    assert site.restore("t")[1].inserted == 1


def test_names_are_matched_to_the_last_byte_and_near_ones_offered(site: Site) -> None:
    site.both("CREATE TABLE Billing (id INT PRIMARY KEY); CREATE TABLE billing_lines (id INT PRIMARY KEY)")
    with site.live() as server:
        assert server.definition(site.ref("billing")) is None
        assert server.definition(site.ref("Billin_")) is None
        assert server.definition(TableRef("nowhere", "Billing")) is None
        assert server.similar(site.ref("biling"))[0] == "Billing"
        assert server.similar(site.ref("zzz")) == ()
        assert sorted(server.tables(site.database)) == ["Billing", "billing_lines"]
        assert site.database in server.databases()
        assert "mysql" not in server.databases()


def test_a_definition_holds_what_the_checks_ask_for(site: Site) -> None:
    site.both(
        "CREATE TABLE p (id INT PRIMARY KEY); CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, p INT, g INT AS (p + 1),"
        " h INT INVISIBLE, n INT NOT NULL, u TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, UNIQUE u (p, n),"
        " CONSTRAINT owned FOREIGN KEY (p) REFERENCES p (id) ON DELETE SET NULL);"
        "CREATE TABLE c (t INT, CONSTRAINT line FOREIGN KEY (t) REFERENCES t (id) ON DELETE CASCADE)"
    )
    for server in (site.production, site.copy):
        server.sql("CREATE TRIGGER fires BEFORE INSERT ON t FOR EACH ROW SET NEW.n = 1", site.database)
        server.sql("CREATE TRIGGER idle AFTER DELETE ON t FOR EACH ROW SET @x = 1", site.database)

    found = site.definition("t")
    columns = {column.name: column for column in found.columns}

    assert (found.kind, found.engine, found.key) == ("BASE TABLE", "InnoDB", ("id",))
    assert [column.name for column in found.base_columns] == ["id", "p", "h", "n", "u"]
    assert (columns["g"].generated, columns["id"].auto_increment, columns["u"].on_update) == (True,) * 3
    assert [column.name for column in found.columns if column.required] == ["n"]
    assert [(key.name, key.parent.table, key.on_delete) for key in found.references] == [("owned", "p", "SET NULL")]
    assert [(key.name, key.child.table, key.on_delete) for key in found.referenced_by] == [("line", "c", "CASCADE")]
    assert [(key.name, key.columns, key.nullable) for key in found.unique_keys] == [("u", ("p", "n"), True)]
    assert [(trigger.name, trigger.event) for trigger in found.triggers] == [("fires", "INSERT"), ("idle", "DELETE")]


def test_views_and_partitions_are_told_apart(site: Site) -> None:
    site.both(
        "CREATE TABLE b (id INT PRIMARY KEY); CREATE VIEW v AS SELECT * FROM b; CREATE TABLE m (id INT) ENGINE=MyISAM;"
        "CREATE TABLE r (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 2"
    )
    found = {table: site.definition(table) for table in "bvmr"}
    assert (found["v"].kind, found["m"].engine) == ("VIEW", "MyISAM")
    assert [(found[table].kind, found[table].versioned) for table in "bmr"] == [("BASE TABLE", False)] * 3


@pytest.mark.only("mariadb", "MySQL keeps no history of rows")
def test_a_table_with_a_history_is_told_apart(site: Site) -> None:
    site.both("CREATE TABLE s (id INT PRIMARY KEY) WITH SYSTEM VERSIONING")
    assert site.definition("s").versioned


def test_the_server_says_what_it_is_and_the_login_lacks_nothing(site: Site) -> None:
    with site.live() as server:
        facts = server.server()
        assert abs(facts.ahead) < 5
    assert (facts.flavour, facts.read_only, facts.privileges_missing) == (GIVEN.engine, False, ())


def test_a_read_only_server_says_so(site: Site) -> None:
    site.production.sql("SET GLOBAL read_only = 1")
    try:
        with site.live() as server:
            assert server.server().read_only
    finally:
        site.production.sql("SET GLOBAL read_only = 0")


@pytest.mark.parametrize(
    ("grants", "lacking"),
    [
        (["GRANT ALL PRIVILEGES ON *.* TO `a`@`%` WITH GRANT OPTION"], 0),
        (["GRANT USAGE ON *.* TO `a`@`%`"], 7),
        (["GRANT USAGE ON *.* TO `a`@`%`", "GRANT ALL PRIVILEGES ON `shop`.* TO `a`@`%`"], 5),
        (["GRANT SELECT, INSERT ON `shop`.`t` TO `a`@`%`", r"GRANT ALL PRIVILEGES ON `rdsrestore\_%`.* TO `a`@`%`"], 0),
        (["GRANT SELECT, INSERT, UPDATE, CREATE ON *.* TO `a`@`%`"], 1),
        (["GRANT SELECT ON *.* TO `a`@`%`", r"GRANT ALL PRIVILEGES ON `rdsrestore\_\_%`.* TO `a`@`%`"], 4),
        (["GRANT `role` TO `a`@`%`", "GRANT USAGE ON *.* TO `a`@`%`"], 0),
    ],
)
def test_a_login_is_judged_by_its_grants(grants: list[str], lacking: int) -> None:
    assert len(missing_from(grants)) == lacking


def test_a_login_is_judged_table_by_table(family: Site) -> None:
    """What it has everywhere, in databases whose names fit, and on one table; with a role nothing is said."""
    here, other = TableRef(family.database, "t"), TableRef(f"{family.database}x", "t")
    wanted = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "DROP"})
    user = f"u{family.database}"
    family.now(
        f"CREATE TABLE t (id INT PRIMARY KEY); CREATE USER {user}@'%'; GRANT SELECT, INSERT ON *.* TO {user}@'%';"
        f" GRANT DELETE ON `{family.database}%`.* TO {user}@'%'; GRANT UPDATE ON t TO {user}@'%'"
    )
    with family.production.root() as root, root.cursor() as cursor:
        cursor.execute(f"ALTER USER {user}@'%%' IDENTIFIED BY %s", (PASSWORD,))
    try:
        with family.databases.production(family.production.endpoint, user) as server:
            facts = server.server()
            family.now(f"CREATE ROLE r{user}; GRANT r{user} TO {user}@'%'")
            with_role = server.server()
    finally:
        family.now(f"DROP USER {user}@'%'; DROP ROLE IF EXISTS r{user}")
    assert (facts.lacking(wanted, here), facts.lacking(wanted, other)) == (["DROP"], ["DROP", "UPDATE"])
    assert with_role.lacking(wanted, here) == []


def test_privileges_on_columns_are_not_judged() -> None:
    assert parsed(["GRANT SELECT ON *.* TO `a`@`%`", "GRANT UPDATE (`v`) ON `shop`.`t` TO `a`@`%`"]) is None
    assert parsed(["GRANT ALL PRIVILEGES ON *.* TO `a`@`%`", "GRANT EXECUTE ON PROCEDURE `a`.`b` TO `a`@`%`"]) == (
        Grant(frozenset({"ALL PRIVILEGES"})),
    )


def test_a_login_without_privileges_is_told_which(site: Site) -> None:
    site.production.sql(
        "DROP USER IF EXISTS poor; CREATE USER poor IDENTIFIED BY 'x'; GRANT SELECT ON *.* TO 'poor'@'%'"
    )
    with site.production.root() as root, root.cursor() as cursor:
        cursor.execute("ALTER USER 'poor'@'%%' IDENTIFIED BY %s", (PASSWORD,))
    with site.databases.production(site.production.endpoint, "poor") as server:
        lacking = server.server().privileges_missing
    assert r"CREATE on `rdsrestore\_%`.*" in lacking
    assert "INSERT on the tables" in lacking
    assert not any(each.startswith("SELECT") for each in lacking)


@pytest.mark.only("mariadb", "MySQL wants a key's length of such a column")
@pytest.mark.parametrize("column", ["TEXT NOT NULL", "VARCHAR(5000) NOT NULL"])
def test_a_key_over_a_hash_tells_no_rows_apart(site: Site, column: str) -> None:
    site.both(f"CREATE TABLE hashed (a {column}, v INT, UNIQUE KEY (a)); INSERT INTO hashed VALUES ('a', 1), ('b', 2)")
    site.production.sql(f"DELETE FROM {site.database}.hashed WHERE v = 1")
    with site.live() as server:
        found = server.definition(TableRef(site.database, "hashed"))
    assert found
    assert found.key == ()
