from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pymysql
import pytest
from pymysql.constants import CLIENT

from mysql.site import GIVEN, HOST, PASSWORD, USER, Server, Site, launch
from rdsrestore.domain.errors import DatabaseError, ToolError, UsageError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.lab.servers import tls
from rdsrestore.mysql.adapter import MysqlDatabases
from rdsrestore.mysql.dump import mysqldump
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.session import errors
from rdsrestore.mysql.session.login.bundle import of_endpoint
from rdsrestore.mysql.session.login.connection import Login, Session, connect
from rdsrestore.mysql.session.login.tls import shown, trust

ABLE = CLIENT.SSL | CLIENT.PROTOCOL_41 | CLIENT.SECURE_CONNECTION | CLIENT.PLUGIN_AUTH
HELLO = (
    b"\x0a10.11.0-MariaDB\0"
    + struct.pack("<I8sxHBHHB10x", 1, b"a" * 8, ABLE & 0xFFFF, 33, 2, ABLE >> 16, 21)
    + b"b" * 12
    + b"\0mysql_native_password\0"
)
GREETING = struct.pack("<I", len(HELLO)) + HELLO
"""What a server says first: that it speaks TLS."""

ISOLATION, TIME_LIMIT = {
    "mariadb": ("@@tx_isolation", "@@max_statement_time"),
    "mysql": ("@@transaction_isolation", "@@max_execution_time"),
}[GIVEN.engine]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    without = {"mariadb": "--skip-ssl", "mysql": "--tls-version="}[GIVEN.engine]
    server = launch(tmp_path_factory.mktemp("plain") / "s", without)
    yield server
    server.process.terminate()
    server.process.wait(60)


@contextmanager
def logged_in(login: Login) -> Iterator[Session]:
    with closing(connect(login, "production")) as session:
        yield session


def login(site: Site, **changes: object) -> Login:
    fields: dict[str, object] = {
        "endpoint": site.production.endpoint,
        "user": USER,
        "password": Secret(PASSWORD),
        "ca": site.ca,
    }
    return Login(**{**fields, **changes})  # type: ignore[arg-type]  # a test names the fields it changes


def refusal(attempt: Login) -> DatabaseError:
    with pytest.raises(DatabaseError) as refused, logged_in(attempt):
        pass
    return refused.value


def test_a_session_is_encrypted_and_settled(site: Site) -> None:
    with logged_in(login(site)) as session:
        ((_name, cipher),) = session.rows("SHOW STATUS LIKE 'Ssl_cipher'")
        settings = session.one(f"SELECT @@time_zone, {ISOLATION}, @@foreign_key_checks, {TIME_LIMIT}")
    assert cipher
    assert settings == ("+00:00", "READ-COMMITTED", 1, 0)


def test_a_certificate_of_another_authority_is_refused(site: Site, tmp_path: Path) -> None:
    tls.make(tmp_path / "other")
    error = refusal(login(site, ca=tmp_path / "other" / "ca.pem"))
    assert (error.code, "RDSRESTORE_SSL_CA" in error.hint) == ("db.tls", True)


def test_a_newcomer_without_certificates_is_told_the_command_that_fetches_them(site: Site) -> None:
    error = refusal(login(site, ca=None))
    assert error.code == "db.tls"
    assert "curl --create-dirs -o " in error.hint
    assert (
        "/rdsrestore/global-bundle.pem https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem" in error.hint
    )


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("production.abc.eu-central-1.rds.amazonaws.com", "truststore.pki.rds.amazonaws.com"),
        ("production.abc.us-gov-east-1.rds.amazonaws.com", "truststore.pki.us-gov-west-1.rds.amazonaws.com"),
        ("production.abc.us-gov-west-1.rds.amazonaws.com", "truststore.pki.us-gov-west-1.rds.amazonaws.com"),
        ("production.abc.rds.cn-north-1.amazonaws.com.cn", "rds-truststore.s3.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_each_partition_has_a_bundle_of_its_own(host: str, place: str) -> None:
    assert of_endpoint(Endpoint(host, 3306)) == f"https://{place}/global/global-bundle.pem"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (Path.home() / ".config/rdsrestore/global-bundle.pem", "~/.config/rdsrestore/global-bundle.pem"),
        (Path("/opt/rds bundle.pem"), "'/opt/rds bundle.pem'"),
        (Path.home() / "Application Support/b.pem", f"'{Path.home()}/Application Support/b.pem'"),
    ],
)
def test_a_path_in_a_command_can_be_pasted_into_a_shell(path: Path, text: str) -> None:
    assert shown(path) == text


def test_a_certificate_of_another_host_is_refused(site: Site) -> None:
    error = refusal(login(site, endpoint=Endpoint("127.1", site.production.port)))
    assert error.code == "db.tls"
    assert "curl" not in error.hint


def test_a_server_without_tls_is_refused(site: Site, plain: Server) -> None:
    error = refusal(login(site, endpoint=plain.endpoint))
    assert error.code == "db.tls"


