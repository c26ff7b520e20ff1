"""Rows as they were, from production's binlog alone, on real servers of both families."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mysql.programs import script
from mysql.site import MARIADB, ORACLE, PASSWORD, USER, Site, silent
from mysql.test_binlog import COLUMNS, FORMS, OWN, VALUES, globally
from rdsrestore.domain.errors import Refused, ToolError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.key_range import EVERYTHING, Key
from rdsrestore.mysql.binlog import fetch, log_events
from rdsrestore.mysql.checksum.key_ranges import table_rows
from rdsrestore.mysql.rewind.log_walk import LogWalk, Sought
from rdsrestore.mysql.rewind.replay import Replay
from rdsrestore.mysql.rewind.scratch_server import scratch_server, server_program
from rdsrestore.mysql.rewind.whole_log import walked
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.session.login.connection import Login, Session, connect
from tiers import amount
from tool import counted, pause_until_next_second

pytestmark = pytest.mark.xdist_group("binlog")


@pytest.fixture
def binlog(family: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site whose login may read the binlog, on a machine that has both families' programs."""
    family.production.sql(f"GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO {USER}@'%'")
    programs = tmp_path / "programs"
    ORACLE.lend(programs)
    MARIADB.lend(programs)
    monkeypatch.setenv("PATH", f"{programs}:/usr/local/bin:/usr/bin:/bin")
    family.production.sql("FLUSH BINARY LOGS")
    return family


def mariadb(site: Site) -> bool:
    return site.production.programs.engine == "mariadb"


def rewind(site: Site, table: str, moment: datetime) -> None:
    """Take a table's rows as of a moment, for the steps that follow."""
    with site.live() as server:
        definition = server.definition(site.ref(table))
    assert definition
    found = site.databases.rows_from_binlog(site.production.endpoint, USER, definition, moment, site.folder, silent)
    site.dumps[table], site.located[table] = found


def walk(site: Site, table: str, moment: datetime) -> LogWalk:
    """Read the binlog since a moment as far as any row of a table is concerned."""
    login = Login(site.production.endpoint, USER, Secret(PASSWORD), site.ca)
    with closing(connect(login, "production")) as session, fetch.folder() as place:
        definition = catalog.definition(session, site.ref(table))
        assert definition
        return walked(session, login, definition, moment, place, silent)


REFUSED = {
    "DELETE FROM w WHERE id = 1; SET binlog_format = STATEMENT; DELETE FROM other": r"since \(DELETE\) is logged as text",
    "DELETE FROM w WHERE id = 1; ALTER TABLE w ADD KEY (t)": r"since \(ALTER\) names w",
    "TRUNCATE w": r"since \(TRUNCATE\) names w",
    "DELETE FROM w WHERE id = 1; RENAME TABLE w TO v; RENAME TABLE v TO w": r"since \(RENAME\) names w",
    "DELETE FROM w WHERE id = 1; CREATE DATABASE {database}_x; DROP DATABASE {database}_x": "",
    "XA START 'a'; DELETE FROM w WHERE id = 1; XA END 'a'; XA PREPARE 'a'; XA ROLLBACK 'a'": "distributed transaction",
    "SET binlog_row_image = MINIMAL; UPDATE w SET t = 'y' WHERE id = 1": "without some of their columns",
    "SET timestamp = 1000000000; DELETE FROM w WHERE id = 1; SET timestamp = 0; DELETE FROM w WHERE id = 2; "
    "SET timestamp = 1000000000; DELETE FROM w WHERE id = 3": "was noted after it",
    "DELETE FROM w WHERE id = 1; CREATE TABLE more (id INT); DROP TABLE more; CREATE USER a{database}; "
    "GRANT SELECT ON {database}.w TO a{database}; DROP USER a{database}; FLUSH TABLES": "",
    "START TRANSACTION; DELETE FROM w WHERE id = 1; SAVEPOINT s; DELETE FROM w; ROLLBACK TO s; COMMIT": "",
}
"""What is done since, and what is said of it; nothing where it does no harm."""


@pytest.mark.parametrize("since", REFUSED)
def test_what_may_have_changed_rows_without_a_row_event_is_refused(binlog: Site, since: str) -> None:
    binlog.now("CREATE TABLE w (id INT PRIMARY KEY, t INT); CREATE TABLE other (id INT)")
    binlog.now("INSERT INTO w VALUES (1, 1), (2, 2), (3, 3)")
    moment = pause_until_next_second()
    binlog.now(since.format(database=binlog.database))

    if not REFUSED[since]:
        (change,) = walk(binlog, "w", moment).changes
        assert (change.act, len(change.rows)) == ("delete", 1)
        return
    with pytest.raises(Refused, match=REFUSED[since]) as refused:
        walk(binlog, "w", moment)
    assert refused.value.code == "binlog.unproved"
    assert "--rows-from backup" in refused.value.hint


