"""DB clusters: the copy is a cluster with what RDS makes or we make in it, and all of it is gone at the end."""

from __future__ import annotations

import pytest

from rdsrestore.lab.launch import control
from rdsrestore.lab.status import client
from tool import LabTool

UP = ("--restore-delay", "0.4", "--lag", "0", "--deny", "reset", "--rows", "50", "--server", "mysql")
WHOLE = "SELECT * FROM shop.billing ORDER BY id"
TABLES = ("billing", "billing_lines")


def calls(lab: LabTool, action: str) -> list[dict[str, str]]:
    """Return what the cloud was asked for by calls of an action."""
    asked = control(lab.place.running(), "calls")
    return [each["form"] for each in asked if each["action"] == action]


def nothing_but_production(lab: LabTool) -> bool:
    state = lab.status()
    return [each["id"] for each in state["instances"]] == ["production"] and [
        each["id"] for each in state["clusters"]
    ] == ["production-cluster"]


@pytest.mark.parametrize("kind", ["aurora", "serverless", "multi-az-cluster"])
def test_rows_come_back_from_a_cluster_at_a_moment(own: LabTool, kind: str) -> None:
    own.up(*UP, "--kind", kind)
    whole = own.sql(WHOLE)
    moment = own.moment()
    own.sql("DELETE FROM shop.billing")

    ended = own("table", *TABLES, "--before", moment, "--yes", check=0)

    assert "production, the writer of cluster production-cluster" in ended.stdout
    assert "restore production-cluster as of" in ended.stdout
    assert own.sql(WHOLE) == whole
    assert own.ours() == []
    assert nothing_but_production(own)
    (asked,) = calls(own, "RestoreDBClusterToPointInTime")
    made = calls(own, "CreateDBInstance")
    assert asked["RestoreType"] == "full-copy"
    if kind == "multi-az-cluster":
        assert (asked["DBClusterInstanceClass"], made) == ("db.t3.medium", [])
        return
    (instance,) = made
    assert instance["DBInstanceClass"] == ("db.serverless" if kind == "serverless" else "db.r6g.large")
    capacity = asked.get("ServerlessV2ScalingConfiguration.MaxCapacity")
    assert capacity == ("8.0" if kind == "serverless" else None)


def test_rows_come_back_from_a_snapshot_of_aurora_by_whatever_name_of_the_cluster(own: LabTool) -> None:
    own.up(*UP, "--kind", "aurora")
    rds = client(own.place.running(), "rds")
    rds.create_db_instance(
        DBInstanceIdentifier="a-reader",
        DBClusterIdentifier="production-cluster",
        Engine="aurora-mysql",
        DBInstanceClass="db.r6g.large",
    )
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier="a-reader", WaiterConfig={"Delay": 1})
    own.lab("snapshot", "before-release", "--kind", "cluster")
    whole = own.sql(WHOLE)
    own.sql("DELETE FROM shop.billing")
    words = ("table", *TABLES, "--snapshot", "before-release")

    planned = own(*words, "--instance", "production-cluster", "--dry-run", check=0)
    ended = own(*words, "--instance", "a-reader", "--yes", check=0)

    for each in (planned, ended):
        assert "rows go to production, which is the writer of cluster production-cluster" in each.stdout
    assert "snapshot.other-instance" not in ended.stdout
    assert "rds:RestoreDBClusterFromSnapshot" in planned.stdout
    assert own.sql(WHOLE) == whole
    assert own.ours() == []
    (asked,) = calls(own, "RestoreDBClusterFromSnapshot")
    assert asked["EngineVersion"] == "8.0.mysql_aurora.3.10.0", "else RDS would take the region's default"


def test_rows_come_back_from_a_snapshot_of_a_multi_az_cluster_restored_to_an_instance(own: LabTool) -> None:
    own.up(*UP, "--kind", "multi-az-cluster")
    own.lab("snapshot", "before-release", "--kind", "cluster")
    whole = own.sql(WHOLE)
    own.sql("DELETE FROM shop.billing")

    ended = own("table", *TABLES, "--snapshot", "before-release", "--yes", check=0)

    assert "snapshot.other-instance" not in ended.stdout
    assert own.sql(WHOLE) == whole
    assert own.ours() == []
    assert nothing_but_production(own)
    assert calls(own, "RestoreDBClusterFromSnapshot") == []
