"""An engine of its own: its server is a dictionary, and what it is made with is kept."""

from __future__ import annotations

from fakes import FakeServer
from rdsrestore.ports.databases import Access, Databases

SERVER = FakeServer()
MADE: list[Access] = []


def databases(access: Access) -> Databases:
    MADE.append(access)
    return SERVER
