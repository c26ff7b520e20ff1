"""A million rows, one in a hundred damaged: compared and repaired while the tool's memory stays what it is for a small one."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from tool import LabTool, counted, events

pytestmark = pytest.mark.timeout(900)
"""Half a minute, on a machine that has nothing else to do."""

MIB = 1 << 20
MOST = 176 * MIB
"""Of one process, whatever Python it runs on: most of it is modules and models of AWS; 3.14 takes a tenth more than 3.11."""
GROWTH = 40 * MIB
"""What a million rows may take beyond it."""


@pytest.fixture
def large(own: LabTool) -> str:
    """Damage a large table; returns the moment before."""
    own.up("--restore-delay", "0.4", "--lag", "0", "--deny", "reset", "--empty")
    own.sql(f"""
        CREATE DATABASE large; USE large;
        CREATE TABLE reading (
          id INT PRIMARY KEY, sensor INT NOT NULL, value DECIMAL(12,3), at DATETIME(3), note VARCHAR(60), KEY (sensor));
        INSERT INTO reading SELECT seq, seq % 997, seq / 7, '2017-06-01' + INTERVAL seq SECOND, SHA2(seq, 224) FROM {counted(1000000)};
        CREATE TABLE expected_sum AS SELECT COUNT(*) AS n, SUM(CRC32(CONCAT_WS(',', id, sensor, value, at, note))) AS s FROM reading""")
    before = own.moment()
    own.sql("""
        USE large; UPDATE reading SET value = 0 WHERE id % 200 = 0; DELETE FROM reading WHERE id % 200 = 100;
        UPDATE reading SET note = 'later', value = value + 1 WHERE id = 999999""")
    return before


def test_a_million_rows_are_repaired_with_flat_memory(own: LabTool, large: str) -> None:
    words = [
        "table",
        "reading",
        "--database",
        "large",
        "--before",
        large,
        "--merge",
        "overwrite",
        "--where",
        "id <> 999999",
    ]
    before_the_rows = peak = 0
    with own.started(*words, "--yes") as process:
        for each in events(process):
            if (each["event"], each.get("step")) == ("step-started", "locate"):
                before_the_rows = peak_of(process.pid)
            if each["event"] != "run-ended":
                peak = peak_of(process.pid)
    assert process.returncode == 0, each
    assert 0 < before_the_rows < peak < MOST
    assert peak - before_the_rows < GROWTH

    own.sql("USE large; UPDATE reading SET note = SHA2(id, 224), value = value - 1 WHERE id = 999999")
    query = "SELECT COUNT(*), SUM(CRC32(CONCAT_WS(',', id, sensor, value, at, note))) FROM large.reading"
    assert own.sql(query) == own.sql("SELECT n, s FROM large.expected_sum")


def peak_of(process: int) -> int:
    """The largest resident size that a process has had, in bytes; 0 once it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
