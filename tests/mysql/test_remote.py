"""Ranges done by real workers in processes of their own, one of them killed in the middle: the result is the same."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyrage
import pytest
from distributed import Client

from mysql.site import PASSWORD, SCHEMA, USER, Site, silent
from rdsrestore import __version__
from rdsrestore.diff import chunk_file, parallel
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.request.throttle_rules import ThrottleRules
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.selection import Selection
from rdsrestore.domain.tables.target import Target
from rdsrestore.lab.servers.local import free_port
from rdsrestore.mysql.adapter import MysqlDatabases
from rdsrestore.mysql.session import remote
from rdsrestore.mysql.session.login.connection import Login
from tool import counted

ROWS = 40_000
TABLE = f"""
CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(1000) NOT NULL, v INT);
INSERT INTO t SELECT seq, CONCAT('row ', seq, REPEAT('x', 900)), seq FROM {counted(ROWS)}
"""
WITHIN = 60


@dataclass
class Cluster:
    """A scheduler and its workers, each a process."""

    port: int
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"dask://127.0.0.1:{self.port}"

    def start(self, *words: str, **env: str) -> None:
        log = (self.folder / f"{len(self.processes)}.log").open("wb")
        command = [sys.executable, "-m", "distributed.cli." + words[0], *words[1:]]
        with log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **env}, cwd=self.folder)
        self.processes.append(process)

    def worker(self, key: Path) -> None:
        self.start(
            "dask_worker",
            f"tcp://127.0.0.1:{self.port}",
            *("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"),
            RDSRESTORE_DUMP_KEY_FILE=str(key),
            TMPDIR=str(self.folder),
        )

    def kill_worker(self) -> None:
        lost = self.processes.pop()
        lost.kill()
        lost.wait(WITHIN)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "dump.key"
    file.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    return file


@contextmanager
def cluster(folder: Path, key: Path, workers: int) -> Iterator[Cluster]:
    (folder / "dask").mkdir()
    made = Cluster(free_port("127.0.0.1"), folder / "dask")
    try:
        made.start("dask_scheduler", "--host", "127.0.0.1", "--port", str(made.port), "--no-dashboard")
        for _each in range(workers):
            made.worker(key)
        with Client(f"tcp://127.0.0.1:{made.port}", timeout=WITHIN, set_as_default=False) as client:  # type: ignore[no-untyped-call]
            client.wait_for_workers(workers, timeout=WITHIN)
        yield made
    finally:
        for process in made.processes:
            process.kill()
        for process in made.processes:
            process.wait(WITHIN)


@contextmanager
def databases(site: Site, made: Cluster, key: Path) -> Iterator[MysqlDatabases]:
    away = MysqlDatabases(lambda: Secret(PASSWORD), site.ca, key=Secret(key.read_text()), executor=made.address)
    with closing(away):
        yield away


@pytest.mark.parametrize("workers", [2, 3])
def test_a_whole_table_is_fetched_and_written_by_workers_though_some_are_lost(
    site: Site, key: Path, tmp_path: Path, workers: int
) -> None:
    site.both(TABLE)
    site.now("DELETE FROM t")
    killed: list[str] = []
    wanted = 1
    with cluster(tmp_path, key, workers) as made, databases(site, made, key) as away:

        def kill_once(text: str, share: float | None) -> None:
            silent(text, share)
            if share and share > 0.2 and len(killed) < wanted:
                killed.append(text)
                made.kill_worker()

        with away.copy(site.copy.endpoint, USER, Secret(PASSWORD)) as then:
            definition = then.definition(site.ref("t"))
            assert definition
            dump = then.dump(definition, Selection(), site.folder, kill_once)
        target = Target(dump, site.ref("t"), Policy(), direct=True)
        with away.production(site.production.endpoint, USER) as now:
            now.create_scratch(SCHEMA, "260101-000000-abcd")
            now.stage(SCHEMA, target, site.folder, silent)
            wanted = workers - 1
            now.load(SCHEMA, [target], site.folder, ThrottleRules(), kill_once)
            ledger = now.ledger(SCHEMA, target, site.folder, 0, now.untouched_rows(SCHEMA, target), silent)

    assert len(killed) == workers - 1  # the last one has done all that was left
    assert dump.path.endswith(".age")
    assert (dump.rows, ledger.done, ledger.matching) == (ROWS, ROWS, ROWS)
    assert site.equal("t")


@pytest.mark.parametrize("content", [True, False])
def test_sections_that_workers_compare_find_what_one_comparison_finds(
    site: Site, key: Path, tmp_path: Path, *, content: bool
) -> None:
    site.both(TABLE)
    site.now("DELETE FROM t WHERE id % 977 = 0; UPDATE t SET v = 0 WHERE id % 1201 = 0")
    site.now(f"INSERT INTO t SELECT 100000 + seq, 'new', 1 FROM {counted(50)}")
    site.copy.sql("ANALYZE TABLE t", site.database)  # sections are cut by the server's estimates
    here = site.locate("t", content=content)
    with cluster(tmp_path, key, 2) as made, databases(site, made, key) as away:
        assert away.workers
        with (
            away.copy(site.copy.endpoint, USER, Secret(PASSWORD)) as then,
            away.production(site.production.endpoint, USER) as now,
        ):
            old, new = then.definition(site.ref("t")), now.definition(site.ref("t"))
            assert old
            assert new
            sides = then.rows(old, new, Policy()), now.rows(new, old, Policy())
            found = list(parallel.searched(*away.workers, sides, content, 7_000))

    keys = {key for each in found for part in each.chunks for key in (*part.keys, *part.others)}
    known = {key for part in chunk_file.read(Path(here.path)) for key in (*part.keys, *part.others)}
    assert (sum(each.restored for each in found), sum(each.live for each in found)) == (here.restored, here.live)
    assert len(found) > 5
    assert {("977",), ("1954",)} <= keys
    assert (("1201",) in keys) == content
    assert keys == known


def test_after_a_run_nothing_of_it_is_on_a_worker(site: Site, key: Path, tmp_path: Path) -> None:
    site.both(TABLE)
    site.now("DELETE FROM t WHERE id = 7")
    sessions = f"SELECT ID FROM information_schema.PROCESSLIST WHERE USER = '{USER}'"
    others = [
        (server, set(server.sql(sessions))) for server in (site.copy, site.production)
    ]  # of tests before this one

    def own() -> int:
        return sum(len(set(server.sql(sessions)) - before) for server, before in others)

    with cluster(tmp_path, key, 2) as made:
        with databases(site, made, key) as away:
            assert away.workers
            with (
                away.copy(site.copy.endpoint, USER, Secret(PASSWORD)) as then,
                away.production(site.production.endpoint, USER) as now,
            ):
                old, new = then.definition(site.ref("t")), now.definition(site.ref("t"))
                assert old
                assert new
                sides = then.rows(old, new, Policy()), now.rows(new, old, Policy())
                assert list(parallel.searched(*away.workers, sides, content=True, step=7_000))
            assert [*made.folder.glob("*.pem")]
            assert own()
        assert not [*made.folder.glob("*.pem")]
        deadline = time.monotonic() + WITHIN
        while own():
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_worker_without_the_key_is_refused(site: Site, key: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    other.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    with cluster(tmp_path, other, 1) as made, pytest.raises(UsageError) as refused, databases(site, made, key):
        pass
    assert "does not have the key" in refused.value.what
    assert __version__ in refused.value.hint


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "somewhere"])
def test_an_address_of_another_kind_is_refused(key: Path, address: str) -> None:
    with pytest.raises(UsageError) as refused:
        remote.join(address, Secret(key.read_text()))
    assert "dask://host:port" in refused.value.hint


def test_no_key_no_workers() -> None:
    with pytest.raises(UsageError) as refused:
        remote.join("dask://127.0.0.1:1", None)
    assert "RDSRESTORE_DUMP_KEY_FILE" in refused.value.hint


def test_what_travels_does_not_tell_the_password(site: Site, key: Path) -> None:
    made = remote.RemoteExecutor(None, 1, Secret(key.read_text()), lambda: None)  # type: ignore[arg-type]  # nobody works here
    given = made.admit(Login(Endpoint("127.0.0.1", 1), USER, Secret(PASSWORD), site.ca), "there")
    assert PASSWORD.encode() not in pickle.dumps(given)
