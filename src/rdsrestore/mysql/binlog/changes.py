"""From events to what was done to tables: one change a transaction and table, in flat memory."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rdsrestore.domain.errors import ToolError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.incident import Change, Logged, from_epoch
from rdsrestore.mysql.binlog import decode, statements
from rdsrestore.mysql.binlog.log_events import AGAIN, Kind, LogEvent
from rdsrestore.mysql.binlog.row_images import TableMap, Unknown, count, rows_event, table_map

WRITES = frozenset({Kind.WRITE_V1, Kind.WRITE, Kind.COMPRESSED_WRITE_V1, Kind.COMPRESSED_WRITE})
UPDATES = frozenset(
    {Kind.UPDATE_V1, Kind.UPDATE, Kind.COMPRESSED_UPDATE_V1, Kind.COMPRESSED_UPDATE, Kind.PARTIAL_UPDATE}
)
DELETES = frozenset({Kind.DELETE_V1, Kind.DELETE, Kind.COMPRESSED_DELETE_V1, Kind.COMPRESSED_DELETE})
SECOND = frozenset({Kind.WRITE, Kind.UPDATE, Kind.DELETE, Kind.PARTIAL_UPDATE}) | {
    Kind.COMPRESSED_WRITE,
    Kind.COMPRESSED_UPDATE,
    Kind.COMPRESSED_DELETE,
}
COMPRESSED = frozenset(each for each in Kind if each.name.startswith("COMPRESSED") and each != Kind.COMPRESSED_QUERY)
ROWS = WRITES | UPDATES | DELETES
NAMES = frozenset({Kind.GTID, Kind.ANONYMOUS_GTID, Kind.TAGGED_GTID, Kind.MARIADB_GTID})
TEXTS = frozenset({Kind.ANNOTATE, Kind.ROWS_QUERY})
STATEMENTS = frozenset({Kind.QUERY, Kind.COMPRESSED_QUERY, Kind.EXECUTE_LOAD})
HEARTBEAT = "mysql.rds_heartbeat2"
"""The table that RDS itself writes every few minutes, as text."""
LISTED = 200
"""Changes of rows that are kept: the worst."""


@dataclass
class Hit:
    """Rows of one table that one transaction hit so far, and its worst statement."""

    at: int
    rows: Counter[str] = field(default_factory=Counter)
    text: str = ""
    worst: int = -1
    statements: set[int] = field(default_factory=set)
    logged: Logged = Logged.ROWS
    was: TableRef | None = None
    became: TableRef | None = None


@dataclass
class Open:
    """A transaction that is being read."""

    name: decode.Transaction = decode.NAMELESS
    position: int = 0
    thread: int | None = None
    text: str = ""
    statement: int = 0
    here: Counter[TableRef] = field(default_factory=Counter)
    hits: dict[TableRef, Hit] = field(default_factory=dict)
    prepared: bool = False


class Changes:
    """Takes the events of file after file, and keeps what was done to some tables in a time.

    `tables` are looked for as they stand, and where `database` is named every table of it, also one that is gone;
    `parents` are others whose changes may have been carried into one of these, with that one.
    """

    def __init__(
        self,
        tables: Collection[TableRef],
        parents: Mapping[TableRef, TableRef],
        since: datetime,
        until: datetime,
        database: str = "",
    ) -> None:
        self._tables = set(tables) | parents.keys()
        self._database = database
        self._parents = parents
        self._since, self._until = since.timestamp(), until.timestamp()
        self._worst: list[tuple[int, int, Change]] = []
        self._number = itertools.count()
        self._maps: dict[int, tuple[TableRef, TableMap | None]] = {}
        self._open = Open()
        self.minutes: Counter[datetime] = Counter()
        self.left_out = 0
        self.as_text: tuple[datetime, str] | None = None

    @property
    def found(self) -> list[Change]:
        """What was done, in the order of time."""
        worst = [change for _weight, _number, change in self._worst]
        return sorted(worst, key=lambda each: (each.at, each.file, each.position))

    def take(self, events: Iterable[LogEvent], file: str) -> None:
        """Read a file's events; ToolError where one can't be understood."""
        self._maps, self._open = {}, Open()
        for event in events:
            try:
                self._take(event, file)
            except (IndexError, ValueError, Unknown) as error:
                what = f"{file} holds at byte {event.position:,} what can't be read: {error}"
                raise ToolError("find", what, AGAIN, code="binlog.unknown") from error
        self._close(file, self._open.position)

    def _take(self, event: LogEvent, file: str) -> None:
        if event.type in ROWS:
            self._rows(event)
        elif event.type == Kind.TABLE_MAP:
            self._map(event)
        elif event.type in NAMES:
            self._close(file, event.position)
            self._open = Open(decode.transaction(event), event.position)
            self._open.thread = self._open.name.thread
        elif event.type in TEXTS:
            self._next(decode.annotation(event))
        elif event.type in STATEMENTS:
            self._statement(event, file)
        elif event.type in {Kind.XID, Kind.XA_PREPARE}:
            self._open.prepared = event.type == Kind.XA_PREPARE
            self._close(file, event.end)

    def _map(self, event: LogEvent) -> None:
        number = int.from_bytes(event.body[:6], "little")
        ref = named(event.body)
        if ref.database == self._database:
            self._tables.add(ref)
        self._maps[number] = (ref, table_map(event.body)[1] if ref in self._tables else None)

    def _rows(self, event: LogEvent) -> None:
        ref, known = self._maps.get(int.from_bytes(event.body[:6], "little"), (TableRef("", ""), None))
        if known:
            updates, partial = event.type in UPDATES, event.type == Kind.PARTIAL_UPDATE
            head = rows_event(
                event.body, second=event.type in SECOND, update=updates, compressed=event.type in COMPRESSED
            )
            rows = count(head, known, partial=partial)
            kind = "inserted" if event.type in WRITES else "updated" if updates else "deleted"
            hit = self._open.hits.setdefault(ref, Hit(event.at))
            hit.rows[kind] += rows
            hit.statements.add(self._open.statement)
            self._open.here[ref] += rows
            if self._open.here[ref] > hit.worst and hit.logged is Logged.ROWS:
                hit.worst, hit.text = self._open.here[ref], self._open.text
        if event.body[6] & 1:  # the statement's last
            self._next("")

    def _next(self, text: str) -> None:
        self._open.text = text
        self._open.statement += 1
        self._open.here.clear()

    def _statement(self, event: LogEvent, file: str) -> None:
        found = decode.statement(event)
        self._open.thread = self._open.thread or found.thread
        if statements.control(found.text):
            if statements.ends(found.text):
                self._close(file, event.end)
            return
        defines = statements.defines(found.text)
        if defines and self._database and (gone := statements.table_of(found.text, found.database)):
            self._tables |= {gone} if gone.database == self._database else set()
        if statements.changes_rows(found.text) and HEARTBEAT not in found.text:
            self.as_text = (from_epoch(event.at), statements.first_word(found.text))
        names = statements.renamed(found.text, found.database)
        for ref in self._tables:
            if (defines or statements.changes_rows(found.text)) and statements.concerns(
                found.text, found.database, ref
            ):
                self._told(ref, event.at, found.text, defines=defines)
                hit = self._open.hits[ref]
                hit.was, hit.became = names.get(ref), next((new for new, old in names.items() if old == ref), None)
        self._next("")
        if defines:
            self._close(file, event.end)

    def _told(self, ref: TableRef, at: int, text: str, *, defines: bool) -> None:
        """Note a statement that stands there as text: the one that may have hit every row is what is shown."""
        hit = self._open.hits.setdefault(ref, Hit(at))
        hit.statements.add(self._open.statement)
        if hit.logged is not Logged.DEFINITION:
            hit.logged = Logged.DEFINITION if defines else Logged.STATEMENT
        if defines or not hit.text or statements.unfiltered(text):
            hit.text = text

    def _close(self, file: str, end: int) -> None:
        done, self._open = self._open, Open(position=end)
        for ref, hit in done.hits.items():
            if not self._since <= hit.at <= self._until:
                continue
            self._keep(
                Change(
                    at=from_epoch(hit.at),
                    ref=ref,
                    logged=hit.logged,
                    file=file,
                    position=done.position,
                    end=end,
                    gtid=done.name.gtid,
                    committed=from_epoch(done.name.committed / 1e6) if done.name.committed else None,
                    thread=done.thread,
                    text=hit.text,
                    act=statements.first_word(hit.text),
                    statements=len(hit.statements),
                    inserted=hit.rows["inserted"],
                    updated=hit.rows["updated"],
                    deleted=hit.rows["deleted"],
                    unfiltered=bool(hit.text) and statements.unfiltered(hit.text),
                    prepared=done.prepared,
                    into=self._parents.get(ref),
                    was=hit.was,
                    became=hit.became,
                )
            )

    def _keep(self, change: Change) -> None:
        if not change.into:
            self.minutes[change.at.replace(second=0, microsecond=0)] += change.damage
        if change.logged is Logged.ROWS and not change.damage:  # rows that came are no accident
            self.left_out += not change.into
            return
        heapq.heappush(self._worst, (weight(change), next(self._number), change))
        if len(self._worst) > LISTED:
            heapq.heappop(self._worst)
            self.left_out += 1


def weight(change: Change) -> int:
    """Say how much a change has to be seen: what may have hit every row goes first."""
    if change.logged is Logged.DEFINITION or change.unfiltered:
        return 1 << 60
    return change.damage if change.logged is Logged.ROWS else 1 << 30


def named(body: memoryview) -> TableRef:
    """Read which table a table map is about."""
    size = body[8]
    database = bytes(body[9 : 9 + size]).decode("utf-8", "replace")
    at = 9 + size + 1
    return TableRef(database, bytes(body[at + 1 : at + 1 + body[at]]).decode("utf-8", "replace"))
