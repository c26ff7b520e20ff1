"""What is needed of the server with the damaged table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from rdsrestore.domain.ids import Endpoint, TableRef
from rdsrestore.domain.incident import BinlogCopy, BinlogSurvey, KeptFile, Looked, Timeline
from rdsrestore.domain.outcome.load_result import Ledger, SavedTable, TableLoad, Traces
from rdsrestore.domain.request.invariants import Invariant
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.request.throttle_rules import ThrottleRules
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.dump_file import DumpFile, Fingerprint
from rdsrestore.domain.tables.rows import PlanLine, TableDifference
from rdsrestore.domain.tables.server import ServerFacts
from rdsrestore.domain.tables.target import Target
from rdsrestore.ports.key_ranges import TableRows
from rdsrestore.ports.progress import Progress


class Catalog(Protocol):
    """What the server is, and which tables it has. Every method may raise DatabaseError or ToolError."""

    def server(self) -> ServerFacts:
        """Read what the server is and allows."""
        ...

    def databases(self) -> Sequence[str]:
        """Name the users' databases."""
        ...

    def tables(self, database: str) -> Sequence[str]:
        """Name a database's base tables."""
        ...

    def definition(self, ref: TableRef) -> TableDefinition | None:
        """Read a table's definition; None where it does not exist."""
        ...

    def similar(self, ref: TableRef) -> Sequence[str]:
        """Name the tables of the same database that read like it."""
        ...

    def count(self, ref: TableRef) -> int:
        """Count a table's rows exactly."""
        ...


class Vetting(Protocol):
    """What is held against the server before anything is written. Every method may raise DatabaseError or ToolError."""

    def where_here(self, definition: TableDefinition, where: str) -> tuple[str, str]:
        """Write a filter so that it means in a run's sessions what it means in others of this server.

        Returns it with the zone of these sessions; as it is, with an empty zone, where both have one zone, where no
        value of it depends on that, or where the server can't tell what the time there is.
        """
        ...

    def check_where(self, ref: TableRef, where: str) -> str:
        """Say what is wrong with a row filter; empty where it is one expression over the table's own columns."""
        ...

    def check_keys(self, definition: TableDefinition | None, path: Path) -> None:
        """Hold a file of keys against a table's key, where it has the table; UsageError names the first line amiss."""
        ...

    def check_key_values(self, definition: TableDefinition, key: Sequence[str]) -> None:
        """Refuse keys that no literal finds; DatabaseError with code `db.lossy`."""
        ...

    def rehearse(self, database: str, definitions: Sequence[TableDefinition]) -> None:
        """Have this machine's dump program dump a row of one of these tables, or of another of the database.

        ToolError where it can't, or where what it writes would be refused.
        """
        ...

    def check_replicas(self, replicas: Sequence[Endpoint]) -> None:
        """Ask each replica how far it is behind; DatabaseError where one can't be asked."""
        ...

    def read(self, database: str, invariants: Sequence[Invariant]) -> Sequence[str]:
        """Read what has to be right, in a transaction that can't write; DatabaseError with code `invariant.failed`."""
        ...

    def rows(self, definition: TableDefinition, other: TableDefinition, policy: Policy) -> TableRows:
        """Give access to a table's rows by ranges, to compare them with those of a server that has it as `other`."""
        ...


class Scratch(Protocol):
    """The schemas of runs, and who is at work in them. Every method may raise DatabaseError or ToolError."""

    def create_scratch(self, schema: str, run: str) -> None:
        """Make the run's scratch schema, marked as ours; ours already is fine."""
        ...

    def drop_scratch(self, schema: str) -> None:
        """Drop the scratch schema if it is ours; gone already is fine."""
        ...

    def scratch_exists(self, schema: str) -> bool:
        """Say whether the scratch schema is still there."""
        ...

    def scratches(self) -> Sequence[str]:
        """Name the runs whose scratch schemas are on the server."""
        ...

    def traces(self, schema: str) -> Traces:
        """Say what a scratch schema tells of its run; nothing where it is gone."""
        ...

    def at_work(self, run: str) -> str:
        """Say from where a run is worked on right now; empty where it is not."""
        ...


class TargetTables(Protocol):
    """Tables that a run makes or exchanges. Every method may raise DatabaseError or ToolError."""

    def create_target_table(self, schema: str, dump: DumpFile, place: TableRef, *, with_foreign_keys: bool) -> None:
        """Create an empty table from the restored definition and note it in the scratch schema.

        DatabaseError with code `db.table-exists` where the name is taken.
        """
        ...

    def drop_target_table(self, schema: str, place: TableRef) -> None:
        """Drop a table that `create_target_table` made for this run and that is still empty; otherwise leave it."""
        ...

    def against_shadow(self, ref: TableRef) -> str:
        """Say why another table can't take this one's place with all its rows; empty where it can, if it is free."""
        ...

    def swap(self, live: TableRef, shadow: TableRef, former: TableRef) -> None:
        """Give `shadow` the name of `live`, and `live` the name `former`, in one step; done already is fine."""
        ...


