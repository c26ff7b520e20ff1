"""Restores start from the last base backup before their moment, and are right from each of them."""

from __future__ import annotations

from pathlib import Path

from rdsrestore.lab.servers import tls
from rdsrestore.lab.servers.local import LocalServers
from rdsrestore.lab.servers.servers import Server, Tls


def rows(server: Server) -> list[str]:
    return server.sql("SELECT id FROM d.t ORDER BY id").split()[1:]


def test_a_long_replay_leaves_a_base_for_the_moments_after_it(tmp_path: Path) -> None:
    tls.make(tmp_path / "tls")
    files = Tls(*(tmp_path / "tls" / name for name in ("ca.pem", "server.pem", "server.key")))
    servers = LocalServers(tmp_path / "s", files, long=0.0)
    production = servers.source("production", "CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY)")
    first = production.position()
    production.sql("INSERT INTO d.t VALUES (1), (2); DELETE FROM d.t WHERE id = 1")
    second = production.position()
    production.sql("INSERT INTO d.t VALUES (3)")
    third = production.position()
    wanted = [("b", second, ["2"]), ("c", third, ["2", "3"]), ("d", second, ["2"]), ("a", first, [])]
    copies = []
    for name, position, expected in wanted:
        copies.append(servers.restored(name, None, position))
        assert rows(copies[-1]) == expected
    bases = sorted(path.name for path in (tmp_path / "s").glob("base*"))
    assert bases == ["base", *(f"base-{each.file}-{each.offset}" for each in (second, third))]
    for each in (*copies, production):
        each.stop()
