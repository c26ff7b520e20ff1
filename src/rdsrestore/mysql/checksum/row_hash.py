"""A row's digest and a table's fingerprint, such that equal means equal and nothing else does.

A digest is taken of all values one after the other, with a byte between them that no text holds in UTF-8, so that no
two rows can be written alike. Bytes, which may hold any, are preceded by their number, and so are texts of a character
set that Unicode does not have all of, which count by their bytes; other texts that are NULL are left out and numbered
at the end. FLOAT counts by its exact value, not by the six digits that the server shows. A fingerprint
adds up 60 bits of the rows' digests: sums see what an exclusive-or can't, the same change made to an even number of
rows.

A column that was retyped hashes alike on both servers where the value is the same: whoever knows the other server's
columns gives them too, and fractions of different lengths are compared without the zeros at their end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.tables.definition import Column
from rdsrestore.domain.tables.dump_file import Fingerprint
from rdsrestore.mysql.schema.compared_types import (
    ALIKE,
    APPROXIMATE,
    AS_SHOWN,
    BYTES,
    NAMED,
    SHORT,
    TEXT,
    WHOLE,
    WHOLLY,
)
from rdsrestore.mysql.session.login.connection import Session, quoted

BETWEEN, DIGEST, BARE = "CAST(x'FF' AS BINARY)", "CAST(x'FE' AS BINARY)", "CAST(x'FD' AS BINARY)"
"""Bytes that no text holds in UTF-8 (RFC 3629, section 1): between values, before the digest of a long one, and before
the bytes of a text that Unicode can't spell."""


COMPACT = 8_000
"""Bytes of a stored document whose text is certainly shorter than 64 KiB: no byte becomes more than six characters, and
what is shortest of its kind no more than eight times as many. To look at that spares a second reading of the text."""


MARK = Decimal("0.000001")
"""What a row adds to a sum that can't be hashed."""


SHORTEST = 36
"""The base in which servers write a number with the fewest digits."""


FRACTION = re.compile(r"(?:decimal\(\d+,|(?:time|datetime|timestamp)\()[1-9]")
"""A type whose values are shown with digits after the point."""


def field(column: Column, place: str, other: Column | None = None, *, stored: bool = False) -> str:
    """Write the expression of one column, whose value is read at `place`.

    `other` is the column as the server compared with has it; `stored` says that the place is the column itself.
    DatabaseError with code `db.unknown-type` for a type that
    is not known.
    """
    if column.kind in WHOLE:
        return f"{place} + 0" if column.kind == "bit" or "zerofill" in column.type else place
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
            "restore this table by hand: rdsrestore help by hand",
            code="db.unknown-type",
        )
    if column.kind in BYTES:
        value = place if column.kind in SHORT else bare(place)
    else:
        value = bare(place) if raw(column, other) else unicode(column, place)
    if column.kind in SHORT:
        return value
    may_be = f"JSON_STORAGE_SIZE({place}) > {COMPACT} AND " if stored and column.kind == "json" else ""
    return f"IF({may_be}LENGTH({value}) > 65535, CONCAT({DIGEST}, SHA2({value}, 256)), {value})"


def raw(column: Column, other: Column | None = None) -> bool:
    """Whether a text counts by its bytes: both sides have one character set, and Unicode does not have all of it."""
    same = other is None or other.charset == column.charset
    return column.kind in TEXT and same and column.charset not in {None, *ALIKE, *WHOLLY}


def bare(place: str) -> str:
    """Write a value as the bytes that it has."""
    return f"CAST({place} AS BINARY)"


def unicode(column: Column, place: str) -> str:
    """Write a text in UTF-8, or with a mark before its bytes where Unicode can't spell it.

    A document has a mark where its text says less than it holds: a date within it is not the string that it reads like.
    """
    if column.charset in ALIKE and column.kind != "json":
        return place
    text = f"CONVERT({place} USING utf8mb4)"
    if column.kind == "json":
        return f"IF({place} <=> CAST({text} AS JSON), {text}, CONCAT({BARE}, {text}))"
    if not column.charset or column.charset in WHOLLY:
        return text
    return f"IF({bent(place, column.charset)}, CONCAT({BARE}, HEX({place})), {text})"


def respelled(column: Column, place: str, charset: str) -> str:
    """Write a text's bytes in another character set, or with a mark before its own where that can't spell it."""
    text = bare(f"CONVERT({place} USING {charset})")
    return f"IF({bent(place, column.charset or charset, charset)}, CONCAT({BARE}, HEX({place})), {text})"


