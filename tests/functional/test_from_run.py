"""Rows come back from what an earlier run dumped, without another restore."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tool import LabTool

WITHIN_A_RESTORE = {"restore-instance", "own-group", "open-rule", "dump"}


@pytest.fixture
def ledger(shop: LabTool) -> Iterator[LabTool]:
    """A table with 20,000 rows and one with 10."""
    shop.sql(
        "CREATE TABLE shop.ledger (id INT PRIMARY KEY, note VARCHAR(40)); CREATE TABLE shop.other LIKE shop.ledger"
    )
    shop.sql("INSERT INTO shop.ledger SELECT seq, CONCAT('é ', seq) FROM shop.seq_1_to_20000")
    shop.sql("INSERT INTO shop.other SELECT id, note FROM shop.ledger LIMIT 10")
    yield shop
    shop.sql("DROP TABLE IF EXISTS shop.ledger, shop.other")


def digest(shop: LabTool) -> list[list[str]]:
    return shop.sql("SELECT COUNT(*), SUM(CRC32(CONCAT(id, HEX(note)))) FROM shop.ledger")


def name_of(shop: LabTool) -> str:
    newest = shop("runs", "--json", check=0).stdout.splitlines()[0]
    return str(json.loads(newest)["run"])


def steps(shop: LabTool, run: str) -> set[str]:
    return {json.loads(line)["step"] for line in shop("audit", run, "--json", check=0).stdout.splitlines()}


def test_what_compare_dumped_is_written_without_another_restore(ledger: LabTool) -> None:
    content, before = digest(ledger), ledger.moment()
    ledger.sql("DELETE FROM shop.ledger WHERE id % 3 = 0; UPDATE shop.ledger SET note = 'x' WHERE id = 1")
    compared = ledger("compare", "ledger", "other", "--before", before, "--yes", check=0)
    run = name_of(ledger)
    assert f"rdsrestore table --from {run} does what is shown here, without another restore" in compared.stdout

    ledger.sql("INSERT INTO shop.ledger VALUES (90000, 'since')")
    ledger("table", "--from", run, "ledger", "--merge", "overwrite", "--yes", check=0)
    assert not WITHIN_A_RESTORE & steps(ledger, name_of(ledger))
    ledger.sql("DELETE FROM shop.ledger WHERE id = 90000")
    assert digest(ledger) == content

    ledger("undo", "--yes", check=0)
    assert ledger.number("SELECT COUNT(*) FROM shop.ledger") == 13_334
    assert ledger.sql("SELECT note FROM shop.ledger WHERE id = 1") == [["x"]]
    assert ledger.ours() == []


def test_a_load_that_was_stopped_goes_on_from_its_dump_and_both_parts_can_be_taken_back(
    ledger: LabTool,
) -> None:
    content, before = digest(ledger), ledger.moment()
    ledger.sql("DELETE FROM shop.ledger WHERE id % 2 = 0")
    with ledger.started("table", "ledger", "--before", before, "--yes", "--gentle") as process:
        deadline = time.monotonic() + 60
        while ledger.number("SELECT COUNT(*) FROM shop.ledger") <= 10_000:
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 5
    assert ledger.number("SELECT COUNT(*) FROM shop.ledger") < 20_000
    first = name_of(ledger)
    refused = ledger("resume", first, "--yes", check=3)
    assert f"rdsrestore table --from {first}" in refused.stderr

    ledger("table", "--from", first, "--yes", check=0)
    second = name_of(ledger)
    assert digest(ledger) == content
    for run in (second, first):
        ledger("undo", run, "--yes", check=0)
    assert ledger.number("SELECT COUNT(*) FROM shop.ledger") == 10_000
    assert ledger.ours() == []


def test_what_is_settled_or_gone_is_refused_before_anything_is_made(ledger: LabTool) -> None:
    before = ledger.moment()
    ledger.sql("DELETE FROM shop.ledger WHERE id <= 5")
    ledger("table", "ledger", "--before", before, "--yes", "--keep-dump", check=0)
    run = name_of(ledger)
    for words in (("--where", "id = 1"), ("--before", before), ("--merge", "exact"), ("billing",), ("--class", "db.x")):
        refused = ledger("table", "--from", run, *words, "--yes", check=2)
        assert run in refused.stderr
    assert "there is no run" in ledger("table", "--from", "170601-000000-0000", "--yes", check=2).stderr

    dump = next(Path(ledger.home, "runs", run).glob("*ledger*.sql*"))
    dump.write_bytes(dump.read_bytes()[:-1])
    refused = ledger("table", "--from", run, "--yes", check=3)
    assert "run the command with --before" in refused.stderr
    assert ledger.ours() == []


def test_keys_that_were_given_and_a_second_moment_go_with_the_dump(ledger: LabTool, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("1\n2\n")
    content, before = digest(ledger), ledger.moment()
    ledger.sql("UPDATE shop.ledger SET note = 'wrong'")
    end = ledger.moment()
    ledger.sql("UPDATE shop.ledger SET note = 'paid' WHERE id = 2")
    ledger("compare", "ledger", "--before", before, "--incident-end", end, "--keys-from", str(keys), "--yes", check=0)
    keys.unlink()
    ledger("table", "--from", name_of(ledger), "--yes", check=8)
    assert ledger.sql("SELECT id, note FROM shop.ledger WHERE id < 4 ORDER BY id") == [
        ["1", "é 1"],
        ["2", "paid"],
        ["3", "wrong"],
    ]
    assert content != digest(ledger)


def test_kept_dumps_are_shown_and_go_with_the_next_command_once_their_time_is_up(ledger: LabTool) -> None:
    before = ledger.moment()
    ledger.sql("DELETE FROM shop.ledger WHERE id <= 5; UPDATE shop.ledger SET note = 'x' WHERE id = 6")
    ledger("table", "ledger", "--before", before, "--merge", "overwrite", "--yes", "--keep-dump", check=0)
    run = name_of(ledger)
    listed = json.loads(ledger("runs", "--json", check=0).stdout.splitlines()[0])
    folder = Path(ledger.home, "runs", run)
    dumps = [each for each in folder.glob("*ledger*.sql*") if not each.name.startswith("undo-")]
    assert listed["dump_bytes"] == sum(each.stat().st_size for each in dumps) > 0
    assert listed["dump_until"] > listed["at"]

    long_ago = time.time() - 8 * 86400
    os.utime(folder / "journal.jsonl", (long_ago, long_ago))
    assert f"the dumps of run {run}" in ledger("audit", run, check=0).stderr
    assert not any(each.exists() for each in dumps)
    assert "dump_bytes" not in json.loads(ledger("runs", "--json", check=0).stdout.splitlines()[0])
    ledger("undo", run, "--yes", check=0)
