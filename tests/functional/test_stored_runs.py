"""Run folders that an earlier release wrote are read for ever: each stands in tests/stored with its production's rows.

A folder's name says what happened; `good` runs ended well, `cut` ones were killed while 100 rows were in.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rdsrestore.lab.servers.local import root_client
from tool import LabTool

STORED = Path(__file__).parent.parent / "stored"
CASES = sorted(STORED.glob("*/*"))
IDS = [f"{case.parent.name}-{case.name}" for case in CASES]
BILLS = 300


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabTool]:
    """A lab whose production takes the rows that belong to a run."""
    folder = tmp_path_factory.mktemp("stored")
    made = LabTool(folder / "lab", folder / "state")
    made.up("--empty", "--lag", "0")
    yield made
    made.lab("down")


def lay(lab: LabTool, case: Path) -> list[str]:
    """Give production the rows of a stored run, and this machine its folders; returns the runs, oldest first."""
    for (name,) in lab.sql("SHOW DATABASES")[1:]:
        if name.startswith("rdsrestore_"):
            lab.sql(f"DROP DATABASE `{name}`")
    shutil.rmtree(lab.home / "runs", ignore_errors=True)
    shutil.copytree(case, lab.home / "runs", ignore=shutil.ignore_patterns("production.sql.gz"))
    statements = b"DROP DATABASE IF EXISTS shop;\n" + gzip.decompress((case / "production.sql.gz").read_bytes())
    command = root_client(lab.place.folder / "servers" / "production")
    subprocess.run(command, input=statements, check=True, timeout=60)
    return sorted(each.name for each in (lab.home / "runs").iterdir())


def stored(name: str) -> list[Path]:
    return [case for case in CASES if case.name == name]


def zeroed(lab: LabTool) -> int:
    return lab.number("SELECT COUNT(*) FROM shop.billing WHERE amount = 0")


def bills(lab: LabTool) -> int:
    return lab.number("SELECT COUNT(*) FROM shop.billing")


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_it_is_listed_and_its_chain_holds(lab: LabTool, case: Path) -> None:
    for run in lay(lab, case):
        assert run in lab("runs", check=0).stdout
        assert "billing" in lab("audit", run, check=0).stdout
        verified = lab("audit", run, "--verify")
        assert (verified.returncode == 0) == case.name.startswith(("good", "undone"))
        assert "broken" not in verified.stdout + verified.stderr


@pytest.mark.parametrize("case", stored("good-direct"), ids=str)
def test_inserted_rows_are_taken_back(lab: LabTool, case: Path) -> None:
    lay(lab, case)
    lab("undo", "--yes", "--reason", "test", check=0)
    assert bills(lab) == 200


@pytest.mark.parametrize("case", stored("good-merged"), ids=str)
def test_changed_rows_are_taken_back(lab: LabTool, case: Path) -> None:
    lay(lab, case)
    lab("undo", "--yes", "--reason", "test", check=0)
    assert (bills(lab), zeroed(lab)) == (BILLS, 150)


@pytest.mark.parametrize("case", stored("cut-direct"), ids=str)
def test_a_cut_load_of_the_whole_table_is_finished(lab: LabTool, case: Path) -> None:
    lay(lab, case)
    lab("resume", "--yes", check=0)
    assert (bills(lab), lab.number("SELECT COUNT(*) FROM shop.billing_lines")) == (BILLS, 2 * BILLS)
    assert lab.ours() == []


@pytest.mark.parametrize("case", stored("cut-merged"), ids=str)
def test_a_cut_load_of_changed_rows_is_finished(lab: LabTool, case: Path) -> None:
    lay(lab, case)
    lab("resume", "--yes", check=0)
    assert (bills(lab), zeroed(lab)) == (BILLS, 0)
    assert lab.ours() == []


@pytest.mark.parametrize("case", [*stored("cut-direct"), *stored("cut-merged")], ids=str)
def test_a_cut_run_is_cleaned_up(lab: LabTool, case: Path) -> None:
    lay(lab, case)
    before = bills(lab), zeroed(lab)
    ended = lab("cleanup")
    assert "nothing was written" not in ended.stdout
    assert ended.returncode != 0
    assert (bills(lab), zeroed(lab)) == before
    assert lab.ours() == []


@pytest.mark.parametrize("case", stored("undone"), ids=str)
def test_an_undone_run_is_not_gone_on_with(lab: LabTool, case: Path) -> None:
    first, _ = lay(lab, case)
    assert lab("resume", first, "--yes").returncode == 3
