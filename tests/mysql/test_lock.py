"""One run at a time on a table: a lost lock is noticed, taken again where nobody else has it, and else ends the run."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pymysql
import pytest

from mysql.site import FAMILIES, HOST, PASSWORD, SCHEMA, USER, Server, Site, silent
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.ids import Endpoint, TableRef
from rdsrestore.domain.request.throttle_rules import ThrottleRules
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.adapter import MysqlDatabases, Rhythm
from rdsrestore.mysql.session import named_lock
from rdsrestore.mysql.session.login.connection import Login, connect, connect_socket

RUN = "260101-000000-abcd"
SOON = 20.0


@pytest.fixture(params=FAMILIES)
def either(request: pytest.FixtureRequest) -> Site:
    """Both families of servers."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Site)
    return found


def databases(site: Site, beat: float) -> MysqlDatabases:
    return MysqlDatabases(lambda: Secret(PASSWORD), site.ca, rhythm=Rhythm(beat=beat))


def holder(server: Server, ref: TableRef) -> int | None:
    ((number,),) = server.sql(f"SELECT IS_USED_LOCK('{named_lock.name(str(ref))}')")
    return None if number is None else int(number)


def soon(look: Callable[[], bool]) -> bool:
    """Whether it is so before long."""
    deadline = time.monotonic() + SOON
    while time.monotonic() < deadline:
        if look():
            return True
        time.sleep(0.02)
    return False


@contextmanager
def queued(server: Server, ref: TableRef) -> Iterator[threading.Event]:
    """Somebody waits for a table's lock, and has it as soon as it is let go."""
    got, leave = threading.Event(), threading.Event()

    def wait() -> None:
        with server.root() as root, root.cursor() as cursor:
            cursor.execute("SELECT GET_LOCK(%s, 30)", (named_lock.name(str(ref)),))
            got.set()
            leave.wait(60)

    thread = threading.Thread(target=wait)
    thread.start()
    waits = "SELECT 1 FROM information_schema.processlist WHERE state = 'User lock'"
    assert soon(lambda: bool(server.sql(waits)))
    yield got
    leave.set()
    thread.join()


