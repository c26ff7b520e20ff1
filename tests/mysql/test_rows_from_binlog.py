"""Rows as they were, from production's binlog alone, on real servers of both families."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mysql.programs import script
from mysql.rewinding import Scratches, rows_from_binlog
from mysql.site import PASSWORD, USER, Site, silent
from mysql.test_binlog import COLUMNS, FORMS, OWN, VALUES, globally
from rdsrestore.domain.errors import Refused, ToolError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.dump_file import Fingerprint
from rdsrestore.domain.tables.key_range import EVERYTHING, Key
from rdsrestore.mysql.binlog import fetch, log_events
from rdsrestore.mysql.checksum.key_ranges import table_rows
from rdsrestore.mysql.rewind.log_walk import LogWalk, Sought
from rdsrestore.mysql.rewind.replay import Replay
from rdsrestore.mysql.rewind.row_changes import TOGETHER, RowChange, together
from rdsrestore.mysql.rewind.rows_from_binlog import Copy
from rdsrestore.mysql.rewind.scratch_server import server_program
from rdsrestore.mysql.rewind.whole_log import walked
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.session.login.connection import Login, Session, connect
from rdsrestore.ports.progress import Progress
from tiers import amount
from tool import counted, pause_until_next_second

pytestmark = pytest.mark.xdist_group("binlog")


def mariadb(site: Site) -> bool:
    return site.production.programs.engine == "mariadb"


def rewind(site: Site, table: str, moment: datetime) -> None:
    """Take a table's rows as of a moment, for the steps that follow."""
    with site.live() as server:
        definition = server.definition(site.ref(table))
    assert definition
    found = site.databases.rows_from_binlog(site.production.endpoint, USER, definition, moment, site.folder, silent)
    site.dumps[table], site.located[table] = found.dump, found.located


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


def closed(site: Site) -> tuple[str, Path, datetime]:
    """Delete a row, and close the file that tells of it; returns its name, where it lies, and the moment before."""
    site.now("CREATE TABLE w (id INT PRIMARY KEY, t VARCHAR(99)); INSERT INTO w VALUES (1, 'x'), (2, REPEAT('y', 99))")
    ((name, *_more), *_others) = reversed(site.production.sql("SHOW BINARY LOGS"))
    moment = pause_until_next_second()
    site.now("DELETE FROM w WHERE id = 2")
    site.production.sql("FLUSH BINARY LOGS")
    site.now("INSERT INTO w VALUES (3, 'z')")
    return name, site.production.folder / "data" / name, moment


def read_on(site: Site, moment: datetime, progress: Progress) -> None:
    login = Login(site.production.endpoint, USER, Secret(PASSWORD), site.ca)
    with closing(connect(login, "production")) as session, fetch.folder() as place:
        definition = catalog.definition(session, site.ref("w"))
        assert definition
        walked(session, login, definition, moment, place, progress)


def test_a_file_that_vanishes_while_it_is_read_is_said(binlog: Site) -> None:
    name, _path, moment = closed(binlog)
    ((newest, *_more), *_others) = reversed(binlog.production.sql("SHOW BINARY LOGS"))

    def purge(text: str, _share: float | None) -> None:
        until = time.monotonic() + 60  # a file that a program still has open there is left
        while name in text and name in [each for each, *_more in binlog.production.sql("SHOW BINARY LOGS")]:
            assert time.monotonic() < until
            binlog.production.sql(f"PURGE BINARY LOGS TO '{newest}'")
            time.sleep(0.1)

    with pytest.raises(ToolError, match="failed") as refused:
        read_on(binlog, moment, purge)
    assert refused.value.code in {"tool.failed", "binlog.torn"}


