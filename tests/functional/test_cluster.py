"""DB clusters: the copy is a cluster with what RDS makes or we make in it, and both are gone at the end."""

from __future__ import annotations

import pytest

from tool import LabTool

UP = ("--restore-delay", "0.4", "--lag", "0", "--deny", "reset", "--rows", "50", "--server", "mysql")
WHOLE = "SELECT * FROM shop.billing ORDER BY id"


@pytest.mark.parametrize("kind", ["aurora"])
def test_rows_come_back_from_a_cluster_at_a_moment(own: LabTool, kind: str) -> None:
    own.up(*UP, "--kind", kind)
    whole = own.sql(WHOLE)
    moment = own.moment()
    own.sql("DELETE FROM shop.billing")

    ended = own("table", "billing", "billing_lines", "--before", moment, "--yes", check=0)

    assert "restore production-cluster as of" in ended.stdout
    assert own.sql(WHOLE) == whole
    assert own.ours() == []
    assert [each["id"] for each in own.status()["instances"]] == ["production"]


def test_rows_come_back_from_a_snapshot_of_a_multi_az_cluster_restored_to_an_instance(own: LabTool) -> None:
    own.up(*UP, "--kind", "multi-az-cluster")
    own.lab("snapshot", "before-release", "--kind", "cluster")
    whole = own.sql(WHOLE)
    own.sql("DELETE FROM shop.billing")

    ended = own("table", "billing", "billing_lines", "--snapshot", "before-release", "--yes", check=0)

    assert "snapshot.other-instance" not in ended.stdout
    assert own.sql(WHOLE) == whole
    assert own.ours() == []
    assert [each["id"] for each in own.status()["instances"]] == ["production"]
