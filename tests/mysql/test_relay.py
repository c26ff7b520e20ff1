"""Client programs behind a bastion: they log in through the relay, which holds the server to its own name."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from mysql.programs import oracle
from mysql.site import PASSWORD, USER, Site
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.lab.servers import tls
from rdsrestore.mysql.dump.program import client_programs, option_file, relay
from rdsrestore.mysql.session.login.connection import Login
from rdsrestore.mysql.session.road.direct import Road, direct

ROWS = "CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT); INSERT INTO t VALUES (1, REPEAT('x', 3000000)), (2, 'end')"


def around(site: Site) -> Road:
    """Lead to the copy, whatever its name says: as a bastion's network does."""
    return lambda _endpoint, patience: direct(site.copy.endpoint, patience)


def login(site: Site, host: str = "localhost", **changes: object) -> Login:
    made = Login(Endpoint(host, 3306), USER, Secret(PASSWORD), site.ca, road=around(site))
    return replace(made, **changes)  # type: ignore[arg-type]  # a test names the fields it changes


def dumped(given: Login, site: Site, program: str = "") -> subprocess.CompletedProcess[str]:
    """Dump table t as the tool does."""
    client = client_programs.probe(program) if program else client_programs.find()
    with option_file.option_file(given, client.flavour) as file:
        return subprocess.run(
            [client.path, file.option, "--no-create-info", "--compact", "--skip-lock-tables", site.database, "t"],
            pass_fds=file.descriptors,
            env=option_file.environment() | {"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def test_a_program_gets_all_rows_of_the_server_whose_name_it_was_told(site: Site) -> None:
    site.both(ROWS)

    ended = dumped(login(site), site)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "x" * 3_000_000 in ended.stdout
    assert "(2,'end')" in ended.stdout


def test_oracle_s_program_gets_them_from_oracle_s_server(mysql_site: Site, tmp_path: Path) -> None:
    mysql_site.both(ROWS)
    oracle(tmp_path)

    ended = dumped(login(mysql_site), mysql_site, str(tmp_path / "mysqldump"))

    assert ended.returncode == 0, ended.stderr
    assert "(2,'end')" in ended.stdout


def test_a_server_that_has_another_name_gets_no_login_and_the_program_says_so(site: Site) -> None:
    ended = dumped(login(site, "production.abc.eu-central-1.rds.amazonaws.com"), site)
    assert ended.returncode != 0
    number, words = client_programs.complaint(ended.stderr)
    assert (number, "mismatch" in words) == (relay.UNTRUSTED, True)


def test_a_server_of_another_authority_gets_no_login(site: Site, tmp_path: Path) -> None:
    tls.make(tmp_path / "other")
    ended = dumped(login(site, ca=tmp_path / "other" / "ca.pem"), site)
    assert client_programs.complaint(ended.stderr)[0] == relay.UNTRUSTED


def test_a_wrong_password_and_a_way_that_leads_nowhere_are_told_by_their_numbers(site: Site) -> None:
    denied = dumped(login(site, password=Secret("wrong")), site)
    assert client_programs.complaint(denied.stderr)[0] == 1045
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nowhere = Endpoint("127.0.0.1", closed.getsockname()[1])
    away = dumped(login(site, road=lambda _endpoint, patience: direct(nowhere, patience)), site)
    assert client_programs.complaint(away.stderr)[0] == relay.UNREACHABLE


def test_folders_of_processes_that_were_killed_go_and_one_that_is_used_stays(site: Site) -> None:
    with tempfile.TemporaryDirectory(prefix=relay.PREFIX) as dead, relay.relay(login(site)) as used:
        with socket.socket(socket.AF_UNIX) as gone:
            gone.bind(f"{dead}/s")
        relay.sweep()
        assert used.exists()
        assert not Path(dead).exists()
        Path(dead).mkdir()
