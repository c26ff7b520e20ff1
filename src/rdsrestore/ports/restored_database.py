"""What is needed of the restored instance's server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.request.invariants import Invariant
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.dump_file import DumpFile, Fingerprint
from rdsrestore.domain.tables.key_range import Chunk
from rdsrestore.domain.tables.question import Take
from rdsrestore.domain.tables.selection import Selection
from rdsrestore.ports.key_ranges import TableRows
from rdsrestore.ports.progress import Progress


class DumpedRows(Protocol):
    """Rows that are taken off a server as they are."""

    def check(self, definition: TableDefinition, selection: Selection, *, made: bool) -> None:
        """Refuse rows that a dump would not bring back as they are, and where the table is to be made, a definition.

        DatabaseError (`db.unknown-type`, `db.lossy`, `db.definition`) names table, column and number of rows.
        """
        ...

    def check_key_values(self, definition: TableDefinition, key: Sequence[str]) -> None:
        """Refuse keys that no literal finds; DatabaseError with code `db.lossy`."""
        ...

    def trigger_statements(self, definition: TableDefinition, names: Sequence[str]) -> str:
        """Write what makes these triggers of a table again, for a client program."""
        ...

    def fingerprint(self, definition: TableDefinition, chunks: Path) -> Fingerprint:
        """Take the fingerprint of the rows that a file of chunks names."""
        ...

    def dump(self, definition: TableDefinition, selection: Selection, folder: Path, progress: Progress) -> DumpFile:
        """Dump a table's rows into `folder`, check the file, and take the server's fingerprint of the same rows."""
        ...


class RestoredDatabase(DumpedRows, Protocol):
    """The restored server: nobody writes to it. Every method may raise DatabaseError or ToolError."""

    def definition(self, ref: TableRef) -> TableDefinition | None:
        """Read a table's definition; None where it did not exist at that time."""
        ...

    def similar(self, ref: TableRef) -> Sequence[str]:
        """Name the tables of the same database that read like it."""
        ...

    def read(self, database: str, invariants: Sequence[Invariant]) -> Sequence[str]:
        """Read what has to be right, in a transaction that can't write; DatabaseError with code `invariant.failed`."""
        ...

    def rows(self, definition: TableDefinition, other: TableDefinition, policy: Policy) -> TableRows:
        """Give access to a table's rows by ranges, to compare them with those of a server that has it as `other`."""
        ...

    def keys(
        self, definition: TableDefinition, other: TableDefinition | None, path: Path
    ) -> tuple[Sequence[Chunk], Sequence[str]]:
        """Look the keys of a file up; returns those that the table has, and in words those that it lacks.

        `other` is the table as the server has it on which the same keys are to be found. UsageError names the first
        line that holds none.
        """
        ...

    def ask(self, database: str, statement: str, most: int | None, take: Take) -> str:
        """Run one statement that only reads, for a bounded time, and have its result taken, of at most so many rows.

        Returns the statement without its values; UsageError for one that does more than read.
        """
        ...
