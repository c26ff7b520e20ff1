"""The event that names a transaction with a tag (MySQL 8.3 and newer), in the format of MySQL's library of messages.

Formats: MySQL's source documentation, "mysql_serialization" (integers, the head of a message) and
`Gtid_event::define_fields` (numbers of fields, here `UUID_FIELD` and below).
"""

from __future__ import annotations

from uuid import UUID

UUID_SIZE = 16
LONGEST = 8
"""Bytes of an integer after its first, at the most."""
FLAGS, UUID_FIELD, NUMBER, TAG, LAST_COMMITTED, SEQUENCE, IMMEDIATE = range(7)


def integer(body: memoryview, at: int) -> tuple[int, int]:
    """Read an integer: the ones at the end of its first byte count the bytes that follow. Returns it and its end."""
    more = (body[at] + 1 & ~body[at]).bit_length() - 1
    end = at + 1 + more
    if end > len(body):
        raise IndexError(at)
    return int.from_bytes(body[at:end], "little") >> min(more + 1, LONGEST), end


def signed(body: memoryview, at: int) -> tuple[int, int]:
    """Read an integer whose lowest bit is its sign."""
    value, end = integer(body, at)
    return ~(value >> 1) if value & 1 else value >> 1, end


def uuid(body: memoryview, at: int) -> tuple[UUID, int]:
    """Read a UUID: an integer a byte."""
    found = []
    for _ in range(UUID_SIZE):
        value, at = integer(body, at)
        found.append(value)
    return UUID(bytes=bytes(found)), at


def string(body: memoryview, at: int) -> tuple[str, int]:
    """Read a text: its length, then its bytes."""
    size, at = integer(body, at)
    if at + size > len(body):
        raise IndexError(at)
    return bytes(body[at : at + size]).decode(), at + size


READERS = {
    FLAGS: integer,
    UUID_FIELD: uuid,
    NUMBER: signed,
    TAG: string,
    LAST_COMMITTED: signed,
    SEQUENCE: signed,
    IMMEDIATE: integer,
}
"""The fields up to the last that is needed: they stand in the order of their numbers, and some may be missing."""


def name(body: memoryview) -> tuple[str, int | None]:
    """Read a transaction's name as the server writes it, and when it was committed there, in microseconds.

    IndexError or ValueError where the body is not of this format.
    """
    at = 0
    for _version_size_last in range(3):
        _value, at = integer(body, at)
    found: dict[int, object] = {}
    while at < len(body):
        field, at = integer(body, at)
        if field not in READERS:
            break
        found[field], at = READERS[field](body, at)
    if not {UUID_FIELD, NUMBER} <= found.keys():
        raise ValueError("a transaction's name is not whole")
    words = (found[UUID_FIELD], found.get(TAG), found[NUMBER])
    committed = found.get(IMMEDIATE)
    return ":".join(str(word) for word in words if word), committed if isinstance(committed, int) else None
