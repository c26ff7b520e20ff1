"""An accident whose time nobody knows: found in the binlog, and taken back by the command that is printed."""

from __future__ import annotations

import json
import shlex

from tool import LabTool, given_server


def test_the_printed_command_brings_the_rows_back(own: LabTool) -> None:
    own.up("--rows", "300")
    before = own.number("SELECT COUNT(*) FROM shop.billing")
    own.moment()
    own.sql("DELETE FROM shop.billing WHERE id < 3")
    own.moment()
    own.sql("DELETE FROM shop.billing")
    own.moment()

    told = own("find", "--json", check=0)
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    (likely,) = [each for each in lines if each.get("likely")]
    assert likely["deleted"] == before - 2 or given_server() == "mysql"  # where the children's rows are in the log too
    words = shlex.split(likely["command"])
    assert words[:2] == ["rdsrestore", "table"]
    assert "billing" in words

    own(*words[1:], "--yes", check=0)
    assert own.number("SELECT COUNT(*) FROM shop.billing") == before - 2
    assert own.ours() == []


def test_where_the_binlog_has_the_rows_the_printed_command_takes_them_from_there(own: LabTool) -> None:
    own.up("--rows", "300")
    before = own.number("SELECT COUNT(*) FROM shop.billing_lines")
    own.moment()
    own.sql("DELETE FROM shop.billing_lines")
    own.moment()

    said = own("find", "billing_lines", check=0).stdout
    assert "the binlog has these rows, and gives them back in about 10 s" in said
    (words,) = [shlex.split(line) for line in said.splitlines() if line.startswith("  rdsrestore table")]
    assert words[words.index("--rows-from") + 1] == "auto"

    taken = own(*words[1:], "--yes", check=0).stdout
    assert "the rows come from production's binlog" in taken
    assert own.number("SELECT COUNT(*) FROM shop.billing_lines") == before
    assert own.ours() == []

    own.sql("ALTER TABLE shop.billing_lines COMMENT 'another'")
    said = own("find", "billing_lines", check=0).stdout
    assert "the binlog does not do, since a statement since (ALTER) names billing_lines" in said
    assert "--rows-from" not in said


def test_a_misspelt_table_and_an_empty_time_are_told(own: LabTool) -> None:
    own.up("--rows", "30")
    assert "did you mean billing" in own("find", "biling", check=2).stderr
    assert "no row of these tables was changed or deleted" in own("find", "billing", check=8).stdout
    assert "can't be read as a moment" in own("find", "billing", "--since", "nonsense", check=2).stderr
