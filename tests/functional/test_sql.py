"""`sql RUN` looks at restored rows, before the yes and from a kept copy: it writes nothing, and says who has looked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from functional.test_terminal import ASKED, ended, on_a_terminal
from tool import LabTool, counted

ROLE = "arn:aws:iam::123456789012:role/switch"


@pytest.fixture
def damaged(shop: LabTool) -> Iterator[str]:
    """A table of which all rows are gone; gives the moment before."""
    shop.sql("CREATE TABLE shop.seen (id INT PRIMARY KEY, note VARCHAR(40))")
    shop.sql(f"INSERT INTO shop.seen SELECT seq, CONCAT('n', seq) FROM {counted(300)}")
    before = shop.moment()
    shop.sql("DELETE FROM shop.seen")
    yield before
    shop("cleanup", "--all", "--yes", check=0)
    shop.sql("DROP TABLE shop.seen")


def runs(shop: LabTool) -> list[str]:
    """Name the runs, newest first."""
    return [json.loads(line)["run"] for line in shop("runs", "--json", check=0).stdout.splitlines()]


def closed(shop: LabTool) -> bool:
    groups = [each for each in shop.status()["security_groups"] if each["name"].startswith("rdsrestore-")]
    return [group["rules"] for group in groups] == [[]]


@pytest.mark.timeout(600)
def test_a_kept_copy_is_asked_in_a_pipe_and_on_a_terminal_and_closed_again(shop: LabTool, damaged: str) -> None:
    shop("table", "seen", "--before", damaged, "--keep", "2h", "--yes", check=0, RDSRESTORE_SWITCH_ROLE=ROLE)
    run = runs(shop)[0]
    asked = "SELECT id, note FROM seen WHERE note = 'n17'"
    assert shop("sql", run, asked, check=0).stdout == "id\tnote\n17\tn17\n"
    assert closed(shop)

    look = runs(shop)[0]
    journal = (shop.home / "runs" / look / "journal.jsonl").read_text("utf-8")
    assert "SELECT id , note FROM seen WHERE note = ?" in journal
    assert "n17" not in journal
    assert shop("audit", "--json", check=0).stdout == shop("audit", run, "--json", check=0).stdout

    rows = shop("sql", run, "SELECT id, note FROM seen ORDER BY id LIMIT 2", "--json", check=0).stdout.splitlines()
    assert [json.loads(row)["row"] for row in rows] == [{"id": 1, "note": "n1"}, {"id": 2, "note": "n2"}]
    refused = shop("sql", run, "DELETE FROM seen", check=2)
    assert "none that only reads" in refused.stderr

    with on_a_terminal(shop, "sql", run) as terminal:
        terminal.expect("sql> ")
        terminal.sendline("SELECT nothing FROM seen")
        terminal.expect("error: ")
        terminal.expect("sql> ")
        terminal.sendline("SELECT id, note FROM seen ORDER BY id")
        terminal.expect("200  n200\r\n.*the first 200 rows")
        terminal.expect("sql> ")
        terminal.sendline("exit")
        assert ended(terminal) == 0
    assert closed(shop)

    shop("cleanup", run, check=0)
    gone = shop("sql", run, asked, check=3)
    assert "the copy of run" in gone.stderr
    assert f"rdsrestore table --from {run} --into NEW_TABLE" in gone.stderr
    shop("table", "--from", run, "--into", "seen_then", "--yes", check=0)
    assert shop.number("SELECT COUNT(*) FROM shop.seen_then") == 300
    shop.sql("DROP TABLE shop.seen_then")


def test_the_rows_are_looked_at_while_the_question_is_open(shop: LabTool, damaged: str) -> None:
    with on_a_terminal(shop, "table", "seen", "--before", damaged, "--keep-binlog") as terminal:
        terminal.expect("Start\\?")
        terminal.sendline("y")
        terminal.expect("rdsrestore sql ([0-9a-f-]+) looks at the restored rows")
        assert isinstance(terminal.match, re.Match)
        run = str(terminal.match.group(1))
        terminal.expect(ASKED)
        assert shop("sql", run, "SELECT COUNT(*) AS rows_then FROM seen", check=0).stdout == "rows_then\n300\n"
        terminal.sendline("no")
        assert ended(terminal) == 3
    assert shop.number("SELECT COUNT(*) FROM shop.seen") == 0
    assert shop.ours() == []
