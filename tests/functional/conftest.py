"""A lab that one test has to itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tool import LabTool


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabTool]:
    """A lab of the test's own, for it to bring up; its folder's name is short since servers' sockets lie in it."""
    folder = tmp_path_factory.mktemp("own")
    lab = LabTool(folder / "lab", folder / "state")
    yield lab
    lab.lab("down")
