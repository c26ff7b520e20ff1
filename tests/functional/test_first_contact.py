"""The first contact with a copy in an ordinary estate: private addresses, and rules and passwords that need seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tool import LabTool


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabTool]:
    """A lab whose databases see this machine as another address than the outside does."""
    folder: Path = tmp_path_factory.mktemp("office")
    lab = LabTool(folder / "lab", folder / "state")
    lab.up("--restore-delay", "0.4", "--lag", "0", "--rows", "20", "--behind-nat")
    yield lab
    lab.lab("down")


def test_the_address_that_production_sees_is_let_in_and_not_the_one_that_the_outside_sees(office: LabTool) -> None:
    before = office.moment()
    office.sql("DELETE FROM shop.billing_lines")

    ended = office("table", "billing_lines", "--before", before, "--yes", check=0)

    assert "let 127.0.0.1/32, and nobody else" in ended.stdout + ended.stderr
    assert office.number("SELECT COUNT(*) FROM shop.billing_lines") == 40
    assert office.ours() == []
