from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from mysql.site import GIVEN, PASSWORD, RUN, SCHEMA, USER, Site, name
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.secret import Secret

RICH = """
CREATE TABLE p (id INT PRIMARY KEY); INSERT INTO p VALUES (1);
CREATE TABLE t (
  id INT NOT NULL AUTO_INCREMENT, p INT, v VARCHAR(20) DEFAULT '50%' COMMENT 'delete; select 100% `x`',
  touched TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, twice INT AS (CHAR_LENGTH(v)) STORED,
  PRIMARY KEY (id), UNIQUE KEY u (v), CONSTRAINT owned FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE ON UPDATE SET NULL,
  CONSTRAINT percent CHECK (v LIKE '%%')
) COMMENT='it''s; 100%' ;
INSERT INTO t (id, p, v) VALUES (1, 1, 'a%'), (41, NULL, 'b')
"""


def created(site: Site, table: str) -> str:
    return str(site.now(f"SHOW CREATE TABLE {name(table)}")[0][1])


def test_a_dropped_table_is_created_again_as_it_was(site: Site) -> None:
    site.both(RICH)
    before = created(site, "t")
    site.now("DROP TABLE t")
    site.prepare("t")

    site.make_landing("t")

    assert created(site, "t") == before
    assert site.compare("t").missing == site.load("t").inserted == 2
    assert site.ledger("t").matching == 2
    assert site.equal("t")
    assert site.now("INSERT INTO t (v) VALUES ('new'); SELECT id FROM t WHERE v = 'new'") == [(42,)]


def test_a_table_beside_has_the_rows_and_no_foreign_keys(site: Site) -> None:
    site.both(RICH)
    site.now("DELETE FROM t WHERE id = 41; DELETE FROM p")
    site.prepare("t")

    site.make_landing("t", "t_then")

    assert "FOREIGN KEY" not in created(site, "t_then")
    check = {
        "mariadb": "CONSTRAINT `percent` CHECK (`v` like '%%')",
        "mysql": "CONSTRAINT `t_then_chk_1` CHECK ((`v` like _utf8mb4'%%'))",  # a name is given once in a database
    }[GIVEN.engine]
    assert check in created(site, "t_then")
    assert site.compare("t", "t_then").missing == site.load("t", into="t_then").inserted == 2
    assert site.ledger("t", into="t_then").matching == 2
    assert site.equal("t", at="t_then")
    assert site.now("SELECT COUNT(*) FROM t") == [(0,)]


def test_a_name_that_is_taken_is_left_alone(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY); CREATE VIEW taken AS SELECT 1")
    site.prepare("t")

    for taken in ("t", "taken"):
        with pytest.raises(DatabaseError) as refused:
            site.make_landing("t", taken)
        assert refused.value.code == "db.table-exists"


@pytest.mark.parametrize(
    "definition",
    [
        "CREATE TABLE `t` (`id` int); DROP TABLE `p`",
        "CREATE TABLE `t` (`id` int) AS SELECT 1",
        "CREATE TABLE `t` (`id` int) SELECT * FROM p",
        "CREATE TABLE `other` (`id` int)",
        "DROP TABLE `p`",
        "",
        "CREATE TABLE `t` (`id` int) /*!50000 AS SELECT 1 */",
    ],
)
def test_a_definition_that_does_more_than_create_is_refused(site: Site, definition: str) -> None:
    site.both("CREATE TABLE p (id INT PRIMARY KEY); CREATE TABLE t (id INT PRIMARY KEY)")
    made = site.dump("t")
    site.dumps["t"] = replace(made, definition=replace(made.definition, create_sql=definition))
    site.stage("t")

    with pytest.raises(DatabaseError) as refused:
        site.make_landing("t", "fresh")

    assert refused.value.code == "db.definition"
    assert site.now("SHOW TABLES") == [("p",), ("t",)]


def test_a_new_table_is_dropped_while_it_is_empty_and_ours(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)")
    site.prepare("t")
    site.make_landing("t", "empty")
    site.make_landing("t", "used")
    site.now("INSERT INTO used VALUES (5); CREATE TABLE theirs (id INT PRIMARY KEY)")

    with site.live() as server:
        for table in ("empty", "used", "theirs", "never"):
            server.drop_target_table(SCHEMA, site.ref(table))

    assert site.now("SHOW TABLES") == [("t",), ("theirs",), ("used",)]


