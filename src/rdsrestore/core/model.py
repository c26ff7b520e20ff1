"""The words of the job: what is asked for, and the names of what is made."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NoReturn

from rdsrestore.core.codec import written

PREFIX = "rdsrestore"
BUNDLE = "global-bundle.pem"
"""The file of trusted certificates that is looked for beside the settings."""


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
    def after(self) -> str:
        """Name of the second temporary instance, restored as of the incident's end."""
        return f"{self.resource}-after"

    @property
    def schema(self) -> str:
        """Name of the scratch schema on production."""
        return f"{PREFIX}_{self.value.replace('-', '_')}"

    def __str__(self) -> str:
        return self.value


RUN_ID = re.compile(r"\d{6}-\d{6}-[0-9a-f]{4}")


@written("TableRef")
@dataclass(frozen=True)
class TableRef:
    """A table by database and name, exactly as the server spells them."""

    database: str
    table: str

    def __str__(self) -> str:
        return f"{self.database}.{self.table}"

    @property
    def stem(self) -> str:
        """Name the table's files: no two tables of a database share one, and no name leads elsewhere."""
        plain = re.sub(r"[^A-Za-z0-9_.-]", "_", self.table).lstrip(".")[:60] or "table"
        digest = hashlib.sha256(self.table.encode()).hexdigest()[:8]
        return plain if plain == self.table else f"{plain}-{digest}"


@written("Endpoint")
@dataclass(frozen=True)
class Endpoint:
    """Where a server is reached."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@written("Moment")
@dataclass(frozen=True)
class Moment:
    """A point in time, in UTC and whole seconds; `spoken` is how the operator gave it."""

    utc: datetime
    spoken: str

    def __str__(self) -> str:
        return f"{self.utc:%Y-%m-%dT%H:%M:%SZ}"


@written("Snapshot")
@dataclass(frozen=True)
class Snapshot:
    """A stored snapshot to restore from."""

    id: str

    def __str__(self) -> str:
        return f"snapshot {self.id}"


class Triggers(StrEnum):
    """Whether a live table's triggers may fire for what is written."""

    REFUSE = "refuse"
    FIRE = "fire"


class Merge(StrEnum):
    """Which rows of production a restore may change."""

    MISSING = "missing"
    """Rows that production does not have are inserted; all others stay as they are."""
    OVERWRITE = "overwrite"
    """Missing rows are inserted and changed rows take their restored values; newer rows stay."""
    EXACT = "exact"
    """Rows become what they were: also those that are production's alone are deleted."""
    NONE = "none"
    """All rows, into a table that is empty."""


class OnConflict(StrEnum):
    """What becomes of a row that both the incident and somebody since have changed."""

    KEEP = "keep"
    """Production's row stays and is reported."""
    RESTORE = "restore"
    """The restored row wins."""
    STOP = "stop"
    """Nothing is written as soon as there is one."""


@written("Policy")
@dataclass(frozen=True)
class Policy:
    """The rules by which rows are put back.

    `columns` narrows what changed rows take back, nothing meaning all columns; `where` and `keys` (a file of keys)
    narrow which rows come into question. `three_way` says that the state after the incident is known too.
    """

    merge: Merge = Merge.MISSING
    on_conflict: OnConflict = OnConflict.KEEP
    columns: tuple[str, ...] = ()
    where: str | None = None
    keys: str | None = None
    three_way: bool = False


@written("Limits")
@dataclass(frozen=True)
class Limits:
    """When the load holds back: seconds a replica is behind, threads running on production; None for no limit.

    A `gentle` load writes little at a time, and rests in between.
    """

    max_lag: float | None = None
    max_load: int | None = None
    gentle: bool = False


@written("Invariant")
@dataclass(frozen=True)
class Invariant:
    """Something that has to be right, in the user's own words: one SELECT that gives one value.

    `expect` is `zero`, `restored` (what it was then), or empty where the value is only shown.
    """

    name: str
    query: str
    expect: str = ""


@written("Request")
@dataclass(frozen=True)
class Request:
    """What the operator asked for, complete and checked in form; nothing has been read yet.

    `point` is the state to bring back, `user` the login on production, `incident_end` a moment after the incident whose
    state tells what the incident did from what was done since. `into` names a new table beside the live ones (one
    table only); with `swap` it has a name of the run's own and takes the live one's place in the end. `undoes` names
    the run that is taken back. `caller` is the CIDR to open the firewall for, found out where absent. `recreate` is the
    operator's own yes to creating a dropped table again. `wait` bounds the wait for the temporary instance, in seconds.
    While the file `flag` exists the load is held. `switch_role` is the role by which the cloud deletes the temporary
    instance when `expires` seconds have passed without a sign of life; `keep` says for how many seconds the instance is
    left where the run fails, `keep_dump` that the dumps stay in the run's folder also where it succeeds.
    """

    instance: str
    database: str
    tables: tuple[str, ...]
    point: Moment | Snapshot
    operator: str
    user: str
    policy: Policy = Policy()
    incident_end: Moment | None = None
    into: str | None = None
    swap: bool = False
    undoes: str | None = None
    reason: str = ""
    caller: str | None = None
    instance_class: str | None = None
    recreate: bool = False
    with_parents: bool = False
    with_children: bool = False
    triggers: Triggers = Triggers.REFUSE
    wait: int = 6 * 3600
    limits: Limits = Limits()
    flag: str | None = None
    switch_role: str | None = None
    expires: int = 6 * 3600
    keep: int = 0
    keep_dump: bool = False
    invariants: tuple[Invariant, ...] = ()

    @property
    def typed(self) -> str:
        """What somebody has to type before rows may go: the tables' names; empty where none is deleted or put aside."""
        deletes = self.policy.merge is Merge.EXACT and not self.into and not self.undoes
        return " ".join(self.tables) if self.swap or deletes else ""

    @property
    def refs(self) -> tuple[TableRef, ...]:
        """The tables in the order they were given."""
        return tuple(TableRef(self.database, table) for table in self.tables)
