"""How many rows a row event holds: their images are stepped over by the lengths that their types have, never decoded.

Formats: MySQL's source, "rows_event", the metadata of `Table_map_event`; types 140 and 141 are MariaDB's.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rdsrestore.mysql.binlog.log_events import packed_integer

FIXED = {1: 1, 2: 2, 3: 4, 4: 4, 5: 8, 6: 0, 7: 4, 8: 8, 9: 3, 10: 3, 11: 3, 12: 8, 13: 1, 14: 3}
"""Bytes of a value, by the number of its type."""
PREFIXED = frozenset({140, 242, 245, 249, 250, 251, 252, 255})
"""Types whose metadata is the number of bytes that hold a value's length: BLOB, TEXT, JSON, GEOMETRY, VECTOR."""
STRINGS = frozenset({15, 141, 253})
TIMES = {17: 4, 18: 5, 19: 3}
"""Bytes of a time without its fraction."""
ONE_BYTE = PREFIXED | TIMES.keys() | {4, 5}
TWO_BYTES = STRINGS | {16, 246, 247, 248, 254}
JSON = 245
COPIED = 1 << 20
"""Bytes of images that are copied to step through them faster: more than most events have, and not a row of 1 GB."""
DIGITS = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)
"""Bytes that so many decimal digits take."""

Length = tuple[int, int]
"""How long a value is: bytes, and the width of the length that stands before it, 0 where it is fixed."""


class Unknown(Exception):  # noqa: N818 - what was met
    """A type, or a form of an event, that is not known here."""


@dataclass(frozen=True)
class Programs:
    """How to step over images that have some columns of `lengths`: by which of those are NULL, as `head` bytes say.

    A step is how many bytes to skip, and how many of the last of them say how many more to skip.
    """

    lengths: tuple[Length, ...]
    known: dict[bytes, tuple[Length, ...]] = field(default_factory=dict, compare=False)

    @cached_property
    def head(self) -> int:
        """How many bytes say which columns are NULL."""
        return (len(self.lengths) + 7) // 8

    def made(self, nulls: bytes) -> tuple[Length, ...]:
        """Make the steps, the bitmap's own among the first: columns of fixed lengths are stepped over in one."""
        if len(self.known) > 1000:  # noqa: PLR2004 - wide tables have as many shapes as rows
            self.known.clear()
        steps, skipped = list[Length](), self.head
        for place, (size, width) in enumerate(self.lengths):
            if bit(nulls, place):
                continue
            skipped += size + width
            if width:
                steps.append((skipped, width))
                skipped = 0
        self.known[nulls] = (*steps, (skipped, 0)) if skipped else tuple(steps)
        return self.known[nulls]


@dataclass(frozen=True)
class TableMap:
    """Which table's rows follow, and how long each column's values are; `json` are the places of JSON columns."""

    database: str
    table: str
    lengths: tuple[Length, ...]
    json: frozenset[int]
    _programs: dict[bytes, Programs] = field(default_factory=dict, compare=False)

    def programs(self, present: bytes) -> Programs:
        """Say how to step over images that have the columns of a bitmap."""
        known = self._programs.get(present)
        if known is None:
            here = (length for index, length in enumerate(self.lengths) if bit(present, index))
            known = self._programs[present] = Programs(tuple(here))
        return known


def bit(bitmap: bytes, index: int) -> int:
    """Read a bit."""
    return bitmap[index >> 3] >> (index & 7) & 1


def table_map(body: memoryview) -> tuple[int, TableMap]:
    """Read a table map; returns the number that row events call it by. Unknown where a type is."""
    number = int.from_bytes(body[:6], "little")
    at = 8
    names = []
    for _ in range(2):
        size, at = packed_integer(body, at)
        names.append(bytes(body[at : at + size]).decode("utf-8", "replace"))
        at += size + 1
    columns, at = packed_integer(body, at)
    types = bytes(body[at : at + columns])
    size, at = packed_integer(body, at + columns)
    lengths = read_lengths(types, bytes(body[at : at + size]))
    return number, TableMap(names[0], names[1], lengths, frozenset(i for i, t in enumerate(types) if t == JSON))


def read_lengths(types: bytes, metadata: bytes) -> tuple[Length, ...]:
    """Read how long values are, a column each."""
    found, at = [], 0
    for kind in types:
        width = 1 if kind in ONE_BYTE else 2 if kind in TWO_BYTES else 0
        found.append(length(kind, metadata[at : at + width]))
        at += width
    return tuple(found)


