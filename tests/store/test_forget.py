"""Forgetting a run: nothing of it stays on the disk but a line in the index, and that line counts as its journal did."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fakes import FakeClock
from rdsrestore.domain.codec import Json
from rdsrestore.domain.errors import JournalError
from rdsrestore.domain.ids import RunId
from rdsrestore.store.runs import Runs, StoredRun
from rdsrestore.workflow.journal.journal import Kind
from tool import run as tool

RUN, OTHER = RunId("170601-103000-abcd"), RunId("170601-103100-abcd")
AT = datetime(2017, 6, 2, tzinfo=UTC)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def worked(runs: Runs, name: RunId, *kinds: Kind, **request: Json) -> StoredRun:
    run = runs.create(name)
    journal = runs.open(run, FakeClock())
    for kind in (Kind.STARTED, *kinds):
        start: dict[str, Json] = {"index": runs.index.read().head, "request": dict(request)}
        data: dict[str, Json] = start if kind is Kind.STARTED else {"exit_code": 0}
        journal.append(kind, "", data)
    journal.close()
    (run.folder / "undo").mkdir()
    (run.folder / "undo" / "billing.sql").write_text("a customer")
    return run


def command(home: Path, *words: str, check: int) -> str:
    env = os.environ | {"RDSRESTORE_HOME": str(home), "RDSRESTORE_OPERATOR": "ann", "COLUMNS": "400"}
    ended = tool(*words, env=env, check=check)
    return ended.stdout + ended.stderr


def test_nothing_of_it_stays_but_a_line_in_the_index(runs: Runs, tmp_path: Path) -> None:
    run, other = worked(runs, RUN, Kind.ENDED), worked(runs, OTHER, Kind.ENDED)
    last = run.records()[-1].hash

    said = command(tmp_path, "forget", RUN.value, "--yes", check=0)

    assert "is forgotten" in said
    assert [path.name for path in runs.folder.iterdir()] == [other.id.value]
    tombstone = runs.index.read().forgotten[RUN.value]
    assert (tombstone.records, tombstone.head, tombstone.by) == (2, last, "ann")
    assert "unchanged since they were written" in command(tmp_path, "audit", "--verify", check=0)
    assert last in command(tmp_path, "audit", RUN.value, "--verify", check=7)
    assert f"{RUN} forgotten" in command(tmp_path, "runs", check=0)
    listed = [json.loads(line) for line in command(tmp_path, "runs", "--json", check=0).splitlines()]
    assert {each["run"]: each["state"] for each in listed} == {OTHER.value: "ok", RUN.value: "forgotten"}


def test_a_folder_that_is_gone_without_a_line_of_it_still_shows(runs: Runs, tmp_path: Path) -> None:
    run = worked(runs, RUN, Kind.ENDED)
    worked(runs, OTHER, Kind.ENDED)
    command(tmp_path, "forget", OTHER.value, "--yes", check=0)
    run.folder.rename(tmp_path / "elsewhere")
    said = command(tmp_path, "audit", "--verify", check=7)
    assert f"1 whose folder is not in {runs.folder}: {RUN}" in said


@pytest.mark.parametrize("kinds", [(), (Kind.INTENT,)])
def test_a_run_that_may_have_left_something_is_not_forgotten(
    runs: Runs, tmp_path: Path, kinds: tuple[Kind, ...]
) -> None:
    run = worked(runs, RUN, *kinds)
    said = command(tmp_path, "forget", RUN.value, "--yes", check=3)
    assert f"rdsrestore cleanup {RUN}" in said
    assert run.journal.exists()


def test_without_a_yes_nothing_is_removed(runs: Runs, tmp_path: Path) -> None:
    run = worked(runs, RUN, Kind.ENDED)
    assert "--yes" in command(tmp_path, "forget", RUN.value, check=3)
    assert run.journal.exists()
    assert not runs.index.read().forgotten


def test_a_run_that_is_at_work_is_not_forgotten(runs: Runs) -> None:
    run = worked(runs, RUN, Kind.ENDED)
    with run.locked(), pytest.raises(JournalError, match="worked on"):
        runs.forget(run, "ann", AT)
    assert run.journal.exists()


def test_forgetting_that_was_cut_off_is_done_by_saying_it_again(runs: Runs, tmp_path: Path) -> None:
    run = worked(runs, RUN, Kind.ENDED)
    runs.index.bury(RUN.value, run.records(), "bea", AT)
    run.journal.unlink()

    command(tmp_path, "forget", RUN.value, "--yes", check=0)

    assert not run.folder.exists()
    assert [entry.by for entry in runs.index.read().entries if entry.by] == ["bea"]


def test_a_tombstone_that_was_changed_breaks_the_index(runs: Runs, tmp_path: Path) -> None:
    worked(runs, RUN, Kind.ENDED)
    other = worked(runs, OTHER, Kind.ENDED)
    command(tmp_path, "forget", RUN.value, "--yes", check=0)
    runs.index.enter(OTHER.value, other.records()[-1])
    assert runs.index.read().broken is None
    runs.index.path.write_text(runs.index.path.read_text("utf-8").replace('"ann"', '"bob"'), "utf-8")
    assert runs.index.read().broken == 6


@pytest.mark.parametrize("by", ["undoes", "taken_from", "instance_of"])
def test_a_run_that_another_one_goes_by_is_kept_until_that_has_ended(runs: Runs, tmp_path: Path, by: str) -> None:
    needed = worked(runs, RUN, Kind.ENDED)
    other = worked(runs, OTHER, **{by: RUN.value})

    said = command(tmp_path, "forget", RUN.value, "--yes", check=3)

    assert f"run {OTHER} has not ended, and goes by what is kept of run {RUN}" in said
    journal = runs.open(other, FakeClock())
    journal.append(Kind.ENDED, "", {"exit_code": 0})
    journal.close()
    command(tmp_path, "forget", RUN.value, "--yes", check=0)
    assert not needed.folder.exists()


def test_an_undo_is_kept_until_the_run_that_it_took_back_has_ended(runs: Runs, tmp_path: Path) -> None:
    worked(runs, RUN)
    worked(runs, OTHER, Kind.ENDED, undoes=RUN.value)
    assert f"run {RUN} has not ended" in command(tmp_path, "forget", OTHER.value, "--yes", check=3)


@pytest.mark.parametrize("left", [None, 0, 1, 2])
def test_a_journal_that_is_gone_cut_or_changed_is_not_passed_off_as_forgotten(
    runs: Runs, tmp_path: Path, left: int | None
) -> None:
    run = worked(runs, RUN, Kind.NOTICE, Kind.ENDED)
    lines = run.journal.read_bytes().splitlines(keepends=True)
    if left is None:
        run.journal.unlink()
    elif left == 2:
        run.journal.write_bytes(lines[0] + lines[1].replace(b"notice", b"Notice") + lines[2])
    else:
        run.journal.write_bytes(b"".join(lines[:left]))

    assert "gone, cut or changed" in command(tmp_path, "forget", RUN.value, "--yes", check=3)

    assert run.folder.exists()
    assert not runs.index.read().forgotten