def test_a_database_that_was_made_again_goes_with_the_last_of_its_empty_tables(family: Site) -> None:
    family.both(
        f"CREATE TABLE t (id INT PRIMARY KEY); ALTER DATABASE {family.database} CHARACTER SET latin1 COLLATE latin1_bin"
    )
    family.prepare("t")
    family.now(f"DROP DATABASE {family.database}")
    how = "SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = "
    family.make_landing("t")
    assert family.production.sql(f"{how}'{family.database}'") == [("latin1_bin",)]

    with family.live() as server:
        server.drop_target_table(SCHEMA, family.ref("t"))

    assert family.production.sql(f"{how}'{family.database}'") == []
    family.production.sql(f"CREATE DATABASE {family.database}")


@pytest.mark.parametrize(
    "theirs",
    [
        "CREATE TABLE theirs (id INT PRIMARY KEY)",
        "CREATE VIEW theirs AS SELECT 1",
        "CREATE PROCEDURE theirs() SELECT 1",
        "CREATE FUNCTION theirs() RETURNS INT DETERMINISTIC RETURN 1",
        "CREATE EVENT theirs ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1",
    ],
)
def test_a_database_that_others_filled_meanwhile_stays(site: Site, theirs: str) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY)")
    site.prepare("t")
    site.now(f"DROP DATABASE {site.database}")
    site.make_landing("t")
    site.now(theirs)

    with site.live() as server:
        server.drop_target_table(SCHEMA, site.ref("t"))

    assert ("t",) not in site.now("SHOW TABLES")


def test_tables_that_point_to_each_other_are_made_and_dropped_in_any_order(site: Site) -> None:
    site.both("""CREATE TABLE a (id INT PRIMARY KEY, b INT); CREATE TABLE b (id INT PRIMARY KEY, a INT,
        CONSTRAINT b_a FOREIGN KEY (a) REFERENCES a (id)); INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1);
        ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES b (id)""")
    site.prepare("a", "b")
    site.now("SET foreign_key_checks = 0; DROP TABLE a, b")
    site.make_landing("a")
    site.make_landing("b")
    assert site.definition("a").references[0].parent == site.ref("b")
    assert site.definition("b").references[0].parent == site.ref("a")

    with site.live() as server:
        assert set(server.traces(SCHEMA).tables) == {str(site.ref("a")), str(site.ref("b"))}
        for table in ("a", "b"):
            server.drop_target_table(SCHEMA, site.ref(table))

    assert site.now("SHOW TABLES") == []


def test_the_scratch_schema_is_made_once_and_goes_whole(site: Site) -> None:
    with site.live() as server:
        server.drop_scratch(SCHEMA)
        server.create_scratch(SCHEMA, RUN)
        server.create_scratch(SCHEMA, RUN)
        assert server.scratch_exists(SCHEMA)
        assert SCHEMA not in server.databases()
        server.drop_scratch(SCHEMA)
        assert not server.scratch_exists(SCHEMA)


def test_a_schema_that_was_made_and_not_yet_marked_is_found_and_dropped(family: Site) -> None:
    family.production.sql(f"CREATE DATABASE {SCHEMA}; CREATE DATABASE rdsrestore_of_mine")

    with family.live() as server:
        assert list(server.scratches()) == [RUN]
        server.drop_scratch(SCHEMA)
        assert list(server.scratches()) == []

    family.production.sql(
        f"CREATE DATABASE {SCHEMA}; CREATE TABLE {SCHEMA}.precious (id INT); DROP DATABASE rdsrestore_of_mine"
    )
    with family.live() as server:
        assert list(server.scratches()) == []


def test_a_schema_that_is_not_ours_is_not_dropped(site: Site) -> None:
    site.production.sql(f"CREATE DATABASE {SCHEMA}; CREATE TABLE {SCHEMA}.precious (id INT PRIMARY KEY)")

    with site.live() as server, pytest.raises(DatabaseError) as refused:
        server.drop_scratch(SCHEMA)

    assert refused.value.code == "db.not-ours"
    assert site.production.sql(f"SHOW TABLES FROM {SCHEMA}") == [("precious",)]


