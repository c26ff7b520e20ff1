"""What every folder of tests may use: a lab that is up for the whole session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tool import LabTool


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabTool]:
    """A quick lab with the shop in it, and the tool pointed at it."""
    folder: Path = tmp_path_factory.mktemp("lab")
    lab = LabTool(folder / "lab", folder / "state")
    try:
        lab.up("--restore-delay", "0.4", "--lag", "0", "--deny", "reset", "--rows", "400")
        yield lab
    finally:
        lab.lab("down")
