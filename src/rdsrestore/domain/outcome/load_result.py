"""What became of a load, and what takes it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rdsrestore.domain.codec import written, written_as
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.tables.dump_file import DumpFile
from rdsrestore.domain.tables.rows import Act, Conflict


@written("TableLoad")
@dataclass(frozen=True)
class TableLoad:
    """What the load did to one table; the acts + the conflicts' rows = the rows planned.

    `how` says by which way they came, where another table was to take its place.
    """

    target: TableRef = field(metadata=written_as("landing"))
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    statements: int = 0
    conflicts: tuple[Conflict, ...] = ()
    how: str = ""

    @property
    def rows(self) -> int:
        """Count the rows written."""
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True)
class Traces:
    """What a scratch schema tells of its run by itself: the rows written, and the tables made that are there."""

    rows: int = 0
    tables: tuple[str, ...] = ()


HAD = "rr_had"
"""In the undo file of a table without a key: how many copies of the row the table had before."""


@written("SavedTable")
@dataclass(frozen=True)
class SavedTable:
    """What a table's rows were before the load touched them: the undo file.

    `columns` are those by which a row is recognised, `key` the ones that identify it; `dump` holds the images, or,
    where `direct`, the restored rows themselves, all of them new to production. Of the run that is taken back `acts`
    are those it planned, and with `all_there` it wrote every row of its plan, and no undo has begun to take them back.
    `in_unicode` names the texts whose digests were taken in UTF-8, since the backup had them in another character set.
    """

    target: TableRef = field(metadata=written_as("landing"))
    key: tuple[str, ...]
    columns: tuple[str, ...]
    dump: DumpFile
    direct: bool = field(default=False, metadata=written_as("whole"))
    acts: tuple[Act, ...] = ()
    all_there: bool = False
    in_unicode: tuple[str, ...] = ()

    @property
    def tells_copies(self) -> bool:
        """Whether it says which rows were the run's where they have no key."""
        return self.all_there or any(column.name == HAD for column in self.dump.definition.columns)


ALONE: Mapping[bool | None, str] = {True: "no other row changed", None: "no statement changed any other row"}
"""What can be said of the rows that a plan does not name, by `Ledger.untouched`."""


@written("Ledger")
@dataclass(frozen=True)
class Ledger:
    """One table's reconciliation after the load: `before` + `inserted` - `deleted` + `others` = `after`.

    `planned` and `done` count rows to write and rows written, `unfit` those left alone; `matching` of the `done` rows
    still are as planned, the other ones were written again since; of these `gone` rows were taken away, or came again
    where they had been deleted. `others` is what the application added or
    removed meanwhile, and `untouched` says whether the rows that the plan does not name are what they were; None where
    nothing but its own statements could reach them, each of which changed as many rows as it named.
    """

    target: TableRef = field(metadata=written_as("landing"))
    before: int
    after: int
    inserted: int
    deleted: int
    planned: int
    done: int
    unfit: int
    matching: int
    untouched: bool | None = field(default=None, metadata=written_as("rest"))
    gone: int = 0

    @property
    def others(self) -> int:
        """Count by how many rows the table grew or shrank through others."""
        return self.after - self.before - self.inserted + self.deleted
