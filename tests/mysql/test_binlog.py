"""What production's binlog tells of an accident, on real servers of both families."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mysql.programs import script
from mysql.site import MARIADB, ORACLE, USER, Site, silent
from rdsrestore.domain.errors import DatabaseError, ToolError
from rdsrestore.domain.incident import Change, KeptFile, Logged, Looked, Timeline, proposed, suspicions
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.binlog import fetch, log_events
from tiers import amount
from tool import counted, pause_until_next_second

pytestmark = pytest.mark.xdist_group("binlog")


BEGUN: dict[str, datetime] = {}
"""When each test's database was made."""


@pytest.fixture
def binlog(family: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site whose login may read the binlog, and whose machine has both families' programs."""
    family.production.sql(f"GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO {USER}@'%'")
    oracle = script(tmp_path / "programs", f'exec {shlex.join(ORACLE.program("mysqlbinlog"))} "$@"', "mysqlbinlog")
    monkeypatch.setenv("PATH", oracle)
    MARIADB.lend(tmp_path / "programs")
    family.production.sql("FLUSH BINARY LOGS")  # what other tests wrote before is not read again and again
    BEGUN[family.database] = datetime.now(UTC).replace(microsecond=0)
    return family


def mariadb(site: Site) -> bool:
    return site.production.programs.engine == "mariadb"


def look(site: Site, *tables: str, since: datetime | None = None, until: datetime | None = None) -> Timeline:
    now = datetime.now(UTC)
    begin = since or BEGUN[site.database]
    with site.live() as server:
        return server.timeline(Looked(site.database, tables), begin, until or now, silent)


def numbers(change: Change) -> tuple[int, int, int]:
    return change.inserted, change.updated, change.deleted


@contextmanager
def globally(site: Site, **values: str) -> Iterator[None]:
    """Turn global variables for a while; the sessions of `site.now` are new ones and have them."""
    before = {name: site.production.sql(f"SELECT @@GLOBAL.{name}")[0][0] for name in values}
    try:
        for name, value in values.items():
            site.production.sql(f"SET GLOBAL {name} = {value}")
        yield
    finally:
        for name, value in before.items():
            site.production.sql(f"SET GLOBAL {name} = {value if isinstance(value, int) else repr(value)}")


def fill(site: Site, rows: int) -> None:
    site.now(f"""
        CREATE TABLE w (id INT PRIMARY KEY, t VARCHAR(30));
        INSERT INTO w SELECT seq, 'x' FROM {counted(rows)}""")


def test_the_accident_is_found_to_the_second_and_the_transaction(binlog: Site) -> None:
    fill(binlog, 5000)
    binlog.now("UPDATE w SET t = 'y' WHERE id < 4")
    before = pause_until_next_second()
    binlog.now("DELETE FROM w")
    after = datetime.now(UTC)
    binlog.now("INSERT INTO w VALUES (9999, 'later')")

    found = look(binlog, "w")
    accident = proposed(found)

    assert accident
    assert numbers(accident) == (0, 0, 5000)
    assert before.replace(microsecond=0) <= accident.before <= after
    assert accident.after > accident.before
    assert "most of the table" in suspicions(accident, found)
    (update,) = [each for each in found.changes if each.updated]
    assert numbers(update) == (0, 3, 0)
    assert suspicions(update, found) == ()
    assert accident.gtid
    assert accident.position < accident.end
    if not mariadb(binlog):
        assert accident.committed
        assert before <= accident.committed <= after


def test_a_statement_without_a_condition_is_told_by_its_text(binlog: Site) -> None:
    fill(binlog, 20)
    binlog.now(("" if mariadb(binlog) else "SET binlog_rows_query_log_events = ON;") + "UPDATE w SET t = 'WHERE'")

    (accident,) = look(binlog, "w").changes

    assert accident.text == "UPDATE w SET t = 'WHERE'"
    assert accident.unfiltered


FORMS = {
    "plain": {},
    "no checksum": {"binlog_checksum": "NONE"},
    "minimal images": {"binlog_row_image": "MINIMAL"},
    "no blobs": {"binlog_row_image": "NOBLOB"},
    "metadata": {"binlog_row_metadata": "FULL"},
    "compressed": {"compressed": "ON"},
    "partial JSON": {"binlog_row_value_options": "PARTIAL_JSON"},
    "no texts": {"texts": "OFF"},
}
OWN = {
    "compressed": ("log_bin_compress", "binlog_transaction_compression"),
    "texts": ("binlog_annotate_row_events", "binlog_rows_query_log_events"),
}
COLUMNS = """
    a TINYINT, b SMALLINT, c MEDIUMINT, d INT, e BIGINT UNSIGNED, f FLOAT, g DOUBLE, h DECIMAL(1,0), i DECIMAL(65,30),
    j VARCHAR(10) CHARACTER SET latin1, k VARCHAR(300) CHARACTER SET utf8mb4, l CHAR(255) CHARACTER SET utf8mb4,
    m CHAR(1) CHARACTER SET latin1, n BINARY(255), o VARBINARY(3000), p TINYBLOB, q BLOB, r MEDIUMTEXT, s LONGTEXT,
    u BIT(1), v BIT(64), x ENUM('a','b'), y SET('a','b','c','d','e','f','g','h','i'), z DATE, aa TIME(6), ab DATETIME(3),
    ac TIMESTAMP(1) NULL, ad YEAR, ae JSON, af GEOMETRY, ag TIME, ah DATETIME, ai TIMESTAMP NULL, aj DECIMAL(13,4),
    ak CHAR(86) CHARACTER SET utf8mb3, al BIT(9), am VARCHAR(0)"""
VALUES = """
    -1, -2, -3, -4, 5, 1.5, 2.5, 9, 1.25, 'abc', REPEAT('é', 300), REPEAT('€', 255), 'x', REPEAT('b', 255),
    REPEAT('v', 3000), 'tiny', REPEAT('blob', 99), REPEAT('m', 70000), 'long', b'1', b'101', 'b', 'a,i', '2020-02-29',
    '-01:02:03.456789', '2020-01-01 00:00:00.123', '2020-01-01 00:00:00.1', 2020, '{"k": [1, 2, "three"], "l": 1}',
    ST_GeomFromText('POINT(1 2)'), '01:02:03', '2020-01-01', '2020-01-01 00:00:01', 123.4567, REPEAT('ü', 86), b'1', ''"""


@pytest.mark.parametrize("form", FORMS)
def test_rows_are_counted_in_every_form_of_the_log(binlog: Site, form: str) -> None:
    settings = {OWN[name][not mariadb(binlog)] if name in OWN else name: value for name, value in FORMS[form].items()}
    known = {name for name, _value in binlog.production.sql("SHOW GLOBAL VARIABLES LIKE 'binlog%'")}
    known |= {"log_bin_compress"} if mariadb(binlog) else set()
    settings = {name: value for name, value in settings.items() if name in known}
    if FORMS[form] and not settings:
        pytest.skip("the other family's servers alone have it")
    names = [each.split()[0] for each in COLUMNS.replace("\n", " ").split(", ") if each.split()[0].isalpha()]
    binlog.now(f"CREATE TABLE w (id INT PRIMARY KEY, {COLUMNS})")
    with globally(binlog, **settings):
        binlog.now(f"INSERT INTO w SELECT seq, {VALUES} FROM {counted(50)}")
        binlog.now(f"INSERT INTO w (id) SELECT seq FROM {counted(80, 51)}")
        binlog.now("UPDATE w SET ae = JSON_SET(ae, '$.l', 2), d = 7 WHERE id <= 60")
        binlog.now(f"UPDATE w SET {', '.join(f'{name} = NULL' for name in names[::2])} WHERE id <= 40")
        binlog.now("DELETE FROM w WHERE id > 10")

    found = look(binlog, "w")

    assert [numbers(each) for each in found.changes] == [(0, 60, 0), (0, 40, 0), (0, 0, 70)]
    assert found.left_out == 2


def test_what_is_logged_as_text_is_told_without_rows(binlog: Site) -> None:
    fill(binlog, 20)
    binlog.now("SET SESSION binlog_format = STATEMENT; DELETE FROM w WHERE id < 9")
    binlog.now("ALTER TABLE w ADD COLUMN more INT; TRUNCATE w; DROP TABLE w")

    changes = look(binlog, "w").changes

    assert [(each.logged, each.text.split()[0]) for each in changes] == [
        (Logged.STATEMENT, "DELETE"),
        *((Logged.DEFINITION, verb) for verb in ("ALTER", "TRUNCATE", "DROP")),
    ]
    assert all(each.thread for each in changes)


def test_of_several_texts_the_one_without_a_condition_is_shown(binlog: Site) -> None:
    fill(binlog, 20)
    binlog.now("""
        SET SESSION binlog_format = STATEMENT; START TRANSACTION;
        UPDATE w SET t = 'a' WHERE id = 1; /* app */ DELETE FROM w; INSERT INTO w VALUES (1, 'b');
        UPDATE w SET t = 'c' WHERE id = 1; COMMIT; /* app */ DROP TABLE w""")

    deleted, dropped = look(binlog, "w").changes

    assert (deleted.logged, deleted.act, deleted.unfiltered, deleted.statements) == (
        Logged.STATEMENT,
        "DELETE",
        True,
        4,
    )
    assert (dropped.logged, dropped.act) == (Logged.DEFINITION, "DROP")


def test_without_a_table_every_table_is_looked_at_also_one_that_is_gone(binlog: Site) -> None:
    fill(binlog, 20)
    binlog.now("CREATE TABLE v (id INT PRIMARY KEY); INSERT INTO v VALUES (1), (2); DELETE FROM w; DROP TABLE v")

    found = look(binlog)

    assert {(each.ref.table, each.logged) for each in found.changes if each.damage or "DROP" in each.text} == {
        ("w", Logged.ROWS),
        ("v", Logged.DEFINITION),
    }


def test_what_was_rolled_back_did_not_happen(binlog: Site) -> None:
    fill(binlog, 20)
    binlog.now("START TRANSACTION; DELETE FROM w; ROLLBACK")
    binlog.now("START TRANSACTION; DELETE FROM w WHERE id = 1; SAVEPOINT s; DELETE FROM w; ROLLBACK TO s; COMMIT")

    assert [numbers(each) for each in look(binlog, "w").changes] == [(0, 0, 1)]


def test_a_parent_whose_rule_may_have_emptied_the_table_is_named(binlog: Site) -> None:
    binlog.now("""
        CREATE TABLE p (id INT PRIMARY KEY);
        CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE);
        INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (1, 1), (2, 1); DELETE FROM p WHERE id = 1""")

    (change,) = look(binlog, "c").changes

    if mariadb(binlog):
        assert (change.ref, change.into) == (binlog.ref("p"), binlog.ref("c"))
    else:  # its children's rows are in the log
        assert (change.ref.table, numbers(change)) == ("c", (0, 0, 2))


@pytest.mark.parametrize("family", ["mysql_site"], indirect=True)
def test_transactions_are_named_as_the_server_names_them_with_and_without_a_tag(binlog: Site, tmp_path: Path) -> None:
    fill(binlog, 300)
    tags = ["", "incident", "a", *["incident"] * 130, "x_" * 16]
    for number, tag in enumerate(tags, 1):
        binlog.now(f"SET gtid_next = 'AUTOMATIC{tag and ':'}{tag}'; DELETE FROM w WHERE id = {number}")
    (file, *_more), *_others = reversed(binlog.production.sql("SHOW BINARY LOGS"))
    shown = [row[5] for row in binlog.production.sql(f"SHOW BINLOG EVENTS IN '{file}'")]
    ((executed,),) = binlog.production.sql("SELECT @@GLOBAL.gtid_executed")
    text = printed(binlog, file, tmp_path)

    found = look(binlog, "w").changes

    assert len(found) == len(tags)
    for change, tag in zip(found, tags, strict=True):
        assert change.gtid.split(":")[1:-1] == ([tag] if tag else [])
        assert f"SET @@SESSION.GTID_NEXT= '{change.gtid}'" in shown
        assert change.committed
        micros = (change.committed - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        assert text[change.gtid] == micros
        inside = f"SELECT GTID_SUBSET('{change.gtid}', '{executed}')"
        assert binlog.production.sql(inside) == [(1,)]
    assert len({each.gtid for each in found}) == len(tags)


def printed(site: Site, file: str, folder: Path) -> dict[str, int]:
    """Ask mysqlbinlog which transactions a file holds, and when each was committed, in microseconds."""
    path = site.production.folder / "data" / file
    words = [*ORACLE.program("mysqlbinlog"), f"--result-file={folder / 'printed'}", str(path)]
    subprocess.run(words, check=True, timeout=60, env={**os.environ, **ORACLE.environment})
    pattern = r"immediate_commit_timestamp=(\d+)\t.*?GTID_NEXT= '([^']+)'"
    text = (folder / "printed").read_text("utf-8", "replace")
    return {gtid: int(micros) for micros, gtid in re.findall(pattern, text, re.DOTALL)}


def test_a_renamed_table_is_told_by_its_other_name_under_which_its_rows_are_found(binlog: Site) -> None:
    fill(binlog, 20)
    binlog.now("DELETE FROM w WHERE id < 8; RENAME TABLE w TO `v``2`; CREATE TABLE x (id INT PRIMARY KEY)")
    binlog.now("INSERT INTO x VALUES (1); RENAME TABLE `v``2` TO t, x TO `v``2`, t TO x; ALTER TABLE x RENAME AS y")

    first, second, last = (look(binlog, each) for each in ("w", "v`2", "y"))

    assert [(numbers(each), each.was, each.became) for each in first.changes] == [
        ((0, 0, 7), None, None),
        ((0, 0, 0), None, binlog.ref("v`2")),
    ]
    assert [(each.was, each.became) for each in second.changes] == [
        (binlog.ref("w"), None),
        (binlog.ref("x"), binlog.ref("x")),
    ]
    (renamed,) = last.changes
    assert (renamed.was, renamed.became) == (binlog.ref("x"), None)
    assert any(f"called {binlog.ref('x')} before" in each for each in suspicions(renamed, last))


def purge(site: Site) -> None:
    """Leave the newest file alone; MariaDB keeps others until all of what they hold is on its disk."""
    (last,) = site.production.sql("SHOW BINARY LOGS")[-1:]
    until = time.monotonic() + 30
    while site.production.sql("SHOW BINARY LOGS")[0][0] != last[0]:
        assert time.monotonic() < until
        site.production.sql(f"PURGE BINARY LOGS TO '{last[0]}'")


def test_a_time_before_the_oldest_file_is_said_to_be_unknown(binlog: Site) -> None:
    fill(binlog, 20)
    binlog.now("DELETE FROM w")
    then = pause_until_next_second()
    binlog.production.sql("FLUSH BINARY LOGS")
    purge(binlog)

    found = look(binlog, "w", since=then - timedelta(minutes=5))

    assert found.gap
    assert not found.changes
    assert found.kept_from
    assert found.kept_from >= then.replace(microsecond=0)
    assert look(binlog, "w", since=then - timedelta(minutes=5), until=then - timedelta(minutes=4)).unknown


def test_only_the_files_of_the_time_are_fetched(binlog: Site) -> None:
    fill(binlog, 20)
    for number in (1, 2, 3):
        binlog.now(f"DELETE FROM w WHERE id = {number}")
        binlog.production.sql("FLUSH BINARY LOGS")
        pause_until_next_second()
    since = datetime.now(UTC)
    binlog.now("DELETE FROM w WHERE id = 4")

    found = look(binlog, "w", since=since.replace(microsecond=0))

    assert found.files == 1
    assert [numbers(each) for each in found.changes] == [(0, 0, 1)]


def test_a_login_that_may_not_read_the_log_is_told_what_it_lacks(binlog: Site) -> None:
    rights = "BINLOG MONITOR, REPLICATION SLAVE" if mariadb(binlog) else "REPLICATION CLIENT, REPLICATION SLAVE"
    binlog.production.sql(f"REVOKE {rights} ON *.* FROM {USER}@'%'")
    try:
        with pytest.raises(DatabaseError) as refused:
            look(binlog, "w")
    finally:
        binlog.production.sql(f"GRANT {rights} ON *.* TO {USER}@'%'")
    assert refused.value.code == "db.privilege"
    assert "REPLICATION SLAVE" in refused.value.hint


def test_without_the_familys_program_it_is_named(binlog: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError) as refused:
        look(binlog, "w")
    assert refused.value.code == "tool.missing"


def test_a_password_that_is_rotated_while_the_binlog_is_copied_is_fetched_anew(binlog: Site, tmp_path: Path) -> None:
    fill(binlog, 10)
    binlog.now("DELETE FROM w")
    name, size, *_more = binlog.production.sql("SHOW BINARY LOGS")[-1]
    with binlog.live() as server:
        good = server._login  # noqa: SLF001
        client = fetch.program("mariadb" if mariadb(binlog) else "mysql")
        stale = replace(good, password=Secret("of yesterday"), renewed=lambda _old: good.password)
        assert fetch.fetch(stale, client, KeptFile(name, size), tmp_path).stat().st_size >= size
        with pytest.raises(ToolError, match="Access denied") as refused:
            fetch.fetch(replace(stale, renewed=lambda _old: None), client, KeptFile(name, size), tmp_path)
    assert refused.value.code == "db.denied"


@pytest.fixture
def file(binlog: Site, tmp_path: Path) -> bytes:
    """The bytes of a file as the server sends them."""
    fill(binlog, 100)
    binlog.now("DELETE FROM w")
    name, size, *_more = binlog.production.sql("SHOW BINARY LOGS")[-1]
    with binlog.live() as server:
        client = fetch.program("mariadb" if mariadb(binlog) else "mysql")
        made = fetch.fetch(server._login, client, KeptFile(name, size), tmp_path)  # noqa: SLF001
    return made.read_bytes()


def test_a_file_that_was_cut_or_changed_is_refused_at_its_place(file: bytes) -> None:
    whole = list(log_events.walk(memoryview(file), "it"))
    ends = {each.end for each in whole} | {len(log_events.MAGIC)}
    for size in [*range(1, 300), *range(len(file) - 200, len(file))]:
        if size not in ends:
            with pytest.raises(ToolError, match="not sound"):
                list(log_events.walk(memoryview(file[:size]), "it"))
    assert len(file) < 100_000
    for place in range(0, len(file), 37):
        changed = bytearray(file)
        changed[place] ^= 0x10
        with pytest.raises(ToolError, match="it "):
            list(log_events.walk(memoryview(bytes(changed)), "it"))


def test_nothing_of_the_log_stays_on_this_machine(
    binlog: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "own"))
    (tmp_path / "own").mkdir()
    left = tmp_path / "own" / f"{fetch.PREFIX}left"
    left.mkdir()
    (left / fetch.LOCK).touch()
    fill(binlog, 20)
    look(binlog, "w")
    assert list((tmp_path / "own").iterdir()) == []


def test_a_file_that_comes_short_is_refused(binlog: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(binlog, 20)
    real = binlog.production.programs.program(*binlog.production.programs.reader_names)
    cut = (
        'for each; do case "$each" in --result-file=*) d="${each#*=}";; esac; f="$each"; done; truncate -s -100 "$d$f"'
    )
    words = f'{shlex.join(real)} "$@" || exit; case "$*" in *--raw*) {cut};; esac'
    monkeypatch.setenv("PATH", script(tmp_path / "short", words, binlog.production.programs.reader_names[0]))
    with pytest.raises(ToolError) as refused:
        look(binlog, "w")
    assert refused.value.code == "binlog.torn"


def test_a_program_that_is_older_than_the_server_is_named(
    binlog: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = binlog.production.programs
    words = "ERROR: Could not find server version: Master reported unrecognized MariaDB version '11.8.9-MariaDB'."
    refuses = f'case "$*" in *--raw*) echo {shlex.quote(words)} >&2; exit 1;; esac'
    real = shlex.join(programs.program(*programs.reader_names))
    text = f'{refuses}; exec {real} "$@"'
    monkeypatch.setenv("PATH", script(tmp_path / "older", text, programs.reader_names[0]))
    with pytest.raises(ToolError) as refused:
        look(binlog, "w")
    assert refused.value.code == "tool.older"
    assert "as new as the server" in refused.value.hint


def test_fetched_files_are_not_swept_by_another_command_before_they_are_locked() -> None:
    ended = threading.Event()

    def sweeping() -> None:
        while not ended.is_set():
            fetch.sweep()

    with ThreadPoolExecutor(2) as others:
        swept = [others.submit(sweeping) for _each in range(2)]
        try:
            for _each in range(amount(300, long=3000)):
                with fetch.folder() as made:
                    (made / "file").write_bytes(b"rows")
                    assert (made / "file").read_bytes() == b"rows"
                assert not made.exists()
        finally:
            ended.set()
    assert [each.result() for each in swept] == [None, None]
