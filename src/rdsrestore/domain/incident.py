"""What was done to tables, as production's binlog tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from rdsrestore.domain.codec import written
from rdsrestore.domain.ids import TableRef

MOST = 0.5
"""The share of a table's rows from which a change hit most of it."""
REMOVES = frozenset({"DROP", "TRUNCATE"})
"""Acts that take all rows of a table away."""
BINLOG = "binlog"
"""The folder of a run that holds what was copied of the binlog."""
FEW = 10
"""Rows below which no share of a table says anything."""


class Logged(StrEnum):
    """How a change stands in the binlog."""

    ROWS = "rows"
    """Each row: how many were hit is known."""
    STATEMENT = "statement"
    """Its text alone: how many rows it hit is not known."""
    DEFINITION = "definition"
    """A statement that changes what the table is: DROP, TRUNCATE, ALTER and their like."""


@dataclass(frozen=True)
class Change:
    """What one transaction did to one table.

    `at` is when its first statement began, `committed` when it ended, to the microsecond, where the server notes that.
    `text` is the statement that hit the most rows, of `statements` in all, and `act` its first word in capitals; empty
    where the server keeps no texts.
    `unfiltered` says that this statement had no condition, `prepared` that the transaction was one of XA, whose end
    is not known here. `into` names a table that was asked for and into which a foreign key's rule may have carried the
    change: what happened there does not stand in the binlog. `was` is what the table was called before this change,
    `became` what it is called since: what was done to it under that name stands there under that name. `who` is the
    user@host that an audit log names, empty where none does: a binlog does not say.
    """

    at: datetime
    ref: TableRef
    logged: Logged
    file: str
    position: int
    end: int
    gtid: str = ""
    committed: datetime | None = None
    thread: int | None = None
    text: str = ""
    act: str = ""
    statements: int = 1
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unfiltered: bool = False
    prepared: bool = False
    into: TableRef | None = None
    was: TableRef | None = None
    became: TableRef | None = None
    who: str = ""

    @property
    def damage(self) -> int:
        """Rows that are not what they were."""
        return self.updated + self.deleted

    @property
    def before(self) -> datetime:
        """The last moment at which nothing of it was there, as `--before` takes it."""
        return self.at.replace(microsecond=0)

    @property
    def after(self) -> datetime:
        """The first whole second at which all of it was there, as `--incident-end` takes it."""
        last = self.committed or self.at
        return last.replace(microsecond=0) + timedelta(seconds=1)


@dataclass(frozen=True)
class Looked:
    """What is looked at: tables of a database by name; all of them, also those that are gone, where none is named."""

    database: str
    tables: tuple[str, ...] = ()


@written("BinlogFile")
@dataclass(frozen=True)
class KeptFile:
    """A file of the binlog as the server lists it; `size` is what can be fetched of it, in bytes."""

    name: str
    size: int


@written("BinlogSurvey")
@dataclass(frozen=True)
class BinlogSurvey:
    """Production's binlog from the file that holds a moment on, oldest first, as it was at `at`.

    `kept_from` is when the oldest file begins that the server still has. `hours` is how long RDS keeps a file, None
    where that is not set: then it goes once it is uploaded. `problem` says why it can't be copied, `fixed` why its
    hours can't be set. Where another run has raised them `raised_by` names it, and `first` is what they were before.
    """

    at: datetime
    files: tuple[KeptFile, ...] = ()
    kept_from: datetime | None = None
    hours: int | None = None
    problem: str = ""
    fixed: str = ""
    raised_by: str = ""
    first: int | None = None

    @property
    def former(self) -> int | None:
        """What comes back when nobody needs it longer any more."""
        return self.first if self.raised_by else self.hours

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(file.size for file in self.files)


@written("BinlogCopy")
@dataclass(frozen=True)
class BinlogCopy:
    """A copied file: `path` is its name in the run's folder of them, `bytes` and the SHA-256 are of what came.

    `begun` is when the server began it.
    """

    name: str
    path: str
    bytes: int
    digest: str
    begun: datetime


@dataclass(frozen=True)
class Timeline:
    """What was done to tables in a time.

    `since` and `until` bound what was looked at. `kept_from` is when the oldest file begins that the server still has,
    None where it has none. `changes` are the worst, in the order of their time; `left_out` counts smaller ones that are
    not listed. `minutes` holds rows hit in all, by minute. `rows` holds how many rows the tables have now, about.
    `as_text` is when the last statement that wrote rows of any table and stands there as text ran, and its first word.
    """

    since: datetime
    until: datetime
    kept_from: datetime | None
    changes: Sequence[Change] = ()
    left_out: int = 0
    minutes: Mapping[datetime, int] = field(default_factory=dict)
    rows: Mapping[TableRef, int] = field(default_factory=dict)
    files: int = 0
    size: int = 0
    as_text: tuple[datetime, str] | None = None

    @property
    def gap(self) -> bool:
        """Whether the time that was asked about begins before what the server still has."""
        return self.kept_from is None or self.kept_from > self.since

    @property
    def unknown(self) -> bool:
        """Whether the server has nothing of that time."""
        return self.kept_from is None or self.kept_from > self.until

    def together(self, change: Change) -> list[Change]:
        """Return what the same transaction did, the change itself first."""
        same = [each for each in self.changes if (each.file, each.position) == (change.file, change.position)]
        return [change, *(each for each in same if each != change)]

    def rows_before(self, change: Change) -> int:
        """Say about how many rows its table had before a change: those of now, without what was done since."""
        later = [
            each
            for each in self.changes
            if each.ref == change.ref and (each.file, each.end) >= (change.file, change.end)
        ]
        return max(self.rows.get(change.ref, 0) + sum(each.deleted - each.inserted for each in later), change.damage)


def suspicions(change: Change, timeline: Timeline) -> tuple[str, ...]:
    """Say why a change may be the accident; nothing where it is plain."""
    reasons = []
    if change.logged is Logged.DEFINITION:
        reasons.append(f"changes the table itself: {change.act}")
    if change.was:
        reasons.append(f"called {change.was} before: look for that name, too: what was done until then stands there")
    if change.became:
        reasons.append(f"called {change.became} since: look for that name, too: what was done since stands there")
    if change.unfiltered:
        reasons.append("no WHERE")
    if change.damage >= FEW and change.damage >= MOST * timeline.rows_before(change):
        reasons.append("most of the table")
    if change.into:
        reasons.append(f"a foreign key may have carried it into {change.into.table}: the binlog does not show that")
    return tuple(reasons)


def from_epoch(seconds: float) -> datetime:
    """Turn a server's seconds into a moment."""
    return datetime.fromtimestamp(seconds, UTC)


def proposed(timeline: Timeline) -> Change | None:
    """Choose the change that is most likely the accident: of the suspicious ones that which hit the most rows.

    One that took a whole table away goes first, unless it may have found none; None where nothing looks suspicious.
    """
    suspicious = [each for each in timeline.changes if suspicions(each, timeline)]
    gone = [each for each in suspicious if each.act in REMOVES]
    gone = [each for each in gone if "IF EXISTS" not in each.text.upper()]
    return max(gone or suspicious, key=lambda each: (each.damage, each.at), default=None)


def worst_first(timeline: Timeline) -> list[Change]:
    """Sort changes: suspicious ones first, then by the rows that they hit, then by time."""

    def order(change: Change) -> tuple[bool, bool, int, datetime]:
        doubted = bool(suspicions(change, timeline))
        return not doubted, change.logged is Logged.ROWS, -change.damage, change.at

    return sorted(timeline.changes, key=order)
