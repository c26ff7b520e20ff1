"""The benchmark runs, and everybody's result in it is right; its figures are nobody's business here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent.parent


def test_every_contender_repairs_every_incident(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    ended = subprocess.run(
        [sys.executable, "-m", "benchmark", "--quick", "--json", str(figures)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = json.loads(figures.read_text())["figures"]
    assert len(found) == 5
    assert all(result["seconds"] and not result["wrong"] for results in found.values() for result in results.values())
    assert all("mysqldump, mysql" in results for results in found.values())


def test_rows_from_the_binlog_are_right_and_both_parsers_read_the_file() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "benchmark", "--quick", "--binlog"],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "50 of 5,000 rows deleted" in ended.stdout
    assert "theirs / ours" in ended.stdout