def bent(place: str, charset: str, through: str = "utf8mb4") -> str:
    """Write the condition that a text's bytes are others after the way through another character set and back."""
    back = f"CONVERT(CONVERT({place} USING {through}) USING {charset})"
    return f"NOT ({bare(back)} <=> {bare(place)})"


def one(column: Column, place: str) -> str:
    """Write the expression of one value that is never NULL: what is equal here is equal to the last byte."""
    value = field(column, place)
    return f"IFNULL(CONCAT({value}, {BETWEEN}), '~')" if column.kind in TEXT | BYTES else f"IFNULL({value}, '~')"


def row(columns: Iterable[Column], place: str | Callable[[Column], str], others: Iterable[Column] = ()) -> str:
    """Write the expression of a row's digest; `place` is an alias, or says where each column's value is read.

    64 hexadecimal digits, never NULL unless a value was too large to hash. `others` are the columns as the server
    compared with has them.
    """
    there = {column.name: column for column in others}
    parts, empties, ends = list[str](), list[str](), list[str]()
    for number, column in enumerate(column for column in columns if not column.generated):
        at, known = (f"{place}.{quoted(column.name)}", True) if isinstance(place, str) else (place(column), False)
        value = field(column, at, there.get(column.name), stored=known)
        empty = column.nullable or not known  # another side's value may be NULL where the column can't be
        if column.kind in BYTES or raw(column, there.get(column.name)):
            parts += [f"IFNULL(LENGTH({value}), '~')", value]
        elif column.kind in TEXT:
            parts.append(value)
            empties += [f"{at} IS NULL"] if empty else []
            ends += [f"IF({at} IS NULL, {number}, NULL)"] if empty else []
        else:
            parts.append(f"IFNULL({value}, '~')" if empty else value)
    end = f"CONCAT_WS({BETWEEN}, '', {', '.join(ends)})"  # not looked at where no text is NULL, as in most rows
    parts.append(f"IF({' OR '.join(empties)}, {end}, '')" if empties else "''")
    return f"SHA2(CONCAT_WS({BETWEEN}, {', '.join(parts)}), 256)"


def fingerprint(
    session: Session,
    table: str,
    columns: Iterable[Column],
    where: str | None = None,
    others: Iterable[Column] = (),
    index: str = "",
) -> Fingerprint:
    """Take a table's fingerprint; `table` is quoted already, and `index` names the one that `where` goes by.

    DatabaseError where a value was too large to be hashed.
    """
    condition = f"{by(index)} WHERE ({where})" if where else ""
    rows, found = session.one(f"SELECT COUNT(*), {total(row(columns, 't', others))} FROM {table} AS t{condition}")
    return checked(rows, found)


def fingerprints(
    session: Session,
    table: str,
    columns: Iterable[Column],
    part: str,
    where: str,
    others: Iterable[Column] = (),
    index: str = "",
) -> dict[int, tuple[int, int]]:
    """Take the fingerprints of a table's parts, each as its rows and total: `part` is the expression that numbers them.

    `index` names the one that `where` goes by. They come as one text, which costs a fifth of a row for each.
    """
    each = (
        f"SELECT {part} AS n, COUNT(*) AS c, {total(row(columns, 't', others))} AS s"
        f" FROM {table} AS t{by(index)} WHERE ({where}) GROUP BY 1 ORDER BY NULL"
    )
    parts, whole, text = session.one(
        f"SELECT COUNT(*), SUM(s), GROUP_CONCAT(n, ' ', c, ' ', LOWER(CONV(s, 10, {SHORTEST}))) FROM ({each}) AS parts"
    )
    words = text.replace(",", " ").split(" ") if text else []
    if len(words) == 3 * parts and all(map(str.isalnum, words[2::3])):
        totals = [int(word, SHORTEST) for word in words[2::3]]
        if sum(totals) == (whole or 0):
            return dict(zip(map(int, words[::3]), zip(map(int, words[1::3]), totals, strict=True), strict=True))
    # a row has no digest, or the text was cut off
    found = ((int(number), checked(rows, total)) for number, rows, total in session.rows(each))
    return {number: (one.rows, one.total) for number, one in found}


def by(index: str) -> str:
    """Have a statement go by an index: a server whose statistics are old may read the whole table for each range."""
    return f" FORCE INDEX ({quoted(index)})" if index else ""


def proposed(index: str) -> str:
    """Have the server guess by an index and by no other."""
    return f" USE INDEX ({quoted(index)})" if index else ""


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
