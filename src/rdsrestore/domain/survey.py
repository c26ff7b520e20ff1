"""Everything that is read before anything is decided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from rdsrestore.domain.cloud.admission import Reference
from rdsrestore.domain.cloud.instance import Backups, Identity, Leftover, SnapshotInfo, SourceInstance
from rdsrestore.domain.codec import UNWRITTEN, written, written_as
from rdsrestore.domain.facts import EarlierDumps, Swapped
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.incident import BinlogSurvey
from rdsrestore.domain.outcome.load_result import SavedTable
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.server import ClientTools, ServerFacts
from rdsrestore.domain.tables.target import Relative
from rdsrestore.domain.tables.transaction import LaterChanges

TIMES = 2
"""Bytes of storage wanted for each byte of table and indexes: as much again to sort for indexes, and for the binlog."""
ROOM = "give the instance more storage, or restore a table that is still there in place, without --into and --swap"


@written("TableSurvey")
@dataclass(frozen=True)
class TableSurvey:
    """A table as production has it now: `definition` is None where it does not exist, `similar` then holds near names.

    `rows` is the exact count, None where the table does not exist.
    """

    ref: TableRef
    definition: TableDefinition | None
    rows: int | None = None
    similar: tuple[str, ...] = ()


@written("ListenerCheck")
@dataclass(frozen=True)
class ListenerCheck:
    """Whether someone who is to be told can be told; `problem` is empty when they can, as far as is known.

    `untried` says why that could not be tried.
    """

    name: str
    problem: str = ""
    hint: str = ""
    untried: str = field(default="", metadata=UNWRITTEN)


@dataclass(frozen=True)
class Replica:
    """A read replica of production: by how many seconds it stays behind on purpose, None where that was not seen."""

    name: str
    delay: int | None


@written("Survey")
@dataclass(frozen=True)
class Survey:
    """The world before the run. `free_disk` is in bytes, `hourly_cost` in USD where known.

    `relatives` are the tables that come along, and `tables` holds these too. `saved` are an earlier run's undo files in
    the folder `saved_in`, `swapped` what it renamed and
    `made` the tables it made, where that run is to be taken back; `database_gone` where not even the tables' database
    is there; `where` is the filter as sessions of ours have to read it, and the zone in which it was written where
    that is another than UTC; `earlier` are the dumps of
    another run, where they are used. `denied` are actions that the cloud refused in a trial, `doubted` those that its
    simulator does not think allowed. `references` are the groups and lists that were named to be let in.
    `password_from` says where production's password was found, where nobody gave it. Of `unseen_replicas` no lag can
    be read. `backups` are those that were asked for where they are not the source's own; `other_backups` hold the
    moment where the source's do not. `subnets_of` is the VPC of the subnet group that was chosen for the copy, empty
    where there is no such group, None where none was chosen or it can't be looked at.
    `replicas` are production's, each with whether it is behind on purpose. `later` are the transactions that changed
    the rows of the one that is taken back, where there is one. `free_storage` are the bytes that production's storage
    has free, None where nobody asked or knows.
    """

    at: datetime
    identity: Identity
    source: SourceInstance
    server: ServerFacts
    tables: tuple[TableSurvey, ...]
    target: TableSurvey | None = field(metadata=written_as("landing"))
    tools: ClientTools
    free_disk: int
    caller: str | None
    leftovers: tuple[Leftover, ...] = ()
    snapshot: SnapshotInfo | None = None
    listeners: tuple[ListenerCheck, ...] = ()
    denied: tuple[str, ...] = ()
    doubted: tuple[str, ...] = ()
    leftovers_problem: str = ""
    unseen_replicas: tuple[str, ...] = ()
    hourly_cost: Decimal | None = None
    where_problem: str = ""
    relatives: tuple[Relative, ...] = ()
    binlog: BinlogSurvey | None = None
    saved: tuple[SavedTable, ...] = ()
    saved_in: str = ""
    swapped: Swapped | None = None
    made: tuple[TableRef, ...] = ()
    database_gone: bool = False
    where: tuple[str, str] = ("", "")
    earlier: EarlierDumps | None = None
    backups: Backups | None = None
    other_backups: tuple[Backups, ...] = ()
    references: tuple[Reference, ...] = ()
    password_from: str = ""
    subnets_of: str | None = None
    replicas: tuple[Replica, ...] = field(default=(), metadata=UNWRITTEN)
    later: LaterChanges | None = None
    free_storage: int | None = None

    def short_of(self, table: TableDefinition) -> str:
        """Say that production has too little room for a table once more; empty where it has, or nobody knows."""
        wanted = TIMES * table.bytes
        if self.free_storage is None or wanted <= self.free_storage:
            return ""
        return f"production may need {wanted / 1e9:.1f} GB for it, and has {self.free_storage / 1e9:.1f} GB free"

    @property
    def backed_up(self) -> Backups:
        """The backups that copies are restored from."""
        own = self.source
        return self.backups or Backups(
            own.id, own.resource_id, own.engine, own.version, own.master_user, own.earliest, own.latest
        )

    @property
    def copied(self) -> Backups:
        """What the copy will be of: engine, version and master user are the snapshot's where one is restored."""
        own, found = self.backed_up, self.snapshot
        if found is None:
            return own
        return replace(
            own,
            instance=found.instance,
            engine=found.engine or own.engine,
            version=found.version or own.version,
            master_user=found.master_user or own.master_user,
        )

    @property
    def clustered(self) -> bool:
        """Whether the copy is a cluster; a snapshot of a Multi-AZ DB cluster is restored to an instance, which is less.

        What is not a cluster's own can't be restored to one.
        """
        if self.snapshot is not None:
            return self.snapshot.of_cluster and self.source.is_aurora
        return self.source.cluster is not None and (self.backups is None or self.backups.of_cluster)

    def shared(self, request: Request) -> tuple[str, ...]:
        """Name production's own groups that the copy gets too."""
        return self.source.security_groups if request.same_groups else ()

    def let_in(self, request: Request) -> tuple[str, ...]:
        """Name who is let in to the copy: what was named and nothing else, or this machine; nobody where unknown."""
        named = (*([request.caller] if request.caller else []), *request.allow)
        return tuple(dict.fromkeys(named or ([self.caller] if self.caller else [])))

    def meant(self, request: Request) -> Request:
        """Have a filter's times mean what they mean in production's own sessions."""
        text, zone = self.where
        return replace(request, policy=replace(request.policy, where=text)) if zone else request
