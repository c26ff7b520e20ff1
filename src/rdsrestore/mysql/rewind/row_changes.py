"""What one row event did, as the events that do it again and those that take it back; no value is ever decoded.

A WRITE is taken back by a DELETE of the same images, a DELETE by a WRITE, an UPDATE by a DELETE of what the row became
and a WRITE of what it was, the last row first: one event may hit a row several times. Played so, the last event first,
into a table that begins empty and in a mode that passes over rows which are not there, they end with exactly the
touched rows as they were.

Formats as in `log_events` and `row_images`; an event's flags: MySQL's source, `Rows_event::STMT_END_F` and below.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rdsrestore.mysql.binlog.changes import COMPRESSED, SECOND, UPDATES, WRITES
from rdsrestore.mysql.binlog.log_events import CRC, CRC32, HEADER, Kind, LogEvent
from rdsrestore.mysql.binlog.row_images import RowsEvent, TableMap, bit, rows, rows_event

ENDS_STATEMENT, NO_FOREIGN_KEYS = 1, 2
NOTHING_MORE = (2).to_bytes(2, "little")
"""What stands before the bitmaps where there is nothing beside them: its own length."""
WRITE, UPDATE, DELETE = "write", "update", "delete"
NUMBERS = {
    (WRITE, False): Kind.WRITE_V1,
    (UPDATE, False): Kind.UPDATE_V1,
    (DELETE, False): Kind.DELETE_V1,
    (WRITE, True): Kind.WRITE,
    (UPDATE, True): Kind.UPDATE,
    (DELETE, True): Kind.DELETE,
}
"""The types of plain events, by what they do and whether they are of the second version."""

Images = Sequence[memoryview]


@dataclass(frozen=True)
class RowChange:
    """A row event with the table map before it: its `rows`, each with one image, or with two where it is an UPDATE."""

    act: str
    second: bool
    at: int
    server: int
    map: memoryview
    columns: int
    rows: tuple[tuple[memoryview, ...], ...] = field(repr=False)

    def again(self) -> Iterator[bytes]:
        """Make the events that do it again."""
        yield self._map()
        yield self._event(self.act, [image for row in self.rows for image in row], last=True)

    def back(self) -> Iterator[bytes]:
        """Make the events that take it back."""
        yield self._map()
        if self.act != UPDATE:
            images = [row[0] for row in reversed(self.rows)]
            yield self._event(DELETE if self.act == WRITE else WRITE, images, last=True)
            return
        for place, (before, after) in reversed(list(enumerate(self.rows))):
            yield self._event(DELETE, [after], last=False)
            yield self._event(WRITE, [before], last=place == 0)

    def _map(self) -> bytes:
        return event(Kind.TABLE_MAP, self.at, self.server, bytes(self.map))

    def _event(self, act: str, images: Images, *, last: bool) -> bytes:
        flags = NO_FOREIGN_KEYS | (ENDS_STATEMENT if last else 0)
        every = ((1 << self.columns) - 1).to_bytes((self.columns + 7) // 8, "little")
        present = every * (2 if act == UPDATE else 1)
        head = bytes(self.map[:6]) + flags.to_bytes(2, "little") + (NOTHING_MORE if self.second else b"")
        body = b"".join((head, packed(self.columns), present, *images))
        return event(NUMBERS[act, self.second], self.at, self.server, body)


class Partial(Exception):  # noqa: N818 - names what was met
    """A row event that does not hold its rows whole."""


def row_change(found: LogEvent, table: memoryview, known: TableMap) -> RowChange:
    """Read a row event; Partial where it leaves columns out, ValueError or IndexError where it is not sound."""
    if found.type == Kind.PARTIAL_UPDATE:
        raise Partial("JSON values are logged as differences")
    update = found.type in UPDATES
    head: RowsEvent = rows_event(
        found.body, second=found.type in SECOND, update=update, compressed=found.type in COMPRESSED
    )
    columns = len(known.lengths)
    if not all(bit(present, column) for present in head.present for column in range(columns)):
        raise Partial("rows are logged without some of their columns")
    act = UPDATE if update else WRITE if found.type in WRITES else DELETE
    return RowChange(act, found.type in SECOND, found.at, found.server, table, columns, tuple(rows(head, known)))


def event(kind: int, at: int, server: int, body: bytes) -> bytes:
    """Write an event with its checksum."""
    whole = HEADER.pack(at, kind, server, HEADER.size + len(body) + CRC, 0, 0) + body
    return whole + zlib.crc32(whole).to_bytes(CRC, "little")


def opening(form: LogEvent) -> bytes:
    """Write the event that says of which form those after it are: with checksums, whatever its file had."""
    return event(Kind.FORMAT, form.at, form.server, bytes(form.body[:-1]) + bytes([CRC32]))


def statement(events: Iterator[bytes] | Sequence[bytes]) -> bytes:
    """Write events as the statement that has a server play them (manuals of both families, "BINLOG Statement")."""
    return b"BINLOG '" + base64.b64encode(b"".join(events)) + b"'"


def packed(number: int) -> bytes:
    """Write a length-encoded integer of up to two bytes."""
    return bytes([number]) if number < 251 else b"\xfc" + number.to_bytes(2, "little")  # noqa: PLR2004
