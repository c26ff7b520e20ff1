"""A new table takes its rows with the primary key alone, and is afterwards what it was made as, to the last byte."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from mysql.site import PASSWORD, RUN, SCHEMA, USER, Site, name, silent
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.request.throttle_rules import Limits, ThrottleRules
from rdsrestore.domain.tables.target import Target
from rdsrestore.mysql.production import MysqlProduction
from tool import counted

ROWS = 3_000
BESIDE = "t_then"
FILL = f"INSERT INTO t (id, a, b, c) SELECT seq, seq % 7, CONCAT('name ', seq), seq * 3 FROM {counted(ROWS)};"
COLUMNS = "id INT AUTO_INCREMENT, a INT, b VARCHAR(40) COLLATE utf8mb4_bin, c INT"
PLAIN = f"CREATE TABLE t ({COLUMNS}, PRIMARY KEY (id), UNIQUE KEY u (b), KEY a (a, b), KEY c (c DESC)) CHARSET utf8mb4;"
DEFINITIONS = {
    "plain": (PLAIN, {"u", "a", "c"}),
    "options": (
        (
            f"CREATE TABLE t ({COLUMNS}, PRIMARY KEY (id), KEY z (c) COMMENT 'it''s, (z) 100%', UNIQUE KEY `od``d ,` (b(20)),"
            " KEY y (a) KEY_BLOCK_SIZE=4) ROW_FORMAT=DYNAMIC CHARSET utf8mb4;"
        ),
        {"z", "od`d ,", "y"},
    ),
    "fulltext": (
        f"CREATE TABLE t ({COLUMNS}, PRIMARY KEY (id), FULLTEXT KEY f (b), KEY c (c), UNIQUE KEY u (b)) CHARSET utf8mb4;",
        {"c", "u"},
    ),
    "partitions": (
        (
            f"CREATE TABLE t ({COLUMNS.replace('c INT', 'c INT NOT NULL')}, PRIMARY KEY (id, c), UNIQUE KEY u (c, b), KEY a (a))"
            " CHARSET utf8mb4 PARTITION BY HASH (c) PARTITIONS 3;"
        ),
        {"u", "a"},
    ),
    "counting column": (
        f"CREATE TABLE t ({COLUMNS}, PRIMARY KEY (b, id), KEY id (id), KEY c (c)) CHARSET utf8mb4;",
        {"c"},
    ),
    "no primary key": (f"CREATE TABLE t ({COLUMNS}, UNIQUE KEY id (id), KEY c (c)) CHARSET utf8mb4;", set[str]()),
}
HIDDEN = {
    "mysql": (
        f"CREATE TABLE t ({COLUMNS}, PRIMARY KEY (id), KEY h (a) INVISIBLE, KEY e ((a + c)), KEY c (c)) CHARSET utf8mb4;",
        {"h", "c"},
    ),
    "mariadb": (
        f"CREATE TABLE t ({COLUMNS}, PRIMARY KEY (id), KEY h (a) IGNORED, KEY c (c)) CHARSET utf8mb4;",
        {"h", "c"},
    ),
}


def created(site: Site, table: str) -> str:
    """A table's definition, but for its name and counter."""
    text = str(site.now(f"SHOW CREATE TABLE {name(table)}")[0][1])
    return " ".join(word for word in text.partition("(")[2].split(" ") if not word.startswith("AUTO_INCREMENT="))


def indexes(site: Site, table: str = BESIDE) -> set[str]:
    place = f"TABLE_SCHEMA = '{site.database}' AND TABLE_NAME = '{table}'"
    return {key for (key,) in site.now(f"SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS WHERE {place}")}


def beside(site: Site, definition: str, fill: str = FILL) -> Target:
    """Make the table on both servers, dump it, and make a new one beside it."""
    site.both(definition + fill)
    dump = site.dump("t")
    with site.live() as server:
        server.create_scratch(SCHEMA, RUN)
        server.create_target_table(SCHEMA, dump, site.ref(BESIDE), with_foreign_keys=False)
        target = replace(site.target("t", into=BESIDE), direct=True)
        assert server.takes_directly(target)
        server.stage(SCHEMA, target, site.folder, silent)
    return target


def load(
    site: Site, target: Target, progress: Callable[[str, float | None], None] = silent, limits: Limits = Limits()
) -> None:
    with site.live() as server:
        server.load(SCHEMA, [target], site.folder, ThrottleRules(limits), progress)


def balanced(site: Site, target: Target) -> bool:
    with site.live() as server:
        ledger = server.ledger(SCHEMA, target, site.folder, 0, server.untouched_rows(SCHEMA, target), silent)
    return (ledger.matching, ledger.after) == (target.dump.rows, target.dump.rows) and site.equal("t", at=BESIDE)


