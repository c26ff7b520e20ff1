"""A read replica is named: its primary has the backups and takes the rows."""

from __future__ import annotations

from rdsrestore.lab.status import client
from tool import LabTool


def test_the_primary_of_a_read_replica_is_taken_and_the_plan_says_so(own: LabTool) -> None:
    own.up("--restore-delay", "0.4", "--lag", "0", "--deny", "reset", "--rows", "50")
    rds = client(own.place.running(), "rds")
    rds.create_db_instance_read_replica(
        DBInstanceIdentifier="reports", SourceDBInstanceIdentifier="production", DBInstanceClass="db.t3.micro"
    )
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier="reports", WaiterConfig={"Delay": 1})
    whole = own.sql("SELECT * FROM shop.billing ORDER BY id")
    moment = own.moment()
    own.sql("DELETE FROM shop.billing")
    words = ("table", "billing", "billing_lines", "--before", moment, "--instance", "reports")
    planned = own(*words, "--dry-run", check=0)
    assert "production, of which reports is a read replica" in planned.stdout
    ended = own(*words, "--yes", check=0)
    assert "reports is a read replica of production" in ended.stdout
    assert own.sql("SELECT * FROM shop.billing ORDER BY id") == whole
    assert own.ours() == []
    assert [each["id"] for each in own.status()["instances"]] == ["production", "reports"]
