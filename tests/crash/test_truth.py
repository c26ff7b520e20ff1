"""What is said of production after a crash is what production shows: of runs cut off, taken back, or cleaned up after."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tool import LabTool, counted, events, kill_at

ROWS = 3000
WITHIN = 120
WAYS = {"whole": (), "staged": ("--merge", "overwrite")}
"""Both ways of loading, by the options that lead to them."""


@pytest.fixture
def before(shop: LabTool) -> Iterator[str]:
    """Delete all rows of a table but one, which is changed, and give the moment before."""
    shop.sql(f"""
        USE shop; DROP TABLE IF EXISTS deed; CREATE TABLE deed (id INT PRIMARY KEY, text VARCHAR(20));
        INSERT INTO deed SELECT seq, CONCAT('deed ', seq) FROM {counted(ROWS)}""")
    before = shop.moment()
    shop.sql("DELETE FROM shop.deed WHERE id > 1; UPDATE shop.deed SET text = 'since'")
    yield before
    shop.sql("DROP TABLE IF EXISTS shop.deed, shop.deed_then")


def count(shop: LabTool, table: str = "deed") -> int:
    return shop.number(f"SELECT COUNT(*) FROM shop.{table}")


def newest(shop: LabTool) -> Path:
    return max(path for path in (shop.home / "runs").iterdir() if re.fullmatch(r"\d{6}-\d{6}-\w{4}", path.name))


def records(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "journal.jsonl").read_text().splitlines()]


def endings(run: Path) -> list[dict[str, Any]]:
    return [record["data"] for record in records(run) if record["kind"] == "ended"]


def listed(shop: LabTool, run: Path) -> dict[str, Any]:
    """What `runs --json` says of a run."""
    rows = [json.loads(line) for line in shop("runs", "--json", check=0).stdout.splitlines()]
    return next(row for row in rows if row["run"] == run.name)


def stopped_in_load(shop: LabTool, words: Sequence[str], number: signal.Signals, table: str = "deed") -> Path:
    """Stop a gentle run when a part of its rows is in, with a signal."""
    with shop.started(*words, "--gentle", "--yes") as process:
        assert any((each.get("step"), each.get("event")) == ("load", "step-started") for each in events(process))
        deadline = time.monotonic() + WITHIN
        while count(shop, table) < 300:
            assert time.monotonic() < deadline
        process.send_signal(number)
        for _each in events(process):
            pass
    return newest(shop)


@pytest.mark.parametrize("way", WAYS)
def test_cleanup_says_how_many_rows_a_killed_load_has_written(shop: LabTool, before: str, way: str) -> None:
    run = stopped_in_load(shop, ["table", "deed", "--before", before, *WAYS[way]], signal.SIGKILL)

    cleaned = shop("cleanup", check=5)

    written = count(shop) - 1 + shop.number("SELECT COUNT(*) FROM shop.deed WHERE id = 1 AND text <> 'since'")
    assert 299 <= written < ROWS
    of = ROWS if way == "staged" else ROWS - 1
    told = f"cut off while it wrote to production: {written:,} of {of:,} rows are in; nothing left running"
    report = (run / "report.md").read_text()
    for text in (cleaned.stderr, report, listed(shop, run)["ended"], endings(run)[0]["headline"]):
        assert told in text
    assert f"rdsrestore undo {run.name}" in cleaned.stderr
    assert "the same command again goes on" in cleaned.stderr
    assert "✓" not in cleaned.stderr.replace("✓ scratch", "").partition("\n\n")[2]
    assert (listed(shop, run)["exit_code"], len(endings(run))) == (5, 1)
    assert shop.ours() == []
    shop("undo", run.name, "--yes", check=0)
    assert shop.sql("SELECT * FROM shop.deed") == [["1", "since"]]


@pytest.mark.parametrize("way", WAYS)
def test_cleanup_leaves_the_ending_of_a_run_as_it_is(shop: LabTool, before: str, way: str) -> None:
    run = stopped_in_load(shop, ["table", "deed", "--before", before, *WAYS[way]], signal.SIGINT)
    journal, report = (run / "journal.jsonl").read_bytes(), (run / "report.md").read_bytes()
    (ending,) = endings(run)
    assert ending["exit_code"] == 5
    assert ending["headline"].startswith(("failed after", "failed while it wrote"))  # a busy machine may not count

    cleaned = shop("cleanup", check=5)

    assert f"nothing of run {run.name} is left; it ended: {ending['headline']}" in cleaned.stdout
    assert "✓" not in cleaned.stdout
    assert ((run / "journal.jsonl").read_bytes(), (run / "report.md").read_bytes()) == (journal, report)
    assert listed(shop, run)["ended"] == ending["headline"]
    said = [json.loads(line) for line in shop("cleanup", "--json", check=5).stdout.splitlines()]
    assert [(each["event"], each["run"], each["exit_code"]) for each in said] == [("nothing-left", run.name, 5)]
    shop("undo", run.name, "--yes", check=0)
    assert "took back what it wrote: undone and verified" in shop("cleanup", run.name, check=0).stdout


def test_cleanup_repeats_that_not_every_row_is_back(shop: LabTool, before: str) -> None:
    shop.sql("ALTER TABLE shop.deed ADD CONSTRAINT short CHECK (id <> 7)")
    shop("table", "deed", "--before", before, "--yes", check=8)
    run = newest(shop)
    (ending,) = endings(run)
    said = json.loads(shop("cleanup", "--json", check=8).stdout)
    assert said["exit_code"] == 8
    assert f"it ended: {ending['headline']}" in said["message"]
    assert endings(run) == [ending]
    shop("undo", run.name, "--yes", check=0)
    assert "took back" in shop("cleanup", run.name, check=0).stdout


def test_a_cleanup_that_can_not_look_says_so_and_the_next_one_looks(shop: LabTool, before: str) -> None:
    run = stopped_in_load(shop, ["table", "deed", "--before", before], signal.SIGKILL)
    blind = shop("cleanup", check=6, RDSRESTORE_PASSWORD="wrong")
    assert "how many rows it wrote is not known; cleanup is incomplete" in blind.stderr
    assert endings(run) == []
    written = count(shop) - 1
    assert f"{written:,} of {ROWS - 1:,} rows are in; nothing left running" in shop("cleanup", check=5).stderr
    assert [each["exit_code"] for each in endings(run)] == [5]
    assert shop.ours() == []


def test_cleanup_after_a_run_that_was_stopped_before_any_change_keeps_its_ending(shop: LabTool, before: str) -> None:
    with shop.started("table", "deed", "--before", before, "--yes") as process:
        assert kill_at(process, "step-started", "stage", signal.SIGINT)
        for _each in events(process):
            pass
    run = newest(shop)
    (ending,) = endings(run)
    assert f"it ended: {ending['headline']}" in shop("cleanup", check=0).stdout
    assert endings(run) == [ending]
    assert "stopped before any change to production" in ending["headline"]


def test_a_run_that_was_cut_off_before_it_wrote_is_said_to_have_written_nothing(shop: LabTool, before: str) -> None:
    with shop.started("table", "deed", "--before", before, "--yes") as process:
        assert kill_at(process, "step-done", "compare")
    cleaned = shop("cleanup", check=0)
    assert "cut off before any change to production; nothing left running" in cleaned.stdout
    assert "no table was written to" in cleaned.stdout
    assert f"next        rdsrestore resume {newest(shop).name} goes on from the dump" in cleaned.stdout
    shop("resume", "--yes", check=0)  # its dump is sound still
    assert count(shop) == ROWS


def test_a_run_that_was_taken_back_is_not_resumed(shop: LabTool, before: str) -> None:
    with shop.started("table", "deed", "--before", before, "--yes") as process:
        assert kill_at(process, "step-done", "verify")
    run = newest(shop)
    shop("undo", run.name, "--yes", check=0)
    assert count(shop) == 1
    undone = newest(shop)

    refused = shop("resume", run.name, "--yes", check=3)

    assert f"run {undone.name} took back what run {run.name} wrote" in refused.stderr
    assert f"run {undone.name} took back what it wrote" in shop("cleanup", run.name, check=0).stdout
    assert shop.ours() == []
    assert f"{undone.name} took back" in listed(shop, run)["ended"]
    assert count(shop) == 1


def test_what_was_verified_is_verified_again_when_a_run_goes_on(shop: LabTool, before: str) -> None:
    with shop.started("table", "deed", "--before", before, "--yes") as process:
        assert kill_at(process, "step-done", "verify")
    shop.sql("TRUNCATE shop.deed")
    resumed = shop("resume", "--yes", check=8)
    assert f"0 of them are there now, others took {ROWS - 1:,} away" in resumed.stdout
    assert "✓ restored" not in resumed.stdout


@pytest.mark.parametrize(
    ("way", "said"), [("", "only counted since: rdsrestore compare looks"), ("TRUNCATE shop.deed", "fewer now")]
)
@pytest.mark.parametrize("command", ["resume", "cleanup"])
def test_rows_that_can_not_be_verified_again_are_counted(
    shop: LabTool, before: str, command: str, way: str, said: str
) -> None:
    with shop.started("table", "deed", "--before", before, "--yes") as process:
        assert kill_at(process, "undo-done", "scratch")
    if way:
        shop.sql(way)
    ended = shop(command, *(["--yes"] if command == "resume" else []), check=8)
    shown = ended.stdout + ended.stderr
    assert f"{ROWS - 1:,} rows put back and verified at 20" in shown
    assert said in shown
    assert "✓ restored" not in shown
    assert shop.ours() == []


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("options", [(), ("--merge", "overwrite")], ids=["missing", "overwrite"])
def test_a_load_that_was_stopped_before_its_first_row_goes_on_from_the_dump(
    shop: LabTool, before: str, tmp_path: Path, options: Sequence[str], stop: signal.Signals
) -> None:
    flag = tmp_path / "hold"
    flag.touch()
    with shop.started("table", "deed", "--before", before, "--yes", "--pause-file", str(flag), *options) as process:
        assert any(
            each.get("step") == "load" and str(each.get("message")).startswith("paused") for each in events(process)
        )
        process.send_signal(stop)
        for _each in events(process):
            pass
        assert process.wait(WITHIN) in {130, 143}
    assert count(shop) == 1
    flag.unlink()
    restores = len(shop.status()["instances"])

    resumed = shop("resume", "--yes", check=0)

    back = ROWS if options else ROWS - 1  # the row that was written since is put back under overwrite alone
    assert f"restored and verified: {back:,} rows put back" in resumed.stdout
    assert "restore-instance" not in resumed.stdout
    assert len(shop.status()["instances"]) == restores
    assert count(shop) == ROWS
    assert shop.ours() == []


@pytest.mark.parametrize("options", [("--recreate",), ("--into", "deed_then")])
def test_an_empty_table_of_a_stopped_run_does_not_stay(
    shop: LabTool, before: str, options: Sequence[str], tmp_path: Path
) -> None:
    table = "deed" if "--recreate" in options else "deed_then"
    if "--recreate" in options:
        shop.sql("DROP TABLE shop.deed")
    flag = tmp_path / "hold"
    flag.touch()
    words = ["table", "deed", "--before", before, "--yes", "--pause-file", str(flag), *options]
    with shop.started(*words) as process:
        held = (
            each.get("step") == "load" and str(each.get("message")).startswith("paused") for each in events(process)
        )
        assert any(held)
        assert count(shop, table) == 0
        process.send_signal(signal.SIGINT)
        last = list(events(process))[-1]
        assert process.wait(WITHIN) == 130
    assert last["production_touched"] is False
    assert shop.sql(f"SHOW TABLES FROM shop LIKE '{table}'") == []


@pytest.mark.parametrize("options", [("--recreate",), ("--into", "deed_then")])
def test_a_table_that_was_made_and_filled_in_part_is_named(shop: LabTool, before: str, options: Sequence[str]) -> None:
    table = "deed" if "--recreate" in options else "deed_then"
    if "--recreate" in options:
        shop.sql("DROP TABLE shop.deed")
    words = ["table", "deed", "--before", before, *options]
    with shop.started(*words, "--gentle", "--yes") as process:
        assert any((each.get("step"), each.get("event")) == ("load", "step-started") for each in events(process))
        deadline = time.monotonic() + WITHIN
        while count(shop, table) < 300:
            assert time.monotonic() < deadline
        process.kill()
    cleaned = shop("cleanup", check=5)
    assert f"created shop.{table}" in cleaned.stderr
    assert f"{count(shop, table):,} of {ROWS:,} rows are in" in cleaned.stderr


def test_an_empty_table_whose_scratch_schema_is_gone_is_named_and_left(shop: LabTool, before: str) -> None:
    with shop.started("table", "deed", "--before", before, "--into", "deed_then", "--yes") as process:
        assert kill_at(process, "step-done", "landing")
    run = newest(shop)
    shop.sql(f"DROP DATABASE rdsrestore_{run.name.replace('-', '_')}")
    cleaned = shop("cleanup", check=6)
    assert "shop.deed_then: made by this run, empty, and still there" in cleaned.stderr
    assert "nothing left running" not in cleaned.stderr
    shop.sql("DROP TABLE shop.deed_then")
    shop("cleanup", check=0)
    assert "unfinished" not in shop("runs", check=0).stderr


def test_a_table_that_is_renamed_in_the_load_does_not_hide_what_was_written(shop: LabTool, before: str) -> None:
    with shop.started("table", "deed", "--before", before, "--gentle", "--yes") as process:
        assert any((each.get("step"), each.get("event")) == ("load", "step-started") for each in events(process))
        deadline = time.monotonic() + WITHIN
        while count(shop) < 300:
            assert time.monotonic() < deadline
        shop.sql("RENAME TABLE shop.deed TO shop.deed_then")
        last = list(events(process))[-1]
        assert process.wait(WITHIN) == 5
    assert last["written"] == count(shop, "deed_then") - 1
    assert f"failed after {last['written']:,} rows were put back" in last["message"]


def test_a_journal_that_does_not_end_is_not_passed(shop: LabTool, before: str) -> None:
    shop("table", "deed", "--before", before, "--yes", check=0)
    run = newest(shop)
    journal = run / "journal.jsonl"
    whole = journal.read_text().splitlines(keepends=True)
    shop("audit", run.name, "--verify", check=0)
    for kept in (len(whole) - 1, len(whole) - 3, 1):
        journal.write_text("".join(whole[:kept]))
        assert "records are gone" in shop("audit", run.name, "--verify", check=7).stderr
    journal.write_text("".join(whole)[:-5])
    assert "records are gone" in shop("audit", run.name, "--verify", check=7).stderr
    journal.write_text("")
    shop("audit", run.name, "--verify", check=7)
    journal.unlink()
    shop("audit", "--verify", check=7)
    run.rename(run.parent / "elsewhere")
    assert "there is no folder" in shop("audit", run.name, "--verify", check=7).stderr
    assert run.name in shop("audit", "--verify", check=7).stderr
    (run.parent / "elsewhere").rename(run)
    journal.write_text("".join(whole))
    shop("audit", run.name, "--verify", check=0)


def test_a_journal_cut_back_to_an_earlier_ending_is_not_passed(shop: LabTool, before: str) -> None:
    with shop.started("table", "deed", "--before", before, "--merge", "overwrite", "--yes") as process:
        assert kill_at(process, "step-started", "stage", signal.SIGTERM)
    run = newest(shop)
    journal = run / "journal.jsonl"
    first = journal.read_bytes()
    shop("audit", run.name, "--verify", check=0)
    with shop.started("resume", run.name, "--yes") as process:
        assert any(each["event"] == "step-started" for each in events(process)), "it began nothing"
        process.kill()
    cut = shop("audit", run.name, "--verify", check=7).stderr
    assert "unfinished: " in cut
    assert f"rdsrestore resume {run.name} goes on" in cut
    shop("resume", run.name, "--yes", check=0)
    whole = journal.read_bytes()
    shop("audit", run.name, "--verify", check=0)
    journal.write_bytes(first)
    assert "records are gone" in shop("audit", run.name, "--verify", check=7).stderr
    journal.write_bytes(whole)
    index = shop.home / "audit-index.jsonl"
    lines = index.read_bytes()
    index.unlink()
    assert "records are gone" in shop("audit", run.name, "--verify", check=7).stderr
    index.write_bytes(lines.replace(run.name.encode(), b"170601-103000-abcd", 1))
    assert "audit-index.jsonl, line" in shop("audit", run.name, "--verify", check=7).stderr
    index.write_bytes(lines)
    shop("audit", run.name, "--verify", check=0)


def test_a_run_at_work_is_said_to_be(shop: LabTool, before: str, tmp_path: Path) -> None:
    flag = tmp_path / "hold"
    flag.touch()
    with shop.started("table", "deed", "--before", before, "--yes", "--pause-file", str(flag)) as process:
        assert any(each.get("step") == "load" for each in events(process))
        run = newest(shop)
        assert "at work" in shop("audit", run.name, "--verify", check=7).stderr
        assert listed(shop, run)["ended"] == "at work"
        flag.unlink()
        for _each in events(process):
            pass
        assert process.wait(WITHIN) == 0
    shop("audit", run.name, "--verify", check=0)
