"""Production's disk is full: an error that says so, nothing half done, and the load goes on once there is room."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pymysql
import pytest

from mysql.site import RUN, SCHEMA, Server, Site, launch, numbers, silent
from rdsrestore.domain.errors import RdsRestoreError
from rdsrestore.domain.request.throttle_rules import ThrottleRules
from tool import counted

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(2000))"
ROWS = f"INSERT INTO t SELECT seq, REPEAT(CHAR(97 + seq % 26), 1500) FROM {counted(10000)}"
FULL = 1114


def fill(site: Site) -> None:
    """Write into another table until there is no room left."""
    site.now("CREATE TABLE ballast (v VARCHAR(9000))")
    more = f"INSERT INTO ballast SELECT REPEAT('b', 8000) FROM {counted(100)}"
    while takes(site, more):
        pass


def takes(site: Site, statement: str) -> bool:
    """Whether production has room for a statement."""
    try:
        site.now(statement)
    except pymysql.OperationalError as error:
        if error.args[0] != FULL:
            raise
        return False
    return True


def make_room(site: Site) -> None:
    """Give the room back, which the server does in the background."""
    site.now("DROP TABLE ballast; CREATE TABLE probe (v VARCHAR(9000))")
    deadline = time.monotonic() + 60
    while not takes(site, f"INSERT INTO probe SELECT REPEAT('b', 8000) FROM {counted(1000)}"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def tight(
    tmp_path_factory: pytest.TempPathFactory, servers: tuple[Server, Server], certificates: Path, tmp_path: Path
) -> Iterator[Site]:
    """Production has room for the table or for the ballast, and not for both."""
    server = launch(
        tmp_path_factory.mktemp("tight") / "p",
        "--require-secure-transport=ON",
        f"--ssl-ca={certificates / 'ca.pem'}",
        f"--ssl-cert={certificates / 'server.pem'}",
        f"--ssl-key={certificates / 'server.key'}",
        "--innodb-data-file-path=ibdata1:12M:autoextend:max:80M",
        "--skip-innodb-file-per-table",
    )
    made = Site(server, servers[1], certificates / "ca.pem", tmp_path, f"shop{next(numbers)}")
    for each in (made.production, made.copy):
        each.sql(f"CREATE DATABASE {made.database} CHARACTER SET utf8mb4")
    yield made
    made.drop()
    server.process.terminate()
    server.process.wait(60)


def test_a_table_that_takes_its_dump_stops_and_goes_on(tight: Site) -> None:
    tight.both(TABLE)
    tight.copy.sql(ROWS, tight.database)
    fill(tight)

    tight.dump("t")
    target = replace(tight.target("t"), direct=True)
    with tight.live() as server:
        server.create_scratch(SCHEMA, RUN)
        server.stage(SCHEMA, target, tight.folder, silent)
        with pytest.raises(RdsRestoreError) as refused:
            server.load(SCHEMA, [target], tight.folder, ThrottleRules(), silent)
        done = server.loaded(SCHEMA, target).inserted
        rows = tight.now("SELECT COUNT(*) FROM t")[0][0]
        make_room(tight)
        server.load(SCHEMA, [target], tight.folder, ThrottleRules(), silent)

    assert refused.value.code == "db.full"
    assert "storage" in refused.value.hint
    assert rows == done < 10_000
    assert tight.equal("t")


def test_the_scratch_schema_that_finds_no_room_says_so(tight: Site) -> None:
    tight.both(TABLE)
    tight.copy.sql(ROWS, tight.database)
    tight.now("INSERT INTO t VALUES (3, 'other')")
    fill(tight)

    with pytest.raises(RdsRestoreError) as refused:
        tight.restore("t")

    assert refused.value.code == "db.full"
    assert "storage" in refused.value.hint
    assert tight.now("SELECT * FROM t") == [(3, "other")]
