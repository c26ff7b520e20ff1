"""The first login to a copy: what passes is waited for, what does not is told at once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mysql.site import HOST, PASSWORD, USER, Site
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.lab.network.impairment import Network, splice
from rdsrestore.lab.servers import local, tls
from rdsrestore.mysql.session.login.connection import Login
from rdsrestore.mysql.session.login.first_login import reach

POLL = 0.1
WITHIN = 30.0


class Waiting:
    """Progress that does something the first time that it is told why it waits."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.said: list[str] = []
        self._then = then

    def __call__(self, text: str, share: float | None) -> None:
        assert share is None
        self.said.append(text)
        if len(self.said) == 1:
            self._then()


def login(site: Site, **changes: object) -> Login:
    fields: dict[str, object] = {
        "endpoint": site.copy.endpoint,
        "user": USER,
        "password": Secret(PASSWORD),
        "ca": site.ca,
        "patience": 1.0,
    }
    return Login(**{**fields, **changes})  # type: ignore[arg-type]  # a test names the fields it changes


@contextmanager
def opening(port: int, site: Site) -> Iterator[Callable[[], None]]:
    """A way to the copy that is open from when the test says so."""
    listeners: list[socket.socket] = []

    def serve(listener: socket.socket) -> None:
        try:
            caller, _address = listener.accept()
        except OSError:
            return
        with caller, socket.create_connection((HOST, site.copy.port)) as server:
            splice(caller, server, Network())

    def open_() -> None:
        listeners.append(socket.create_server((HOST, port)))
        threading.Thread(target=serve, args=(listeners[0],), daemon=True).start()

    yield open_
    for each in listeners:
        each.close()


def test_a_rule_that_does_not_hold_yet_is_waited_for(site: Site) -> None:
    port = local.free_port(HOST)
    with opening(port, site) as open_:
        progress = Waiting(open_)
        reach(login(site, endpoint=Endpoint(HOST, port)), "the copy", POLL, WITHIN, progress)
    assert "refused" in progress.said[0]


def test_a_password_that_does_not_hold_yet_is_waited_for(site: Site) -> None:
    site.copy.sql("CREATE USER late@'%' IDENTIFIED BY 'old'")
    progress = Waiting(lambda: site.copy.sql("ALTER USER late@'%' IDENTIFIED BY 'new'"))
    try:
        reach(login(site, user="late", password=Secret("new")), "the copy", POLL, WITHIN, progress)
    finally:
        site.copy.sql("DROP USER late@'%'")
    assert "Access denied" in progress.said[0]
    assert "new" not in progress.said[0]


def test_a_server_with_no_room_for_another_login_is_waited_for(mysql_site: Site) -> None:
    ((before,),) = mysql_site.copy.sql("SELECT @@max_connections")
    with mysql_site.copy.root() as first, first.cursor() as cursor:
        cursor.execute("SET GLOBAL max_connections = 1")
        progress = Waiting(lambda: cursor.execute("SET GLOBAL max_connections = %s", (before,)))
        reach(login(mysql_site), "the copy", POLL, WITHIN, progress)
    assert "Too many connections" in progress.said[0]


@pytest.mark.parametrize("endpoint", [Endpoint("nowhere.invalid", 3306), Endpoint(HOST, 1)])
def test_what_never_answers_is_given_up_in_time_and_the_hint_names_the_flag(site: Site, endpoint: Endpoint) -> None:
    begun = time.monotonic()
    with pytest.raises(DatabaseError) as raised:
        reach(login(site, endpoint=endpoint), "the copy", POLL, 0.5, Waiting())
    assert 0.5 <= time.monotonic() - begun < 10
    assert raised.value.code == "db.unreachable"
    assert "after 0.5 seconds" in raised.value.what
    assert "--my-ip" in raised.value.hint


def test_a_password_that_is_never_taken_does_not_blame_production_s(site: Site) -> None:
    with pytest.raises(DatabaseError) as raised:
        reach(login(site, password=Secret("nope")), "the copy", POLL, 0.5, Waiting())
    assert raised.value.code == "db.denied"
    assert "RDSRESTORE_PASSWORD" not in raised.value.hint
    assert "--keep-on-failure" in raised.value.hint


def test_a_certificate_of_another_authority_is_told_at_once(site: Site, tmp_path: Path) -> None:
    tls.make(tmp_path / "other")
    progress = Waiting()
    with pytest.raises(DatabaseError) as raised:
        reach(login(site, ca=tmp_path / "other" / "ca.pem"), "the copy", POLL, WITHIN, progress)
    assert raised.value.code == "db.tls"
    assert progress.said == []


def test_a_server_that_hangs_up_while_it_starts_is_waited_for(site: Site) -> None:
    """A listener that greets and then closes in the middle of the login, as a server that restarts does."""
    with closing(socket.create_server((HOST, 0))) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            caller, _address = listener.accept()
            with caller, socket.create_connection((HOST, site.copy.port)) as server:
                caller.sendall(server.recv(1 << 16))
                caller.recv(1 << 16)
            caller, _address = listener.accept()
            with caller, socket.create_connection((HOST, site.copy.port)) as server:
                splice(caller, server, Network())

        threading.Thread(target=serve, daemon=True).start()
        progress = Waiting()
        reach(login(site, endpoint=Endpoint(HOST, port)), "the copy", POLL, WITHIN, progress)
    assert len(progress.said) == 1