def prepare(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
    site.now("DELETE FROM t WHERE id = 2")
    site.prepare("t")
    site.compare("t")


def load(site: Site, made: MysqlDatabases) -> None:
    with made.production(site.production.endpoint, USER) as server:
        server.load(SCHEMA, [site.target("t")], site.folder, ThrottleRules(), silent)


@contextmanager
def at_work(server: Server, statement: bytes) -> Iterator[None]:
    """An application has a statement under way."""

    def run() -> None:
        with suppress(pymysql.OperationalError):  # it is killed
            connection.query(statement)

    with server.root() as connection:
        thread = threading.Thread(target=run)
        thread.start()
        asleep = "SHOW GLOBAL STATUS WHERE Variable_name = 'Threads_running' AND Value > 1"
        assert soon(lambda: bool(server.sql(asleep)))
        yield
        server.sql(f"KILL {connection.thread_id()}")  # type: ignore[no-untyped-call]  # the driver leaves it untyped
        thread.join()


def test_a_second_run_is_told_whose_connection_to_end(either: Site) -> None:
    ref, made = either.ref("t"), databases(either, 60)
    no_text = "SELECT SLEEP(60), '🙈', _binary'".encode() + b"\xff\xfe'"
    with at_work(either.production, no_text), made.alone(either.production.endpoint, USER, RUN, [ref]):
        number = holder(either.production, ref)
        with (
            pytest.raises(Refused) as refused,
            databases(either, 60).alone(either.production.endpoint, USER, "other", [ref]),
        ):
            pass
    assert refused.value.code == "table.locked"
    assert f"(connection {number})" in refused.value.what
    assert "CALL mysql.rds_kill" in refused.value.hint
    assert soon(lambda: holder(either.production, ref) is None)


def test_a_lost_lock_is_taken_again(either: Site) -> None:
    ref = either.ref("t")
    with databases(either, 0.1).alone(either.production.endpoint, USER, RUN, [ref]):
        first = holder(either.production, ref)
        either.production.sql(f"KILL {first}")
        assert soon(lambda: holder(either.production, ref) not in (None, first))


def test_a_load_writes_nothing_once_another_run_has_the_lock(either: Site) -> None:
    prepare(either)
    ref, made = either.ref("t"), databases(either, 60)
    with wanted(either, made, ref) as (got, first):
        either.production.sql(f"KILL {first}")
        assert got.wait(SOON)
        with pytest.raises(Refused, match="another run of rdsrestore works on") as refused:
            load(either, made)
    assert refused.value.code == "table.locked"
    assert either.now("SELECT id FROM t ORDER BY id") == [(1,), (3,)]


def test_a_load_whose_lock_was_lost_and_taken_again_writes(either: Site) -> None:
    prepare(either)
    ref, made = either.ref("t"), databases(either, 60)
    with made.alone(either.production.endpoint, USER, RUN, [ref]):
        either.production.sql(f"KILL {holder(either.production, ref)}")
        load(either, made)
        assert holder(either.production, ref) is not None
    assert either.now("SELECT id FROM t ORDER BY id") == [(1,), (2,), (3,)]


def test_what_the_heartbeat_found_out_ends_a_load_between_two_transactions(site: Site) -> None:
    ref = site.ref("t")
    login = Login(site.production.endpoint, USER, Secret(PASSWORD), site.ca)
    with (
        closing(connect(login, "production")) as session,
        named_lock.held(session, RUN, [ref], 0.1) as mine,
        queued(site.production, ref) as got,
    ):
        mine.check()
        site.production.sql(f"KILL {holder(site.production, ref)}")
        assert got.wait(SOON)
        assert soon(lambda: taken_over(mine))


def taken_over(mine: named_lock.Lock) -> bool:
    try:
        mine.check()
    except Refused:
        return True
    return False


@contextmanager
def wanted(site: Site, made: MysqlDatabases, ref: TableRef) -> Iterator[tuple[threading.Event, int | None]]:
    """A run has the lock, and somebody waits for it."""
    with made.alone(site.production.endpoint, USER, RUN, [ref]), queued(site.production, ref) as got:
        yield got, holder(site.production, ref)


@contextmanager
def forgetting(upstream: Endpoint, after: float) -> Iterator[tuple[Endpoint, threading.Event]]:
    """A gateway that forgets a connection which was silent for so many seconds: only the event tells."""

    def serve(caller: socket.socket) -> None:
        with caller, socket.create_connection((upstream.host, upstream.port)) as server:
            with selectors.DefaultSelector() as selector:
                selector.register(caller, selectors.EVENT_READ, server)
                selector.register(server, selectors.EVENT_READ, caller)
                while ready := selector.select(after):
                    for key, _events in ready:
                        data = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]  # only sockets are registered
                        if not data:
                            return
                        key.data.sendall(data)
            forgot.set()
            closed.wait()

    def accept() -> None:
        while True:
            try:
                caller, _address = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(caller,), daemon=True).start()

    forgot, closed = threading.Event(), threading.Event()
    with closing(socket.create_server((HOST, 0))) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield Endpoint(HOST, listener.getsockname()[1]), forgot
        closed.set()


def test_a_gateway_that_forgets_silent_connections_does_not_strand_the_lock(site: Site) -> None:
    ref = site.ref("t")
    with forgetting(site.production.endpoint, 3.0) as (way, forgot):
        with databases(site, 0.2).alone(way, USER, RUN, [ref]):
            first = holder(site.production, ref)
            assert not forgot.wait(5.0)
            assert holder(site.production, ref) == first
        assert soon(lambda: holder(site.production, ref) is None)


def test_a_silent_server_is_asked_before_the_cloud_s_networks_forget_the_connection(site: Site) -> None:
    opened = connect_socket(Login(site.production.endpoint, USER, Secret(PASSWORD), site.ca), "production")
    with opened:
        assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        idle = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
        between = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL)
        tries = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT)
    assert idle < 350
    assert idle + between * tries <= 180
