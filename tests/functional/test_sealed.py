"""A run whose dumps are encrypted, as a user runs it: nothing of a row lies plain in its folder, and all works."""

from __future__ import annotations

from pathlib import Path

import pyrage
import pytest

from tool import LabTool, events

KNOWN = "SELECT {} FROM shop.billing WHERE id IN (3, 4)"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "dump.key"
    file.touch(mode=0o600)
    file.write_text(f"# kept apart\n{pyrage.x25519.Identity.generate()}\n")
    return file


def test_nothing_of_a_row_lies_plain_and_the_way_back_needs_the_key(shop: LabTool, key: Path) -> None:
    whole = shop.number("SELECT COUNT(*) FROM shop.billing")
    (secret,), *_more = shop.sql(KNOWN.format("invoice_no"))
    before = shop.moment()
    shop.sql("DELETE FROM shop.billing WHERE id % 3 = 0; UPDATE shop.billing SET notes = 'wrong' WHERE id % 7 = 0")
    damaged = shop.number("SELECT COUNT(*) FROM shop.billing")

    words = ("table", "billing", "billing_lines", "--before", before, "--merge", "overwrite", "--keep-dump", "--yes")
    shop(*words, check=0, RDSRESTORE_DUMP_KEY_FILE=str(key))

    assert shop.number("SELECT COUNT(*) FROM shop.billing") == whole
    folder = max((shop.home / "runs").iterdir())
    kept = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {"billing.sql.age", "undo-billing.sql.gz.age"} <= set(kept)
    assert not [name for name, content in kept.items() if secret.encode() in content]
    (line,) = (each for each in key.read_text().splitlines() if not each.startswith("#"))
    plain = pyrage.decrypt(kept["billing.sql.age"], [pyrage.x25519.Identity.from_str(line)])
    assert secret.encode() in plain
    assert not [name for name, content in kept.items() if line.encode() in content]

    refused = shop("undo", folder.name, "--yes", check=4)
    assert "RDSRESTORE_DUMP_KEY_FILE" in refused.stderr
    shop("undo", folder.name, "--yes", check=0, RDSRESTORE_DUMP_KEY_FILE=str(key))
    assert shop.number("SELECT COUNT(*) FROM shop.billing") == damaged
    assert shop.number("SELECT COUNT(*) FROM shop.billing WHERE notes = 'wrong'") > 0


def test_a_key_that_is_none_is_refused_before_anything_is_made(shop: LabTool, key: Path) -> None:
    key.write_text("nonsense\n")

    ended = shop("table", "billing", "--before", "1 minute ago", "--yes", check=2, RDSRESTORE_DUMP_KEY_FILE=str(key))

    assert "age-keygen" in ended.stderr
    assert shop.ours() == []


def test_a_crash_would_leave_no_core_with_what_is_in_memory(shop: LabTool) -> None:
    limits: list[str] = []
    before = shop.moment()
    shop.sql("DELETE FROM shop.billing ORDER BY id LIMIT 1")
    with shop.started("table", "billing", "--before", before, "--yes") as process:
        for event in events(process):
            if event["event"] == "step-done" and not limits:
                limits = Path(f"/proc/{process.pid}/limits").read_text().splitlines()

    assert process.returncode == 0
    assert [line.split()[-3:-1] for line in limits if line.startswith("Max core file size")] == [["0", "0"]]
