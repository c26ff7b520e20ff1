"""Run folders that an earlier release wrote are read for ever: each stands in tests/stored with its production's rows.

A folder's name says what happened; `good` runs ended well, `cut` ones were killed while 100 rows were in.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

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
    (lab.home / "audit-index.jsonl").unlink(missing_ok=True)
    shutil.copytree(case, lab.home / "runs", ignore=shutil.ignore_patterns("production.sql.gz"))
    statements = b"DROP DATABASE IF EXISTS shop;\n" + gzip.decompress((case / "production.sql.gz").read_bytes())
    lab.as_root(statements)
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


def rewrite(journal: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Write a journal as another release would: each record changed, the chain whole."""
    before, lines = "", []
    for line in journal.read_text("utf-8").splitlines():
        record = json.loads(line)
        change(record)
        record["prev"] = before or record["prev"]
        bare = {name: value for name, value in record.items() if name != "hash"}
        text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        before = record["hash"] = hashlib.sha256(text.encode()).hexdigest()
        lines.append(json.dumps(record, separators=(",", ":"), ensure_ascii=False))
    journal.write_text("\n".join(lines) + "\n", "utf-8")


def same(record: dict[str, Any]) -> None:
    """Leave a record as it is."""
    del record


def next_version(record: dict[str, Any]) -> None:
    record["v"] += 1


def new_field(record: dict[str, Any]) -> None:
    if record["kind"] == "started":
        record["data"]["request"]["moon_phase"] = "full"


def new_step(record: dict[str, Any]) -> None:
    if record["step"] == "scratch":
        record["step"] = "warm-up"


def new_fact(record: dict[str, Any]) -> None:
    if record["kind"] == "done" and record["step"] == "dump":
        record["data"]["fact"]["is"] = "Moonlight"


def test_the_chain_is_as_the_page_on_formats_says(lab: LabTool) -> None:
    (run,) = lay(lab, stored("good-direct")[0])
    journal = lab.home / "runs" / run / "journal.jsonl"
    content = journal.read_bytes()
    rewrite(journal, same)
    assert journal.read_bytes() == content


@pytest.mark.parametrize(
    ("change", "command"),
    [
        *((next_version, command) for command in ("resume", "undo", "cleanup")),
        *((new_field, "cleanup"), (new_step, "undo"), (new_fact, "resume")),
    ],
)
def test_a_run_of_a_newer_release_is_refused_and_not_touched(
    lab: LabTool, change: Callable[[dict[str, Any]], None], command: str
) -> None:
    (run,) = lay(lab, stored("cut-merged")[0])
    folder, before = lab.home / "runs" / run, bills(lab)
    rewrite(folder / "journal.jsonl", change)
    written = (folder / "journal.jsonl").read_bytes()
    refused = lab(command, run, *([] if command == "cleanup" else ["--yes"]), check=7)
    assert "release" in refused.stderr
    assert ((folder / "journal.jsonl").read_bytes(), bills(lab)) == (written, before)
    assert run in lab("runs", check=0).stdout
    if change is next_version:
        for words in (["audit", run], ["audit", run, "--verify"]):
            assert "release" in lab(*words, check=7).stderr
