"""An accident whose time nobody knows: found in the binlog, and taken back by the command that is printed."""

from __future__ import annotations

import json
import shlex
from datetime import datetime
from typing import Any

from rdsrestore.lab.status import client
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


def test_who_it_was_is_told_from_the_audit_log_that_is_exported(own: LabTool) -> None:
    own.up("--rows", "30")
    own.moment()
    own.sql("TRUNCATE shop.billing_lines")  # of rows not every MariaDB notes the connection
    own.moment()
    told = [json.loads(line) for line in own("find", "billing_lines", "--json", check=0).stdout.splitlines()]
    (change,) = [each for each in told if each.get("thread")]
    assert change["user"] is None

    rds: Any = client(own.place.running(), "rds")
    exports = {"EnableLogTypes": ["audit"]}
    rds.modify_db_instance(DBInstanceIdentifier="production", CloudwatchLogsExportConfiguration=exports)
    logs: Any = client(own.place.running(), "logs")
    stream = {"logGroupName": "/aws/rds/instance/production/audit", "logStreamName": "production"}
    logs.create_log_group(logGroupName=stream["logGroupName"])
    logs.create_log_stream(**stream)
    at = datetime.fromisoformat(change["at"])
    fields = f"ip-10-1-2-3,app,10.0.0.5,{change['thread']},9,QUERY,shop"
    line = f"{at:%Y%m%d %H:%M:%S},{fields},'TRUNCATE shop.billing_lines',0"
    logs.put_log_events(**stream, logEvents=[{"timestamp": int(at.timestamp() * 1000), "message": line}])

    assert "who: app@10.0.0.5 (audit log)" in own("find", "billing_lines", check=0).stdout
    own.lab("fault", "denied", "--action", "logs:FilterLogEvents")
    refused = own("find", "billing_lines", check=0)
    assert "who: unknown" in refused.stdout
    assert "takes logs:FilterLogEvents on /aws/rds/instance/production/audit" in " ".join(refused.stderr.split())


def test_a_misspelt_table_and_an_empty_time_are_told(own: LabTool) -> None:
    own.up("--rows", "30")
    assert "did you mean billing" in own("find", "biling", check=2).stderr
    assert "no row of these tables was changed or deleted" in own("find", "billing", check=8).stdout
    assert "can't be read as a moment" in own("find", "billing", "--since", "nonsense", check=2).stderr
