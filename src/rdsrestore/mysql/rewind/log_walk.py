"""Walks a binlog from before a moment to its end, and gathers what was done to one table since, or says why it can't.

A moment lies before the first transaction of which anything began at it or later. Whatever after it could have changed
the table's rows without a row event of theirs ends the walk: nothing that comes later would show it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from rdsrestore.domain.errors import Refused
from rdsrestore.domain.ids import TableRef
from rdsrestore.mysql.binlog import decode
from rdsrestore.mysql.binlog.changes import DELETES, NAMES, ROWS, STATEMENTS, TEXTS, UPDATES, named
from rdsrestore.mysql.binlog.log_events import Kind, LogEvent
from rdsrestore.mysql.binlog.row_images import TableMap, Unknown, table_map
from rdsrestore.mysql.binlog.statements import ends
from rdsrestore.mysql.rewind.harmless import begins, harm, rolls_back
from rdsrestore.mysql.rewind.row_changes import DELETE, WRITE, Partial, RowChange, row_change

BESIDE = frozenset({Kind.PREVIOUS_GTIDS, Kind.CHECKPOINT, Kind.GTID_LIST, Kind.ENCRYPTION})
"""Events that stand between transactions and tell of none."""
DUMMY = 0xFFFFFF
"""The number of no table: what an event has that only ends a statement."""
MADE_AT = slice(52, 56)
"""Where a format event says when its file was made: after its version and the server's (2 + 50 bytes)."""
UNPROVED = "binlog.unproved"
HINT = "use --rows-from backup, which restores the backup of that moment"


Place = tuple[str, int]
"""A file, and the byte of it at which a transaction's first event begins."""


@dataclass(frozen=True)
class Sought:
    """The table whose rows are wanted as of a moment (seconds since 1970), or as before the transaction at a place.

    It has so many `columns` now; a change of one of the `carriers` may have changed its rows without a trace.
    """

    ref: TableRef
    columns: int
    moment: float
    carriers: frozenset[TableRef] = frozenset()
    first: Place | None = None


@dataclass
class Group:
    """A transaction that is being read: where it stands, when it began, and its GTID where it has one.

    `at` is when its latest event began, `against` what there is against going by it.
    """

    place: Place = ("", 0)
    began: int = 0
    gtid: str = ""
    at: int = 0
    unfinished: bool = False
    against: str = ""
    changes: list[RowChange] = field(default_factory=list)


