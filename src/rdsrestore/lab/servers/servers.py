"""What the lab wants of a database server, wherever it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rdsrestore.lab.servers.binlog import Position


@dataclass(frozen=True)
class Address:
    """Where a server listens behind its gateway; `proxied` when it wants a PROXY line with the caller's address."""

    host: str
    port: int
    proxied: bool


SEEDED = "production"
"""The history of the server that a lab begins with."""


@dataclass(frozen=True)
class State:
    """What to restore: whose history, before a second (Unix time) or at a position; all of it where both are None."""

    second: int | None = None
    position: Position | None = None
    history: str = SEEDED


class Server(Protocol):
    """A running database server."""

    @property
    def address(self) -> Address:
        """Where it listens."""
        ...

    def sql(self, text: str) -> str:
        """Run statements as the server's own root; returns what the client prints."""
        ...

    def position(self) -> Position:
        """Return the end of its binlog."""
        ...

    def halt(self) -> None:
        """Stop it and keep its files."""
        ...

    def crash(self, down: float) -> None:
        """Kill it, and have it answer again at its address after so many seconds."""
        ...

    def stop(self) -> None:
        """Stop it and delete its files."""
        ...


class Servers(Protocol):
    """Makes servers of one kind."""

    def source(self, name: str, seed: str) -> Server:
        """Start a server with binlogs, run the seed in it, and keep a base backup of the result."""
        ...

    def restored(self, state: State, name: str, begins: str = "") -> Server:
        """Start a copy of a state; where `begins` names a history, its own backups are kept under that from then on."""
        ...

    def describe(self) -> tuple[str, str]:
        """Return engine and version."""
        ...


@dataclass(frozen=True)
class Tls:
    """The files that a server presents itself with."""

    ca: Path
    certificate: Path
    key: Path