def length(kind: int, metadata: bytes) -> Length:
    """Say how long a type's values are."""
    if kind in PREFIXED:
        return 0, metadata[0]
    if kind in FIXED:
        return FIXED[kind], 0
    if kind in TIMES:
        return TIMES[kind] + (metadata[0] + 1) // 2, 0
    if kind not in OWN:
        raise Unknown(f"column type {kind}")
    return OWN[kind](metadata)


def varying(metadata: bytes) -> Length:
    """Say how long VARCHAR is, by its longest."""
    return 0, 1 if int.from_bytes(metadata, "little") < 256 else 2  # noqa: PLR2004


def bits(metadata: bytes) -> Length:
    """Say how long BIT is: odd bits, and whole bytes."""
    return metadata[1] + bool(metadata[0]), 0


def decimal(metadata: bytes) -> Length:
    """Say how long DECIMAL is, by its digits in all and after the point: nine take four bytes."""
    precision, scale = metadata
    whole = precision - scale
    return whole // 9 * 4 + DIGITS[whole % 9] + scale // 9 * 4 + DIGITS[scale % 9], 0


def short(metadata: bytes) -> Length:
    """Say how long CHAR, BINARY, ENUM and SET are, which share a type: CHAR hides two bits in the first byte."""
    real, low = metadata
    if real & 0x30 == 0x30 and real in {247, 248}:  # noqa: PLR2004
        return low, 0
    longest = low | ((real & 0x30) ^ 0x30) << 4
    return 0, 1 if longest < 256 else 2  # noqa: PLR2004


OWN = dict.fromkeys(STRINGS, varying) | {16: bits, 246: decimal, 247: short, 248: short, 254: short}
"""Types whose metadata has a form of its own."""


@dataclass(frozen=True)
class RowsEvent:
    """A row event's head: the number of its table map, the bitmaps of the columns that images have, and the images."""

    number: int
    present: tuple[bytes, ...]
    images: memoryview


def rows_event(body: memoryview, *, second: bool, update: bool, compressed: bool) -> RowsEvent:
    """Read a row event's head; `second` is the version that has room for more, before its bitmaps."""
    number, at = int.from_bytes(body[:6], "little"), 8
    if second:
        at += int.from_bytes(body[at : at + 2], "little")
    columns, at = packed_integer(body, at)
    size = (columns + 7) // 8
    present = tuple(bytes(body[at + each * size : at + (each + 1) * size]) for each in range(2 if update else 1))
    images = body[at + size * len(present) :]
    return RowsEvent(number, present, memoryview(inflated(images)) if compressed else images)


def inflated(images: memoryview) -> bytes:
    """Unpack what MariaDB compressed: a byte of marks and of how many bytes hold the length, then zlib's."""
    if not len(images) or images[0] & 0x80 == 0:
        raise Unknown("form of compression")
    return zlib.decompress(images[1 + (images[0] & 7) :])


def count(event: RowsEvent, known: TableMap, *, partial: bool = False) -> int:
    """Count the rows; an update has two images of each. ValueError where images and lengths do not agree."""
    return len(image_ends(event, known, partial=partial)) // len(event.present)


def image_ends(event: RowsEvent, known: TableMap, *, partial: bool = False) -> list[int]:
    """Say where each image ends, of an update in turn the one before and the one after.

    ValueError or IndexError where images and lengths do not agree.
    """
    images = bytes(event.images) if len(event.images) <= COPIED else event.images
    shapes = [(known.programs(present), present) for present in event.present]
    at, end, ends = 0, len(images), list[int]()
    while at < end:
        before = at
        for place, (programs, present) in enumerate(shapes):
            if partial and place:
                at = past_partial(images, at, known, present)
            nulls = bytes(images[at : at + programs.head])
            for skipped, width in programs.known.get(nulls) or programs.made(nulls):
                at += skipped
                if width == 1:
                    at += images[at - 1]
                elif width:
                    at += int.from_bytes(images[at - width : at], "little")
            ends.append(at)
        if at == before:
            break
    if at != end:
        raise ValueError("a row's image does not end where its event does")
    return ends


def past_partial(images: bytes | memoryview, at: int, known: TableMap, present: bytes) -> int:
    """Step over what says of an image which JSON values are differences only (PARTIAL_UPDATE_ROWS_EVENT)."""
    options, at = packed_integer(images, at)
    documents: Sequence[int] = [place for place in known.json if bit(present, place)]
    return at + (len(documents) + 7) // 8 if options & 1 else at
