"""A row's digest and a table's fingerprint, such that equal means equal and nothing else does.

A digest is taken of all values one after the other, and after them of what tells where each ends: a number with a bit
for each column that is NULL, and the lengths of the texts. Numbers and dates have a fixed alphabet without a comma,
long texts are there as a SHA-256 of their bytes, and FLOAT by its exact value, not by the six digits that the server
shows; so no two rows can be written alike. A fingerprint adds up 60 bits of the rows' digests: sums see what an
exclusive-or can't, the same change made to an even number of rows.

A column that was retyped hashes alike on both servers where the value is the same: whoever knows the other server's
columns gives them too, and fractions of different lengths are compared without the zeros at their end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal

from rdsrestore.core.errors import DatabaseError
from rdsrestore.core.tables import Column, Fingerprint
from rdsrestore.engines.mysql.connect import Session, quoted

WHOLE = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "year", "bit"})
APPROXIMATE = frozenset({"float", "double"})
AS_SHOWN = frozenset({"decimal", "date", "time", "datetime", "timestamp"})
TEXT = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json"})
BYTES = frozenset(
    {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
    | {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"}
    | {"geometrycollection", "geomcollection"}
)
SHORT = frozenset({"char", "varchar", "tinytext", "text", "enum", "set", "binary", "varbinary", "tinyblob", "blob"})
"""Up to 64 KiB of text or bytes: they are written out, which costs less than a digest of their own."""
ALIKE = frozenset({"utf8mb4", "utf8mb3", "utf8", "ascii"})
"""Character sets that write the same text with the same bytes."""
MARK = Decimal("0.000001")
"""What a row adds to a sum that can't be hashed."""
NULLS = 60
"""Columns whose bits fit into one number."""
NAMED = frozenset({"uuid", "inet4", "inet6"})
FRACTION = re.compile(r"(?:decimal\(\d+,|(?:time|datetime|timestamp)\()[1-9]")
"""A type whose values are shown with digits after the point."""


def field(column: Column, place: str, other: Column | None = None) -> str:
    """Write the expression of one column, whose value is read at `place`; a short text's is the text itself.

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
    if column.kind in NAMED:
        return f"CAST({place} AS CHAR)"
    if column.kind not in TEXT | BYTES:
        raise DatabaseError(
            "checksum",
            f"column {column.name} has type {column.type}, which can't be compared safely yet",
            "restore this table by hand as the runbook describes",
            code="db.unknown-type",
        )
    if column.kind in BYTES:
        return place if short(column, other) else f"SHA2(CAST({place} AS BINARY), 256)"
    alike = {column.charset, (other or column).charset} <= ALIKE
    value = place if alike and column.kind != "json" else f"CONVERT({place} USING utf8mb4)"
    return value if short(column, other) else f"SHA2({value}, 256)"


def short(column: Column, other: Column | None = None) -> bool:
    """Whether a column's text is written out, so that its length has to be known too."""
    return column.kind in SHORT and (other or column).kind in SHORT


def one(column: Column, place: str) -> str:
    """Write the expression of one value that is never NULL: what is equal here is equal to the last byte."""
    value = field(column, place)
    return f"IFNULL({f'SHA2({value}, 256)' if short(column) else value}, '~')"


def row(columns: Iterable[Column], place: str | Callable[[Column], str], others: Iterable[Column] = ()) -> str:
    """Write the expression of a row's digest; `place` is an alias, or says where each column's value is read.

    64 hexadecimal digits, never NULL unless a value was too large to hash. `others` are the columns as the server
    compared with has them.
    """
    read = (lambda column: f"{place}.{quoted(column.name)}") if isinstance(place, str) else place
    there = {column.name: column for column in others}
    held = [column for column in columns if not column.generated]
    places = [read(column) for column in held]
    values = [field(column, at, there.get(column.name)) for column, at in zip(held, places, strict=True)]
    lengths = [
        f"LENGTH({value})" for column, value in zip(held, values, strict=True) if short(column, there.get(column.name))
    ]
    parts = ", ".join([*values, *nulls(places), *lengths])
    return f"SHA2(CONCAT_WS(',', {parts}), 256)"


def nulls(places: Sequence[str]) -> Iterator[str]:
    """Write numbers that have a bit for each value that is NULL."""
    for start in range(0, len(places), NULLS):
        yield " + ".join(f"ISNULL({at}) * {1 << bit}" for bit, at in enumerate(places[start : start + NULLS]))


def fingerprint(
    session: Session,
    table: str,
    columns: Iterable[Column],
    where: str | None = None,
    others: Iterable[Column] = (),
) -> Fingerprint:
    """Take a table's fingerprint; `table` is quoted already. DatabaseError where a value was too large to be hashed."""
    condition = f" WHERE ({where})" if where else ""
    rows, found = session.one(f"SELECT COUNT(*), {total(row(columns, 't', others))} FROM {table} AS t{condition}")
    return checked(rows, found)


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
        f"SELECT {part}, COUNT(*), {total(row(columns, 't', others))} FROM {table} AS t WHERE ({where})"
        " GROUP BY 1 ORDER BY NULL"
    )
    return {int(number): checked(rows, sums) for number, rows, sums in found}


def total(digest: str) -> str:
    """Add up 60 bits of each row's digest; a row without one leaves a fraction."""
    return f"COALESCE(SUM(IFNULL(CAST(CONV(LEFT({digest}, 15), 16, 10) AS UNSIGNED), {MARK})), 0)"


def checked(rows: int, found: Decimal) -> Fingerprint:
    """Take a sum as a fingerprint; DatabaseError where a row had no digest."""
    whole = int(found)
    if found != whole:
        raise too_large(int((found - whole) / MARK))
    return Fingerprint(int(rows), whole)


def too_large(rows: int) -> DatabaseError:
    """Say that rows hold a value that the server can't hash."""
    return DatabaseError(
        "checksum",
        f"{rows} rows hold a value larger than max_allowed_packet",
        "raise max_allowed_packet in the parameter group",
        code="db.packet",
    )
