"""Two servers for the session, a database of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mysql.rewinding import Scratches, running
from mysql.site import FAMILIES, GIVEN, MARIADB, ORACLE, USER, Server, Site, launch, numbers
from rdsrestore.lab.servers import tls


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is the same whichever servers are given: tests of both families, and of none."""
    if config.getoption("--beside"):
        here = Path(__file__).parent
        left_out = [item for item in items if here in item.path.parents and "servers" not in fixtures(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def fixtures(item: pytest.Item) -> list[str]:
    """Name all that a test is given."""
    assert isinstance(item, pytest.Function)
    return item.fixturenames


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    tls.make(folder)
    return folder


def tls_options(certificates: Path) -> tuple[str, ...]:
    """The options of a server that speaks over TLS alone."""
    return (
        "--require-secure-transport=ON",
        f"--ssl-ca={certificates / 'ca.pem'}",
        f"--ssl-cert={certificates / 'server.pem'}",
        f"--ssl-key={certificates / 'server.key'}",
    )


@contextmanager
def stopped(production: Server, copy: Server) -> Iterator[tuple[Server, Server]]:
    """Have the servers stop, all at once, when their tests are over."""
    both = (production, copy)
    yield both
    for server in both:
        server.process.terminate()
    for server in both:
        server.process.wait(60)


@contextmanager
def database(servers: tuple[Server, Server], certificates: Path, folder: Path) -> Iterator[Site]:
    """A database of one test's own on both servers."""
    production, copy = servers
    made = Site(production, copy, certificates / "ca.pem", folder, f"shop{next(numbers)}")
    for server in servers:
        server.sql(f"CREATE DATABASE {made.database} CHARACTER SET utf8mb4")
    yield made
    made.drop()


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> tuple[Server, Server]:
    """The servers that the tests were given: production and its restored copy."""
    return request.getfixturevalue(f"{GIVEN.engine}_servers")  # type: ignore[no-any-return]  # as in `family`


@pytest.fixture(scope="session")
def mariadb_servers(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[tuple[Server, Server]]:
    """MariaDB twice: production and its restored copy."""
    secured = tls_options(certificates)
    folder = tmp_path_factory.mktemp("mysql")
    production = launch(folder / "p", *secured, "--log-bin=binlog", "--binlog-format=ROW", "--server-id=1")
    with stopped(production, launch(folder / "c", *secured)) as both:
        yield both


@pytest.fixture
def site(servers: tuple[Server, Server], certificates: Path, tmp_path: Path) -> Iterator[Site]:
    with database(servers, certificates, tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def mysql_servers(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[tuple[Server, Server]]:
    """Oracle's MySQL twice: production and its restored copy."""
    secured = tls_options(certificates)
    folder = tmp_path_factory.mktemp("oracle")
    named = ("--enforce-gtid-consistency=ON", "--gtid-mode=ON")
    production = launch(folder / "p", *secured, *named, "--server-id=1", programs=ORACLE)
    with stopped(production, launch(folder / "c", *secured, "--skip-log-bin", programs=ORACLE)) as both:
        yield both


@pytest.fixture
def mysql_site(mysql_servers: tuple[Server, Server], certificates: Path, tmp_path: Path) -> Iterator[Site]:
    """One test's database on two servers of Oracle's MySQL."""
    with database(mysql_servers, certificates, tmp_path) as made:
        yield made


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Iterator[Site]:
    """Each family's two servers in turn."""
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]  # a fixture's name is all it takes


@pytest.fixture
def binlog(family: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site whose login may read the binlog, on a machine that has both families' programs."""
    family.production.sql(f"GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO {USER}@'%'")
    programs = tmp_path / "lent"
    ORACLE.lend(programs)
    MARIADB.lend(programs)
    monkeypatch.setenv("PATH", f"{programs}:/usr/local/bin:/usr/bin:/bin")
    family.production.sql("FLUSH BINARY LOGS")
    return family


@pytest.fixture(scope="session")
def scratches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratches]:
    """A scratch server of each family for tests to share."""
    with running(tmp_path_factory) as found:
        yield found
