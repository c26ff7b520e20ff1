"""One transaction is taken back through the command line, on a lab; what was done since stays."""

from __future__ import annotations

import json
import shlex
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from functional.test_rows_from_binlog import eventually, gone
from rdsrestore.domain.outcome.exit_code import ExitCode
from tool import LabTool, counted


@pytest.fixture
def ledger(own: LabTool) -> Iterator[LabTool]:
    """A lab with a table of 1,000 rows; temporary files lie where a server's socket has room for its name."""
    own.up("--rows", "30")
    own.sql("CREATE TABLE shop.ledger (id INT PRIMARY KEY, note VARCHAR(40), price DECIMAL(9,2))")
    own.sql(f"INSERT INTO shop.ledger SELECT seq, CONCAT('é ', seq), seq / 7 FROM {counted(1000)}")
    with tempfile.TemporaryDirectory(prefix="tx-") as folder:
        own.env["TMPDIR"] = folder
        yield own
        assert list(Path(folder).iterdir()) == []


def joined(text: str) -> str:
    """Take the breaks of lines out."""
    return " ".join(text.split())


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def found(lab: LabTool, table: str = "ledger") -> list[str]:
    """Ask for the command that takes the transaction back which hit the most rows, without the program's name."""
    told = [each for each in objects(lab("find", table, "--json", check=0).stdout) if each["event"] == "change"]
    worst = max(told, key=lambda each: each["updated"] + each["deleted"])
    return shlex.split(worst["transaction_command"])[1:]


def digest(lab: LabTool) -> list[list[str]]:
    return lab.sql("SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', id, HEX(note), price))) FROM shop.ledger")


def test_a_transaction_that_find_names_is_taken_back_and_later_work_stays(ledger: LabTool) -> None:
    ledger.sql("UPDATE shop.ledger SET price = 0 WHERE id <= 100")
    ledger.sql("UPDATE shop.ledger SET note = 'since' WHERE id <= 10")
    ledger.sql("UPDATE shop.ledger SET price = 5 WHERE id IN (50, 500); DELETE FROM shop.ledger WHERE id = 900")
    accident = digest(ledger)
    words = found(ledger)

    plan = joined(ledger(*words, "--dry-run", check=0).stdout)
    ended = objects(ledger(*words, "--yes", "--json", check=ExitCode.INCOMPLETE).stdout)

    assert "without transaction" in plan
    assert "later transactions changed rows of it (2)" in plan
    assert "10 rows of shop.ledger" in plan
    assert "production's stays and is reported (--on-conflict keep)" in plan
    (planned,) = [each for each in ended if each["event"] == "plan"]
    assert [each["rows"] for each in planned["later"]["listed"]] == [10, 1]
    assert planned["transaction"]["position"] == int(words[words.index("--transaction") + 1].rpartition(":")[2])
    (table,) = ended[-1]["tables"]
    assert (table["updated"], table["left_alone"], ended[-1]["written"]) == (99, 1, 99)
    assert ledger.sql("SELECT id, note, price FROM shop.ledger WHERE id IN (7, 50, 99, 500) ORDER BY id") == [
        ["7", "since", "1.00"],
        ["50", "é 50", "5.00"],
        ["99", "é 99", "14.14"],
        ["500", "é 500", "5.00"],
    ]
    assert "changed rows of the transaction later" in ledger("report", "--md", check=0).stdout

    ledger("undo", "--yes", check=0)
    assert digest(ledger) == accident
    assert ledger.ours() == []


def test_deleted_rows_of_two_tables_come_back_and_a_third_is_named(ledger: LabTool) -> None:
    ledger.sql("CREATE TABLE shop.part (id INT PRIMARY KEY); CREATE TABLE shop.seen (id INT PRIMARY KEY)")
    ledger.sql(f"INSERT INTO shop.part SELECT seq FROM {counted(40)}")
    content = digest(ledger)
    ledger.sql(
        "START TRANSACTION; DELETE FROM shop.ledger WHERE id % 2; DELETE FROM shop.part; INSERT INTO shop.seen VALUES (1);"
        " COMMIT"
    )
    named = found(ledger)
    words = ("table", "ledger", "part", *named[named.index("--transaction") :])

    ended = joined(ledger(*words, "--yes", check=0).stdout)

    assert "it changed other tables too, which stay as they are: shop.seen: 1 added" in ended
    assert digest(ledger) == content
    assert ledger.number("SELECT COUNT(*) FROM shop.part") == 40
    assert ledger.number("SELECT COUNT(*) FROM shop.seen") == 1
    assert ledger.ours() == []


