"""A server that owes an answer: it works on, it lost the connection, or it says nothing at all."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mysql.site import PASSWORD, USER, Server, Site
from rdsrestore.domain.deadlines import Deadlines
from rdsrestore.domain.errors import DatabaseError, ToolError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.lab.network.gateway import Gateway
from rdsrestore.lab.network.idle_flow import FORGOTTEN
from rdsrestore.lab.network.impairment import Network
from rdsrestore.lab.servers.servers import Address
from rdsrestore.mysql.dump import mysqldump
from rdsrestore.mysql.dump.chunks import with_patience
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.session.cut_off import Line
from rdsrestore.mysql.session.login.connection import Login, connect
from rdsrestore.mysql.session.waiting import AWAY
from tiers import amount

SHORT = Deadlines(connect=3.0, ask=0.5, silence=6.0)

PLACES = amount(4, long=40)
"""At how many places of a session's life the server falls silent."""
ENDS = frozenset({"db.unreachable", "db.lost", "db.silent"})


class Silencer:
    """Passes on what a server says until it has said something so many times; from then on nothing, on any connection.

    `said` counts, `silent` says whether it has come to that.
    """

    def __init__(self, upstream: Endpoint, after: int | None) -> None:
        self.said = 0
        self.silent = threading.Event()
        self._upstream = upstream
        self._after = after
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listener]
        self.endpoint = Endpoint("127.0.0.1", int(self._listener.getsockname()[1]))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _address = self._listener.accept()
                server = socket.create_connection((self._upstream.host, self._upstream.port))
                self._open += [caller, server]
                threading.Thread(target=self._pass, args=(caller, server, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, caller, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, counts: bool) -> None:  # noqa: FBT001 - by Thread
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                with self._lock:
                    self.said += counts
                    if self._after is not None and self.said > self._after:
                        self.silent.set()
                if self.silent.is_set():
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)


def life(through: Login) -> None:
    """Log in, read, write nothing in a transaction, and leave."""
    with contextlib.closing(connect(through, "production")) as session:
        session.rows("SELECT 1 UNION SELECT 2")
        with session.transaction():
            session.run("DO 1")


@pytest.fixture(scope="module")
def steps(servers: tuple[Server, Server], certificates: Path) -> int:
    """How many times a server says something in such a life."""
    production, _copy = servers
    way = Silencer(production.endpoint, None)
    life(Login(way.endpoint, USER, Secret(PASSWORD), certificates / "ca.pem", SHORT.connect, Line(None, SHORT)))
    way.close()
    return way.said


@pytest.mark.timeout(120)
@pytest.mark.parametrize("place", range(PLACES))
def test_wherever_a_server_falls_silent_the_wait_ends(site: Site, steps: int, place: int) -> None:
    way = Silencer(site.production.endpoint, place * steps // PLACES)
    code = ""
    try:
        life(replace(login(site, []), endpoint=way.endpoint))
    except DatabaseError as error:
        code = error.code
    finally:
        way.close()
    assert code in ENDS if way.silent.is_set() else code == ""


@pytest.mark.timeout(120)
def test_a_dump_program_that_gets_nothing_is_ended(site: Site, tmp_path: Path) -> None:
    site.production.sql("CREATE DATABASE stalls")
    site.production.sql("CREATE TABLE stalls.stalled (id INT PRIMARY KEY)")
    store = DumpStore(tmp_path, None)
    with stopped(site.production), pytest.raises(ToolError, match="got nothing") as caught:
        mysqldump.write(login(site, []), ("stalls", "stalled"), "1", store, store.named("stalled"), lambda: None)
    site.production.sql("DROP DATABASE stalls")
    assert caught.value.code == "tool.silent"


@pytest.mark.timeout(120)
def test_a_dump_whose_rows_come_late_is_waited_for(family: Site, tmp_path: Path) -> None:
    family.production.sql("CREATE DATABASE stalls")
    family.production.sql("CREATE TABLE stalls.late (id INT PRIMARY KEY) SELECT 1 AS id")
    store = DumpStore(tmp_path, None)
    condition = f"SLEEP({1.5 * SHORT.silence}) = 0 AND 'rdsrestore:{32 * '0'}' <> '🙈'"
    name = store.named("late")
    mysqldump.write(login(family, []), ("stalls", "late"), condition, store, name, lambda: None)
    family.production.sql("DROP DATABASE stalls")
    with store.reading(name) as file:
        assert b"INSERT INTO" in file.read()


@pytest.mark.timeout(120)
def test_a_piece_whose_connection_the_network_forgot_is_fetched_once_more(site: Site, tmp_path: Path) -> None:
    site.production.sql("CREATE DATABASE stalls")
    site.production.sql("CREATE TABLE stalls.forgotten (id INT PRIMARY KEY) SELECT 1 AS id")
    there = Address(site.production.endpoint.host, site.production.endpoint.port, proxied=False)
    network = Network(forget_idle=1.0)
    way = Gateway(lambda: there, lambda _peer, _port: True, drop=False, network=network)
    through = replace(login(site, []), endpoint=Endpoint("127.0.0.1", way.port))
    store, tries = DumpStore(tmp_path, None), iter(("SLEEP(2) = 0", "SLEEP(0) = 0"))
    name = store.named("forgotten")
    names = ("stalls", "forgotten")
    with_patience(lambda: mysqldump.write(through, names, next(tries), store, name, lambda: None))
    way.close()
    while FORGOTTEN:  # its transaction would keep the table
        FORGOTTEN.pop().close()
    site.production.sql("DROP DATABASE stalls")
    assert network.forgotten
    assert next(tries, None) is None
    with store.reading(name) as file:
        assert b"INSERT INTO" in file.read()


def login(site: Site, said: list[str]) -> Login:
    line = Line(None, SHORT, said.append)
    return Login(site.production.endpoint, USER, Secret(PASSWORD), site.ca, SHORT.connect, line)


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    os.kill(server.process.pid, signal.SIGSTOP)
    threads = Path(f"/proc/{server.process.pid}/task")
    deadline = time.monotonic() + 30
    while any(each.read_text().rpartition(")")[2].split()[0] != "T" for each in threads.glob("*/stat")):
        assert time.monotonic() < deadline
    try:
        yield
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


@pytest.mark.timeout(120)
def test_a_server_that_falls_silent_is_given_up_and_not_waited_for_again(site: Site) -> None:
    said: list[str] = []
    session = connect(login(site, said), "production")
    with stopped(site.production), pytest.raises(DatabaseError, match="no answer for") as caught:
        session.run("DO 1")
    assert caught.value.code == "db.silent"
    assert caught.value.code not in AWAY
    assert not caught.value.retryable
    assert said[0].startswith("no answer from production for ")


@pytest.mark.timeout(120)
def test_a_statement_that_takes_longer_than_the_deadline_is_waited_for(family: Site) -> None:
    said: list[str] = []
    session = connect(login(family, said), "production")
    assert session.one(f"SELECT SLEEP({1.5 * SHORT.silence}), '🙈'") == (0, "🙈")
    assert any(text.startswith("production works on a statement") for text in said)


@pytest.mark.timeout(120)
def test_the_watch_ends_with_its_connections(site: Site) -> None:
    others = set(threading.enumerate())
    session = connect(login(site, []), "production")
    (watch,) = [each for each in threading.enumerate() if each.name == "silence" and each not in others]
    session.close()
    watch.join(60)
    assert not watch.is_alive()
