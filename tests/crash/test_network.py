"""The way to the databases is bad, or production fails over, during a whole run: rows come back all the same."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pymysql
import pytest

from rdsrestore.domain.deadlines import FACTOR
from rdsrestore.lab.launch import control
from rdsrestore.lab.status import client
from tool import LabTool, counted, events

ROWS = 20_000
WAITING = "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'"
FORGETS = 5
"""Seconds without a packet after which a flow is forgotten; the cloud's networks take 350."""
SHORTER = "0.03"
"""Of each deadline, the keepalive's and the lock's heartbeat among them: two seconds each."""
CONTENT = "SELECT COALESCE(SUM(CRC32(CONCAT_WS('|', id, v, note))), 0) FROM shop.shaky"


@pytest.fixture
def whole(shop: LabTool) -> Iterator[int]:
    """A table large enough for its load to be met in the middle, and what it holds."""
    shop.sql(
        "CREATE TABLE shop.shaky (id INT PRIMARY KEY, v INT, note VARCHAR(120));"
        f" INSERT INTO shop.shaky SELECT seq, seq, REPEAT('n', seq % 120) FROM {counted(ROWS)}"
    )
    yield shop.number(CONTENT)
    shop.sql("DROP TABLE shop.shaky")


def gone(shop: LabTool) -> bool:
    """Wait until production does not greet any more."""
    state = shop.place.running()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.create_connection((state.host, state.port), timeout=5) as door:
            if not door.recv(1):
                return True
    return False


@contextmanager
def held(shop: LabTool, row: int) -> Iterator[None]:
    """Let somebody hold a row, or the place where it was, until production goes down."""
    socket = str(shop.folder / "servers" / "production" / "s")
    with (
        pymysql.connect(unix_socket=socket, user="root", ssl_disabled=True) as other,
        other.cursor() as cursor,
    ):
        cursor.execute("START TRANSACTION")
        cursor.execute("REPLACE INTO shop.shaky VALUES (%s, 0, '')", (row,))
        yield


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("DELETE FROM shop.shaky", ()),
        ("UPDATE shop.shaky SET v = 0", ("--merge", "overwrite")),
    ],
)
def test_production_fails_over_during_the_load(shop: LabTool, whole: int, damage: str, words: tuple[str, ...]) -> None:
    before = shop.moment()
    shop.sql(damage)
    said: list[str] = []
    last = ""

    with held(shop, ROWS - 1), shop.started("table", "shaky", "--before", before, "--yes", *words) as process:
        for event in events(process):
            last = str(event)
            if event.get("step") != "load":
                continue
            if event["event"] == "step-started":
                while not int(shop.sql(WAITING)[0][1]):
                    assert process.poll() is None
                client(shop.place.running(), "rds").reboot_db_instance(DBInstanceIdentifier="production")
                assert gone(shop)
            if event["event"] == "step-progress":
                said.append(event["message"])

    assert process.returncode == 0, last
    assert any("waiting for production" in each for each in said)
    assert shop.number(CONTENT) == whole
    assert shop.ours() == []


def test_a_slow_and_lossy_way_only_takes_longer(shop: LabTool, whole: int) -> None:
    before = shop.moment()
    shop.sql("DELETE FROM shop.shaky WHERE id % 3")
    shop.lab("network", "--delay", "20", "--loss", "0.05")
    try:
        shop("table", "shaky", "--before", before, "--yes", check=0)
    finally:
        shop.lab("network")

    assert shop.number(CONTENT) == whole
    assert shop.ours() == []


def forgotten(shop: LabTool, idle: float) -> int:
    """Have flows forgotten that are idle for so long, 0 for none; returns how many were so far."""
    return int(control(shop.place.running(), "network", {"forget_idle": idle})["forgotten"])


def wait_until_a_silent_flow_is_forgotten(shop: LabTool) -> None:
    state, before = shop.place.running(), forgotten(shop, FORGETS)
    deadline = time.monotonic() + 60
    with socket.create_connection((state.host, state.port)) as silent:
        silent.recv(1)
        while forgotten(shop, FORGETS) == before:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_a_network_that_forgets_silent_connections_is_kept_awake(shop: LabTool, whole: int) -> None:
    tool = replace(shop, env=shop.env | {FACTOR: SHORTER})
    before, already = shop.moment(), forgotten(shop, FORGETS)
    shop.sql("DELETE FROM shop.shaky WHERE id % 3 = 0")
    try:
        with ExitStack() as others, tool.started("table", "shaky", "--before", before, "--yes") as process:
            others.enter_context(held(shop, 3))
            for event in events(process):
                if event.get("step") == "load" and event["event"] == "step-started":
                    while not int(shop.sql(WAITING)[0][1]):
                        assert process.poll() is None
                    wait_until_a_silent_flow_is_forgotten(shop)
                    others.close()
        assert process.returncode == 0
        assert shop.number(CONTENT) == whole
        tool("undo", "--yes", check=0)
        assert forgotten(shop, 0) == already + 1, "a connection of the run's was forgotten"
    finally:
        forgotten(shop, 0)

    assert shop.number("SELECT COUNT(*) FROM shop.shaky") == ROWS - ROWS // 3
    assert shop.ours() == []
