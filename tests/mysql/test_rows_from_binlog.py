"""Rows as they were, from production's binlog alone, on real servers of both families."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mysql.site import MARIADB, ORACLE, PASSWORD, USER, Site, silent
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.binlog import fetch, log_events
from rdsrestore.mysql.rewind.log_walk import LogWalk, Sought
from rdsrestore.mysql.rewind.whole_log import walked
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.session.login.connection import Login, connect
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
    "DELETE FROM w WHERE id = 1; SET binlog_format = STATEMENT; DELETE FROM other": "a DELETE since is logged as text",
    "DELETE FROM w WHERE id = 1; ALTER TABLE w ADD KEY (t)": "a ALTER since names w",
    "TRUNCATE w": "a TRUNCATE since names w",
    "DELETE FROM w WHERE id = 1; RENAME TABLE w TO v; RENAME TABLE v TO w": "a RENAME since names w",
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

    with pytest.raises(Refused, match=r"has no primary key|is not of InnoDB"):
        walk(binlog, "w", pause_until_next_second())


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
