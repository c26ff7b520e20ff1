"""The load holds back for threads, replicas and flags, and goes on when they are gone."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pymysql
import pytest

from mysql.site import GIVEN, PASSWORD, USER, Server, Site, launch
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.request.throttle_rules import Limits, ThrottleRules
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.session.login.connection import Login, Session, connect
from rdsrestore.mysql.write.throttle import Throttle


@pytest.fixture
def session(site: Site) -> Iterator[Session]:
    opened = connect(login(site, site.production.endpoint), "production")
    yield opened
    opened.close()


class Words(NamedTuple):
    """What a family calls the parts of replication; `monitor` is the privilege that sees how far a replica is."""

    change: str
    of: str
    binlog: str
    monitor: str


WORDS = {
    "mariadb": Words("MASTER", "MASTER", "MASTER", "REPLICA MONITOR"),
    "mysql": Words("REPLICATION SOURCE", "SOURCE", "BINARY LOG", "REPLICATION CLIENT"),
}


@pytest.fixture(scope="module")
def replica(
    servers: tuple[Server, Server], tmp_path_factory: pytest.TempPathFactory, certificates: Path
) -> Iterator[Server]:
    production, _copy = servers
    folder = tmp_path_factory.mktemp("r")
    secured = [
        f"--ssl-ca={certificates / 'ca.pem'}",
        f"--ssl-cert={certificates / 'server.pem'}",
        f"--ssl-key={certificates / 'server.key'}",
    ]
    made = launch(folder, "--server-id=77", "--replicate-do-db=nothing", *secured)
    words = WORDS[GIVEN.engine]
    production.sql("CREATE USER mirror IDENTIFIED BY 'mirror'; GRANT REPLICATION SLAVE ON *.* TO mirror")
    file, position, *_rest = production.sql(f"SHOW {words.binlog} STATUS")[0]
    made.sql(f"GRANT {words.monitor} ON *.* TO {USER}@'%'")
    made.sql(
        f"CHANGE {words.change} TO {words.of}_HOST='127.0.0.1', {words.of}_PORT={production.port},"
        f" {words.of}_USER='mirror', {words.of}_PASSWORD='mirror', {words.of}_SSL=1,"
        f" {words.of}_SSL_VERIFY_SERVER_CERT=0, {words.of}_LOG_FILE='{file}', {words.of}_LOG_POS={position};"
        " START REPLICA"
    )
    yield made
    made.sql("STOP REPLICA")
    made.process.terminate()
    made.process.wait(60)


def login(site: Site, endpoint: Endpoint) -> Login:
    return Login(endpoint, USER, Secret(PASSWORD), site.ca)


def test_a_replica_says_by_how_much_it_stays_behind_on_purpose(site: Site, replica: Server) -> None:
    words = WORDS[GIVEN.engine]
    for delay in (3600, 0):
        replica.sql(f"STOP REPLICA; CHANGE {words.change} TO {words.of}_DELAY={delay}; START REPLICA")
        assert site.databases.delay(replica.endpoint, USER) == delay


def test_production_is_no_replica_and_stays_behind_nobody(site: Site) -> None:
    site.production.sql(f"GRANT {WORDS[GIVEN.engine].monitor} ON *.* TO {USER}@'%'")
    assert site.databases.delay(site.production.endpoint, USER) is None


def sleep_on(server: Server) -> None:
    with contextlib.suppress(pymysql.MySQLError):
        server.sql("SELECT SLEEP(3600)")


def held(site: Site, session: Session, rules: ThrottleRules, release: Callable[[], None]) -> list[str]:
    """Hold, call `release` once something was said, and return what was said."""
    said: list[str] = []

    def hear(text: str, share: float | None) -> None:
        del share
        if not said:
            release()
        said.append(text)

    Throttle(rules, lambda: session, login(site, site.production.endpoint), hear, every=0.05).hold()
    return said


def test_nothing_in_the_way_is_no_wait(site: Site, session: Session) -> None:
    rules = ThrottleRules(Limits(max_lag=1, max_load=50), (site.folder / "pause",))
    assert held(site, session, rules, lambda: None) == []


def test_a_file_holds_until_it_is_gone(site: Site, session: Session) -> None:
    flag = site.folder / "pause"
    flag.touch()
    assert (
        held(site, session, ThrottleRules(flags=(flag,)), flag.unlink)[0]
        == f"paused: {flag} exists; remove it to go on"
    )


def test_busy_threads_hold_until_they_are_done(site: Site, session: Session) -> None:
    usual = int(session.one("SHOW GLOBAL STATUS LIKE 'Threads\\_running'")[1])
    busy = [threading.Thread(target=sleep_on, args=(site.production,)) for _ in range(5)]
    for thread in busy:
        thread.start()
    find = "SELECT id FROM information_schema.PROCESSLIST WHERE info LIKE 'SELECT SLEEP%'"
    while len(site.production.sql(find)) < len(busy):
        pass

    def release() -> None:
        for (number,) in site.production.sql(find):
            site.production.sql(f"KILL QUERY {number}")

    said = held(site, session, ThrottleRules(Limits(max_load=usual + 1)), release)

    for thread in busy:
        thread.join()
    assert said[0].endswith(f"threads are running on production, the limit is {usual + 1}")


def test_a_replica_that_does_not_follow_holds_until_it_does(site: Site, session: Session, replica: Server) -> None:
    replica.sql("STOP REPLICA SQL_THREAD")
    rules = ThrottleRules(Limits(max_lag=30), replicas=(replica.endpoint,))

    def start() -> None:
        replica.sql("START REPLICA SQL_THREAD")

    said = held(site, session, rules, start)
    assert said[0] == f"waiting: replica {replica.endpoint} does not replicate"


def test_a_replica_that_can_not_be_asked_counts_as_behind(site: Site, session: Session) -> None:
    flag = site.folder / "released"
    nowhere = Endpoint("127.0.0.1", 9)
    throttle = Throttle(
        ThrottleRules(Limits(max_lag=1), replicas=(nowhere,)), lambda: session, login(site, nowhere), lambda *_: None
    )
    assert f"replica {nowhere} can't be asked" in throttle.reason()
    assert not flag.exists()


def test_a_login_that_may_not_ask_a_replica_is_named_and_not_waited_for(mysql_site: Site) -> None:
    """A new server does not know the old statement: that error must not hide the privilege that is missing."""
    server = mysql_site.production
    server.sql("CREATE USER blind@'%' IDENTIFIED BY 'x'; GRANT SELECT ON *.* TO blind@'%'")
    blind = Login(server.endpoint, "blind", Secret("x"), mysql_site.ca)
    rules = ThrottleRules(Limits(max_lag=1), replicas=(server.endpoint,))
    with contextlib.closing(connect(login(mysql_site, server.endpoint), "production")) as session:
        throttle = Throttle(rules, lambda: session, blind, lambda *_: None)
        with contextlib.closing(throttle), pytest.raises(DatabaseError) as caught:
            throttle.hold()
    server.sql("DROP USER blind@'%'")
    assert caught.value.code == "db.privilege"
    assert "REPLICATION CLIENT" in f"{caught.value} {caught.value.hint}"


def test_a_login_that_may_not_ask_for_the_lag_is_told_what_to_grant(
    site: Site, session: Session, replica: Server
) -> None:
    replica.sql("CREATE USER blind IDENTIFIED BY 'blind'; GRANT SELECT ON *.* TO blind")
    blind = replace(login(site, replica.endpoint), user="blind", password=Secret("blind"))
    rules = ThrottleRules(Limits(max_lag=30), replicas=(replica.endpoint,))
    with pytest.raises(DatabaseError, match=WORDS[GIVEN.engine].monitor) as caught:
        Throttle(rules, lambda: session, blind, lambda *_: None).reason()
    assert caught.value.code == "db.privilege"
    assert "--max-lag" in caught.value.hint