def test_a_file_that_is_gone_or_began_after_the_moment_is_a_gap(binlog: Site) -> None:
    binlog.now("CREATE TABLE w (id INT PRIMARY KEY); INSERT INTO w VALUES (1)")
    ((first, *_more), *_others) = reversed(binlog.production.sql("SHOW BINARY LOGS"))
    moment = pause_until_next_second()
    binlog.now("DELETE FROM w")
    binlog.production.sql("FLUSH BINARY LOGS")
    binlog.now("INSERT INTO w VALUES (1)")

    assert [each.act for each in walk(binlog, "w", moment).changes] == ["delete", "write"]
    with pytest.raises(Refused, match="the moment lies before that"):
        walk(binlog, "w", moment - timedelta(days=1))
    unclosed = LogWalk(Sought(binlog.ref("w"), 1, moment.timestamp()))
    folder = binlog.production.folder / "data"
    unclosed.take(first, log_events.read(folder / first, first))
    with pytest.raises(Refused, match="what was written since is not there"):
        unclosed.finish()
    stem, _, number = first.rpartition(".")
    after = f"{stem}.{int(number) + 2:06}"
    with pytest.raises(Refused, match="a gap between them"):
        unclosed.take(after, ())


def test_parents_of_parents_whose_rules_carry_deletes_into_the_table_are_watched(binlog: Site) -> None:
    binlog.now("""
        CREATE TABLE g (id INT PRIMARY KEY);
        CREATE TABLE p (id INT PRIMARY KEY, g INT, FOREIGN KEY (g) REFERENCES g (id) ON DELETE CASCADE);
        CREATE TABLE w (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE);
        INSERT INTO g VALUES (1), (2); INSERT INTO p VALUES (1, 1), (2, 2); INSERT INTO w VALUES (1, 1), (2, 2)""")
    moment = pause_until_next_second()
    binlog.now("DELETE FROM g WHERE id = 1")

    if mariadb(binlog):
        with pytest.raises(Refused, match=r"rows of .*\.g were changed since"):
            walk(binlog, "w", moment)
    else:
        assert [len(each.rows) for each in walk(binlog, "w", moment).changes] == [1]


@pytest.mark.parametrize("table", ["(id INT, UNIQUE KEY (id))", "(id INT PRIMARY KEY) ENGINE = MyISAM"])
def test_a_table_that_row_events_alone_do_not_tell_of_is_refused(binlog: Site, table: str) -> None:
    binlog.now(f"CREATE TABLE w {table}")
    with binlog.live() as server:
        definition = server.definition(binlog.ref("w"))
    assert definition

    with pytest.raises(Refused, match=r"has no primary key|is not of InnoDB"):
        binlog.databases.check_rows_from_binlog(binlog.production.endpoint, USER, definition)


def test_a_server_older_than_production_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", script(tmp_path, 'echo "mysqld  Ver 5.7.1 for Linux"', "mysqld"))

    assert server_program("mysql", "5.7.44").path == str(tmp_path / "mysqld")
    with pytest.raises(ToolError, match=r"is older than production's 8\.4\.1") as older:
        server_program("mysql", "8.4.1")
    assert (older.value.code, "--rows-from backup" in older.value.hint) == ("tool.older", True)


@pytest.fixture(scope="module")
def scratches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Site], Session]]:
    """A scratch server of each family, started when it is first asked for."""
    with ExitStack() as running:
        known: dict[str, Session] = {}

        def of(site: Site) -> Session:
            engine = site.production.programs.engine
            if engine not in known:
                ((version,),) = site.production.sql("SELECT VERSION()")
                program = server_program(engine, version)
                login = running.enter_context(scratch_server(program, tmp_path_factory.mktemp(engine), 0))
                known[engine] = running.enter_context(closing(connect(login, "the scratch server")))
            return known[engine]

        yield of


def digests(session: Session, table: TableRef) -> dict[Key, str]:
    definition = catalog.definition(session, table)
    assert definition
    return dict(table_rows(session, definition, definition, Policy()).digests(EVERYTHING))


def assert_rewound(site: Site, scratch: Session, moment: datetime) -> LogWalk:
    """Hold the rows that are turned back against those of a server on which nothing happened since."""
    walk_through = walk(site, "w", moment)
    ref = site.ref("w")
    now, then = (Login(server.endpoint, USER, Secret(PASSWORD), site.ca) for server in (site.production, site.copy))
    with closing(connect(now, "production")) as production, closing(connect(then, "copy")) as copy:
        definition = catalog.definition(production, ref)
        assert definition
        replay = Replay(scratch, definition, walk_through.form_of_all)
        replay.back(walk_through.changes, silent)
        back, truth, live = digests(scratch, ref), digests(copy, ref), digests(production, ref)
        untouched = truth.keys() - back.keys()
        assert back == {key: truth.get(key) for key in back}
        assert {key: live.get(key) for key in untouched} == {key: truth[key] for key in untouched}
        replay.forward(walk_through.changes, silent)
        forward = digests(scratch, ref)
        assert forward == {key: live.get(key) for key in forward}
        assert len(forward) == len(back) + walk_through.added
        assert not (back.keys() - forward.keys()) & live.keys()
    return walk_through


