"""A million rows, one in a hundred damaged: compared and repaired while the tool's memory stays what it is for a small one."""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tool import COMMAND, LabTool, counted

MIB = 1 << 20
FLAT = 150 * MIB


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


def test_a_million_rows_are_repaired_with_flat_memory(own: LabTool, large: str, tmp_path: Path) -> None:
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
    with (
        (tmp_path / "said").open("wb+") as said,
        subprocess.Popen(
            [*COMMAND, *words, "--yes"], env=own.env, stdout=said, stderr=said, stdin=subprocess.DEVNULL
        ) as process,
    ):
        peak = 0
        while process.poll() is None:
            peak = max(peak, peak_of(process.pid))
            time.sleep(0.05)
    assert process.returncode == 0, (tmp_path / "said").read_text()
    assert 0 < peak < FLAT

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
