"""The first contact with a copy in an ordinary estate: private addresses, and rules and passwords that need seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tool import LabTool, events


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabTool]:
    """Databases see another address of this machine than the outside; rules and passwords need seconds."""
    folder: Path = tmp_path_factory.mktemp("office")
    lab = LabTool(folder / "lab", folder / "state")
    lab.up("--restore-delay", "0.4", "--lag", "0", "--rows", "20", "--behind-nat", "--settle", "3")
    yield lab
    lab.lab("down")


def test_production_s_view_of_us_is_let_in_and_what_needs_seconds_is_waited_for(office: LabTool) -> None:
    before = office.moment()
    office.sql("DELETE FROM shop.billing_lines")

    with office.started("table", "billing_lines", "--before", before, "--yes") as process:
        told = [each for each in events(process) if each.get("step") == "open-rule"]

    assert process.returncode == 0
    assert "let 127.0.0.1/32, and nobody else" in str(told)
    assert any("waiting until the copy lets us in" in str(each.get("message")) for each in told)
    assert office.number("SELECT COUNT(*) FROM shop.billing_lines") == 40
    assert office.ours() == []
