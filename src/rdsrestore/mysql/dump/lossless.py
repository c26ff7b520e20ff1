"""Which values come back from a dump as they are, and the refusal of those that do not.

A dump spells text in Unicode, labels of ENUM and SET as the catalogue does, which knows the basic plane alone, and
documents with JSON's own types. What can't be spelled so is found by the server itself, there and back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.tables.definition import Column, TableDefinition
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.schema import compared_types
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.schema.unsupported import LABELLED, labels
from rdsrestore.mysql.session.login.connection import Session, quoted

BASIC = compared_types.WHOLLY | {"utf8mb3", "utf8"}
WHOLE = BASIC | {"utf8mb4"}
"""Character sets all of whose codes have a Unicode character of their own, of the basic plane or of any."""
PLAIN = ("OBJECT", "ARRAY", "STRING", "INTEGER", "UNSIGNED INTEGER", "DOUBLE", "BOOLEAN", "NULL")
"""What JSON_TYPE calls values that JSON's own text tells apart (RFC 8259, section 3)."""
TEXT = "text without a Unicode character of its own"
LABELS = "labels that the catalogue can't spell"
DOCUMENTS = "documents with DECIMAL, date, time or binary values, which become numbers and strings"
BY_HAND = "from the copy by hand: --keep-on-failure 4h leaves it to you"
LEAVE_OUT = f"leave these rows out with --where, or fetch them {BY_HAND}"
TABLE = f"restore this table {BY_HAND}"
CHANGE = "nothing was written; change these rows by hand; of a restore --where leaves them out"


def lost(column: Column, place: str, *, tabled: bool = True) -> str:
    """Write the condition that the value at `place` does not come back as it is; empty where all values do."""
    if column.kind == "json":
        return foreign(place, tabled=tabled)
    if not column.charset:
        return ""
    tests = []
    known, through = (BASIC, "utf8mb3") if column.kind in LABELLED else (WHOLE, "utf8mb4")
    if column.charset not in known:
        tests.append(row_hash.bent(place, column.charset, through))
    if column.kind in LABELLED and "" in labels(column):
        bit = 1 << labels(column).index("")
        tests.append(f"{place} + 0 = 0" if column.kind == "enum" else f"{place} & {bit} = {bit}")
    return " OR ".join(tests)


def foreign(place: str, *, tabled: bool = True) -> str:
    """Write the condition that a document holds, at any depth, a value of a type that its text does not tell.

    Without JSON_TABLE, which MySQL 5.7 lacks, documents of more than a thousand values are taken for such.
    """
    nodes = f"JSON_EXTRACT({place}, '$', '$**.*', '$**[*]')"
    known = ", ".join(f"'{name}'" for name in PLAIN)
    if tabled:
        each = f"JSON_TABLE({nodes}, '$[*]' COLUMNS (node JSON PATH '$')) AS nodes WHERE JSON_TYPE(node)"
    else:
        digits = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))
        numbers = f"(SELECT a.d + 10 * b.d + 100 * c.d AS n FROM ({digits}) AS a, ({digits}) AS b, ({digits}) AS c)"
        node = f"JSON_EXTRACT({nodes}, CONCAT('$[', n, ']'))"
        each = f"{numbers} AS numbers WHERE n < JSON_LENGTH({nodes}) AND JSON_TYPE({node})"
    longer = "" if tabled else f" OR COALESCE(JSON_LENGTH({nodes}), 0) > 1000"
    bent = f"NOT ({place} <=> CAST(CAST({place} AS CHAR) AS JSON))"
    return f"{bent} OR EXISTS (SELECT 1 FROM {each} NOT IN ({known})){longer}"


def why(column: Column) -> str:
    """Say what a column's values are that do not come back."""
    if column.kind == "json":
        return DOCUMENTS
    return LABELS if column.kind in LABELLED else f"{TEXT} ({column.charset})"


def check(session: Session, definition: TableDefinition, conditions: Iterable[str | None]) -> None:
    """Refuse rows whose values a dump would not bring back; a condition of None stands for all rows.

    DatabaseError with code `db.lossy`, which names table, columns and numbers of rows, `db.float` or `db.unknown-type`.
    """
    if definition.hindrances:
        kinds = {column.kind for column in definition.base_columns}
        code = "db.unknown-type" if kinds - compared_types.KINDS else "db.float" if "float" in kinds else "db.lossy"
        raise DatabaseError(str(definition.ref), "; ".join(definition.hindrances), TABLE, code=code)
    refuse(definition.ref, counted(session, definition, definition.base_columns, conditions), LEAVE_OUT)


def check_keys(session: Session, definition: TableDefinition, key: Sequence[str]) -> None:
    """Refuse keys that no literal finds; DatabaseError with code `db.lossy`."""
    columns = [column for column in definition.columns if column.name in key]
    refuse(definition.ref, counted(session, definition, columns, [None]), TABLE)


def check_images(session: Session, ref: TableRef, images: TableDefinition) -> None:
    """Refuse to change rows of production that an undo file would not bring back; `images` are what they are now."""
    refuse(ref, counted(session, images, images.base_columns, [None]), CHANGE)


def counted(
    session: Session, definition: TableDefinition, columns: Sequence[Column], conditions: Iterable[str | None]
) -> Iterator[str]:
    """Say of each column how many of the rows have values that do not come back, where there are any."""
    tabled = not session.greeted.startswith("5.")
    tests = ((column, lost(column, f"t.{quoted(column.name)}", tabled=tabled)) for column in columns)
    doubtful = [(column, test) for column, test in tests if test]
    if not doubtful:
        return
    sums = ", ".join(f"COALESCE(SUM({test}), 0)" for _column, test in doubtful)
    rows = [0] * len(doubtful)
    for condition in conditions:
        where = f" WHERE ({condition})" if condition else ""
        found = session.one(f"SELECT {sums} FROM {qualified(definition.ref)} AS t{where}")
        rows = [before + int(more) for before, more in zip(rows, found, strict=True)]
    for (column, _test), number in zip(doubtful, rows, strict=True):
        if number:
            yield f"column {column.name} of {number:,} row{'s' if number > 1 else ''} holds {why(column)}"


def refuse(ref: TableRef, said: Iterable[str], hint: str) -> None:
    """Refuse a table of which there is anything to say."""
    if problem := "; ".join(said):
        raise DatabaseError(str(ref), problem, hint, code="db.lossy")
