"""What the steps give each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rdsrestore.core.model import Endpoint, TableRef
from rdsrestore.core.tables import DumpFile, TableCheck, TableDifference, TableLoad


class Fact:
    """Marks what a step gives; facts are frozen dataclasses, kept by their type."""


@dataclass(frozen=True)
class Reached(Fact):
    """The restore window covers the moment; it ends at `latest`."""

    latest: datetime


@dataclass(frozen=True)
class OwnGroupMade(Fact):
    """The run's own security group."""

    id: str


@dataclass(frozen=True)
class TempInstance(Fact):
    """The restored copy, reachable once a rule lets us in."""

    id: str
    resource_id: str
    endpoint: Endpoint


@dataclass(frozen=True)
class RuleOpened(Fact):
    """The one rule that lets this host in."""

    id: str
    cidr: str
    port: int


@dataclass(frozen=True)
class Dumped(Fact):
    """Complete, checked dumps, parents before children."""

    dumps: tuple[DumpFile, ...]


@dataclass(frozen=True)
class LandingMade(Fact):
    """Tables that were created to take the rows."""

    tables: tuple[TableRef, ...]


@dataclass(frozen=True)
class Compared(Fact):
    """The staged rows against production's, in the dumps' order."""

    differences: tuple[TableDifference, ...]


@dataclass(frozen=True)
class Approved(Fact):
    """The operator's yes to exactly these numbers of rows."""

    rows: int


@dataclass(frozen=True)
class Loaded(Fact):
    """What was written to production, in the order it was written; `complete` once no table is left."""

    loads: tuple[TableLoad, ...]
    complete: bool = True


@dataclass(frozen=True)
class Verified(Fact):
    """What was found after the load."""

    checks: tuple[TableCheck, ...]
