"""Production is another instance than it was at the moment: the copy is of the one before, the rows go to the one now."""

from __future__ import annotations

import re

import pytest

from tool import LabTool


@pytest.mark.parametrize(("how", "before"), [("deleted", "production"), ("switched", "production-old1")])
def test_rows_of_the_instance_before_come_back_to_the_one_now(own: LabTool, how: str, before: str) -> None:
    own.up("--restore-delay", "0.4", "--lag", "0", "--deny", "reset", "--rows", "50")
    whole = own.sql("SELECT * FROM shop.billing ORDER BY id")
    moment = own.moment()
    own.sql("DELETE FROM shop.billing")
    resource_id = re.findall(r"db-[A-F0-9]{26}", own.lab("replace", how))[0]
    assert own.number("SELECT COUNT(*) FROM shop.billing") == 0
    instances = [each["id"] for each in own.status()["instances"]]

    words = ("table", "billing", "billing_lines", "--before", moment, "--yes")
    refused = own(*words, check=3)
    assert "window.too-old" in refused.stdout
    assert f"--backups-of {resource_id} ({before}, " in refused.stderr

    ended = own(*words, "--backups-of", before, check=0)

    assert f"restore {before} ({resource_id}) as of {moment}" in ended.stdout
    assert own.sql("SELECT * FROM shop.billing ORDER BY id") == whole
    assert own.ours() == []
    assert [each["id"] for each in own.status()["instances"]] == instances
    own("undo", "--yes", check=0)
    assert own.number("SELECT COUNT(*) FROM shop.billing") == 0


def test_backups_that_are_not_kept_are_told_before_anything_is_made(shop: LabTool) -> None:
    words = ("table", "billing", "--before", shop.moment(), "--yes", "--backups-of")
    ended = shop(*words, "nobody", check=4)
    assert "the account keeps no automated backups of nobody" in ended.stderr
    ended = shop("table", "billing", "--snapshot", "nightly", "--yes", "--backups-of", "production", check=2)
    assert "--backups-of: goes without --snapshot" in ended.stderr
    assert shop.ours() == []