class Seen:
    """Notes which indexes the new table has when its load begins."""

    def __init__(self, site: Site) -> None:
        self.site, self.first, self.said = site, set[str](), list[str]()

    def __call__(self, text: str, _share: float | None) -> None:
        self.first = self.first or indexes(self.site)
        self.said.append(text)


@pytest.mark.parametrize("kind", [*DEFINITIONS, "hidden"])
def test_the_definition_is_the_same_to_the_last_byte_and_indexes_waited(family: Site, kind: str) -> None:
    mariadb = "MariaDB" in family.now("SELECT VERSION()")[0][0]
    definition, waits = {**DEFINITIONS, "hidden": HIDDEN["mariadb" if mariadb else "mysql"]}[kind]
    target = beside(family, definition)
    before, every, seen = created(family, BESIDE), indexes(family), Seen(family)

    load(family, target, seen)

    assert every - seen.first == waits
    assert indexes(family) == every
    assert created(family, BESIDE) == before
    assert balanced(family, target)
    assert any("building its indexes" in text for text in seen.said) is bool(waits)


@pytest.mark.only("mariadb", "MySQL has no unique keys over long values")
def test_where_the_server_would_write_every_row_anew_all_indexes_stay(site: Site) -> None:
    target = beside(site, f"CREATE TABLE t ({COLUMNS}, d TEXT, PRIMARY KEY (id), UNIQUE KEY e (d), KEY c (c));")
    every, seen = indexes(site), Seen(site)
    load(site, target, seen)
    assert seen.first == every
    assert balanced(site, target)


@pytest.mark.parametrize("limits", [Limits(gentle=True), Limits(max_load=10_000), Limits(max_lag=10_000)])
def test_where_the_load_is_to_hold_back_no_long_statement_is_run(site: Site, limits: Limits) -> None:
    target, seen = beside(site, PLAIN), Seen(site)
    load(site, target, seen, limits)
    assert seen.first == {"PRIMARY", "u", "a", "c"}
    assert balanced(site, target)


def test_a_table_that_others_have_found_keeps_its_indexes(site: Site) -> None:
    target, seen = beside(site, PLAIN), Seen(site)
    site.now(f"INSERT INTO {BESIDE} (id, b) VALUES (900000, 'theirs')")
    load(site, target, seen)
    assert seen.first == {"PRIMARY", "u", "a", "c"}


def test_a_login_that_may_not_alter_the_table_loads_it_as_it_is(site: Site) -> None:
    target, seen = beside(site, PLAIN), Seen(site)
    with site.production.root() as root, root.cursor() as cursor:
        cursor.execute("SET sql_mode = ''")
        cursor.execute("CREATE USER less@'%%' IDENTIFIED BY %s", (PASSWORD,))
        cursor.execute(f"GRANT SELECT, INSERT ON {site.database}.* TO less@'%'")
        cursor.execute(f"GRANT ALL ON {SCHEMA}.* TO less@'%'")
    with site.databases.production(site.production.endpoint, "less") as server:
        server.load(SCHEMA, [target], site.folder, ThrottleRules(), seen)
    site.production.sql("DROP USER less@'%'")
    assert seen.first == {"PRIMARY", "u", "a", "c"}
    assert balanced(site, target)


class CutOff(Exception):  # noqa: N818 - no error: the end of a process
    """Stands for a kill: nothing of ours runs any more."""


def cut_off(text: str, _share: float | None) -> None:
    if "building its indexes" in text:
        raise CutOff


@contextmanager
def cut_off_before_the_indexes(site: Site, definition: str = PLAIN, fill: str = FILL) -> Iterator[Target]:
    target = beside(site, definition, fill)
    with pytest.raises(CutOff):
        load(site, target, cut_off)
    assert indexes(site) == {"PRIMARY"}
    yield target


def test_a_run_that_was_cut_off_before_the_indexes_goes_on_there(family: Site) -> None:
    with cut_off_before_the_indexes(family) as target:
        load(family, target)
    assert indexes(family) == {"PRIMARY", "u", "a", "c"}
    assert balanced(family, target)


def test_whoever_cleans_up_after_it_leaves_no_table_without_indexes(family: Site) -> None:
    with cut_off_before_the_indexes(family), family.live() as server:
        server.drop_target_table(SCHEMA, family.ref(BESIDE))  # which has rows
        server.drop_scratch(SCHEMA)
        assert not server.scratch_exists(SCHEMA)
    assert indexes(family) == {"PRIMARY", "u", "a", "c"}
    assert created(family, BESIDE) == created(family, "t")


def test_a_table_that_was_altered_meanwhile_is_named_before_its_note_is_dropped(site: Site) -> None:
    with cut_off_before_the_indexes(site), site.live() as server:
        site.now(f"ALTER TABLE {BESIDE} ADD KEY a (a)")
        with pytest.raises(DatabaseError) as refused:
            server.drop_scratch(SCHEMA)
        assert (refused.value.code, server.scratch_exists(SCHEMA)) == ("db.definition", True)
        site.now(f"DROP TABLE {BESIDE}")
        server.drop_scratch(SCHEMA)
        assert not server.scratch_exists(SCHEMA)


