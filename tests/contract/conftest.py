"""The cloud's adapter before a real front over HTTP, with a wire between them that a test can spoil."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from account import Account
from proxy import Proxy, standing_before
from rdsrestore.aws.session import CallLog, Clients
from tool import LabTool


@pytest.fixture(scope="session")
def link(labs: Callable[[bool], LabTool]) -> Iterator[tuple[Proxy, Clients, CallLog]]:
    """The wire, and clients that go through it as a user's settings would have them go."""
    shop = labs(False)  # noqa: FBT003 - whether it is spoiled is the business of each test
    with standing_before(shop.place.running().endpoint) as proxy, pytest.MonkeyPatch.context() as patch:
        for name, value in shop.env.items():
            if name.startswith("AWS_"):
                patch.setenv(name, value)
        patch.setenv("AWS_ENDPOINT_URL", proxy.url)
        log = CallLog()
        yield proxy, Clients(None, None, log), log


@pytest.fixture
def account(shop: LabTool, link: tuple[Proxy, Clients, CallLog]) -> Iterator[Account]:
    proxy, clients, log = link
    proxy.upstream = shop.place.running().endpoint
    made = Account(shop.place.running(), shop.place.ca, proxy, clients, log)
    log.take()
    yield made
    unused = dict(proxy.faults)
    proxy.reset()
    made.sweep()
    assert unused == {}, "a fault that a test planned did not happen"