def test_nothing_but_the_scratch_schema_and_the_landing_is_ever_changed(site: Site) -> None:
    site.both(
        "CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2); CREATE TABLE `by` (id INT PRIMARY KEY)"
    )
    site.now("DELETE FROM t")
    tables = (
        "SELECT table_schema, table_name, create_time FROM information_schema.tables"
        " WHERE table_schema LIKE 'shop%' OR table_schema = 'mysql' ORDER BY 1, 2"
    )
    before = site.now(tables)

    site.restore("t")
    with site.live() as server:
        server.drop_scratch(SCHEMA)

    assert site.now(tables) == before
    assert site.now("SELECT COUNT(*) FROM `by`") == [(0,)]


@pytest.mark.only("mariadb", "MySQL keeps no history of rows")
@pytest.mark.parametrize("kind", ["TIMESTAMP(6)", "BIGINT UNSIGNED"])
def test_columns_that_name_the_times_of_a_history_are_made_again_and_never_filled(site: Site, kind: str) -> None:
    site.both(
        f"CREATE TABLE t (id INT PRIMARY KEY, w INT, s {kind} GENERATED ALWAYS AS ROW START, e {kind} GENERATED ALWAYS"
        " AS ROW END INVISIBLE, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING"
    )
    site.both("INSERT INTO t (id, w) VALUES (1, 1), (2, 2)")
    site.now("DELETE FROM t WHERE id = 1")
    site.prepare("t")
    site.make_landing("t", "beside")
    for into in ("beside", None):
        site.compare("t", into)
        site.load("t", into=into)
        assert site.now(f"SELECT id, w FROM {into or 't'} ORDER BY id") == [(1, 1), (2, 2)]
    made = site.now("SHOW CREATE TABLE beside")[0][1]
    assert made.partition("(")[2] == site.definition("t").create_sql.partition("(")[2]


def test_a_table_that_the_server_would_make_otherwise_is_refused_and_not_left(family: Site) -> None:
    family.both(
        "SET SESSION explicit_defaults_for_timestamp = 1;"
        " CREATE TABLE t (id INT PRIMARY KEY, a TIMESTAMP NOT NULL); INSERT INTO t VALUES (1, '2017-06-01')"
    )
    family.now("DROP TABLE t")
    family.production.sql("SET GLOBAL explicit_defaults_for_timestamp = 0")
    try:
        family.prepare("t")
        with pytest.raises(DatabaseError, match=r"makes column a of .* otherwise") as refused:
            family.make_landing("t")
    finally:
        family.production.sql("SET GLOBAL explicit_defaults_for_timestamp = 1")
    assert "explicit_defaults_for_timestamp" in refused.value.hint
    assert family.now("SHOW TABLES LIKE 't'") == []


def test_triggers_are_kept_as_statements_that_make_them_again_to_the_last_byte(family: Site) -> None:
    table = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))"
    family.both(table)
    family.copy.sql(
        "SET sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES'; CREATE TRIGGER \"a`b\" BEFORE INSERT ON t FOR EACH ROW"
        " BEGIN SET NEW.v = CONCAT(NEW.v, ';;é'); IF NEW.id = 0 THEN SET NEW.id = 7; END IF; END",
        family.database,
    )
    later = f"CREATE DEFINER = {USER}@'%' TRIGGER later AFTER DELETE ON t FOR EACH ROW SET @gone = OLD.id"
    family.copy.sql(later, family.database)
    definition = family.definition("t")
    assert [(each.name, each.definer) for each in definition.triggers] == [
        ("a`b", "root@localhost"),
        ("later", f"{USER}@%"),
    ]
    with family.databases.copy(family.copy.endpoint, USER, Secret(PASSWORD)) as server:
        text = server.trigger_statements(definition, [each.name for each in definition.triggers])

    programs = family.production.programs
    command = programs.client(family.production.folder / "s")
    subprocess.run(command, input=text.encode(), check=True, timeout=60, env=programs.environment)

    for each in definition.triggers:
        shown = f"SHOW CREATE TRIGGER {name(each.name)}"
        here, there = (server.sql(shown, family.database)[0] for server in (family.production, family.copy))
        assert here[1:3] == there[1:3]
        assert here[4] == there[4]
    family.now("INSERT INTO t VALUES (0, 'x')")
    assert family.now("SELECT * FROM t") == [(7, "x;;é")]