@pytest.mark.parametrize("trouble", ["authority", "name", "plain"])
def test_the_dump_program_refuses_what_we_refuse(site: Site, plain: Server, tmp_path: Path, trouble: str) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY)")
    plain.sql(f"CREATE DATABASE IF NOT EXISTS {site.database}; CREATE TABLE {site.database}.t (id INT PRIMARY KEY)")
    tls.make(tmp_path / "other")
    bad = {
        "authority": login(site, endpoint=site.copy.endpoint, ca=tmp_path / "other" / "ca.pem"),
        "name": login(site, endpoint=Endpoint("127.1", site.copy.port)),
        "plain": login(site, endpoint=plain.endpoint),
    }[trouble]
    good = login(site, endpoint=site.copy.endpoint)
    names = (site.database, "t")

    mysqldump.write(good, names, "1", DumpStore(tmp_path), "good.sql", lambda: None)
    with pytest.raises(ToolError) as failed:
        mysqldump.write(bad, names, "1", DumpStore(tmp_path), "bad.sql", lambda: None)

    assert "2026" in failed.value.what


def test_a_wrong_password_names_where_the_right_one_is_kept(site: Site) -> None:
    error = refusal(login(site, password=Secret("nope")))
    assert error.code == "db.denied"
    assert "RDSRESTORE_PASSWORD" in error.hint
    assert "password_secret" in error.hint
    assert "nope" not in f"{error} {error.what} {error.hint}"


def test_a_closed_port_is_unreachable(site: Site) -> None:
    with closing(socket.create_server((HOST, 0))) as listener:
        port = listener.getsockname()[1]
    error = refusal(login(site, endpoint=Endpoint(HOST, port)))
    assert error.code == "db.unreachable"
    assert "rule" in error.hint


@pytest.mark.parametrize("hangs_up", [False, True])
def test_a_gateway_that_takes_the_connection_and_says_nothing_is_unreachable(site: Site, *, hangs_up: bool) -> None:
    with closing(socket.create_server((HOST, 0))) as listener:

        def answer() -> None:
            opened, _address = listener.accept()
            with opened:
                if not hangs_up:
                    opened.recv(1)

        gateway = threading.Thread(target=answer)
        gateway.start()
        error = refusal(login(site, endpoint=Endpoint(HOST, listener.getsockname()[1]), patience=0.3))
        gateway.join()
    assert error.code == "db.unreachable"


def test_a_name_that_nobody_has_is_unreachable(site: Site) -> None:
    assert refusal(login(site, endpoint=Endpoint("nowhere.invalid", 3306))).code == "db.unreachable"


def test_certificates_that_can_not_be_read_are_the_operator_s_to_fix(site: Site, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused, logged_in(login(site, ca=tmp_path / "none.pem")):
        pass
    assert "RDSRESTORE_SSL_CA" in refused.value.hint


def test_a_statement_may_take_longer_than_the_patience_for_a_connection(site: Site) -> None:
    with logged_in(login(site, patience=2.0)) as session:
        assert session.one("SELECT SLEEP(2.2)") == (0,)


def test_what_a_server_sets_for_every_login_is_set_back(site: Site) -> None:
    site.production.sql("SET GLOBAL init_connect = 'SET sql_select_limit = 3, time_zone = \"-08:00\"'")
    try:
        with logged_in(login(site)) as session:
            assert len(session.rows("SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4")) == 4
            assert session.one("SELECT @@time_zone") == ("+00:00",)
    finally:
        site.production.sql("SET GLOBAL init_connect = ''")


def test_a_lost_connection_is_made_again_with_every_setting(site: Site) -> None:
    with logged_in(login(site)) as session:
        (number,) = session.one("SELECT CONNECTION_ID()")
        site.production.sql(f"KILL {number}")
        with pytest.raises(DatabaseError) as lost:
            session.one("SELECT 1")
        assert (lost.value.retryable, lost.value.code) == (True, "db.lost")
        again = session.one(f"SELECT CONNECTION_ID() <> %s, @@time_zone, {ISOLATION}, @@sql_select_limit", (number,))
    assert again == (1, "+00:00", "READ-COMMITTED", 18446744073709551615)


def test_the_production_login_is_made_when_it_is_first_needed(site: Site) -> None:
    databases = MysqlDatabases(lambda: Secret("nope"), site.ca)
    with databases.production(site.production.endpoint, USER) as server, pytest.raises(DatabaseError) as denied:
        server.databases()
    assert denied.value.code == "db.denied"


@pytest.mark.parametrize("number", [1251, 2059, 2061])
def test_a_login_in_a_way_that_the_driver_does_not_know_is_named(number: int) -> None:
    error = errors.translate("production", pymysql.OperationalError(number, "plugin 'x' is not known"))
    assert error.code == "db.plugin"
    assert f"plugin 'x' is not known ({number})" in error.what
    assert "caching_sha2_password" in error.hint


def test_a_server_that_falls_silent_in_the_handshake_is_given_up() -> None:
    with socket.create_server((HOST, 0)) as listener:

        def greet() -> None:
            caller, _address = listener.accept()
            held.append(caller)
            caller.sendall(GREETING)

        held: list[socket.socket] = []
        server = threading.Thread(target=greet, daemon=True)
        server.start()
        login = Login(Endpoint(HOST, listener.getsockname()[1]), USER, Secret(PASSWORD), None, patience=0.5)
        began = time.monotonic()
        with pytest.raises(DatabaseError) as raised:
            connect(login, "production")
        assert raised.value.code == "db.unreachable"
        assert time.monotonic() - began < 30
        for caller in held:
            caller.close()


def test_a_certificate_is_checked_with_its_name_but_not_for_fields_that_only_newer_pythons_want() -> None:
    settings = trust(None)
    assert not settings.verify_flags & ssl.VERIFY_X509_STRICT
    assert (settings.check_hostname, settings.verify_mode) == (True, ssl.CERT_REQUIRED)
