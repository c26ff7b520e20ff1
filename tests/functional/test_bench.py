"""The benchmarks run, and everybody's result in them is right; of their figures only those count that servers count."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmark.costs import COUNTS

TESTS = Path(__file__).parent.parent


STEEP = 1.1
LOGINS = 3
"""The locks, production and the copy: one each, whatever there is to do."""
FEW = 150


def benchmark(*words: str, path: Path) -> dict[str, Any]:
    """Run a quick benchmark to its end; returns its figures."""
    ended = subprocess.run(
        [sys.executable, "-m", "benchmark", "--quick", *words, "--json", str(path)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=560,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_every_contender_repairs_every_incident(tmp_path: Path) -> None:
    found = benchmark(path=tmp_path / "figures.json")["figures"]
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


GROWTH = pytest.mark.xdist_group("growth")
"""One worker has them all, so that it is measured once."""


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    figures = benchmark("--growth", path=tmp_path_factory.mktemp("growth") / "figures.json")
    found: dict[str, Any] = figures["grown"]
    return found


@GROWTH
def test_no_count_grows_faster_than_the_work(grown: dict[str, Any]) -> None:
    assert len(grown) > 10
    assert all(each["right"] for each in grown.values())
    exponents = {(name, count): each["exponents"][count] for name, each in grown.items() for count in COUNTS}
    assert {what: steep for what, steep in exponents.items() if (steep or 0) > STEEP} == {}


@GROWTH
def test_a_run_logs_in_once_to_each_server_and_once_for_its_locks(grown: dict[str, Any]) -> None:
    logins = {(name, size): costs["logins"] for name, each in grown.items() for size, costs in each["costs"].items()}
    assert {where: number for where, number in logins.items() if number > LOGINS} == {}


@GROWTH
def test_a_small_run_takes_few_statements(grown: dict[str, Any]) -> None:
    small = {each: next(iter(grown[each]["costs"].values()))["queries"] for each in grown if "40,000" not in each}
    assert {name: queries for name, queries in small.items() if queries > FEW} == {}


@GROWTH
def test_tables_that_have_nothing_to_do_with_a_run_cost_it_no_statement(grown: dict[str, Any]) -> None:
    assert grown["tables in the instance"]["exponents"]["queries"] == 0
