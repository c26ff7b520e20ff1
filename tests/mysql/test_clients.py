"""The dump and load programs: passwords, processes, and what they say when they fail."""

from __future__ import annotations

import os
import signal
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mysql.site import PASSWORD, USER, Site, silent
from rdsrestore.domain.errors import ToolError
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.selection import Selection
from rdsrestore.mysql.dump import mysqldump
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.dump.program import client_programs
from rdsrestore.mysql.dump.program.client_programs import Client
from rdsrestore.mysql.session.login.connection import Login


def children() -> Iterator[tuple[int, str, str]]:
    """Every process that this one has started, with its command line and environment."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            environment = (folder / "environ").read_bytes().decode("utf-8", "replace")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == os.getpid():
            yield int(folder.name), words, environment


@contextmanager
def held(site: Site) -> Iterator[Callable[[], object]]:
    """A table whose dump waits for a lock; yields what lets it go on."""
    site.both("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)")
    with site.copy.root(site.database) as root:
        root.query("LOCK TABLES t WRITE")
        yield lambda: root.query("UNLOCK TABLES")


def dumping() -> list[tuple[int, str, str]]:
    return [each for each in children() if "--no-create-info" in each[1]]


def dump_watched(site: Site, watch: Callable[[str, float | None], None]) -> None:
    definition = site.definition("t")
    with site.databases.copy(site.copy.endpoint, USER, Secret(PASSWORD)) as server:
        server.dump(definition, Selection(), site.folder, watch)


def test_the_password_is_in_no_command_line_and_no_environment_while_a_dump_runs(site: Site) -> None:
    seen: list[tuple[int, str, str]] = []
    modes: list[int] = []

    with held(site) as let_go:

        def look(text: str, share: float | None) -> None:
            silent(text, share)
            seen.extend(dumping())
            if seen:
                modes.extend(stat.S_IMODE(path.stat().st_mode) for path in site.folder.iterdir())
                let_go()

        dump_watched(site, look)

    assert seen
    assert not any(PASSWORD in words or PASSWORD in environment for _pid, words, environment in seen)
    assert set(modes) == {0o600}
    assert sorted(path.name for path in site.folder.iterdir()) == ["t.sql"]
    assert PASSWORD.encode() not in (site.folder / "t.sql").read_bytes()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_dump_killed_in_the_middle_is_a_failure_without_a_dump(site: Site, number: signal.Signals) -> None:
    def kill(text: str, share: float | None) -> None:
        silent(text, share)
        for pid, _words, _environment in dumping():
            os.kill(pid, number)

    with held(site), pytest.raises(ToolError) as failed:
        dump_watched(site, kill)

    assert failed.value.code == "tool.failed"
    assert f"signal {number.value}" in failed.value.what
    assert [path.name for path in site.folder.iterdir() if path.suffix != ".part"] == []


def test_an_interrupt_ends_the_dump_program(site: Site) -> None:
    pids: list[int] = []

    def interrupt(text: str, share: float | None) -> None:
        silent(text, share)
        pids.extend(pid for pid, _words, _environment in dumping())
        if pids:
            raise KeyboardInterrupt

    with held(site), pytest.raises(KeyboardInterrupt):
        dump_watched(site, interrupt)

    assert pids
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_dump_program_is_out_of_reach_of_the_terminal_s_interrupt(tmp_path: Path) -> None:
    with (
        tempfile.TemporaryFile(dir=tmp_path) as complaints,
        client_programs.running(["sleep", "60"], complaints) as process,
    ):
        assert os.getpgid(process.pid) != os.getpgid(0)
    assert process.returncode == -signal.SIGTERM


def test_a_program_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    script = "trap '' TERM; echo ready >&2; while :; do sleep 0.1; done"
    said = tmp_path / "said"
    with (
        said.open("wb") as complaints,
        client_programs.running(["sh", "-c", script], complaints) as process,
    ):
        while said.read_bytes() != b"ready\n":
            assert process.poll() is None
    assert process.returncode == -signal.SIGKILL


def test_what_a_script_has_started_goes_with_it(tmp_path: Path) -> None:
    said = tmp_path / "said"
    with (
        said.open("wb") as complaints,
        client_programs.running(["sh", "-c", "sleep 600 & echo $! >&2; wait"], complaints) as process,
    ):
        while not said.read_bytes().endswith(b"\n"):
            assert process.poll() is None
    until = time.monotonic() + 30
    while runs(said.read_text().strip()):
        assert time.monotonic() < until


def runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the latter where it ends between open and read
        return False


def test_a_missing_program_is_named(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY)")
    monkeypatch.setenv("PATH", str(site.folder))

    with pytest.raises(ToolError) as missing:
        site.dump("t")

    assert missing.value.code == "tool.missing"
    assert "mysqldump" in missing.value.what
    assert site.databases.tools().dump is None


def test_the_program_at_hand_is_found_with_its_flavour(site: Site) -> None:
    path = site.databases.tools().dump
    assert path
    found = client_programs.probe(path)
    assert found.flavour == ("mariadb" if "MariaDB" in found.version else "mysql")


def test_what_a_program_says_of_rows_is_not_repeated(tmp_path: Path) -> None:
    with tempfile.TemporaryFile(dir=tmp_path) as complaints:
        complaints.write(
            b"ERROR 1062 (23000) at line 1: Duplicate entry 'secret@example.com' for key 'u'\n--------------\nINSERT 'x'\n"
        )
        error = client_programs.failed("stage", "mariadb", 1, complaints)
    assert error.what == "mariadb failed with exit status 1: error 1062"


def test_options_of_the_other_family_are_left_out() -> None:
    oracle = Client("x", "mysqldump  Ver 8.0.36 for Linux", frozenset({"set-gtid-purged", "triggers", "ssl-mode"}))
    maria = Client("x", "mysqldump from 10.11-MariaDB", frozenset({"triggers"}))
    assert oracle.accepted("set-gtid-purged=OFF", "skip-triggers") == ["--set-gtid-purged=OFF", "--skip-triggers"]
    assert maria.accepted("set-gtid-purged=OFF", "skip-triggers") == ["--skip-triggers"]


def test_a_full_disk_is_named(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)")
    (site.folder / "full").symlink_to("/dev/full")
    with pytest.raises(ToolError) as failed:
        mysqldump.write(
            Login(site.copy.endpoint, USER, Secret(PASSWORD), site.ca),
            (site.database, "t"),
            "1",
            DumpStore(site.folder),
            "full",
            lambda: None,
        )
    assert failed.value.code == "dump.unwritten"
    assert "errno 28" in failed.value.what


@pytest.mark.parametrize(
    ("said", "number", "words"),
    [
        ('mysqldump: Got error: 2026: "TLS/SSL error: bad" when trying to connect', 2026, "TLS/SSL error: bad"),
        ("mysqldump: [Warning] x\nmysqldump: Got error: 2059: Plugin 'x' cannot be loaded", 2059, "Plugin 'x'"),
        ("mysqldump: Couldn't execute 'SELECT x': SELECT command denied to 'u' (1142)", 1142, "command denied"),
        ("mysqldump: Error 2013: Lost connection to server when dumping table `t` at row: 0", 2013, "Lost connection"),
        ("mysqldump: Error 1292: Incorrect value: 'private' when dumping table `t` at row: 0", 1292, "error 1292"),
        ("mysqldump: Couldn't execute 'SELECT 'private'': Duplicate entry 'private' (1062)", 1062, "error 1062"),
        ("[ERROR] mysqldump: unknown variable 'x=y'.", 0, "unknown variable 'x=y'"),
        ("mysqldump: unknown option '--x'\n", 0, "unknown option '--x'"),
        ("Could not open required defaults file: /x\nFatal error in defaults handling. Program aborted", 0, "Fatal"),
        ("Warning: World-writable config file '/x' is ignored", 0, "World-writable"),
        ("", 0, ""),
    ],
)
def test_what_a_program_says_is_kept_unless_it_may_hold_a_row(said: str, number: int, words: str) -> None:
    found, shown = client_programs.complaint(said)
    assert found == number
    assert words in shown
    assert "private" not in shown


def test_a_killed_program_is_not_sent_to_the_certificates(tmp_path: Path) -> None:
    with tempfile.TemporaryFile(dir=tmp_path) as complaints:
        complaints.write(b"mysqldump: Got error: 2026: TLS/SSL error: unexpected eof when trying to connect")
        error = client_programs.failed("dump", "mysqldump", -signal.SIGKILL, complaints)
    assert error.code == "tool.failed"
    assert "RDSRESTORE_SSL_CA" not in error.hint


def test_a_password_that_was_changed_meanwhile_is_fetched_anew_and_no_other_error_asks_for_one(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)")
    refused: list[Secret] = []

    def renewed(old: Secret) -> Secret | None:
        refused.append(old)
        return Secret(PASSWORD) if len(refused) == 1 else None

    stale = Login(site.copy.endpoint, USER, Secret("of yesterday"), site.ca, renewed=renewed)
    store = DumpStore(site.folder)
    mysqldump.write(stale, (site.database, "t"), "1", store, "t.sql", lambda: None)
    assert b"INSERT" in store.path("t.sql").read_bytes()
    with pytest.raises(ToolError) as denied:
        mysqldump.write(stale, (site.database, "t"), "1", store, "t.sql", lambda: None)
    assert denied.value.code == "db.denied"
    assert refused == [Secret("of yesterday")] * 2
    with pytest.raises(ToolError):
        mysqldump.write(
            replace(stale, password=Secret(PASSWORD)), (site.database, "none"), "1", store, "n.sql", lambda: None
        )
    assert len(refused) == 2
