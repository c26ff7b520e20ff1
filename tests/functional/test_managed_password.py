"""RDS keeps production's password in Secrets Manager: it is found there, and taken anew where it is rotated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tool import LabTool, events

NOTHING_SET = {"RDSRESTORE_PASSWORD": "", "RDSRESTORE_USER": ""}


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabTool]:
    """A lab whose production has a managed password, and the tool without any."""
    folder: Path = tmp_path_factory.mktemp("managed")
    lab = LabTool(folder / "lab", folder / "state")
    lab.up("--restore-delay", "0.4", "--lag", "0", "--rows", "20", "--deny", "reset", "--managed")
    lab.env |= NOTHING_SET
    yield lab
    lab.lab("down")


def test_the_password_is_found_and_the_plan_says_so(managed: LabTool) -> None:
    shown = managed("table", "billing", "--before", managed.moment(), "--dry-run", check=0).stdout
    assert "admin on the server (password: the secret that RDS keeps of it)" in shown
    assert managed.place.running().password not in shown


def test_a_password_that_is_rotated_before_the_load_is_fetched_anew(managed: LabTool) -> None:
    before, first = managed.moment(), managed.place.running().password
    managed.sql("DELETE FROM shop.billing_lines")

    with managed.started("table", "billing_lines", "--before", before, "--yes") as process:
        for each in events(process):
            if (each["event"], each.get("step")) == ("step-done", "open-rule"):
                managed.lab("rotate")

    assert process.returncode == 0
    assert managed.place.running().password != first
    assert managed.number("SELECT COUNT(*) FROM shop.billing_lines") == 40
    assert managed.ours() == []
