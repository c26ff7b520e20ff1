"""A row's digest and a table's fingerprint, such that equal means equal and nothing else does.

Every column becomes a number or a date in a fixed alphabet, a text after its length, a SHA-256 of its bytes, or `~`
for NULL, so that no two rows can be written alike. FLOAT is hashed by its exact value, not by the six digits that the
server shows. A fingerprint adds up two 60-bit parts of the rows' digests: sums see what an exclusive-or can't, the same
change made to an even number of rows.

A column that was retyped hashes alike on both servers where the value is the same: whoever knows the other server's
columns gives them too, and fractions of different lengths are compared without the zeros at their end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from rdsrestore.core.errors import DatabaseError
from rdsrestore.core.tables import Column, Fingerprint
from rdsrestore.engines.mysql.connect import Session, quoted

WHOLE = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "year", "bit"})
APPROXIMATE = frozenset({"float", "double"})
AS_SHOWN = frozenset({"decimal", "date", "time", "datetime", "timestamp"})
TEXT = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json"})
SHORT = frozenset({"char", "varchar", "enum", "set"})
"""Texts of which a whole row fits into 64 KiB: they are written with their length, which costs less than a digest."""
BYTES = frozenset(
    {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
    | {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"}
    | {"geometrycollection", "geomcollection"}
)
NAMED = frozenset({"uuid", "inet4", "inet6"})
FRACTION = re.compile(r"(?:decimal\(\d+,|(?:time|datetime|timestamp)\()[1-9]")
"""A type whose values are shown with digits after the point."""


def field(column: Column, place: str, other: Column | None = None) -> str:
    """Write the expression of one column, whose value is read at `place`.

    `other` is the column as the server compared with has it. DatabaseError with code `db.unknown-type` for a type that
    is not known.
    """
    if column.kind in WHOLE:
        return f"{place} + 0"
    if column.kind in APPROXIMATE:
        return f"{place} + 0e0"
    if column.kind in AS_SHOWN:
        longer = other and other.type != column.type and FRACTION.match(column.type)
        return f"TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM {place}))" if longer else place
    if column.kind in TEXT:
        return text(f"CONVERT({place} USING utf8mb4)", short=column.kind in SHORT and (other or column).kind in SHORT)
    if column.kind in BYTES:
        return f"SHA2(CAST({place} AS BINARY), 256)"
    if column.kind in NAMED:
        return f"CAST({place} AS CHAR)"
    raise DatabaseError(
        "checksum",
        f"column {column.name} has type {column.type}, which can't be compared safely yet",
        "restore this table by hand as the runbook describes",
        code="db.unknown-type",
    )


def text(value: str, *, short: bool) -> str:
    """Write the expression of a text so that its end can't be mistaken."""
    return f"CONCAT(LENGTH({value}), ':', {value})" if short else f"SHA2({value}, 256)"


def one(column: Column, place: str) -> str:
    """Write the expression of one value that is never NULL: what is equal here is equal to the last byte."""
    return f"IFNULL({field(column, place)}, '~')"


def row(columns: Iterable[Column], place: str | Callable[[Column], str], others: Iterable[Column] = ()) -> str:
    """Write the expression of a row's digest; `place` is an alias, or says where each column's value is read.

    64 hexadecimal digits, never NULL unless a value was too large to hash. `others` are the columns as the server
    compared with has them.
    """
    read = (lambda column: f"{place}.{quoted(column.name)}") if isinstance(place, str) else place
    there = {column.name: column for column in others}
    fields = ", ".join(
        f"IFNULL({field(column, read(column), there.get(column.name))}, '~')"
        for column in columns
        if not column.generated
    )
    return f"SHA2(CONCAT_WS(',', {fields}), 256)"


def fingerprint(
    session: Session,
    table: str,
    columns: Iterable[Column],
    where: str | None = None,
    others: Iterable[Column] = (),
) -> Fingerprint:
    """Take a table's fingerprint; `table` is quoted already. DatabaseError where a value was too large to be hashed."""
    condition = f" WHERE ({where})" if where else ""
    rows, hashed, low, high = session.one(
        "SELECT COUNT(*), COUNT(h), COALESCE(SUM(CAST(CONV(SUBSTR(h, 1, 15), 16, 10) AS UNSIGNED)), 0),"
        " COALESCE(SUM(CAST(CONV(SUBSTR(h, 16, 15), 16, 10) AS UNSIGNED)), 0)"
        f" FROM (SELECT {row(columns, 't', others)} AS h FROM {table} AS t{condition}"
        " LIMIT 18446744073709551615) AS hashes"
    )
    if rows != hashed:
        raise too_large(rows - hashed)
    return Fingerprint(int(rows), int(low), int(high))


def fingerprints(
    session: Session,
    table: str,
    columns: Iterable[Column],
    part: str,
    where: str,
    others: Iterable[Column] = (),
) -> dict[int, Fingerprint]:
    """Take the fingerprints of a table's parts: `part` is the expression that numbers them."""
    found = session.rows(
        "SELECT part, COUNT(*), COUNT(h), COALESCE(SUM(CAST(CONV(SUBSTR(h, 1, 15), 16, 10) AS UNSIGNED)), 0),"
        " COALESCE(SUM(CAST(CONV(SUBSTR(h, 16, 15), 16, 10) AS UNSIGNED)), 0)"
        f" FROM (SELECT {part} AS part, {row(columns, 't', others)} AS h FROM {table} AS t WHERE ({where})"
        " LIMIT 18446744073709551615) AS hashes GROUP BY part"
    )
    for _part, rows, hashed, _low, _high in found:
        if rows != hashed:
            raise too_large(rows - hashed)
    return {int(number): Fingerprint(int(rows), int(low), int(high)) for number, rows, _hashed, low, high in found}


def too_large(rows: int) -> DatabaseError:
    """Say that rows hold a value that the server can't hash."""
    return DatabaseError(
        "checksum",
        f"{rows} rows hold a value larger than max_allowed_packet",
        "raise max_allowed_packet in the parameter group",
        code="db.packet",
    )
