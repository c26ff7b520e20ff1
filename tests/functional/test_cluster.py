"""A Multi-AZ DB cluster: a snapshot of it is restored to a single instance, the rows go to its writer."""

from __future__ import annotations

from tool import LabTool


def test_rows_come_back_from_a_snapshot_of_the_cluster(own: LabTool) -> None:
    own.up("--restore-delay", "0.4", "--lag", "0", "--deny", "reset", "--rows", "50", "--server", "mysql",
           "--kind", "multi-az-cluster")  # fmt: skip
    own.lab("snapshot", "before-release", "--kind", "cluster")
    whole = own.sql("SELECT * FROM shop.billing ORDER BY id")
    moment = own.moment()
    own.sql("DELETE FROM shop.billing")

    refused = own("table", "billing", "billing_lines", "--before", moment, "--yes", check=3)
    assert "source.cluster" in refused.stdout
    assert "--snapshot ID" in refused.stderr

    ended = own("table", "billing", "billing_lines", "--snapshot", "before-release", "--yes", check=0)

    assert "snapshot.other-instance" not in ended.stdout
    assert own.sql("SELECT * FROM shop.billing ORDER BY id") == whole
    assert own.ours() == []
    assert [each["id"] for each in own.status()["instances"]] == ["production"]