def test_a_table_that_is_altered_once_it_is_whole_is_nobody_elses_concern(site: Site) -> None:
    target = beside(site, PLAIN)
    load(site, target)
    site.now(f"ALTER TABLE {BESIDE} DROP KEY a")
    with site.live() as server:
        server.drop_scratch(SCHEMA)
    assert indexes(site) == {"PRIMARY", "u", "c"}


def test_a_connection_that_is_lost_while_indexes_are_built_is_made_again(family: Site) -> None:
    target = beside(family, PLAIN)
    killed = threading.Event()

    def kill() -> None:
        deadline = time.monotonic() + 60
        while not killed.is_set() and time.monotonic() < deadline:
            for number, user, *_rest, text in family.production.sql(
                "SELECT ID, USER, INFO FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table meta%'"
            ):
                if user == USER and "ADD" in str(text):
                    family.production.sql(f"KILL {number}")
                    killed.set()

    with family.production.root(family.database) as reader, reader.cursor() as cursor:

        def hold(text: str, _share: float | None) -> None:
            if "building its indexes" in text and not killed.is_set():
                cursor.execute(f"BEGIN; SELECT COUNT(*) FROM {BESIDE}")  # the statement waits for the reader's end
                killer.start()

        killer = threading.Thread(target=kill)
        loader = threading.Thread(target=load, args=(family, target, hold))
        loader.start()
        assert killed.wait(60)
        killer.join(60)
        while cursor.nextset():
            pass
        reader.rollback()
        loader.join(120)
        assert not loader.is_alive()
    assert indexes(family) == {"PRIMARY", "u", "a", "c"}
    assert balanced(family, target)


def collated(site: Site) -> Target:
    """A new table whose collation takes two of the backup's values for one."""
    site.both(PLAIN + FILL + "INSERT INTO t (id, b) VALUES (70001, 'NAME 70'), (70002, 'new')")
    then = site.dump("t")
    text = then.definition.create_sql.replace("utf8mb4_bin", "utf8mb4_unicode_ci")
    site.dumps["t"] = replace(then, definition=replace(then.definition, create_sql=text))
    with site.live() as server:
        server.create_scratch(SCHEMA, RUN)
        server.create_target_table(SCHEMA, site.dumps["t"], site.ref(BESIDE), with_foreign_keys=False)
        target = replace(site.target("t", into=BESIDE), direct=True)
        assert server.takes_directly(target)
        server.stage(SCHEMA, target, site.folder, silent)
    return target


def left_alone(site: Site, server: MysqlProduction, target: Target) -> None:
    load_result = server.loaded(SCHEMA, target)
    assert (load_result.inserted, [each.rows for each in load_result.conflicts]) == (ROWS + 1, [1])
    assert site.now(f"SELECT COUNT(*) FROM {BESIDE}") == [(ROWS + 1,)]
    assert indexes(site) == {"PRIMARY", "u", "a", "c"}


def test_rows_that_share_a_unique_value_are_left_alone_as_in_any_load(family: Site) -> None:
    target, seen = collated(family), Seen(family)
    load(family, target, seen)
    assert seen.first == {"PRIMARY"}
    with family.live() as server:
        left_alone(family, server, target)


@pytest.mark.parametrize("emptied", [False, True])
def test_filling_such_a_table_again_goes_on_after_a_kill(family: Site, *, emptied: bool) -> None:
    target, building = collated(family), list[str]()

    def again(text: str, share: float | None) -> None:
        if building and share is not None:
            raise CutOff
        building.extend([text] if "building its indexes" in text else [])

    with pytest.raises(CutOff):
        load(family, target, again)
    family.now(f"UPDATE {SCHEMA}.rdsrestore_bare SET emptied = {emptied}")  # as a kill within the emptying leaves it
    load(family, target)
    with family.live() as server:
        left_alone(family, server, target)


def test_rows_of_others_are_never_emptied_with_ours(family: Site) -> None:
    target = beside(family, PLAIN)

    def write(text: str, _share: float | None) -> None:
        if "building its indexes" in text:
            family.now(f"INSERT INTO {BESIDE} (id, b) VALUES (900000, 'name 7')")

    with pytest.raises(DatabaseError) as refused:
        load(family, target, write)

    assert (refused.value.code, "DROP TABLE" in refused.value.hint) == ("db.definition", True)
    assert family.now(f"SELECT b FROM {BESIDE} WHERE id = 900000") == [("name 7",)]
    family.now(f"DELETE FROM {BESIDE} WHERE id = 900000")
    load(family, target)
    assert balanced(family, target)
