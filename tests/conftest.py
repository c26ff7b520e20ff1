"""What every folder of tests may use: a quick lab that stays up from test to test, until one fails."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Generator, Iterator

import pytest

from rdsrestore.lab.servers.programs import choose
from tiers import LONG
from tool import SERVER, LabTool, given_server

gc.set_threshold(300_000)  # each worker collects thousands of tests, which took twice the time
OPTION = "--long"
SPOILED = pytest.StashKey[bool]()
"""Whether a test has failed since the lab came up: it may have left anything there."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        OPTION, action="store_true", help="also run the tests marked long, and many more examples of others"
    )
    parser.addoption(
        "--beside", action="store_true", help="leave out tests of the engine that go by no server that was given"
    )
    parser.addoption("--server", help="the servers that labs have: mariadb, mysql, or a folder of unpacked packages")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption(OPTION):
        os.environ[LONG] = "1"
    if config.getoption("--server"):
        os.environ[SERVER] = config.getoption("--server")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long, unless it is asked for."""
    if not config.getoption(OPTION):
        left_out = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    engine = choose(given_server()).engine
    for item in items:
        for mark in item.iter_markers("only"):
            if mark.args[0] != engine:
                item.add_marker(pytest.mark.skip(reason=f"{mark.args[0]} alone: {mark.args[1]}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.config.stash[SPOILED] = True
    return report


@pytest.fixture(scope="session")
def labs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bool], LabTool]]:
    """Give the lab with the shop in it, another one where the last is spoiled."""
    up: list[LabTool] = []

    def give(spoiled: bool) -> LabTool:  # noqa: FBT001 - all that there is to say
        while up and spoiled:
            up.pop().lab("down")
        if not up:
            folder = tmp_path_factory.mktemp("lab")
            up.append(LabTool(folder / "lab", folder / "state"))
            up[0].up("--restore-delay", "0.4", "--lag", "0", "--deny", "reset", "--rows", "400")
        return up[0]

    yield give
    for lab in up:
        lab.lab("down")


@pytest.fixture
def shop(labs: Callable[[bool], LabTool], pytestconfig: pytest.Config) -> LabTool:
    """A quick lab with the shop in it, and the tool pointed at it."""
    spoiled = pytestconfig.stash.get(SPOILED, False)
    pytestconfig.stash[SPOILED] = False
    return labs(spoiled)
