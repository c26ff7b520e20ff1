"""Stand-ins for the world, with verbs: what a test says happened, happened. No patching anywhere."""

from fakes.clock import FakeClock
from fakes.cloud import FakeCloud
from fakes.databases import FakeCopy, FakeEngines, FakeServer
from fakes.faults import Faults, unreachable
from fakes.listener import Ear
from fakes.operator import FakeOperator
from fakes.rows import FakeErrand, FakeRows
from fakes.scene import BEFORE, BILLING, LINES, NOW, SOURCE, definition, request
from fakes.world import FakeWorld

__all__ = [
    "BEFORE",
    "BILLING",
    "LINES",
    "NOW",
    "SOURCE",
    "Ear",
    "FakeClock",
    "FakeCloud",
    "FakeCopy",
    "FakeEngines",
    "FakeErrand",
    "FakeOperator",
    "FakeRows",
    "FakeServer",
    "FakeWorld",
    "Faults",
    "definition",
    "request",
    "unreachable",
]
