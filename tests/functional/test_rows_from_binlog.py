"""Rows of an accident come back from production's own binlog within seconds, without a restore."""

from __future__ import annotations

import json
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rdsrestore.domain.outcome.exit_code import ExitCode
from tool import LabTool, counted

RESTORING = {"restore-instance", "own-group", "open-rule", "dump"}


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path leaves room for a server's socket, which pytest's own do not."""
    with tempfile.TemporaryDirectory(prefix="rows-") as folder:
        yield Path(folder)


@pytest.fixture
def ledger(own: LabTool, short: Path) -> LabTool:
    """A lab with a table of 10,000 rows, whose tool keeps its temporary files apart."""
    own.up("--rows", "30")
    own.sql("CREATE TABLE shop.ledger (id INT PRIMARY KEY, note VARCHAR(40), price DECIMAL(9,2), at DATETIME(3))")
    own.sql(f"INSERT INTO shop.ledger SELECT seq, CONCAT('é ', seq), seq / 7, NOW(3) FROM {counted(10_000)}")
    own.env["TMPDIR"] = str(short)
    return own


def digest(lab: LabTool) -> list[list[str]]:
    return lab.sql("SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', id, HEX(note), price, at))) FROM shop.ledger")


def joined(text: str) -> str:
    """Take the breaks of lines out."""
    return " ".join(text.split())


def steps(lab: LabTool) -> set[str]:
    (journal, *_older) = sorted(lab.home.glob("runs/*/journal.jsonl"), reverse=True)
    return {json.loads(line)["step"] for line in journal.read_text().splitlines()}


def test_ten_thousand_deleted_rows_come_back_and_go_again_with_undo(ledger: LabTool, short: Path) -> None:
    content, before = digest(ledger), ledger.moment()
    ledger.sql("DELETE FROM shop.ledger")
    ledger.sql("INSERT INTO shop.ledger VALUES (90000, 'since', 1, NULL)")
    words = ("table", "ledger", "--before", before, "--rows-from", "binlog", "--yes")

    ended = ledger(*words, check=0).stdout

    assert "10,000 touched rows as they were" in joined(ended)
    assert not RESTORING & steps(ledger)
    assert list(short.iterdir()) == []
    ledger.sql("DELETE FROM shop.ledger WHERE id = 90000")
    assert digest(ledger) == content

    ledger("undo", "--yes", check=0)
    assert ledger.number("SELECT COUNT(*) FROM shop.ledger") == 0
    assert ledger.ours() == []


def test_auto_brings_the_rows_back_from_the_binlog_and_then_asks_the_backup(ledger: LabTool, short: Path) -> None:
    content, before = digest(ledger), ledger.moment()
    ledger.sql("DELETE FROM shop.ledger WHERE id > 100; INSERT INTO shop.ledger VALUES (90000, 'since', 1, NULL)")
    words = ("table", "ledger", "--before", before, "--rows-from", "auto")
    plan = ledger(*words, "--dry-run", check=0).stdout
    assert "the rows come from production's binlog, which proves the rows" in joined(plan)
    assert plan.index("verify") < plan.index("restore-instance") < plan.index("cross-check")
    assert list(short.iterdir()) == []

    ended = ledger(*words, "--yes", check=0).stdout

    assert "9,900 touched rows as they were" in joined(ended)
    assert "the backup has the same rows of every touched key" in joined(ended)
    ledger.sql("DELETE FROM shop.ledger WHERE id = 90000")
    assert digest(ledger) == content
    assert list(short.iterdir()) == []
    assert ledger.ours() == []


def test_what_the_binlog_does_not_prove_is_refused_with_the_way_out(ledger: LabTool, short: Path) -> None:
    before = ledger.moment()
    words = ("table", "ledger", "--before", before, "--yes", "--rows-from", "binlog")
    for more in (("--merge", "exact", "--confirm", "ledger"), ("--where", "id = 1"), ("--with-children",)):
        refused = ledger(*words, *more, check=ExitCode.USAGE)
        assert f"{more[0]}: does not go with --rows-from binlog" in joined(refused.stderr)
    assert "no change of shop.ledger since" in joined(ledger(*words, check=ExitCode.REFUSED).stderr)
    ledger.sql("DELETE FROM shop.ledger WHERE id < 9; ALTER TABLE shop.ledger ADD KEY (price)")

    refused = ledger(*words, check=ExitCode.REFUSED)
    chosen = ledger(*words[:-1], "auto", "--dry-run", check=0).stdout

    said = joined(refused.stdout + refused.stderr)
    assert "a statement since (ALTER) names ledger" in said
    assert "use --rows-from backup" in said
    assert "the rows come from the backup: the binlog does not do, since a statement since (ALTER)" in joined(chosen)
    assert "restore-instance" in chosen
    assert ledger.number("SELECT COUNT(*) FROM shop.ledger") == 9_992
    assert ledger.ours() == []
    assert list(short.iterdir()) == []


def test_a_killed_run_leaves_no_server_and_the_next_one_removes_its_folder(ledger: LabTool, short: Path) -> None:
    content, before = digest(ledger), ledger.moment()
    ledger.sql("DELETE FROM shop.ledger WHERE id % 2 = 0")
    words = ("table", "ledger", "--before", before, "--rows-from", "binlog", "--yes")
    with ledger.started(*words) as process:
        pid = int(eventually(lambda: "".join(path.read_text() for path in short.glob("*/pid")).strip()))
        process.send_signal(signal.SIGKILL)
    assert eventually(lambda: "gone" if gone(pid) else "")
    assert list(short.glob("*/data"))
    assert ledger.number("SELECT COUNT(*) FROM shop.ledger") == 5_000

    ledger("resume", "--yes", check=0)

    assert digest(ledger) == content
    assert list(short.iterdir()) == []
    assert ledger.ours() == []


def gone(pid: int) -> bool:
    """Whether a process has ended; who has to be told of it may be slow."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def eventually(found: Callable[[], str]) -> str:
    """Await what is not there at once."""
    deadline = time.monotonic() + 120
    while not (said := found()):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    return said
