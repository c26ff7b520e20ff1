"""A dump's rows as LOAD DATA LOCAL takes them: the server parses no statement, and writes none into its binlog.

The server asks its client for a file by name (MariaDB and MySQL manuals, "LOAD DATA"). Here it gets the rows at hand
whatever the name: no file of this machine is ever read for it.

LOCAL skips a row that does not fit and only warns. A statement of which one row was skipped, or changed until it
fitted, has therefore to be rolled back and written by a plain INSERT, which names the row.
"""

from __future__ import annotations

from typing import Any

import pymysql
from pymysql.constants import COMMAND, CR
from pymysql.protocol import OKPacketWrapper

from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.mysql.schema import compared_types
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import Session, quoted

BINARY = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"})
"""Written as hexadecimal digits in a dump, which LOAD DATA does not read as such by itself."""
KNOWN = (compared_types.WHOLE - {"bit"}) | {"double"} | compared_types.AS_SHOWN | compared_types.TEXT | BINARY
INTERLEAVED = 2
"""The lock mode (innodb_autoinc_lock_mode) in which LOAD DATA holds no lock that others' inserts wait for."""
BETWEEN_ROWS = b"),\n("
FORM = (
    r"CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\'' ESCAPED BY '\\'"
    r" LINES STARTING BY '(' TERMINATED BY '),\n'"
)
BLOCK = 1 << 20


def allowed(session: Session, live: TableDefinition) -> bool:
    """Whether a table may be filled so, and nobody's inserts wait for it."""
    local, mode = session.one("SELECT @@GLOBAL.local_infile, @@GLOBAL.innodb_autoinc_lock_mode")
    free = int(mode) == INTERLEAVED or not any(column.auto_increment for column in live.columns)
    return bool(int(local)) and free and {column.kind for column in live.columns} <= KNOWN


def statement(live: TableDefinition, dumped: TableDefinition) -> str:
    """Write the statement that takes a dump's rows, whose columns are in the order that they were dumped in."""
    places, sets = list[str](), list[str]()
    for number, column in enumerate(dumped.base_columns):
        if column.kind in BINARY:
            places.append(f"@v{number}")
            sets.append(f"{quoted(column.name)} = UNHEX(SUBSTR(@v{number}, 3))")
        else:
            places.append(quoted(column.name))
    given = f" SET {', '.join(sets)}" if sets else ""
    return f"LOAD DATA LOCAL INFILE 'rows' INTO TABLE {qualified(live.ref)} {FORM} ({', '.join(places)}){given}"


def rows_of(values: bytes) -> tuple[bytes, int]:
    """Turn what follows VALUES into rows for LOAD DATA, and count them; none where rows have no lines of their own."""
    between = values.count(BETWEEN_ROWS)  # no literal of a dump holds a line's end
    return (values + b",\n", between + 1) if between else (b"", 0)


def feed(connection: Any, text: str, rows: bytes) -> tuple[int, int]:  # noqa: ANN401 - a pymysql.Connection, whose parts for this have no types
    """Run a LOAD DATA LOCAL with these rows; returns how many the table took, and how many warnings there were."""
    connection._execute_command(COMMAND.COM_QUERY, text)  # noqa: SLF001 - the driver itself knows files alone
    if not connection._read_packet().is_load_local_packet():  # noqa: SLF001
        raise pymysql.OperationalError(CR.CR_COMMANDS_OUT_OF_SYNC, "the server did not ask for the rows")
    for start in range(0, len(rows), BLOCK):
        connection.write_packet(rows[start : start + BLOCK])
    connection.write_packet(b"")
    answer = OKPacketWrapper(connection._read_packet())  # noqa: SLF001
    return int(answer.affected_rows), int(answer.warning_count)
