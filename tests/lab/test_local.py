"""Restores start from the last base backup before their moment, and are right from each of them."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rdsrestore.domain.errors import ToolError, UsageError
from rdsrestore.lab.servers import retention, tls
from rdsrestore.lab.servers.local import MARIADB, LocalServers
from rdsrestore.lab.servers.programs import Programs, choose
from rdsrestore.lab.servers.servers import Server, State, Tls

ORACLE = choose("mysql")


def rows(server: Server) -> list[str]:
    return server.sql("SELECT id FROM d.t ORDER BY id").split()[1:]


@pytest.mark.parametrize("programs", [MARIADB, ORACLE], ids=lambda programs: programs.engine)
def test_a_long_replay_leaves_a_base_for_the_moments_after_it(programs: Programs, tmp_path: Path) -> None:
    tls.make(tmp_path / "tls")
    files = Tls(*(tmp_path / "tls" / name for name in ("ca.pem", "server.pem", "server.key")))
    servers = LocalServers(tmp_path / "s", files, programs, long=0.0)
    assert servers.describe() == (programs.engine, programs.version())
    production = servers.source("production", "CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY)")
    first = production.position()
    production.sql("INSERT INTO d.t VALUES (1), (2); DELETE FROM d.t WHERE id = 1")
    second = production.position()
    production.sql("INSERT INTO d.t VALUES (3)")
    third = production.position()
    wanted = [("b", second, ["2"]), ("c", third, ["2", "3"]), ("d", second, ["2"]), ("a", first, [])]
    copies = []
    for name, position, expected in wanted:
        copies.append(servers.restored(State(position=position), name))
        assert rows(copies[-1]) == expected
    bases = sorted(path.name for path in (tmp_path / "s").glob("base*"))
    assert bases == ["base", *(f"base-{each.file}-{each.offset}" for each in (second, third))]
    for each in (*copies, production):
        each.stop()


@pytest.mark.parametrize("programs", [MARIADB, ORACLE], ids=lambda programs: programs.engine)
def test_a_file_that_a_killed_server_left_with_half_an_event_hides_none_of_what_follows(
    programs: Programs, tmp_path: Path
) -> None:
    tls.make(tmp_path / "tls")
    files = Tls(*(tmp_path / "tls" / name for name in ("ca.pem", "server.pem", "server.key")))
    servers = LocalServers(tmp_path / "s", files, programs)
    production = servers.source("production", "CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY)")
    production.sql("INSERT INTO d.t VALUES (1), (2)")
    last = production.position()
    production.process.kill()
    production.process.wait()
    with (tmp_path / "s" / "production" / "data" / last.file).open("ab") as file:
        file.write(struct.pack("<IBIIIH", int(time.time()), 2, 1, 500, last.offset + 500, 0) + b"half of it")
    (tmp_path / "s" / "production" / "data" / f"{last.file}.idx").write_bytes(b"as newer servers of MariaDB keep it")
    production.crash(0)
    production.sql("INSERT INTO d.t VALUES (3)")
    copy = servers.restored(State(int(time.time()) + 1), "copy")
    assert production.position().file > last.file
    assert rows(copy) == rows(production) == ["1", "2", "3"]
    for each in (copy, production):
        each.stop()


def test_a_folder_is_taken_for_what_is_in_it(tmp_path: Path) -> None:
    """A folder of MariaDB's packages has the other family's name as a link."""
    assert ORACLE.root
    assert choose(str(ORACLE.root)).engine == "mysql"
    (tmp_path / "usr" / "sbin").mkdir(parents=True)
    (tmp_path / "usr" / "sbin" / "mariadbd").touch()
    (tmp_path / "usr" / "sbin" / "mysqld").symlink_to("mariadbd")
    assert choose(str(tmp_path)).engine == "mariadb"


@pytest.mark.parametrize("server", ["postgres", "", "/nowhere"])
def test_anything_else_is_refused_before_a_lab_is_made(server: str) -> None:
    with pytest.raises(UsageError, match="--server"):
        choose(server)


@pytest.mark.parametrize("programs", [MARIADB, ORACLE], ids=lambda programs: programs.engine)
def test_a_purged_binlog_is_gone_from_the_server_and_there_for_a_restore(programs: Programs, tmp_path: Path) -> None:
    tls.make(tmp_path / "tls")
    files = Tls(*(tmp_path / "tls" / name for name in ("ca.pem", "server.pem", "server.key")))
    servers = LocalServers(tmp_path / "s", files, programs, kept=1.0)
    seed = f"{retention.PROCEDURES}; CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY)"
    production = servers.source("production", seed)
    production.sql("INSERT INTO d.t VALUES (1)")
    at = production.position()
    assert eventually(lambda: at.file not in production.sql("SHOW BINARY LOGS"))
    production.sql("CALL mysql.rds_set_configuration('binlog retention hours', 2)")
    assert "\t2\t" in production.sql("CALL mysql.rds_show_configuration")
    production.sql("INSERT INTO d.t VALUES (2)")
    kept = production.position().file
    assert eventually(lambda: production.position().file > f"{kept[:-6]}{int(kept[-6:]) + 1:06}")
    assert kept in production.sql("SHOW BINARY LOGS")
    with pytest.raises(ToolError, match="between 1 and 168"):
        production.sql("CALL mysql.rds_set_configuration('binlog retention hours', 169)")
    copy = servers.restored(State(position=at), "a")
    assert rows(copy) == ["1"]
    for each in (copy, production):
        each.stop()


def eventually(holds: Callable[[], bool]) -> bool:
    """Await what the purge does in a while; False where it never does."""
    deadline = time.monotonic() + 30
    while not (found := holds()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found
