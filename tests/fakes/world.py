"""All fakes together."""

from __future__ import annotations

from dataclasses import dataclass, field

from fakes.clock import FakeClock
from fakes.cloud import FakeCloud
from fakes.databases import FakeEngines, FakeServer
from fakes.operator import FakeOperator
from rdsrestore.workflow.step import World


@dataclass
class FakeWorld:
    """All of them together."""

    cloud: FakeCloud = field(default_factory=FakeCloud)
    server: FakeServer = field(default_factory=FakeServer)
    operator: FakeOperator = field(default_factory=FakeOperator)
    clock: FakeClock = field(default_factory=FakeClock)

    def world(self) -> World:
        return World(self.cloud, FakeEngines(self.server), self.operator, self.clock)