@pytest.mark.parametrize("harm", ["a byte is another", "the end is cut off", "the middle is missing"])
def test_a_file_that_is_not_what_was_written_is_never_believed(binlog: Site, harm: str) -> None:
    _name, path, moment = closed(binlog)
    whole = path.read_bytes()
    middle = whole.rindex(b"y" * 20)
    torn = {
        "a byte is another": whole[:middle] + b"x" + whole[middle + 1 :],
        "the end is cut off": whole[:middle],
        "the middle is missing": whole[: middle - 30] + whole[middle:],
    }
    path.write_bytes(torn[harm])
    try:
        with pytest.raises((ToolError, Refused)) as refused:
            read_on(binlog, moment, silent)
    finally:
        path.write_bytes(whole)
    assert refused.value.code in {"tool.failed", "binlog.torn", "binlog.unproved"}


def test_what_was_changed_without_the_log_is_not_proved(binlog: Site) -> None:
    binlog.now("CREATE TABLE w (id INT PRIMARY KEY, t INT); INSERT INTO w VALUES (1, 1), (2, 2)")
    moment = pause_until_next_second()
    binlog.now("DELETE FROM w WHERE id = 1; UPDATE w SET t = 3 WHERE id = 2; SET sql_log_bin = 0; UPDATE w SET t = 4")

    with pytest.raises(Refused, match=r"played forward again the rows of .* are not what production holds") as refused:
        rewind(binlog, "w", moment)
    assert refused.value.code == "binlog.unproved"
    assert [each.name for each in binlog.folder.iterdir() if each.is_file()] == []


def test_where_rows_were_only_added_there_is_nothing_to_turn_back(binlog: Site, scratches: Scratches) -> None:
    binlog.now("CREATE TABLE w (id INT PRIMARY KEY)")
    moment = pause_until_next_second()
    binlog.now("INSERT INTO w VALUES (1)")
    with pytest.raises(Refused, match="was changed since: rows were only added"):
        rows_from_binlog(binlog, "w", moment, scratches)


def test_a_scratch_server_that_does_not_play_along_proves_nothing(binlog: Site, scratches: Scratches) -> None:
    binlog.now("CREATE TABLE w (id INT PRIMARY KEY); INSERT INTO w VALUES (1), (2)")
    moment = pause_until_next_second()
    binlog.now("DELETE FROM w WHERE id = 1")
    found = walk(binlog, "w", moment)
    with binlog.live() as server:
        made = server.definition(binlog.ref("w"))
    assert made
    with closing(connect(scratches(binlog), "the scratch server")) as own:
        replay = Replay(own, made, found.form_of_all)
        with pytest.raises(Refused, match=r"does not fit its own rows \(error 1032\)"):
            replay.forward(found.changes, silent)
        bent = [replace(each, map=memoryview(bytes(each.map[:-4]))) for each in found.changes]
        with pytest.raises(Refused, match="the binlog's rows can't be turned back"):
            replay.back(bent, silent)
        with pytest.raises(Refused, match="the scratch server does not take the table's definition"):
            Replay(own, replace(made, create_sql="CREATE TABLE"), found.form_of_all)
        other = replace(made, columns=(replace(made.columns[0], kind="bigint"),))
        with pytest.raises(Refused, match="the scratch server makes another table of the definition"):
            Copy(own, scratches(binlog), other, replay)


def test_a_backup_of_other_content_has_another_fingerprint(binlog: Site, scratches: Scratches) -> None:
    binlog.both("CREATE TABLE w (id INT PRIMARY KEY, t INT); INSERT INTO w VALUES (1, 1), (2, 2), (3, 3)")
    moment = pause_until_next_second()
    binlog.now("DELETE FROM w WHERE id < 3; INSERT INTO w VALUES (9, 9)")
    found = rows_from_binlog(binlog, "w", moment, scratches)

    def backup() -> Fingerprint:
        with binlog.databases.copy(binlog.copy.endpoint, USER, Secret(PASSWORD)) as server:
            return server.fingerprint(binlog.definition("w"), Path(found.touched.path))

    assert (found.located.keys, found.touched.keys) == (2, 3)
    assert backup() == found.dump.content
    binlog.then("UPDATE w SET t = 7 WHERE id = 2")
    assert backup().rows == found.dump.rows
    assert backup() != found.dump.content
    binlog.then("UPDATE w SET t = 2 WHERE id = 2; INSERT INTO w VALUES (9, 1)")
    assert backup() != found.dump.content
    binlog.then("DELETE FROM w WHERE id = 9; UPDATE w SET t = 8 WHERE id = 3")
    assert backup() == found.dump.content


