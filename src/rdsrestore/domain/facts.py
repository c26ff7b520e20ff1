"""What the steps give each other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from rdsrestore.domain.codec import written, written_as
from rdsrestore.domain.ids import Endpoint, TableRef
from rdsrestore.domain.incident import BinlogCopy
from rdsrestore.domain.outcome.load_result import Ledger, SavedTable, TableLoad
from rdsrestore.domain.request.invariants import Reading
from rdsrestore.domain.tables.dump_file import DumpFile, Fingerprint
from rdsrestore.domain.tables.rows import TableDifference
from rdsrestore.domain.tables.target import Located, Target
from rdsrestore.domain.tables.transaction import LaterChanges


class Fact:
    """Marks what a step gives; facts are frozen dataclasses, kept by their type."""


@written("Reached")
@dataclass(frozen=True)
class Reached(Fact):
    """The restore window covers the moment; it ends at `latest`."""

    latest: datetime


@written("SwitchArmed")
@dataclass(frozen=True)
class ExpiryScheduled(Fact):
    """The cloud deletes these instances at that time, if nobody puts it off."""

    instances: tuple[str, ...]
    at: datetime


@written("OwnGroupMade")
@dataclass(frozen=True)
class OwnGroupMade(Fact):
    """The run's own security group."""

    id: str


@written("TempInstance")
@dataclass(frozen=True)
class TempInstance(Fact):
    """The restored copy, reachable once a rule lets us in."""

    id: str
    resource_id: str
    endpoint: Endpoint


@written("AfterInstance")
@dataclass(frozen=True)
class AfterInstance(Fact):
    """The second copy, as of the incident's end; its endpoint is None until it answers."""

    id: str
    endpoint: Endpoint | None = None


@written("RuleOpened")
@dataclass(frozen=True)
class RuleOpened(Fact):
    """The rules that let us in: the first one, the source that it is for, and how many there are of the run.

    `added` are those who were named when nobody could get in.
    """

    id: str
    cidr: str
    port: int
    rules: int = 1
    added: tuple[str, ...] = ()


@written("CopyPassword")
@dataclass(frozen=True)
class CopyPassword(Fact):
    """Whether the copies were given a one-time password; else they have production's."""

    one_time: bool


@written("RetentionRaised")
@dataclass(frozen=True)
class RetentionRaised(Fact):
    """Production keeps its binlog for so many hours; `problem` says why it does not."""

    hours: int
    problem: str = ""


@written("BinlogKept")
@dataclass(frozen=True)
class BinlogKept(Fact):
    """What was copied of production's binlog, oldest first; `problem` says what is missing of it, and why."""

    files: tuple[BinlogCopy, ...]
    problem: str = ""


@written("Differing")
@dataclass(frozen=True)
class Differing(Fact):
    """Where tables differ between the copy and production; tables that are not named may differ everywhere."""

    tables: tuple[Located, ...]

    def later(self) -> Differing:
        """Return the same as it is known once time has passed."""
        return Differing(tuple(replace(each, stale=True) for each in self.tables))


@written("Dumped")
@dataclass(frozen=True)
class Dumped(Fact):
    """Complete, checked dumps, parents before children; `afters` are those of the second copy, in the same order.

    `values` are what the invariants were then. `located` says of tables which rows alone came into question, where
    those are all that there is, `touched` which keys were changed since, where the binlog told. Of one
    transaction's rows `afters` are as it left them, and `later` says who changed them since.
    """

    dumps: tuple[DumpFile, ...]
    afters: tuple[DumpFile, ...] = ()
    values: tuple[str, ...] = ()
    located: tuple[Located, ...] = ()
    touched: tuple[Located, ...] = ()
    later: LaterChanges | None = None


@written("EarlierDumps")
@dataclass(frozen=True)
class EarlierDumps:
    """What another run dumped into its folder, and where its tables differed."""

    folder: str
    dumped: Dumped
    differing: Differing | None = None


@written("Staged")
@dataclass(frozen=True)
class Staged(Fact):
    """The tables whose rows stand in the scratch schema, parents before children; `left` are tables left out."""

    targets: tuple[Target, ...]
    left: tuple[TableLoad, ...] = ()


@written("LandingMade")
@dataclass(frozen=True)
class TargetTableMade(Fact):
    """Tables that were created to take the rows."""

    tables: tuple[TableRef, ...]


@written("Standing")
@dataclass(frozen=True)
class Standing(Fact):
    """Tables that this run created and that production has, as looked up after the teardown."""

    tables: tuple[TableRef, ...]


@written("Compared")
@dataclass(frozen=True)
class Compared(Fact):
    """The staged rows against production's, in the targets' order."""

    differences: tuple[TableDifference, ...]


@written("Approved")
@dataclass(frozen=True)
class Approved(Fact):
    """The operator's yes to exactly these rows; `prints` are the digests of the approved plans."""

    rows: int
    prints: tuple[str, ...] = ()


@written("Saved")
@dataclass(frozen=True)
class Saved(Fact):
    """What rows were before the load, in the targets' order; `untouched` are the fingerprints of all other rows.

    `values` are what the invariants were.
    """

    tables: tuple[SavedTable, ...]
    untouched: tuple[Fingerprint | None, ...]
    values: tuple[str, ...] = ()


@written("Loaded")
@dataclass(frozen=True)
class Loaded(Fact):
    """What was written to production, in the targets' order; `complete` once nothing is left to do.

    `rested` counts the seconds for which the load rested for the sake of others at work on production.
    """

    loads: tuple[TableLoad, ...]
    complete: bool = True
    rested: float = 0.0

    @property
    def nothing(self) -> bool:
        """Whether it had not come to its end, and is known to have written no row."""
        return not self.complete and bool(self.loads) and not any(load.rows for load in self.loads)


@written("Swapped")
@dataclass(frozen=True)
class Swapped(Fact):
    """Two tables that changed places: `live` has the rows of `shadow` now, and its former ones are in `former`."""

    live: TableRef
    shadow: TableRef
    former: TableRef = field(metadata=written_as("aside"))


@written("Verified")
@dataclass(frozen=True)
class Verified(Fact):
    """The reconciliation of each table after the load, and what has to be right."""

    ledgers: tuple[Ledger, ...]
    readings: tuple[Reading, ...] = ()


@written("Recounted")
@dataclass(frozen=True)
class Recounted(Fact):
    """How many rows the verified tables have now, in the ledgers' order; their content was verified at `at`."""

    at: datetime
    rows: tuple[int, ...]


@written("TakenBack")
@dataclass(frozen=True)
class TakenBack(Fact):
    """What the run wrote was taken back by another one; `ended` says how that ended, empty where it did not."""

    by: str
    ended: str
    whole: bool

    @property
    def how(self) -> str:
        """Say how that ended, or that it did not."""
        return self.ended or "it is unfinished"