@pytest.mark.parametrize("form", ["plain", "no checksum", "metadata", "compressed"])
def test_every_type_comes_back_in_every_form_of_the_log(
    binlog: Site, scratches: Callable[[Site], Session], form: str
) -> None:
    given_form = {OWN[name][not mariadb(binlog)] if name in OWN else name: value for name, value in FORMS[form].items()}
    binlog.both(f"CREATE TABLE w (id INT PRIMARY KEY, {COLUMNS})")
    binlog.both(f"INSERT INTO w SELECT seq, {VALUES} FROM {counted(60)}; INSERT INTO w (id) VALUES (900), (901)")
    moment = pause_until_next_second()
    names = [each.split()[0] for each in COLUMNS.replace("\n", " ").split(", ") if each.split()[0].isalpha()]
    with globally(binlog, **given_form):
        binlog.now("DELETE FROM w WHERE id > 40")
        binlog.now(f"UPDATE w SET {', '.join(f'{name} = NULL' for name in names[::2])} WHERE id <= 20")
        binlog.now(f"INSERT INTO w SELECT seq, {VALUES} FROM {counted(520, 501)}")

    done = assert_rewound(binlog, scratches(binlog), moment)

    assert sum(len(each.rows) for each in done.changes if each.act == "update") == 20


ROW = st.integers(1, 8)
LIST = st.lists(ROW, min_size=1, max_size=6)
STATEMENT = st.one_of(
    st.builds(lambda ids: f"DELETE FROM w WHERE id IN ({', '.join(map(str, ids))})", LIST),
    st.builds(lambda ids, v: f"UPDATE w SET v = {v} WHERE id IN ({', '.join(map(str, ids))})", LIST, ROW),
    st.just("UPDATE w SET id = id + 1 ORDER BY id DESC"),
    st.just("UPDATE w SET id = id - 1 ORDER BY id"),
    st.builds(lambda ids: "INSERT IGNORE INTO w VALUES " + ", ".join(f"({n}, {n}, {n})" for n in ids), LIST),
    st.builds(lambda ids, u: "REPLACE INTO w VALUES " + ", ".join(f"({n}, {u}, 9)" for n in ids), LIST, ROW),
    st.builds(
        lambda ids: (
            f"INSERT INTO w VALUES {', '.join(f'({n}, {n + 20}, 1)' for n in ids)} ON DUPLICATE KEY UPDATE v = v + 1"
        ),
        LIST,
    ),
    st.just("FLUSH BINARY LOGS"),
)
WORK = st.lists(
    st.tuples(st.lists(STATEMENT, min_size=1, max_size=4), st.sampled_from(["COMMIT", "ROLLBACK"])),
    min_size=1,
    max_size=6,
)


@settings(max_examples=amount(5, long=100), deadline=None, suppress_health_check=list(HealthCheck))
@given(WORK)
def test_whatever_was_done_the_touched_rows_end_as_they_were(
    binlog: Site, scratches: Callable[[Site], Session], work: list[tuple[list[str], str]]
) -> None:
    binlog.both("DROP TABLE IF EXISTS w; CREATE TABLE w (id INT PRIMARY KEY, u INT, v INT, UNIQUE KEY (u))")
    binlog.both(f"INSERT INTO w SELECT seq * 2, seq, seq FROM {counted(6)}")
    moment = pause_until_next_second()
    for statements, ending in work:
        binlog.now(f"START TRANSACTION; {'; '.join(statements)}; {ending}")

    assert_rewound(binlog, scratches(binlog), moment)


def test_deleted_rows_come_back_as_they_were_and_what_was_done_since_stays(binlog: Site) -> None:
    binlog.both(f"""
        CREATE TABLE w (id INT PRIMARY KEY, t VARCHAR(30), u INT, UNIQUE KEY (u));
        INSERT INTO w SELECT seq, 'x', seq FROM {counted(3000)}""")
    moment = pause_until_next_second()
    binlog.now("DELETE FROM w WHERE id > 1000")
    binlog.now("INSERT INTO w VALUES (9999, 'later', 9999); UPDATE w SET t = 'edited' WHERE id = 7")

    rewind(binlog, "w", moment)
    binlog.stage("w")
    found = binlog.compare("w")
    load = binlog.load("w")

    assert (found.missing, found.changed, found.newer) == (2000, 1, 0)
    assert load.inserted == 2000
    binlog.now("DELETE FROM w WHERE id = 9999; UPDATE w SET t = 'x' WHERE id = 7")
    assert binlog.equal("w")
