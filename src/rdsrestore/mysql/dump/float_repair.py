"""The exact values of FLOAT columns, which every dump program rounds to six digits: a second file, a second dump."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from rdsrestore.domain.tables.definition import Column, TableDefinition
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.schema.unsupported import rounds
from rdsrestore.mysql.session.login.connection import Row, Session, quoted

TABLE = "rdsrestore_floats"
TAIL = "-- Dump completed\n"
BATCH = 500


def rounded(definition: TableDefinition) -> tuple[Column, ...]:
    """The columns whose values a dump rounds."""
    return tuple(column for column in definition.base_columns if rounds(column))


def carried(definition: TableDefinition) -> tuple[Column, ...]:
    """The columns of the file: the key's, then the rounded ones."""
    known = {column.name: column for column in definition.columns}
    return (*(known[name] for name in definition.key), *rounded(definition))


def write(
    session: Session, definition: TableDefinition, conditions: Sequence[str | None], store: DumpStore
) -> str | None:
    """Write the exact values of a table's rows, which has a key; returns the file's name, None where none is needed."""
    if not rounded(definition):
        return None
    columns = carried(definition)
    exact = [*map(quoted, definition.key), *(f"{quoted(column.name)} + 0e0" for column in rounded(definition))]
    name = store.named(f"{definition.ref.stem}.floats")
    with store.writing(name) as file:
        for where in conditions:
            condition = f" WHERE ({where})" if where else ""
            rows = session.stream(f"SELECT {', '.join(exact)} FROM {qualified(definition.ref)}{condition}")
            while batch := list(islice(rows, BATCH)):
                file.write(insert(session, columns, batch).encode())
        file.write(TAIL.encode())
    return name


def insert(session: Session, columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """Write one statement of exact values."""
    names = ", ".join(quoted(column.name) for column in columns)
    values = ",\n".join(f"({','.join(map(session.literal, row))})" for row in rows)
    return f"INSERT INTO {quoted(TABLE)} ({names}) VALUES\n{values};\n"