def test_a_trial_is_taken_over_unless_production_has_touched_the_table_since(binlog: Site, tmp_path: Path) -> None:
    binlog.now("CREATE TABLE w (id INT PRIMARY KEY, t INT); INSERT INTO w VALUES (1, 1), (2, 2), (3, 3)")
    moment = pause_until_next_second()
    binlog.now("DELETE FROM w WHERE id = 1")
    pause_until_next_second()
    with binlog.live() as server:
        made = server.definition(binlog.ref("w"))
    assert made
    place, said, databases = binlog.production.endpoint, list[str](), binlog.databases

    def tell(text: str, _share: float | None) -> None:
        said.append(text)

    for folder, since in ((tmp_path / "first", "DO 1"), (tmp_path / "second", "DELETE FROM w WHERE id = 2")):
        folder.mkdir()
        databases.try_rows_from_binlog(place, USER, made, moment, silent)
        binlog.now(since)
        said.clear()
        found = databases.rows_from_binlog(place, USER, made, moment, folder, tell)
        played = any("scratch server" in text for text in said)
        assert (played, found.dump.rows) == ((False, 1) if since == "DO 1" else (True, 2))
        assert (folder / found.dump.path).exists()
        assert Path(found.touched.path).parent == folder
    databases.close()


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
    with pytest.raises(ToolError, match=r"older than production's 8\.4\.1, and may not understand") as older:
        server_program("mysql", "8.4.1")
    assert (older.value.code, "--rows-from backup" in older.value.hint) == ("tool.older", True)


def test_changes_make_statements_in_their_order_none_of_them_too_large_or_of_two_versions() -> None:
    sizes = [(TOGETHER // 2, False), (TOGETHER // 2, False), (1, False), (TOGETHER * 2, False), (1, False), (1, True)]
    changes = [
        RowChange("delete", second, at, 1, memoryview(b""), 1, memoryview(bytes(size)), (size,))
        for at, (size, second) in enumerate(sizes)
    ]

    assert [[change.at for change in run] for run in together(changes)] == [[0, 1], [2], [3], [4], [5]]
    assert list(together([])) == []


def digests(session: Session, table: TableRef) -> dict[Key, str]:
    definition = catalog.definition(session, table)
    assert definition
    return dict(table_rows(session, definition, definition, Policy()).digests(EVERYTHING))


def assert_rewound(site: Site, scratch: Login, moment: datetime) -> LogWalk:
    """Hold the rows that are turned back against those of a server on which nothing happened since."""
    walk_through = walk(site, "w", moment)
    ref = site.ref("w")
    now, then = (Login(server.endpoint, USER, Secret(PASSWORD), site.ca) for server in (site.production, site.copy))
    with (
        closing(connect(now, "production")) as production,
        closing(connect(then, "copy")) as copy,
        closing(connect(scratch, "the scratch server")) as own,
    ):
        definition = catalog.definition(production, ref)
        assert definition
        replay = Replay(own, definition, walk_through.form_of_all)
        replay.back(walk_through.changes, silent)
        back, truth, live = digests(own, ref), digests(copy, ref), digests(production, ref)
        untouched = truth.keys() - back.keys()
        assert back == {key: truth.get(key) for key in back}
        assert {key: live.get(key) for key in untouched} == {key: truth[key] for key in untouched}
        replay.forward(walk_through.changes, silent)
        forward = digests(own, ref)
        assert forward == {key: live.get(key) for key in forward}
        assert len(forward) == len(back) + walk_through.added
        assert not (back.keys() - forward.keys()) & live.keys()
    return walk_through


@pytest.mark.parametrize("form", ["plain", "no checksum", "metadata", "compressed"])
def test_every_type_comes_back_in_every_form_of_the_log(binlog: Site, scratches: Scratches, form: str) -> None:
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
    binlog: Site, scratches: Scratches, work: list[tuple[list[str], str]]
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
