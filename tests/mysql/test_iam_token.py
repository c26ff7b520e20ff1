"""Logins by a token of IAM: the driver's and the client programs', to a server behind the lab's check of tokens."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import boto3
import pytest

from mysql.site import PASSWORD, USER, Site
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.lab.network.iam_auth import Front, Keys, problem
from rdsrestore.mysql.dump.program import client_programs, option_file
from rdsrestore.mysql.session.login.connection import Login, connect

pytestmark = pytest.mark.only("mariadb", "the lab's check of tokens logs in with MariaDB's own plugin")

KEYS = Keys("AKIATOKENS", "a secret key of forty characters, nearly.", "us-east-1")
NAME, KNOWN = "by_token", "what the server itself has"


def signed(endpoint: Endpoint, user: str = NAME, secret: str = KEYS.secret) -> Secret:
    """Make a token as AWS's library does."""
    rds = boto3.client("rds", region_name=KEYS.region, aws_access_key_id=KEYS.access, aws_secret_access_key=secret)
    return Secret(rds.generate_db_auth_token(endpoint.host, endpoint.port, user, KEYS.region))


@contextmanager
def front(site: Site) -> Iterator[Endpoint]:
    """Stand before the copy, whose own certificate it shows, and make a user of IAM there."""
    site.copy.sql(f"CREATE OR REPLACE USER {NAME}@'%' IDENTIFIED BY '{KNOWN}'; GRANT ALL ON *.* TO {NAME}@'%'")
    before = Front(KEYS, {NAME: KNOWN}, (site.ca.with_name("server.pem"), site.ca.with_name("server.key")))
    there = site.copy.endpoint

    def serve(caller: socket.socket) -> None:
        with suppress(OSError), caller, socket.create_connection((there.host, there.port)) as server:
            before.serve(caller, server)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield Endpoint("127.0.0.1", listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


def login(site: Site, endpoint: Endpoint, secret: str = KEYS.secret) -> Login:
    return Login(endpoint, NAME, Secret(""), site.ca, token=lambda: signed(endpoint, secret=secret))


def test_each_connection_has_a_token_of_its_own_and_what_is_asked_is_answered(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT); INSERT INTO t VALUES (1, REPEAT('x', 300000))")
    made: list[Secret] = []
    with front(site) as endpoint:

        def token() -> Secret:
            made.append(signed(endpoint))
            return made[-1]

        given = Login(endpoint, NAME, Secret(""), site.ca, token=token)
        session = connect(given, "production")
        assert session.one(f"SELECT CURRENT_USER(), LENGTH(v) FROM {site.database}.t") == (f"{NAME}@%", 300000)
        session.close()
        assert session.one("SELECT 1") == (1,)  # logged in anew
        session.close()
    assert len(made) == 2


def test_whoever_has_a_password_logs_in_as_before(site: Site) -> None:
    with front(site) as endpoint:
        session = connect(Login(endpoint, USER, Secret(PASSWORD), site.ca), "production")
        assert session.one("SELECT 1") == (1,)
        session.close()


def test_a_token_of_other_keys_is_refused_and_what_it_takes_is_said(site: Site) -> None:
    with front(site) as endpoint, pytest.raises(DatabaseError, match="Access denied") as refused:
        connect(login(site, endpoint, secret="another one"), "production")
    assert refused.value.code == "db.denied"
    assert "iam-policy --db-user" in refused.value.hint
    assert "X-Amz" not in str(refused.value)


def test_the_dump_program_logs_in_by_token_too_and_shows_none(site: Site) -> None:
    site.both("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (7)")
    client = client_programs.find()
    with front(site) as endpoint, option_file.option_file(login(site, endpoint), client.flavour) as file:
        words = [client.path, file.option, "--no-create-info", "--compact", "--skip-lock-tables", site.database, "t"]
        ended = subprocess.run(
            words,
            pass_fds=file.descriptors,
            env=option_file.environment() | {"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "(7)" in ended.stdout
    assert not any("X-Amz" in word for word in words)


def test_oracle_s_programs_are_told_to_send_it_and_mariadb_s_need_not_be(site: Site) -> None:
    given = login(site, Endpoint("db.example", 3306))
    assert "loose-enable-cleartext-plugin" in option_file.option_text(given, "mysql")
    assert "cleartext" not in option_file.option_text(given, "mariadb")
    plain = Login(given.endpoint, NAME, Secret("x"), site.ca)
    assert "cleartext" not in option_file.option_text(plain, "mysql")


@pytest.mark.parametrize(
    ("user", "port", "old", "wrong"),
    [
        (NAME, 3306, False, ""),
        ("another", 3306, False, "somebody"),
        (NAME, 3307, False, "something else"),
        (NAME, 3306, True, "expired"),
    ],
)
def test_the_lab_takes_a_token_for_its_user_its_place_and_its_quarter_of_an_hour(
    user: str, port: int, *, old: bool, wrong: str
) -> None:
    token = signed(Endpoint("db.example", 3306)).reveal()
    if old:
        today = f"{datetime.now(UTC):%Y%m%d}"
        token = token.replace(f"X-Amz-Date={today}", "X-Amz-Date=20200101")
    assert wrong in problem(token, user, ("127.0.0.1", port), KEYS)
    assert bool(wrong) == bool(problem(token, user, ("127.0.0.1", port), KEYS))