def test_a_killed_run_is_gone_on_with(ledger: LabTool) -> None:
    content, short = digest(ledger), Path(ledger.env["TMPDIR"])
    ledger.sql("UPDATE shop.ledger SET price = 0")
    ledger.sql("UPDATE shop.ledger SET note = 'since' WHERE id = 7")
    with ledger.started(*found(ledger), "--yes") as process:
        pid = int(eventually(lambda: "".join(path.read_text() for path in short.glob("*/pid")).strip()))
        process.send_signal(signal.SIGKILL)
    assert eventually(lambda: "gone" if gone(pid) else "")
    assert ledger.number("SELECT COUNT(*) FROM shop.ledger WHERE price = 0") == 1000

    ledger("resume", "--yes", check=0)

    assert ledger.sql("SELECT note, price FROM shop.ledger WHERE id = 7") == [["since", "1.00"]]
    ledger.sql("UPDATE shop.ledger SET note = 'é 7' WHERE id = 7")
    assert digest(ledger) == content
    assert ledger.ours() == []


def test_added_rows_are_deleted_only_where_that_is_asked_for(ledger: LabTool) -> None:
    ((file, size, *_more),) = ledger.sql("SHOW BINARY LOGS")[-1:]
    content = digest(ledger)
    ledger.sql(f"INSERT INTO shop.ledger SELECT seq, 'twice', 1 FROM {counted(5020, 5001)}")
    ledger.sql("INSERT INTO shop.ledger VALUES (9000, 'since', 1)")
    words = ("table", "ledger", "--transaction", f"{file}:{size}", "--yes")

    refused = ledger(*words, check=ExitCode.REFUSED)
    ledger(*words, "--merge", "exact", check=ExitCode.REFUSED)
    ended = ledger(*words, "--merge", "exact", "--confirm", "ledger", check=0)

    assert "only added rows, and rows that it added stay: 20 of shop.ledger" in joined(refused.stderr)
    assert "rows that it added DELETED; no other row is touched" in joined(ended.stdout)
    assert ledger.sql("SELECT id FROM shop.ledger WHERE id > 1000") == [["9000"]]
    ledger.sql("DELETE FROM shop.ledger WHERE id = 9000")
    assert digest(ledger) == content
    ledger("undo", "--yes", check=0)
    assert ledger.number("SELECT COUNT(*) FROM shop.ledger WHERE id > 5000") == 20


def test_what_is_no_transaction_or_goes_not_with_one_is_refused_before_anything_is_made(ledger: LabTool) -> None:
    ledger.sql("DELETE FROM shop.ledger WHERE id < 5")
    words = found(ledger)
    name = words[words.index("--transaction") + 1]
    several = "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5"
    for wrong, why in {"yesterday": "names no transaction", several: "names several transactions"}.items():
        assert why in joined(ledger("table", "ledger", "--transaction", wrong, check=ExitCode.USAGE).stderr)
    for more in ("--rows-from backup", "--rows-from auto", "--snapshot s", "--incident-end now"):
        refused = ledger(*words, *more.split(), check=ExitCode.USAGE)
        assert f"--transaction: goes without {more.partition(' s')[0].partition(' n')[0]}" in joined(refused.stderr)
    for more in ("--into beside", "--swap", "--where id=1", "--with-children", "--merge none", "--keep-binlog"):
        refused = ledger(*words, *more.split(), check=ExitCode.USAGE)
        assert "does not go with --transaction" in joined(refused.stderr)

    other = ledger("table", "billing", "--transaction", name, "--yes", check=ExitCode.REFUSED)
    gone = ledger("table", "ledger", "--transaction", "binlog.999999:4", "--yes", check=ExitCode.REFUSED)

    assert "changed no row of shop.billing" in joined(other.stderr)
    assert "shop.ledger: 4 deleted" in joined(other.stderr)
    assert "is not in production's binlog, which goes from" in joined(gone.stderr)
    assert not list(ledger.home.glob("runs/*/journal.jsonl"))
    assert ledger.ours() == []
