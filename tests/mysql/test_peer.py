"""As which address a server sees us: its own word where it is one, else what its name for us leads to."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mysql.conftest import tls_options
from mysql.site import PASSWORD, USER, Server, Site, launch
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.session.login import own_address
from rdsrestore.mysql.session.login.connection import Login, connect


@pytest.fixture(scope="module")
def naming(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[Server]:
    """A server that looks the names of its callers up, and shows nothing else of them."""
    folder = tmp_path_factory.mktemp("naming") / "s"
    server = launch(folder, *tls_options(certificates), "--skip-name-resolve=OFF")
    yield server
    server.process.terminate()
    server.process.wait(60)


def seen_by(server: Server, ca: Path) -> tuple[str | None, str]:
    login = Login(server.endpoint, USER, Secret(PASSWORD), ca)
    with closing(connect(login, "production")) as session:
        return own_address.caller(session, server.endpoint)


def test_a_server_tells_our_address(site: Site) -> None:
    assert seen_by(site.production, site.ca) == ("127.0.0.1/32", "")


def test_oracle_s_server_tells_it_too(mysql_site: Site) -> None:
    assert seen_by(mysql_site.production, mysql_site.ca) == ("127.0.0.1/32", "")


def test_a_name_that_leads_to_our_own_address_is_certain(naming: Server, certificates: Path) -> None:
    ((host,),) = naming.sql("SELECT 'localhost' FROM DUAL WHERE @@skip_name_resolve = 0")
    assert host == "localhost"
    assert seen_by(naming, certificates / "ca.pem") == ("127.0.0.1/32", "")


def test_a_name_that_leads_nowhere_leaves_our_address_in_the_server_s_own_network() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        endpoint = Endpoint("127.0.0.1", listener.getsockname()[1])
        assert own_address.named("nobody.invalid", endpoint) == ("127.0.0.1/32", "nobody.invalid")


def test_without_a_road_to_the_server_nothing_is_said() -> None:
    assert own_address.named("nobody.invalid", Endpoint("nowhere.invalid", 3306)) == (None, "nobody.invalid")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("10.0.3.7", "10.0.3.7/32"),
        ("2001:DB8::7", "2001:db8::7/128"),
        ("::ffff:10.0.3.7", "10.0.3.7/32"),
        ("fe80::7%eth0", "fe80::7/128"),
    ],
)
def test_an_address_of_either_family_is_read(text: str, shown: str) -> None:
    address = own_address.read(text)
    assert address
    assert own_address.network(address) == shown


@pytest.mark.parametrize("name", ["localhost", "ip-10-0-3-7.ec2.internal", "", "10.0.3"])
def test_a_name_is_no_address(name: str) -> None:
    assert own_address.read(name) is None
