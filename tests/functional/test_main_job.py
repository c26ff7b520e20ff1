"""The main job as a user runs it, on real servers behind a real firewall."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mysql.programs import by_oracle
from rdsrestore.steps.recipe import RECIPE
from tool import LabTool, events, kill_at

AGO = f"{datetime.now(UTC) - timedelta(minutes=15):%Y-%m-%dT%H:%M:%SZ}"
NEW_ROW = (
    "INSERT INTO shop.billing (customer_id, invoice_no, amount, currency, status, issued_on) "
    "SELECT MIN(id), '{name}', 1.00, 'EUR', 'open', CURRENT_DATE FROM shop.customers"
)


@pytest.fixture
def accident(shop: LabTool) -> Iterator[str]:
    """Delete all of billing, write a row since, and give the moment before; afterwards everything is as it was."""
    shop.sql("""
        USE shop; DROP TABLE IF EXISTS safe, safe_lines; CREATE TABLE safe SELECT * FROM billing;
        CREATE TABLE safe_lines SELECT * FROM billing_lines""")
    before = shop.moment()
    shop.sql("DELETE FROM shop.billing")
    shop.sql(NEW_ROW.format(name=f"SINCE-{before}"))
    yield before
    shop.sql("""
        USE shop; DELETE FROM billing; INSERT INTO billing SELECT * FROM safe;
        INSERT INTO billing_lines SELECT * FROM safe_lines; DROP TABLE safe, safe_lines""")


def counts(shop: LabTool) -> tuple[int, int]:
    return shop.number("SELECT COUNT(*) FROM shop.billing"), shop.number("SELECT COUNT(*) FROM shop.billing_lines")


def checksum(shop: LabTool, like: str = "%") -> str:
    return str(
        shop.sql(
            f"SELECT SUM(CRC32(CONCAT_WS('|', id, invoice_no, amount, rate, notes, meta, HEX(attachment), "
            f"updated_at))) FROM shop.billing WHERE invoice_no LIKE '{like}'"
        )
    )


@pytest.mark.parametrize("programs", ["this machine's", "Oracle's"])
def test_every_deleted_row_comes_back_and_rows_written_since_stay(shop: LabTool, tmp_path: Path, programs: str) -> None:
    tool = by_oracle(shop, tmp_path) if programs == "Oracle's" else shop
    whole, content = counts(shop), checksum(shop)
    before = shop.moment()
    shop.sql("DELETE FROM shop.billing")
    assert counts(shop) == (0, 0)
    name = f"SINCE-{before}"
    shop.sql(NEW_ROW.format(name=name))
    told = shop.status()["slack"]

    ended = tool(
        "table", "billing", "billing_lines", "--before", before, "--yes", "--reason", "a missing WHERE", check=0
    )

    assert counts(shop) == (whole[0] + 1, whole[1])
    shop.sql(f"DELETE FROM shop.billing WHERE invoice_no = '{name}'")
    assert checksum(shop) == content
    assert shop.ours() == []
    assert [each["id"] for each in shop.status()["instances"]] == ["production"]
    assert "nothing left running" in ended.stdout + ended.stderr
    assert shop.status()["slack"] >= told + 1 + len(RECIPE) - 5  # the thread's head, and a reply for each step wanted


def test_the_audit_log_is_json_on_request_and_verifies_until_a_byte_is_changed(shop: LabTool, accident: str) -> None:
    shop("table", "billing", "billing_lines", "--before", accident, "--yes", check=0)
    assert "unchanged" in shop("audit", "--verify", check=0).stdout
    shown = shop("audit", check=0).stdout
    assert "restore-instance" in shown
    assert "RestoreDBInstanceToPointInTime" not in shown
    assert "RestoreDBInstanceToPointInTime" in shop("audit", "--requests", check=0).stdout
    records = [json.loads(line) for line in shop("audit", "--json", check=0).stdout.splitlines()]
    assert records[0]["kind"] == "started"
    assert records[-1]["kind"] == "ended"
    assert "billing" in shop("runs", check=0).stdout
    journal = Path(re.findall(r"folder: (.*)", shown)[0]) / "journal.jsonl"
    text = journal.read_bytes()
    journal.write_bytes(text.replace(b'"kind":"approved"', b'"kind":"Approved"', 1))
    failed = shop("audit", "--verify", check=7)
    assert "line 2" in failed.stderr
    journal.write_bytes(text)
    shop("audit", "--verify", check=0)


def test_a_copy_that_never_lets_us_in_is_given_up_and_removed(shop: LabTool, accident: str) -> None:
    words = ("--my-ip", "203.0.113.9", "--wait", "30")
    ended = shop("table", "billing", "--before", accident, "--yes", *words, check=4)
    assert "does not answer" in ended.stderr
    assert "after 30 seconds" in ended.stderr
    assert "--my-ip ADDRESS" in ended.stderr
    assert "production" in ended.stderr
    assert shop.ours() == []


def test_a_dry_run_reads_and_creates_nothing(shop: LabTool) -> None:
    ended = shop("table", "billing", "--before", "15 minutes ago", "--dry-run", check=0)
    assert "RestoreDBInstanceToPointInTime" in ended.stdout + ended.stderr
    assert "billing_lines" in ended.stdout + ended.stderr
    assert shop.ours() == []


@pytest.mark.parametrize(
    ("words", "env", "code", "says"),
    [
        (["billing", "--before", AGO], {"RDSRESTORE_PASSWORD": "wrong"}, 4, "RDSRESTORE_PASSWORD"),
        (["biling", "--before", AGO], {}, 3, "billing"),
        (["billing", "--before", "2099-01-01T00:00Z"], {}, 2, "future"),
        (["billing", "--before", "2017-06-01T10:14Z"], {}, 3, "oldest backup"),
        (["billing", "--before", AGO], {"PATH": "/nowhere"}, 3, "mysqldump"),
        (
            ["billing", "--before", AGO],
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
            4,
            "credentials",
        ),
        (["billing"], {}, 2, "--before"),
        ([], {}, 2, "TABLE"),
        (["billing", "--before", AGO, "--instance", "produktion"], {}, 4, "production"),
        (["billing", "--before", AGO, "--where", "1=1; DROP TABLE billing"], {}, 3, "--where"),
        (["billing", "--before", AGO, "--snapshot", "x"], {}, 2, "--snapshot"),
        (["billing", "--before", "01/06/2017 10:14"], {}, 2, "2017-06-01"),
        (["billing", "--before", AGO, "--profile", "no-such-profile"], {}, 2, "no-such-profile"),
        (["billing", "--before", AGO], {"RDSRESTORE_SSL_CA": "/nowhere/ca.pem"}, 2, "/nowhere/ca.pem"),
    ],
)
def test_a_mistake_is_told_before_anything_is_created(
    shop: LabTool, words: list[str], env: dict[str, str], code: int, says: str
) -> None:
    before = shop.status()
    ended = shop("table", *words, "--yes", check=code, **env)
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "hint:" in ended.stderr
    assert shop.status()["instances"] == before["instances"]
    assert shop.status()["security_groups"] == before["security_groups"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_middle_of_the_restore_leaves_nothing(
    shop: LabTool, accident: str, number: signal.Signals, code: int
) -> None:
    with shop.started("table", "billing", "--before", accident, "--yes") as process:
        assert kill_at(process, "step-progress", "restore-instance", number)
        list(events(process))
    assert process.returncode == code
    assert shop.ours() == []
    shop("table", "billing", "billing_lines", "--before", accident, "--yes", check=0)


@pytest.mark.parametrize("status", ["incompatible-restore", "failed", "storage-full"])
def test_an_instance_that_never_gets_available_is_torn_down(shop: LabTool, accident: str, status: str) -> None:
    shop.lab("next-restore", status)
    ended = shop("table", "billing", "--before", accident, "--yes", check=4)
    assert status in ended.stderr
    assert shop.ours() == []


def test_an_instance_that_does_not_come_in_time_is_torn_down(shop: LabTool, accident: str) -> None:
    shop.lab("next-restore", "stuck")
    ended = shop("table", "billing", "--before", accident, "--yes", "--wait", "2", check=4)
    assert "--wait" in ended.stderr
    assert shop.ours() == []


def test_a_silent_slack_never_stops_a_restore(shop: LabTool, accident: str) -> None:
    shop.lab("slack", "--off")
    try:
        ended = shop("table", "billing", "billing_lines", "--before", accident, "--yes", check=0)
    finally:
        shop.lab("slack", "--on")
    assert "Slack" in ended.stderr + ended.stdout


def test_a_dropped_table_is_created_again_after_a_yes_of_its_own(shop: LabTool) -> None:
    shop.sql("CREATE TABLE shop.rates (id INT PRIMARY KEY, rate FLOAT, UNIQUE KEY u (rate))")
    shop.sql("INSERT INTO shop.rates VALUES (1, 16777216), (2, 1234567.875), (3, NULL)")
    definition = shop.sql("SHOW CREATE TABLE shop.rates")
    before = shop.moment()
    shop.sql("DROP TABLE shop.rates")
    refused = shop("table", "rates", "--before", before, "--yes", check=3)
    assert "--recreate" in refused.stderr
    shop("table", "rates", "--before", before, "--yes", "--recreate", check=0)
    assert shop.sql("SHOW CREATE TABLE shop.rates") == definition
    exact = shop.sql("SELECT id, rate + 0e0 FROM shop.rates ORDER BY id")
    assert exact == [["1", "16777216.0"], ["2", "1234567.875"], ["3", "NULL"]]
    shop.sql("DROP TABLE shop.rates")


def test_a_table_beside_leaves_the_live_one_alone(shop: LabTool) -> None:
    rows = counts(shop)[0]
    shop("table", "billing", "--before", shop.moment(), "--into", "billing_then", "--yes", check=0)
    assert shop.number("SELECT COUNT(*) FROM shop.billing_then") == rows
    assert counts(shop)[0] == rows
    again = shop("table", "billing", "--before", "1 minute ago", "--into", "billing_then", "--yes", check=3)
    assert "exists" in again.stderr
    shop.sql("DROP TABLE shop.billing_then")


def test_a_snapshot_serves_as_well_as_a_moment(shop: LabTool) -> None:
    rows = counts(shop)
    shop.lab("snapshot", "before-release")
    shop.sql("DELETE FROM shop.billing")
    shop("table", "billing", "billing_lines", "--snapshot", "before-release", "--yes", check=0)
    assert counts(shop) == rows


def test_a_filter_restores_only_the_rows_it_names(shop: LabTool, accident: str) -> None:
    start = counts(shop)[0]
    shop("table", "billing", "--before", accident, "--where", "id BETWEEN 11 AND 20", "--yes", check=0)
    assert counts(shop)[0] == start + 10


def test_merge_none_refuses_a_table_with_rows_and_fills_an_empty_one(shop: LabTool, accident: str) -> None:
    refused = shop("table", "billing", "--before", accident, "--merge", "none", "--yes", check=3)
    assert "--merge missing" in refused.stderr
    shop.sql("DELETE FROM shop.billing")
    shop("table", "billing", "billing_lines", "--before", accident, "--merge", "none", "--yes", check=0)


def test_the_chat_has_the_hash_that_the_audit_log_ends_with(shop: LabTool, accident: str) -> None:
    ended = shop("table", "billing", "billing_lines", "--before", accident, "--yes", "--json", check=0)
    last = json.loads(ended.stdout.splitlines()[-1])
    recorded = [json.loads(line) for line in shop("audit", last["run"], "--json", check=0).stdout.splitlines()]
    assert [each["hash"] for each in recorded if each["kind"] == "ended"] == [last["audit_head"]]
    assert f"audit log ends with {last['audit_head']}" in shop.lab("slack")


def test_no_secret_is_written_anywhere(shop: LabTool, accident: str) -> None:
    ended = shop("table", "billing", "billing_lines", "--before", accident, "--yes", "--json", check=0)
    secrets = [shop.env[name] for name in ("RDSRESTORE_PASSWORD", "RDSRESTORE_SLACK_TOKEN", "AWS_SECRET_ACCESS_KEY")]
    texts = [ended.stdout, ended.stderr, shop.lab("slack")]
    texts += [path.read_text(errors="replace") for path in shop.home.glob("runs/*/*") if path.is_file()]
    assert all(secret and secret not in text for secret in secrets for text in texts)


def test_a_password_is_read_from_secrets_manager(shop: LabTool) -> None:
    arn = shop.place.running().secret_arn
    without = {"RDSRESTORE_PASSWORD": "", "RDSRESTORE_PASSWORD_SECRET": arn}
    assert "dry run" in shop("table", "billing", "--before", AGO, "--dry-run", check=0, **without).stdout
    none = shop("table", "billing", "--before", AGO, "--dry-run", check=2, RDSRESTORE_PASSWORD="")
    assert "RDSRESTORE_PASSWORD" in none.stderr


def test_a_moment_that_the_backups_have_not_reached_is_waited_for(own: LabTool) -> None:
    own.up("--restore-delay", "0.4", "--lag", "20", "--deny", "reset", "--rows", "10")
    before = own.moment()
    own.sql("DELETE FROM shop.billing")
    ended = own("table", "billing", "billing_lines", "--before", before, "--yes", check=0)
    assert "reach-moment" in ended.stdout
    assert own.number("SELECT COUNT(*) FROM shop.billing") == 10


def test_a_crashed_lab_is_cleaned_up_by_the_next(own: LabTool) -> None:
    own.up("--empty", "--deny", "reset")
    first = own.place.running()
    os.kill(first.pid, signal.SIGKILL)
    own.up("--empty", "--deny", "reset")
    assert own.place.running().pid != first.pid
    assert own.sql("SHOW TABLES FROM shop") == []
    own.lab("down")
    assert not own.folder.exists()
    assert own.place.state() is None


def test_a_filter_goes_by_the_times_that_production_shows(shop: LabTool) -> None:
    shop.sql(
        "SET time_zone = '-08:00'; CREATE TABLE shop.visits (id INT PRIMARY KEY, at TIMESTAMP NULL);"
        " INSERT INTO shop.visits VALUES (1, '2017-06-01 01:00:00'), (2, '2017-06-01 09:00:00'), (3, '2017-05-31 23:00:00')"
    )
    before = shop.moment()
    shop.sql("DELETE FROM shop.visits")
    shop.as_root("SET GLOBAL time_zone = '-08:00'")
    try:
        words = ["visits", "--before", before, "--where", "at >= '2017-06-01'", "--yes"]
        looked = json.loads(shop("compare", *words, "--json", check=0).stdout.splitlines()[-1])
        ended = shop("table", *words, check=0)
        shop.sql("DELETE FROM shop.visits")
        shop("table", "--from", looked["run"], "--yes", check=0)
    finally:
        shop.as_root("SET GLOBAL time_zone = '+00:00'")
    assert "its times are read in -08:00" in ended.stderr + ended.stdout
    assert [row[0] for row in shop.sql("SELECT id FROM shop.visits ORDER BY id")] == ["1", "2"]
    shop.sql("DROP TABLE shop.visits")
