"""The words of the job: what is asked for, and the names of what is made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NoReturn

PREFIX = "rdsrestore"


class Secret:
    """A value that may be used but never shown: it has no text, no JSON and no pickled form."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never written down")


@dataclass(frozen=True)
class RunId:
    """A run's name, from which every name of what the run makes is derived before it is made."""

    value: str

    @classmethod
    def new(cls, now: datetime, entropy: str) -> RunId:
        """Name a run by its UTC start and four hexadecimal digits of `entropy`."""
        return cls(f"{now.astimezone(UTC):%y%m%d-%H%M%S}-{entropy[:4]}")

    @property
    def resource(self) -> str:
        """Name of the temporary instance and of its security group: at most 63 letters, digits and hyphens."""
        return f"{PREFIX}-{self.value}"

    @property
    def schema(self) -> str:
        """Name of the scratch schema on production."""
        return f"{PREFIX}_{self.value.replace('-', '_')}"

    def __str__(self) -> str:
        return self.value


RUN_ID = re.compile(r"\d{6}-\d{6}-[0-9a-f]{4}")


@dataclass(frozen=True)
class TableRef:
    """A table by database and name, exactly as the server spells them."""

    database: str
    table: str

    def __str__(self) -> str:
        return f"{self.database}.{self.table}"


@dataclass(frozen=True)
class Endpoint:
    """Where a server is reached."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Moment:
    """A point in time, in UTC and whole seconds; `spoken` is how the operator gave it."""

    utc: datetime
    spoken: str

    def __str__(self) -> str:
        return f"{self.utc:%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class Snapshot:
    """A stored snapshot to restore from."""

    id: str

    def __str__(self) -> str:
        return f"snapshot {self.id}"


class Merge(StrEnum):
    """Which rows may be written to production."""

    MISSING = "missing"
    """Rows whose key production does not have; rows written since stay as they are."""
    NONE = "none"
    """All rows, into a table that is empty."""


@dataclass(frozen=True)
class Request:
    """What the operator asked for, complete and checked in form; nothing has been read yet.

    `point` is the state to bring back, `user` the login on production. `into` names a new table beside the live ones
    (one table only). `caller` is the CIDR to open the firewall for, found out where absent. `recreate` and
    `fire_triggers` are the operator's own yes to recreating a dropped table and to firing the triggers of the live
    one. `wait` bounds the wait for the temporary instance, in seconds.
    """

    instance: str
    database: str
    tables: tuple[str, ...]
    point: Moment | Snapshot
    operator: str
    user: str
    merge: Merge = Merge.MISSING
    where: str | None = None
    into: str | None = None
    reason: str = ""
    caller: str | None = None
    instance_class: str | None = None
    recreate: bool = False
    fire_triggers: bool = False
    wait: int = 6 * 3600

    @property
    def refs(self) -> tuple[TableRef, ...]:
        """The tables in the order they were given."""
        return tuple(TableRef(self.database, table) for table in self.tables)
