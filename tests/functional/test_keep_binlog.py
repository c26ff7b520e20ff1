"""The binlog of an incident is kept before RDS purges it, and production keeps it longer until the run ends."""

from __future__ import annotations

import hashlib
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyrage

from tool import LabTool, kill_at

HOURS = "SELECT value FROM mysql.rds_configuration"


def hours(lab: LabTool) -> str:
    return lab.sql(HOURS)[0][0]


def copied(lab: LabTool) -> list[Path]:
    return sorted(lab.home.glob("runs/*/binlog/*"))


def records(lab: LabTool) -> list[dict[str, Any]]:
    (journal,) = lab.home.glob("runs/*/journal.jsonl")
    return [json.loads(line) for line in journal.read_text().splitlines()]


def accident(lab: LabTool) -> str:
    before = lab.moment()
    lab.sql("DELETE FROM shop.billing_lines WHERE id < 11")
    lab.moment()
    return before


def test_the_files_of_the_incident_are_copied_and_the_retention_is_put_back(own: LabTool) -> None:
    own.up("--rows", "100", "--binlog-kept", "20")
    dry = own("table", "billing_lines", "--before", own.moment(), "--keep-binlog", "--dry-run", check=0).stdout
    assert "the one change to production before you approve" in " ".join(dry.split())
    assert hours(own) == "NULL"

    before = accident(own)
    ended = own("table", "billing_lines", "--before", before, "--keep-binlog", "--yes", check=0)
    assert "binlog retention hours of production is not set again" in " ".join(ended.stdout.split())
    assert hours(own) == "NULL"
    assert own.number("SELECT COUNT(*) FROM shop.billing_lines") == 200
    (done,) = [each["data"] for each in records(own) if (each["kind"], each["step"]) == ("done", "keep-binlog")]
    files = done["fact"]["files"]
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in copied(own)] == [each["digest"] for each in files]
    assert any(b"billing_lines" in path.read_bytes() for path in copied(own))
    assert all(path.stat().st_mode & 0o77 == 0 for path in copied(own))
    (report,) = own.home.glob("runs/*/report.md")
    assert f"binlog/{copied(own)[0].name}: production's binlog" in report.read_text()
    assert eventually(lambda: files[0]["name"] not in [row[0] for row in own.sql("SHOW BINARY LOGS")])
    (run,) = own.home.glob("runs/*")
    told = own("find", "billing_lines", "--from", run.name, "--json", check=0).stdout
    changes = [json.loads(line) for line in told.splitlines() if '"change"' in line]
    assert [each["deleted"] for each in changes if each["table"] == "shop.billing_lines"] == [10]
    with copied(own)[0].open("ab") as file:
        file.write(b"more")
    assert "is not what was copied" in own("find", "--from", run.name).stderr
    own("forget", run.name, "--yes", check=0)
    assert copied(own) == []


def test_what_a_killed_run_has_set_is_put_back_by_cleanup(own: LabTool) -> None:
    own.up("--rows", "100")
    own.sql("CALL mysql.rds_set_configuration('binlog retention hours', 3)")
    before = accident(own)
    with own.started("table", "billing_lines", "--before", before, "--keep-binlog", "--yes") as process:
        assert kill_at(process, "step-started", "own-group", signal.SIGKILL)
    assert hours(own) == "24"
    own("cleanup")
    assert hours(own) == "3"
    assert own.ours() == []


def test_a_login_that_may_not_set_it_copies_all_the_same(own: LabTool) -> None:
    own.up("--rows", "100")
    before = accident(own)
    own.as_root("REVOKE EXECUTE ON *.* FROM admin@'%'")

    ended = own("table", "billing_lines", "--before", before, "--keep-binlog", "--yes", check=0)

    assert "how long production keeps its binlog can't be set" in " ".join((ended.stdout + ended.stderr).split())
    assert copied(own)
    assert own.number("SELECT COUNT(*) FROM shop.billing_lines") == 200


def test_with_a_key_no_plain_file_of_the_binlog_is_kept_and_find_reads_the_sealed_one(
    own: LabTool, tmp_path: Path
) -> None:
    key = tmp_path / "dump.key"
    key.write_text(str(pyrage.x25519.Identity.generate()))
    key.chmod(0o600)
    own.up("--rows", "100")
    own.env["RDSRESTORE_DUMP_KEY_FILE"] = str(key)
    before = accident(own)

    own("table", "billing_lines", "--before", before, "--keep-binlog", "--yes", check=0)

    assert copied(own)
    assert all(path.name.endswith(".age") and b"billing_lines" not in path.read_bytes() for path in copied(own))
    (run,) = own.home.glob("runs/*")
    told = own("find", "billing_lines", "--from", run.name, "--json", check=0).stdout
    assert 10 in [json.loads(line).get("deleted") for line in told.splitlines()]


def test_yes_alone_copies_and_sets_nothing(own: LabTool) -> None:
    own.up("--rows", "100")
    before = accident(own)
    own("table", "billing_lines", "--before", before, "--yes", check=0)
    assert copied(own) == []
    assert "raise-retention" not in [each["step"] for each in records(own)]


def eventually(holds: Callable[[], bool]) -> bool:
    """Await the purge; False where it never comes."""
    deadline = time.monotonic() + 60
    while not (found := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found
