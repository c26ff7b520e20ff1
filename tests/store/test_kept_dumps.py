from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rdsrestore.store.kept_dumps import kept_dumps, shred_old_dumps
from rdsrestore.store.runs import Runs, StoredRun

STORED = Path(__file__).parents[1] / "stored" / "journal-1"
DAY = 86400
NOW = datetime(2026, 12, 24, tzinfo=UTC)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """A run that merged and one whose dump its table took, both cut off ten days ago."""
    runs = Runs(tmp_path)
    runs.prepare()
    for case in ("cut-merged", "cut-direct"):
        (folder,) = (each for each in (STORED / case).iterdir() if each.is_dir())
        shutil.copytree(folder, runs.folder / folder.name)
        last = NOW.timestamp() - 10 * DAY
        os.utime(runs.folder / folder.name / "journal.jsonl", (last, last))
    return runs


def merged(runs: Runs) -> StoredRun:
    return next(run for run in runs.all() if run.folder.joinpath("slices-billing.jsonl").exists())


def test_dumps_go_when_their_time_is_up_and_undo_files_stay(runs: Runs) -> None:
    run = merged(runs)
    found = kept_dumps(run)
    assert found
    assert {file.name for file in found.files} == {"billing.sql", "billing.floats"}
    assert found.bytes == sum(file.stat().st_size for file in found.files) > 0
    undoes = {file for each in runs.all() for file in each.folder.glob("undo-*")}

    assert list(shred_old_dumps(runs, 11 * DAY, NOW)) == []
    said = [text for text in shred_old_dumps(runs, 9 * DAY, NOW) if run.id.value in text]
    assert "were kept until 2026-12-23 00:00 UTC and are removed now" in said[0]
    assert kept_dumps(run) is None
    assert not list(run.folder.glob("billing*"))
    assert undoes == {file for each in runs.all() for file in each.folder.glob("undo-*")}
    assert list(shred_old_dumps(runs, 9 * DAY, NOW)) == []


def test_dumps_of_a_run_at_work_stay(runs: Runs) -> None:
    run = merged(runs)
    with run.locked():
        assert not [text for text in shred_old_dumps(runs, 9 * DAY, NOW) if run.id.value in text]
    assert kept_dumps(run)
