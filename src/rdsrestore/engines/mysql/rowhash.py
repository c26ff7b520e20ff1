"""A row's digest and a table's fingerprint, such that equal means equal and nothing else does.

Every column becomes a number or a date in a fixed alphabet, a SHA-256 of its bytes, or `~` for NULL, so that no two
rows can be written alike. FLOAT is hashed by its exact value, not by the six digits that the server shows. A
fingerprint adds up two 60-bit parts of the rows' digests: sums see what an exclusive-or can't, the same change made to
an even number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable

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
NAMED = frozenset({"uuid", "inet4", "inet6"})


def field(column: Column, alias: str) -> str:
    """Write the expression of one column; DatabaseError with code `db.unknown-type` for a type that is not known."""
    name = f"{alias}.{quoted(column.name)}"
    if column.kind in WHOLE:
        return f"{name} + 0"
    if column.kind in APPROXIMATE:
        return f"{name} + 0e0"
    if column.kind in AS_SHOWN:
        return name
    if column.kind in TEXT:
        return f"SHA2(CONVERT({name} USING utf8mb4), 256)"
    if column.kind in BYTES:
        return f"SHA2(CAST({name} AS BINARY), 256)"
    if column.kind in NAMED:
        return f"CAST({name} AS CHAR)"
    raise DatabaseError(
        "checksum",
        f"column {column.name} has type {column.type}, which can't be compared safely yet",
        "restore this table by hand as the runbook describes",
        code="db.unknown-type",
    )


def row(columns: Iterable[Column], alias: str) -> str:
    """Write the expression of a row's digest.

    64 hexadecimal digits, never NULL unless a value was too large to hash.
    """
    fields = ", ".join(f"IFNULL({field(column, alias)}, '~')" for column in columns if not column.generated)
    return f"SHA2(CONCAT_WS(',', {fields}), 256)"


def fingerprint(session: Session, table: str, columns: Iterable[Column], where: str | None = None) -> Fingerprint:
    """Take a table's fingerprint; `table` is quoted already. DatabaseError where a value was too large to be hashed."""
    condition = f" WHERE ({where})" if where else ""
    rows, hashed, low, high = session.one(
        "SELECT COUNT(*), COUNT(h), COALESCE(SUM(CAST(CONV(SUBSTR(h, 1, 15), 16, 10) AS UNSIGNED)), 0),"
        " COALESCE(SUM(CAST(CONV(SUBSTR(h, 16, 15), 16, 10) AS UNSIGNED)), 0)"
        f" FROM (SELECT {row(columns, 't')} AS h FROM {table} AS t{condition} LIMIT 18446744073709551615) AS hashes"
    )
    if rows != hashed:
        raise DatabaseError(
            "checksum",
            f"{rows - hashed} rows hold a value larger than max_allowed_packet",
            "raise max_allowed_packet in the parameter group",
            code="db.packet",
        )
    return Fingerprint(int(rows), int(low), int(high))