class LogWalk:
    """Takes file after file; Refused with code `binlog.unproved` where the rows can't be had from them."""

    def __init__(self, sought: Sought) -> None:
        self._sought = sought
        self._group: Group | None = None
        self._since = False
        self._maps: dict[int, tuple[TableRef, memoryview, TableMap | None]] = {}
        self._file = ""
        self._last: LogEvent | None = None
        self._map: bytes | None = None
        self.form: LogEvent | None = None
        self.groups: list[Group] = []

    @property
    def changes(self) -> list[RowChange]:
        """What was done to the table since, in order; `groups` holds the same by transactions."""
        return [change for group in self.groups for change in group.changes]

    @property
    def added(self) -> int:
        """By how many rows the table grew since, or shrank."""
        each = {WRITE: 1, DELETE: -1}
        return sum(each.get(change.act, 0) * change.count for change in self.changes)

    @property
    def form_of_all(self) -> LogEvent:
        """Of which form the events of every file are."""
        if self.form is None:
            raise self._refused("the binlog does not say of which form it is")
        return self.form

    @property
    def ended(self) -> bool:
        """Whether the last file is closed, so that another one follows it."""
        return self._last is not None and self._last.type in {Kind.ROTATE, Kind.STOP}

    def take(self, file: str, events: Iterable[LogEvent]) -> None:
        """Read a file; what comes out of `events` is let out as it is."""
        self._follow(file)
        self._file, self._maps, self._last = file, {}, None
        for event in events:
            try:
                self._take(event)
            except (IndexError, ValueError, Unknown) as error:
                raise self._refused(f"{file} holds at byte {event.position:,} what is not known: {error}") from error
            self._last = event
        self._close()

    def finish(self) -> None:
        """See that the last file was read to where it is written to."""
        if self.ended or self._last is None:
            raise self._refused(f"{self._file} was closed, and what was written since is not there")

    def _follow(self, file: str) -> None:
        """See that a file is the one that comes after the last."""
        if not self._file:
            return
        before, after = ((name.rpartition(".")[0], name.rpartition(".")[2]) for name in (self._file, file))
        numbers = [int(number) if number.isdigit() else -1 for _name, number in (before, after)]
        told = bytes(self._last.body[8:]).decode("utf-8", "replace") if self._last and self.ended else ""
        if not self.ended:
            raise self._refused(f"{self._file} has no end, as after a crash, so that something may be missing in it")
        follows = before[0] == after[0] and numbers[1] == numbers[0] + 1 and numbers[0] >= 0
        if not follows or (self._last and self._last.type == Kind.ROTATE and told != file):
            raise self._refused(f"after {self._file} comes {file}, and there is a gap between them")

    def _take(self, event: LogEvent) -> None:
        if event.type == Kind.FORMAT:
            self._format(event)
        elif event.type in {Kind.ROTATE, Kind.STOP}:
            self._close()
        elif event.type in NAMES:
            self._close()
            unfinished = event.type == Kind.MARIADB_GTID and not event.body[12] & 1
            gtid = decode.transaction(event).gtid
            self._group = Group((self._file, event.position), event.at, gtid, event.at, unfinished)
        elif event.type not in BESIDE:
            self._within(event)

    def _within(self, event: LogEvent) -> None:
        group = self._group
        if group is None:
            raise Unknown(f"an event of type {event.type} outside of a transaction")
        group.at = max(group.at, event.at)
        if event.type == Kind.TABLE_MAP:
            self._table(event)
        elif event.type in ROWS:
            self._rows(event, group)
        elif event.type in STATEMENTS and event.type != Kind.EXECUTE_LOAD:
            self._statement(event, group)
        elif event.type == Kind.XID:
            group.unfinished = False
        elif event.type == Kind.XA_PREPARE:
            group.unfinished = False
            group.against = group.against or "a distributed transaction (XA) was prepared since"
        elif event.type not in TEXTS:
            what = "the server lost events" if event.type == Kind.INCIDENT else f"an event of type {event.type}"
            group.against = group.against or f"{self._file} holds {what}, of which it is not known what it did"

    def _format(self, event: LogEvent) -> None:
        if self.form is None:
            self.form = event
        first, now = (bytearray(each.body[:-1]) for each in (self.form, event))
        first[MADE_AT] = now[MADE_AT] = bytes(4)
        if first != now:
            raise self._refused("production runs another release now than it did at that moment")

    def _table(self, event: LogEvent) -> None:
        number, ref = int.from_bytes(event.body[:6], "little"), named(event.body)
        known = table_map(event.body)[1] if ref == self._sought.ref else None
        self._maps[number] = (ref, event.body, known)

    def _rows(self, event: LogEvent, group: Group) -> None:
        number = int.from_bytes(event.body[:6], "little")
        if number == DUMMY:
            return
        if number not in self._maps:
            raise Unknown("rows of a table that is not named")
        ref, table, known = self._maps[number]
        if ref in self._sought.carriers and event.type in UPDATES | DELETES:
            group.against = group.against or (
                f"rows of {ref} were changed since, which a foreign key's rule may have carried into"
                f" {self._sought.ref.table} without a trace"
            )
        if known is None:
            return
        if len(known.lengths) != self._sought.columns:
            group.against = group.against or f"{ref.table} had another number of columns than it has now"
        try:
            group.changes.append(row_change(event, table, known))
        except Partial as error:
            group.against = group.against or f"of {ref.table} {error}"

    def _statement(self, event: LogEvent, group: Group) -> None:
        text = decode.statement(event, whole=True).text
        group.unfinished = begins(text) or (group.unfinished and not ends(text))
        if rolls_back(text) and group.changes:
            group.against = group.against or "rows that stand in the binlog were rolled back"
        group.against = group.against or harm(text, self._sought.ref)

    def _close(self) -> None:
        """Take a transaction in that is read to its end."""
        group, self._group = self._group, None
        if group is None:
            return
        first = self._sought.first
        self._since = self._since or (group.place == first if first else group.at >= self._sought.moment)
        if not self._since:
            return
        if group.unfinished:
            raise self._refused(f"{self._file} ends within a transaction")
        if group.against:
            raise self._refused(group.against)
        if group.changes and group.at < self._sought.moment and not first:
            raise self._refused(
                "a transaction that began before the moment was noted after it",
                "choose a --before that is some seconds earlier, or use --rows-from backup",
            )
        for change in group.changes:
            self._same_map(bytes(change.map[8:]))
        self.groups += [group] if group.changes else []

    def _same_map(self, found: bytes) -> None:
        if self._map is not None and found != self._map:
            raise self._refused(f"{self._sought.ref.table} was defined otherwise for some of the rows")
        self._map = found

    def _refused(self, what: str, hint: str = HINT) -> Refused:
        return Refused("--rows-from", what, hint, code=UNPROVED)
