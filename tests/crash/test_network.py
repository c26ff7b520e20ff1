"""The way to the databases is bad, or production fails over, during a whole run: rows come back all the same."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator

import pytest

from rdsrestore.lab.status import client
from tool import LabTool, events

ROWS = 20_000
CONTENT = "SELECT COALESCE(SUM(CRC32(CONCAT_WS('|', id, v, note))), 0) FROM shop.shaky"


@pytest.fixture
def whole(shop: LabTool) -> Iterator[int]:
    """A table large enough for its load to be met in the middle, and what it holds."""
    shop.sql(
        "CREATE TABLE shop.shaky (id INT PRIMARY KEY, v INT, note VARCHAR(120));"
        f" INSERT INTO shop.shaky SELECT seq, seq, REPEAT('n', seq % 120) FROM shop.seq_1_to_{ROWS}"
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
    went, last = False, ""

    with shop.started("table", "shaky", "--before", before, "--yes", *words) as process:
        for event in events(process):
            last = str(event)
            if event["event"] != "step-progress" or event["step"] != "load":
                continue
            if not said:
                process.send_signal(signal.SIGUSR1)
            said.append(event["message"])
            if "paused" in said[-1] and not went:
                client(shop.place.running(), "rds").reboot_db_instance(DBInstanceIdentifier="production")
                went = gone(shop)
                process.send_signal(signal.SIGUSR2)

    assert went, said
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
