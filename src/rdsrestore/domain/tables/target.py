"""Which tables a run works on, and where their rows go."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from rdsrestore.domain.codec import written, written_as
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.outcome.load_result import SavedTable
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.tables.dump_file import DumpFile
from rdsrestore.domain.tables.transaction import LaterChanges

AFTER = "after"
"""The folder, within a run's, of the dumps of the second copy."""


class Role(StrEnum):
    """Why a table is part of a run."""

    ASKED = "asked"
    CHILD = "child"
    """Only for rows that went with restored ones, by ON DELETE CASCADE or SET NULL."""
    PARENT = "parent"
    """Only for rows that restored ones point to."""


@written("Relative")
@dataclass(frozen=True)
class Relative:
    """A table that comes along with the ones asked for."""

    ref: TableRef
    role: Role


@written("Located")
@dataclass(frozen=True)
class Located:
    """Where one table's sides differ: the file of chunks, how many there are, and how many single keys they name.

    `restored` and `live` count the rows that were compared on both sides; None where keys were given instead.
    `common` counts the keys that both sides have, where that is known. `lacking` counts the given keys that the copy
    has no rows of, and `lacks` names the first of them. `stale`: time has passed, and production may be otherwise now.
    """

    ref: TableRef
    path: str
    chunks: int = field(metadata=written_as("slices"))
    keys: int
    restored: int | None = None
    live: int | None = None
    common: int | None = None
    lacking: int = 0
    lacks: tuple[str, ...] = ()
    stale: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """Name the given keys that the table did not have."""
        if not self.lacking:
            return ()
        more = f" and {self.lacking - len(self.lacks):,} more" if self.lacking > len(self.lacks) else ""
        return (f"of the keys given, not there at that moment: {'; '.join(self.lacks)}{more}",)


@dataclass(frozen=True)
class TurnedBack:
    """Rows that were turned back by the binlog: their dump, their keys, and all keys that were touched since.

    Of one transaction's rows `after` is the dump of how it left them, and `later` says who changed them since.
    """

    dump: DumpFile
    located: Located
    touched: Located
    after: DumpFile | None = None
    later: LaterChanges | None = None


@written("Target")
@dataclass(frozen=True)
class Target:
    """One table of a run: its restored rows, the table that takes them, the rules, and why it takes part.

    `located` says where the sides differ, None for everywhere. `after` holds the rows as the incident left them, where
    a second moment was given; `undo` is an earlier restore's undo file, where that is to be taken back. `direct`
    says that the target table has none of these rows and takes them as they are, `shadow` that they come by way of
    another table that takes its place, and `why_not` why they do not where that was asked for.
    """

    dump: DumpFile
    ref: TableRef = field(metadata=written_as("landing"))
    policy: Policy = Policy()
    after: DumpFile | None = None
    undo: SavedTable | None = field(default=None, metadata=written_as("back"))
    role: Role = Role.ASKED
    located: Located | None = None
    direct: bool = field(default=False, metadata=written_as("whole"))
    shadow: bool = False
    why_not: str = ""

    @property
    def rows_then(self) -> int:
        """The rows that the table had then, where that is known, else those that came into question."""
        return rows_then(self.dump, self.located)


def rows_then(dump: DumpFile, located: Located | None) -> int:
    """Count a table's rows as of then, those that need not be dumped included where they were compared."""
    return dump.rows if located is None or located.restored is None else located.restored
