"""A server, and the client program that dumps from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rdsrestore.domain.codec import UNWRITTEN, written
from rdsrestore.domain.ids import TableRef

EVERYTHING = "ALL PRIVILEGES"


@dataclass(frozen=True)
class Grant:
    """Privileges of a login, in upper case, on databases whose names fit a regular expression, or one table of them."""

    privileges: frozenset[str]
    databases: str = ".*"
    table: str | None = None

    def on(self, ref: TableRef) -> bool:
        """Whether it holds for a table, one that is still to be made too."""
        return self.table in {None, ref.table} and re.fullmatch(self.databases, ref.database, re.DOTALL) is not None


@dataclass(frozen=True)
class OpenTransaction:
    """A connection's transaction that has not ended: since when, and how many changes of rows it holds."""

    connection: int
    began: datetime
    changes: int


@written(
    "ServerFacts",
    former={"lower_case_table_names", "autoinc_lock_mode", "time_zone", "max_allowed_packet", "sql_mode"},
)
@dataclass(frozen=True)
class ServerFacts:
    """A server as its session sees it; `ahead` in seconds: by how much its clock is before ours.

    `globals` are variables by name as a new login finds them: what a login of ours, or a client program's, can't turn.
    `caller` is this machine as the server sees it, a /32 or /128; where that is not certain, `caller_name` is the name
    that the server knows it by.
    `open` are the transactions of others that are not ended, as far as the login may see them.
    `unseen` names the privilege without which the catalogue keeps tables of other databases from the login, and
    `grants` are all that it has; None where they can't be told, as with roles.
    """

    version: str
    flavour: str
    read_only: bool
    event_scheduler: bool = False
    privileges_missing: tuple[str, ...] = ()
    unseen: str = ""
    ahead: float = 0.0
    globals: Mapping[str, str] = field(default_factory=dict, metadata=UNWRITTEN)
    caller: str | None = None
    caller_name: str = ""
    open: tuple[OpenTransaction, ...] = field(default=(), metadata=UNWRITTEN)
    grants: tuple[Grant, ...] | None = field(default=None, metadata=UNWRITTEN)

    def lacking(self, wanted: frozenset[str], ref: TableRef) -> list[str]:
        """Name the privileges that the login has not on a table, as far as its grants tell."""
        if self.grants is None:
            return []
        held = frozenset[str]().union(*(grant.privileges for grant in self.grants if grant.on(ref)))
        return [] if EVERYTHING in held else sorted(wanted - held)


@written("Problem")
@dataclass(frozen=True)
class Problem:
    """What stands in the way: a stable code, what it is, and a hint that says what to do."""

    code: str
    what: str
    hint: str


@written("ClientTools", former={"load", "load_version", "problems", "dump_version", "dump_flavour"})
@dataclass(frozen=True)
class ClientTools:
    """The dump program found on this machine.

    `dump_sets` says that it can be told what to set in its session, `problem` what stopped it when it was tried on
    production, None where nothing did.
    """

    dump: str | None
    dump_sets: bool = False
    problem: Problem | None = None
