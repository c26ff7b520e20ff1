"""A binlog file as its events, each proved by its checksum; formats as in MySQL's "Replication Protocol" and MariaDB's.

A file is never held in memory: it is mapped, and an event's body is a view into it.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import zstandard

from rdsrestore.domain.errors import ToolError

MAGIC = b"\xfebin"
ENCRYPTED_MAGIC = b"\xfdbin"
HEADER = struct.Struct("<IBIIIH")
CRC = 4
CRC32, NO_CHECKSUM = 1, 0
LARGEST = 4 << 30
"""Bytes of a transaction's payload unpacked: more than a server lets one have."""
AGAIN = "run the same command again; the file is fetched anew"


class Kind(IntEnum):
    """Types of events that something is done with here."""

    QUERY = 2
    STOP = 3
    ROTATE = 4
    FORMAT = 15
    XID = 16
    EXECUTE_LOAD = 18
    TABLE_MAP = 19
    WRITE_V1, UPDATE_V1, DELETE_V1 = 23, 24, 25
    INCIDENT = 26
    ROWS_QUERY = 29
    WRITE, UPDATE, DELETE = 30, 31, 32
    GTID, ANONYMOUS_GTID = 33, 34
    PREVIOUS_GTIDS = 35
    XA_PREPARE = 38
    PARTIAL_UPDATE = 39
    PAYLOAD = 40
    TAGGED_GTID = 42
    ANNOTATE = 160
    CHECKPOINT = 161
    MARIADB_GTID, GTID_LIST = 162, 163
    ENCRYPTION = 164
    COMPRESSED_QUERY = 165
    COMPRESSED_WRITE_V1, COMPRESSED_UPDATE_V1, COMPRESSED_DELETE_V1 = 166, 167, 168
    COMPRESSED_WRITE, COMPRESSED_UPDATE, COMPRESSED_DELETE = 169, 170, 171


@dataclass(frozen=True)
class LogEvent:
    """An event: its type's number, when its statement began (seconds since 1970), where it stands, and its body.

    The events within a compressed transaction stand where that stands. `server` is the id of the server that wrote it.
    """

    type: int
    at: int
    server: int
    position: int
    end: int
    body: memoryview


def read(path: Path, name: str) -> Iterator[LogEvent]:
    """Read a file that the server calls `name`; ToolError with code `binlog.torn` where it is not whole and sound."""
    with path.open("rb") as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:  # an empty file can't be mapped
            raise torn(name, 0, "the file is empty") from error
    yield from walk(memoryview(data), name)


def walk(data: memoryview, name: str) -> Iterator[LogEvent]:
    """Walk through a file's bytes."""
    magic = bytes(data[: len(MAGIC)])
    if magic == ENCRYPTED_MAGIC:
        raise ToolError("find", f"{name} is encrypted as it lies on the server", AGAIN, code="binlog.torn")
    if magic != MAGIC:
        raise torn(name, 0, "this is no binlog")
    position, checksum = len(MAGIC), CRC
    while position < len(data):
        event = one(data, position, name, checksum)
        if event.type == Kind.FORMAT:
            checksum = CRC if checksummed(data[position : event.end]) else 0
            event = one(data, position, name, CRC)
        if event.type == Kind.FORMAT or checksum:
            check(data[position : event.end], position, name)
        if event.type == Kind.PAYLOAD:
            yield from unpacked(event, name)
        else:
            yield event
        position = event.end


def one(data: memoryview, position: int, name: str, checksum: int = 0) -> LogEvent:
    """Read the event at a position, without its last bytes where these are its checksum."""
    if len(data) - position < HEADER.size:
        raise torn(name, position, "it ends within an event")
    at, kind, server, size, _end, _flags = HEADER.unpack_from(data, position)
    end = position + size
    if not HEADER.size <= size <= len(data) - position:
        raise torn(name, position, "it ends within an event")
    if size < HEADER.size + checksum:
        raise torn(name, position, "an event is too short")
    return LogEvent(kind, at, server, position, end, data[position + HEADER.size : end - checksum])


def checksummed(event: memoryview) -> bool:
    """Say whether a format event announces checksums: its last byte before its own names the algorithm."""
    return len(event) > HEADER.size + CRC and event[-CRC - 1] == CRC32


def check(event: memoryview, position: int, name: str) -> None:
    """Hold an event against its checksum; a format event's counts without the flag of a file that is in use."""
    given = int.from_bytes(event[-CRC:], "little")
    if zlib.crc32(event[:-CRC]) == given:
        return
    plain = bytearray(event[:-CRC])
    plain[HEADER.size - 2] &= 0xFE
    if plain[4] != Kind.FORMAT or zlib.crc32(plain) != given:
        raise torn(name, position, "an event's checksum is wrong")


def unpacked(event: LogEvent, name: str) -> Iterator[LogEvent]:
    """Yield the events within a compressed transaction, which have no checksums of their own."""
    data = memoryview(payload(event.body, name, event.position))
    position = 0
    while position < len(data):
        inner = one(data, position, name)
        position = inner.end
        yield LogEvent(inner.type, inner.at, inner.server, event.position, event.end, inner.body)


def payload(body: memoryview, name: str, position: int) -> bytes:
    """Unpack a compressed transaction (Transaction_payload_event: fields of type, length, value until a zero)."""
    at, algorithm = 0, 255
    try:
        while body[at]:
            kind, at = packed_integer(body, at)
            length, at = packed_integer(body, at)
            if kind == 2:  # noqa: PLR2004 - the field that names the algorithm: 0 zstd, 255 none
                algorithm = packed_integer(body, at)[0]
            at += length
        packed = body[at + 1 :]
        if algorithm == 255:  # noqa: PLR2004
            return bytes(packed)
        with zstandard.ZstdDecompressor().stream_reader(packed) as reader:
            return reader.read(LARGEST)
    except (IndexError, zstandard.ZstdError) as error:
        raise torn(name, position, "a compressed transaction can't be unpacked") from error


def packed_integer(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """Read a length-encoded integer; returns it and where it ends. IndexError where there is none."""
    first = data[at]
    if first < 251:  # noqa: PLR2004 - above it says how many bytes follow
        return first, at + 1
    width = {252: 2, 253: 3, 254: 8}[first] if first in {252, 253, 254} else 0
    if not width or at + 1 + width > len(data):
        raise IndexError(at)
    return int.from_bytes(data[at + 1 : at + 1 + width], "little"), at + 1 + width


def torn(name: str, position: int, why: str) -> ToolError:
    """Say that a file can't be believed."""
    return ToolError("find", f"{name} is not sound at byte {position:,}: {why}", AGAIN, code="binlog.torn")
