"""Snapshots of every kind serve as a source: the service's, AWS Backup's, another account's, and of another release."""

from __future__ import annotations

import pytest

from tool import LabTool


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("automated", "rds:{}"),
        ("awsbackup", "awsbackup:{}"),
        ("shared", "arn:aws:rds:eu-central-1:210987654321:snapshot:{}"),
        ("manual", "arn:aws:rds:eu-central-1:123456789012:snapshot:{}"),
    ],
)
def test_a_snapshot_is_restored_whoever_took_it(shop: LabTool, kind: str, named: str) -> None:
    name = f"nightly-{kind}"
    shop.lab("snapshot", name, "--kind", kind)
    gone = shop.sql("SELECT * FROM shop.billing_lines WHERE id < 9 ORDER BY id")
    shop.sql("DELETE FROM shop.billing_lines WHERE id < 9")
    shop("table", "billing_lines", "--snapshot", named.format(name), "--yes", check=0)
    assert shop.sql("SELECT * FROM shop.billing_lines WHERE id < 9 ORDER BY id") == gone
    assert shop.ours() == []


def test_a_snapshot_of_an_older_release_gets_the_default_groups_of_its_own(shop: LabTool) -> None:
    shop.lab("snapshot", "old", "--engine-version", "5.7.44")
    gone = shop.sql("SELECT * FROM shop.billing_lines WHERE id < 9 ORDER BY id")
    shop.sql("DELETE FROM shop.billing_lines WHERE id < 9")
    ended = shop("table", "billing_lines", "--snapshot", "old", "--yes", check=0)
    assert "backups.other-version" in ended.stdout
    assert "with the default groups of " in ended.stdout
    assert shop.sql("SELECT * FROM shop.billing_lines WHERE id < 9 ORDER BY id") == gone
    assert shop.ours() == []
