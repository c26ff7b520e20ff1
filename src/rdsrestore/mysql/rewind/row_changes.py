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
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from operator import itemgetter

from rdsrestore.mysql.binlog.changes import COMPRESSED, SECOND, UPDATES, WRITES
from rdsrestore.mysql.binlog.log_events import CRC, CRC32, HEADER, Kind, LogEvent
from rdsrestore.mysql.binlog.row_images import RowsEvent, TableMap, image_ends, rows_event

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

TOGETHER = 1 << 20
"""Bytes of images in a statement: a statement for each event costs more than its rows do."""

Images = Sequence[memoryview]
Act = tuple[str, Images]


@dataclass(frozen=True)
class RowChange:
    """A row event with the table map before it: its `images`, and where each ends; an UPDATE has two a row."""

    act: str
    second: bool
    at: int
    server: int
    map: memoryview
    columns: int
    images: memoryview = field(repr=False)
    ends: Sequence[int] = field(repr=False)

    @property
    def count(self) -> int:
        """How many rows it hit."""
        return len(self.ends) // (2 if self.act == UPDATE else 1)

    @property
    def rows(self) -> list[Images]:
        """Each row's image, or of an UPDATE the one before and the one after."""
        images, width = self._each(), 2 if self.act == UPDATE else 1
        return [images[at : at + width] for at in range(0, len(images), width)]

    def again(self) -> Iterator[Act]:
        """What does it again."""
        yield self.act, (self.images,)

    def back(self) -> Iterator[Act]:
        """What takes it back."""
        if self.act != UPDATE:
            yield DELETE if self.act == WRITE else WRITE, self._each()[::-1]
            return
        for before, after in reversed(self.rows):
            yield DELETE, (after,)
            yield WRITE, (before,)

    def events(self, acts: Iterable[Act]) -> Iterator[bytes]:
        """Write acts as a statement's events, those of the same kind that follow each other as one."""
        yield event(Kind.TABLE_MAP, self.at, self.server, bytes(self.map))
        merged = [
            (kind, [image for _kind, images in same for image in images]) for kind, same in groupby(acts, itemgetter(0))
        ]
        for left, (kind, images) in zip(range(len(merged) - 1, -1, -1), merged, strict=True):
            yield self._event(kind, images, last=not left)

    def _each(self) -> Images:
        return [self.images[start:end] for start, end in pairwise((0, *self.ends))]

    def _event(self, act: str, images: Images, *, last: bool) -> bytes:
        flags = NO_FOREIGN_KEYS | (ENDS_STATEMENT if last else 0)
        present = full(self.columns).to_bytes((self.columns + 7) // 8, "little") * (2 if act == UPDATE else 1)
        head = bytes(self.map[:6]) + flags.to_bytes(2, "little") + (NOTHING_MORE if self.second else b"")
        body = b"".join((head, packed(self.columns), present, *images))
        return event(NUMBERS[act, self.second], self.at, self.server, body)


def again(changes: Sequence[RowChange]) -> Iterator[bytes]:
    """Make the events of one statement that does changes of the same table again."""
    return changes[0].events(act for change in changes for act in change.again())


def back(changes: Sequence[RowChange]) -> Iterator[bytes]:
    """Make the events of one statement that takes changes of the same table back, the last one first."""
    return changes[0].events(act for change in reversed(changes) for act in change.back())


def together(changes: Iterable[RowChange]) -> Iterator[list[RowChange]]:
    """Put changes that follow each other together as statements: as many as are not too large, one at the least."""
    run, size = list[RowChange](), 0
    for change in changes:
        if run and (size + len(change.images) > TOGETHER or change.second != run[0].second):
            yield run
            run, size = [], 0
        run.append(change)
        size += len(change.images)
    if run:
        yield run


def full(columns: int) -> int:
    """The bitmap of so many columns, all of them there."""
    return (1 << columns) - 1


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
    every = full(columns)
    if any(int.from_bytes(present, "little") & every != every for present in head.present):
        raise Partial("rows are logged without some of their columns")
    act = UPDATE if update else WRITE if found.type in WRITES else DELETE
    ends = array("Q", image_ends(head, known))
    return RowChange(act, found.type in SECOND, found.at, found.server, table, columns, head.images, ends)


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