class RowMerge(Protocol):
    """From a dump to the rows of the target, by way of a plan. Every method may raise DatabaseError or ToolError."""

    def takes_directly(self, target: Target) -> bool:
        """Say whether a table can take its rows as they are, without staging: it has none of them."""
        ...

    def stage(self, schema: str, target: Target, folder: Path, progress: Progress) -> None:
        """Load a table's dumps into the scratch schema; VerifyError where they differ from the copy's fingerprint."""
        ...

    def compare(
        self, schema: str, targets: Sequence[Target], folder: Path, progress: Progress, rest: float = 0
    ) -> Sequence[TableDifference]:
        """Class every staged row against its target and keep the result in the scratch schema; changes nothing else.

        `folder` has the dumps of tables that take theirs whole. After each range it rests as long as that took, times
        `rest`.

        Of tables that only come along, rows count that went with restored rows of others, or that these point to.
        """
        ...

    def lines(self, schema: str, target: Target) -> Iterator[PlanLine]:
        """Yield what the plan says of each row, in the plan's order."""
        ...

    def plan_digest(self, schema: str, target: Target) -> str:
        """Return the digest of a table's plan as it is now."""
        ...

    def save(self, schema: str, target: Target, folder: Path, progress: Progress) -> SavedTable:
        """Write what the rows are that are to change into an undo file, and prove it.

        Rows that are not what the plan found any more become conflicts. ToolError where the file can't be proved.
        """
        ...

    def untouched_rows(self, schema: str, target: Target) -> Fingerprint | None:
        """Take the fingerprint of the rows that the plan does not touch.

        None where rows have no key, and where nothing but the plan's own statements can reach them.
        """
        ...

    def load(
        self, schema: str, targets: Sequence[Target], folder: Path, rules: ThrottleRules, progress: Progress
    ) -> float:
        """Carry out the plans, in transactions of bounded size, holding back where production is busy.

        Returns for how many seconds it rested.

        `folder` has the dumps of tables that take theirs whole.

        What is not as expected any more is a conflict, never overwritten.
        """
        ...

    def loaded(self, schema: str, target: Target) -> TableLoad:
        """Say what has been written so far, also after a load that failed."""
        ...

    def ledger(
        self, schema: str, target: Target, folder: Path, before: int, untouched: Fingerprint | None, progress: Progress
    ) -> Ledger:
        """Reconcile: what is there now against what was planned, and the rest against what it was.

        `before` and `untouched` are the row count and what `untouched_rows` said before the load.
        """
        ...


class ChangeHistory(Protocol):
    """What was done to tables. Every method may raise DatabaseError or ToolError."""

    def timeline(self, of: Looked, since: datetime, until: datetime, progress: Progress) -> Timeline:
        """Read from the server's log what was done to tables in a time; nothing is changed, and nothing kept here.

        DatabaseError with code `binlog.off` where the server writes none; ToolError with code `tool.missing` where the
        program that fetches it is not on this machine, `binlog.torn` where a file did not come whole.
        """
        ...


class BinlogCopies(Protocol):
    """The server's log, to be kept before it is purged. Every method may raise DatabaseError or ToolError."""

    def binlog(self, since: datetime) -> BinlogSurvey:
        """Look at the log from the file on that holds a moment, and how long files are kept.

        DatabaseError with code `binlog.off` or `db.privilege` where there is none to read.
        """
        ...

    def copy_binlog(self, file: KeptFile, folder: Path) -> BinlogCopy:
        """Copy a file of the log byte for byte, encrypted as dumps are; ToolError where less came than is there."""
        ...

    def copied_timeline(
        self,
        copies: Sequence[BinlogCopy],
        folder: Path,
        of: Looked,
        time: tuple[datetime, datetime],
        progress: Progress,
    ) -> Timeline:
        """Tell from files that a run copied into its folder what was done to tables between two moments.

        ToolError with code `binlog.lost` where one is gone, or is not what was copied.
        """
        ...

    def retention(self) -> int | None:
        """Read for how many hours files are kept; None where that is not set."""
        ...

    def retain(self, hours: int | None) -> None:
        """Set for how many hours files are kept; None for no longer than until they are uploaded."""
        ...


class Production(Catalog, ChangeHistory, BinlogCopies, Vetting, Scratch, TargetTables, RowMerge, Protocol):
    """The server with the damaged table, in all its roles. Every method may raise DatabaseError or ToolError."""
