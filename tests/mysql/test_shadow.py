"""An emptied table comes back by a shadow that takes its place, and nothing that is written meanwhile is lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pymysql
import pytest
from pymysql.constants import ER
from pymysql.cursors import Cursor

from mysql.dying import PATIENT
from mysql.site import FAMILIES, GIVEN, PASSWORD, RUN, SCHEMA, USER, Site, silent
from mysql.test_bare_table import DEFINITIONS
from rdsrestore.domain.outcome.load_result import TableLoad
from rdsrestore.domain.request.throttle_rules import ThrottleRules
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables import in_place
from rdsrestore.domain.tables.target import Target
from rdsrestore.mysql.merge.shadow import catch_up, shadow_table
from rdsrestore.mysql.merge.shadow.cut_over import cut_over
from rdsrestore.mysql.merge.shadow.exchange import Exchange
from rdsrestore.mysql.merge.shadow.pinned import Pinned
from rdsrestore.mysql.merge.shadow.places import Places
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.session.login.connection import Login, Session, connect
from tiers import amount
from tool import counted

ROWS = 3_000
COLUMNS = "id INT AUTO_INCREMENT, a INT, b VARCHAR(40) COLLATE utf8mb4_bin, c INT"
PLAIN = f"CREATE TABLE t ({COLUMNS}, PRIMARY KEY (id), UNIQUE KEY u (b), KEY a (a, b), KEY c (c DESC)) CHARSET utf8mb4;"
FILL = f"INSERT INTO t (id, a, b, c) SELECT seq, seq % 7, CONCAT('name ', seq), seq * 3 FROM {counted(ROWS)};"
SINCE = "DELETE FROM t; INSERT INTO t (b) VALUES ('since'), ('then'); DELETE FROM t WHERE b = 'then'"
WRITERS = 4
TAKING = "taking the table's place"


def located(site: Site, definition: str = PLAIN, fill: str = FILL, since: str = SINCE) -> Target:
    """Fill the table on both servers, empty it, and write a row since; only keys were compared, as a run does."""
    site.both(definition + fill)
    site.now(since)
    assert site.locate_keys("t")
    target = replace(site.target("t"), shadow=True)
    with site.live() as server:
        assert server.against_shadow(target.ref) == ""
        server.create_scratch(SCHEMA, RUN)
        server.stage(SCHEMA, target, site.folder, silent)
    return target


def load(
    site: Site,
    target: Target,
    progress: Callable[[str, float | None], None] = silent,
    held_up: float = PATIENT,
) -> TableLoad:
    with site.live() as server:
        server.load(SCHEMA, [target], site.folder, ThrottleRules(held_up=held_up), progress)
        return server.loaded(SCHEMA, target)


def created(site: Site) -> str:
    return str(site.now("SHOW CREATE TABLE t")[0][1])


def tables(site: Site) -> set[str]:
    return {str(each) for (each,) in site.now("SHOW TABLES")}


def leaves_nothing(site: Site) -> bool:
    with site.live() as server:
        server.drop_scratch(SCHEMA)
        return tables(site) == {"t"} and not server.scratch_exists(SCHEMA)


@dataclass
class Writer:
    """A thread of the application at full speed: it remembers what it committed."""

    site: Site
    number: int
    stop: threading.Event
    rows: dict[int, str] = field(default_factory=dict)
    longest: float = 0.0
    at: float = 0.0
    statements: int = 0
    retried: int = 0
    error: BaseException | None = None

    def run(self) -> None:
        try:
            with self.site.production.root(self.site.database) as connection, connection.cursor() as cursor:
                cursor.execute("SET SESSION sql_mode = ''")
                round_ = 0
                while not self.stop.is_set():
                    round_ += 1
                    begun = time.monotonic()
                    try:
                        self.act(cursor, round_)
                    except pymysql.OperationalError as error:
                        if error.args[0] != ER.LOCK_DEADLOCK:
                            raise
                        self.retried += 1
                    if time.monotonic() - begun > self.longest:
                        self.longest, self.at = time.monotonic() - begun, begun
                    self.statements += 1
        except BaseException as error:  # noqa: BLE001 - whoever joins the thread raises it again
            self.error = error

    def act(self, cursor: Cursor, round_: int) -> None:
        """Insert a row, change or take away earlier ones, each by itself or all in a transaction."""
        rows, text = dict(self.rows), f"writer {self.number} {round_}"
        together = round_ % 5 == 0
        if together:
            cursor.execute("START TRANSACTION")
        cursor.execute("INSERT INTO t (a, b) VALUES (%s, %s)", (self.number, text))
        key = int(cursor.lastrowid or 0)
        rows[key] = text
        self.rows = self.rows if together else dict(rows)
        if round_ % 3 == 0:
            cursor.execute("UPDATE t SET b = %s WHERE id = %s", (f"{text} again", key))
            assert cursor.rowcount == 1, "it wrote a row and did not find it"
            rows[key] = f"{text} again"
            self.rows = self.rows if together else dict(rows)
        if len(rows) > 300:
            oldest = next(iter(rows))
            cursor.execute("DELETE FROM t WHERE id = %s", (oldest,))
            assert cursor.rowcount == 1, "it wrote a row and did not find it"
            del rows[oldest]
        if together:
            cursor.execute("COMMIT")
        self.rows = rows


@contextmanager
def busy(site: Site) -> Iterator[Sequence[Writer]]:
    """Let the application write; its errors are errors of the test."""
    stop = threading.Event()
    writers = [Writer(site, number, stop) for number in range(WRITERS)]
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        yield writers
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    for writer in writers:
        if writer.error:
            raise writer.error


def test_all_rows_are_back_and_the_definition_is_the_same_to_the_last_byte(family: Site) -> None:
    target = located(family)
    before, own = created(family), family.now("SELECT * FROM t")

    came = load(family, target)

    assert (came.inserted, came.how) == (ROWS, shadow_table.BESIDE)
    assert created(family) == before
    assert family.now(f"SELECT * FROM t WHERE id > {ROWS}") == own
    assert family.now(f"SELECT COUNT(*) FROM t WHERE id <= {ROWS} AND b = CONCAT('name ', id)") == [(ROWS,)]
    assert leaves_nothing(family)
    assert family.now("SELECT COUNT(*) FROM t") == [(ROWS + 1,)]


@pytest.mark.parametrize("_round", range(amount(1, long=20)))
def test_an_application_at_full_speed_loses_no_write_and_none_is_there_twice(family: Site, _round: int) -> None:
    target = located(family)
    with busy(family) as writers:
        came = load(family, target)
        have_written(writers)

    assert all_there(family, writers)
    assert restored(family) == ROWS
    assert came.how == shadow_table.BESIDE
    assert leaves_nothing(family)


def test_where_carrying_over_would_hold_others_up_for_too_long_the_rows_go_into_the_table_itself(family: Site) -> None:
    target = located(family)
    with busy(family) as writers:
        came = load(family, target, held_up=0)
        have_written(writers)

    assert "s to carry over, for which others would wait" in came.how
    assert all_there(family, writers)
    assert (came.inserted, restored(family)) == (ROWS, ROWS)
    assert leaves_nothing(family)


CHANGES = (
    "UPDATE t SET b = 'FIRST' WHERE b = 'first'",
    "UPDATE t SET d = 1.5 WHERE id = 9002",
    "UPDATE t SET id = 9900 WHERE id = 9003; DELETE FROM t WHERE id = 9004; INSERT INTO t VALUES (9004, 'new', 3)",
    "DELETE FROM t WHERE id IN (9001, 9002); INSERT INTO t VALUES (9001, 'second', 1), (9002, 'FIRST', NULL)",
    "DO 0",
    "DELETE FROM t",
)


def test_each_look_leaves_the_shadow_with_the_live_table_s_rows_to_the_last_byte(family: Site) -> None:
    columns = "id INT AUTO_INCREMENT PRIMARY KEY, b VARCHAR(40), d DOUBLE, UNIQUE KEY u (b)"
    first = "(9001, 'first', 0), (9002, 'second', 0), (9003, 'third', NULL), (9004, NULL, 1e300)"
    target = located(
        family,
        f"CREATE TABLE t ({columns}) CHARSET utf8mb4;",
        f"INSERT INTO t SELECT seq, CONCAT('name ', seq), seq FROM {counted(ROWS)};",
        f"DELETE FROM t; INSERT INTO t VALUES {first}",
    )
    with pytest.raises(CutOff):
        load(family, target, cut_off)
    with closing(connect(login(family), "test")) as session, closing(Pinned(login(family))) as holder:
        what = exchange(family, session)
        carried = catch_up.begin(session, what)
        for change in ("DO 0", *CHANGES):
            family.now(change)
            carried, _seconds = catch_up.look(what, carried, holder)
            live = family.now("SELECT id, HEX(b), CONCAT(d) FROM t ORDER BY id")
            shadow = f"SELECT id, HEX(b), CONCAT(d) FROM {what.places.shadow.table} WHERE id > {ROWS} ORDER BY id"
            assert (family.now(shadow), carried.rows) == (live, len(live))
    assert leaves_nothing(family)


class CutOff(Exception):  # noqa: N818 - no error: the end of a process
    """Stands for a kill: nothing of ours runs any more."""


def cut_off(text: str, _share: float | None) -> None:
    if TAKING in text:
        raise CutOff


def filled(site: Site) -> Target:
    """Go as far as the shadow is filled and checked, and no further."""
    target = located(site)
    with pytest.raises(CutOff):
        load(site, target, cut_off)
    assert len(tables(site)) == 2
    return target


def killed(site: Site, statement: Statement, when: str) -> None:
    """Have a process begin the exchange, and die at one of its statements."""
    word, stage = statement
    place = [str(site.production.port), str(site.ca), site.database]
    script = str(Path(__file__).with_name("dying.py"))
    done = subprocess.run(
        [sys.executable, script, *place, word, when, stage],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


def restored(site: Site) -> int:
    ((rows,),) = site.now(f"SELECT COUNT(*) FROM t WHERE id <= {ROWS} AND b = CONCAT('name ', id)")
    return int(rows)


def have_written(writers: Sequence[Writer], statements: int = 10) -> None:
    """Wait until each of them has written some more."""
    until = {writer.number: writer.statements + statements for writer in writers}
    deadline = time.monotonic() + 120
    while any(writer.statements < until[writer.number] and not writer.error for writer in writers):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def all_there(site: Site, writers: Sequence[Writer]) -> bool:
    written = {key: text for writer in writers for key, text in writer.rows.items()}
    return dict(site.now(f"SELECT id, b FROM t WHERE id > {ROWS} AND b <> 'since'")) == written


Statement = tuple[str, str]
"""How it begins, and whether those alone are meant that run under the lock."""
MOVING = ("DELETE `shop", "INSERT INTO `shop")
AHEAD = [(word, "") for word in ("INSERT INTO `rdsrestore", *MOVING, "COMMIT")]
THEREAFTER = [*((word, "") for word in ("SET", "LOCK", "RENAME", "UNLOCK")), *((word, "under") for word in MOVING)]
KILLS = [*((each, "after") for each in AHEAD), *((each, when) for each in THEREAFTER for when in ("before", "after"))]
SENTRY = [((word, ""), when) for word in ("CREATE", "DROP") for when in ("before", "after")]
THEN = ("resume", "cleanup")
ENDS = [
    (family, *kill, then)
    for number, kill in enumerate([*KILLS, *(SENTRY if GIVEN.engine == "mariadb" else [])])
    for one, family in enumerate(FAMILIES if kill in KILLS else FAMILIES[:1])
    for other, then in enumerate(THEN)
    if amount(0, long=1)
    or (other == number // 2 % 2 and (kill in SENTRY or one == (number + number // 2) % len(FAMILIES)))
]
"""Each kill, and what is done then: on one family with one of both by turns, or where there is time on both with both."""


@pytest.mark.parametrize(("family", "statement", "when", "then"), ENDS, indirect=["family"])
def test_a_kill_at_any_statement_of_the_exchange_loses_no_write(
    family: Site, statement: Statement, when: str, then: str
) -> None:
    target = filled(family)
    before = created(family)
    with busy(family) as writers:
        have_written(writers)
        killed(family, statement, when)
        have_written(writers)
        if then == "resume":
            came = load(family, target)
            assert (came.inserted, came.how) == (ROWS, shadow_table.BESIDE)
        have_written(writers)
        with family.live() as server:
            server.drop_scratch(SCHEMA)
        have_written(writers)

    assert all_there(family, writers)
    assert restored(family) in ({ROWS} if then == "resume" else {0, ROWS})
    assert tables(family) == {"t"}
    assert without_counter(created(family)) == without_counter(before)


def without_counter(statement: str) -> str:
    return re.sub(r" AUTO_INCREMENT=\d+", "", statement)


def exchange(site: Site, session: Session) -> Exchange:
    live = catalog.definition(session, site.ref("t"))
    assert live
    return Exchange(Places(SCHEMA, live.ref), live, "mariadb" in session.greeted.lower(), PATIENT)


def login(site: Site) -> Login:
    return Login(site.production.endpoint, USER, Secret(PASSWORD), site.ca)


def test_a_transaction_that_is_older_than_the_shadow_s_indexes_is_waited_for(family: Site) -> None:
    target = located(family)
    with family.production.root(family.database) as older, older.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")

        def end(text: str, _share: float | None) -> None:
            if "nobody holds the table" in text:
                cursor.execute("SELECT COUNT(*) FROM t")
                assert cursor.fetchall() == ((1,),)
                older.rollback()

        assert load(family, target, end).how == shadow_table.BESIDE
        cursor.execute("SELECT COUNT(*) FROM t")
        assert cursor.fetchall() == ((ROWS + 1,),)


@pytest.mark.parametrize("burned", [False, True])
def test_a_snapshot_of_the_last_moment_sees_the_restored_rows_and_what_it_locks_or_writes(
    family: Site, *, burned: bool
) -> None:
    filled(family)
    with closing(connect(login(family), "test")) as session, family.production.root(family.database) as older:
        cursor = older.cursor()
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")

        def dial() -> Pinned:
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
            if burned:  # a number that no row has: it is set under the lock
                family.now("INSERT INTO t (b) VALUES ('gone'); DELETE FROM t WHERE b = 'gone'")
            return Pinned(login(family))

        assert cut_over(exchange(family, session), dial, session, silent) == ""
        seen = []
        for text in (
            "SELECT COUNT(*) FROM t",
            "SELECT COUNT(*) FROM t FOR UPDATE",
            "SELECT a FROM t WHERE b = 'since'",
        ):
            cursor.execute("UPDATE t SET a = 5 WHERE b = 'since'" if "a FROM" in text else "DO 0")
            cursor.execute(text)
            seen.append(cursor.fetchall())
        older.rollback()
    assert seen == [((ROWS,),), ((ROWS + 1,),), ((5,),)]


def test_cleaning_up_before_the_exchange_drops_the_shadow_alone(family: Site) -> None:
    filled(family)
    assert leaves_nothing(family)
    assert family.now("SELECT b FROM t") == [("since",)]


def test_a_shadow_that_was_filled_is_not_filled_again(family: Site) -> None:
    target, said = filled(family), list[str]()
    came = load(family, target, lambda text, _share: said.append(text))
    assert (came.inserted, came.how) == (ROWS, shadow_table.BESIDE)
    assert not any("building its indexes" in text for text in said)


def test_an_undo_takes_the_restored_rows_and_leaves_what_was_written_since(family: Site) -> None:
    target = located(family)
    with family.live() as server:
        server.compare(SCHEMA, [target], family.folder, silent)
        saved = server.save(SCHEMA, target, family.folder, silent)
    assert load(family, target).how == shadow_table.BESIDE
    family.now("UPDATE t SET a = 99 WHERE id = 7; INSERT INTO t (b) VALUES ('later'); DELETE FROM t WHERE id = 8")

    _difference, undone = family.undo(saved)

    assert undone.deleted == ROWS - 2
    assert {text for (text,) in family.now("SELECT b FROM t")} == {"since", "later", "name 7"}
    assert leaves_nothing(family)


def test_rows_that_come_in_the_way_of_restored_ones_are_kept_and_the_others_go_into_the_table_itself(
    family: Site,
) -> None:
    target = located(family)

    def write(text: str, _share: float | None) -> None:
        if TAKING in text:
            family.now("INSERT INTO t (b) VALUES ('name 7')")

    came = load(family, target, write)

    assert came.how.startswith("into the table itself: ")
    assert (came.inserted, [each.rows for each in came.conflicts]) == (ROWS - 1, [1])
    assert restored(family) == ROWS - 1
    assert leaves_nothing(family)


def test_where_more_rows_were_written_than_may_be_carried_they_stay_and_the_others_go_in_beside(site: Site) -> None:
    target = located(site)

    def write(text: str, _share: float | None) -> None:
        if TAKING in text:
            site.now(f"INSERT INTO t (b) SELECT CONCAT('late ', seq) FROM {counted(in_place.MOST)}")

    came = load(site, target, write)

    assert "more than 10,000 rows were written to it since" in came.how
    assert (came.inserted, restored(site)) == (ROWS, ROWS)
    assert site.now("SELECT COUNT(*) FROM t WHERE b LIKE 'late %'") == [(in_place.MOST,)]
    assert leaves_nothing(site)


def test_a_table_that_others_hold_is_taken_once_they_let_go(family: Site) -> None:
    target = located(family)
    with family.production.root(family.database) as reader, reader.cursor() as cursor:

        def hold(text: str, _share: float | None) -> None:
            if TAKING in text:
                cursor.execute("BEGIN; SELECT COUNT(*) FROM t")
                while cursor.nextset():
                    pass
            if "nobody holds the table" in text:
                reader.rollback()

        came = load(family, target, hold)
    assert (came.inserted, came.how) == (ROWS, shadow_table.BESIDE)
    assert leaves_nothing(family)


def test_a_table_that_others_never_let_go_is_loaded_into_and_nobody_waits_long(family: Site) -> None:
    target, longest, stop = located(family), [0.0], threading.Event()

    def ask() -> None:
        with family.production.root(family.database) as connection, connection.cursor() as cursor:
            while not stop.is_set():
                begun = time.monotonic()
                cursor.execute("SELECT COUNT(*) FROM t WHERE id = 1")
                longest.append(time.monotonic() - begun)

    with family.production.root(family.database) as reader, reader.cursor() as cursor:
        asking = threading.Thread(target=ask)

        def hold(text: str, _share: float | None) -> None:
            if TAKING in text:
                cursor.execute("BEGIN; SELECT COUNT(*) FROM t")
                while cursor.nextset():
                    pass
                asking.start()
            if "into the table itself" in text:
                stop.set()
                asking.join(60)

        came = load(family, target, hold, held_up=in_place.HELD_UP)
    assert came.how.endswith("there was no moment in which nobody held it")
    assert max(longest) < 0.95  # one second is the least that a server itself can be told
    assert (came.inserted, restored(family)) == (ROWS, ROWS)
    assert leaves_nothing(family)


@pytest.mark.parametrize("kind", [kind for kind in DEFINITIONS if kind != "no primary key"])
def test_the_definition_is_the_same_whatever_the_table_is_like(family: Site, kind: str) -> None:
    family.both(DEFINITIONS[kind][0] + FILL)
    family.dump("t")
    family.now("DELETE FROM t")
    target = replace(family.target("t"), direct=True, shadow=True)
    with family.live() as server:
        assert server.takes_directly(target)
        server.create_scratch(SCHEMA, RUN)
        server.stage(SCHEMA, target, family.folder, silent)
    before = created(family)

    assert load(family, target).how == shadow_table.BESIDE

    assert created(family) == before
    assert family.equal("t")
    assert leaves_nothing(family)


def test_a_table_that_is_altered_before_the_exchange_keeps_what_was_altered(family: Site) -> None:
    target = located(family)

    def alter(text: str, _share: float | None) -> None:
        if TAKING in text:
            family.now("ALTER TABLE t ADD d INT DEFAULT 5")

    assert load(family, target, alter).how == "into the table itself: it was altered meanwhile"
    assert restored(family) == ROWS
    assert "`d` int" in created(family)
    assert leaves_nothing(family)


def test_a_table_that_gets_a_trigger_before_the_exchange_keeps_it(site: Site) -> None:
    target = located(site)

    def tie(text: str, _share: float | None) -> None:
        if TAKING in text:
            site.now("CREATE TRIGGER x BEFORE DELETE ON t FOR EACH ROW SET @x = 1")

    assert "it has triggers" in load(site, target, tie).how
    assert site.now("SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_TABLE = 't'") == [("x",)]
    assert leaves_nothing(site)


TIED = {
    "it has no primary key": f"CREATE TABLE t ({COLUMNS}, UNIQUE KEY id (id));",
    "it has foreign keys": (
        f"CREATE TABLE p (id INT PRIMARY KEY); CREATE TABLE t ({COLUMNS}, PRIMARY KEY (id),"
        " FOREIGN KEY (c) REFERENCES p (id));"
    ),
    "points to it": (
        f"CREATE TABLE t ({COLUMNS}, PRIMARY KEY (id)); CREATE TABLE q (id INT, FOREIGN KEY (id) REFERENCES t (id));"
    ),
    "it has triggers": (
        f"CREATE TABLE t ({COLUMNS}, PRIMARY KEY (id)); CREATE TRIGGER x BEFORE DELETE ON t FOR EACH ROW SET @x = 1;"
    ),
    "it has generated columns": f"CREATE TABLE t ({COLUMNS}, d INT AS (c + 1) STORED, PRIMARY KEY (id));",
    "it has 10,001 rows": (
        f"CREATE TABLE t ({COLUMNS}, PRIMARY KEY (id)); INSERT INTO t (a) SELECT seq FROM {counted(in_place.MOST + 1)};"
    ),
}


@pytest.mark.parametrize("reason", TIED)
def test_a_table_that_is_tied_or_has_too_many_rows_is_left_in_its_place(family: Site, reason: str) -> None:
    family.now(TIED[reason])
    with family.live() as server:
        assert reason in server.against_shadow(family.ref("t"))


@pytest.mark.only("mariadb", "MySQL has no system versioning")
def test_a_table_with_its_own_history_is_left_in_its_place(site: Site) -> None:
    site.now(f"CREATE TABLE t ({COLUMNS}, PRIMARY KEY (id)) WITH SYSTEM VERSIONING")
    with site.live() as server:
        assert server.against_shadow(site.ref("t")) != ""


def test_a_login_that_may_not_do_it_is_told_what_it_lacks(family: Site) -> None:
    family.now(PLAIN)
    with family.production.root() as root, root.cursor() as cursor:
        cursor.execute("SET sql_mode = ''")
        cursor.execute("CREATE USER less@'%%' IDENTIFIED BY %s", (PASSWORD,))
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON {family.database}.* TO less@'%'")
    try:
        with family.databases.production(family.production.endpoint, "less") as server:
            assert server.against_shadow(family.ref("t")) == "the login lacks DROP, ALTER, LOCK TABLES, PROCESS"
    finally:
        family.production.sql("DROP USER less@'%'")
    with family.live() as server:
        assert server.against_shadow(family.ref("t")) == ""


def test_a_definition_that_the_server_does_not_repeat_is_loaded_into(mysql_site: Site) -> None:
    target = located(mysql_site, PLAIN.replace("KEY c (c DESC)", "KEY c (c DESC), CONSTRAINT low CHECK (c < 1000000)"))
    came = load(mysql_site, target)
    assert came.how == "into the table itself: the server gives a table like it another definition"
    assert (came.inserted, restored(mysql_site)) == (ROWS, ROWS)
    assert leaves_nothing(mysql_site)


@pytest.mark.parametrize("name", ["former", "shadow"])
def test_tables_that_have_such_a_name_already_are_left_alone(site: Site, name: str) -> None:
    target = located(site)
    theirs = str(getattr(Places(SCHEMA, site.ref("t")), name).table)
    site.now(f"CREATE TABLE {theirs} (id INT)")
    came = load(site, target)
    assert came.how.startswith("into the table itself: there is a table ")
    assert (came.inserted, restored(site)) == (ROWS, ROWS)
    with site.live() as server:
        server.drop_scratch(SCHEMA)
    assert tables(site) == {"t", theirs}


def test_where_the_server_died_between_two_renames_the_table_gets_its_name_back(site: Site) -> None:
    filled(site)
    site.now(f"RENAME TABLE t TO {Places(SCHEMA, site.ref('t')).former.table}")  # as a MariaDB before 10.6 may leave it
    assert leaves_nothing(site)
    assert site.now("SELECT b FROM t") == [("since",)]
