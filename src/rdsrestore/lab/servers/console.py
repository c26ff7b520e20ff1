"""SQL on the lab's production, as its master user over the same way in as everybody's."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pymysql
from pymysql.constants import CLIENT

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.lab.directory import State
from rdsrestore.lab.network import session_manager, ssh


def run(state: State, ca: Path, statements: str) -> Iterator[str]:
    """Run statements and yield what each gave: tab-separated rows under a heading, or a count."""
    try:
        connection = pymysql.connections.Connection(
            host=state.host,
            port=state.port,
            user=state.user,
            password=state.password,
            ssl=ssl.create_default_context(cafile=str(ca)),
            charset="utf8mb4",
            client_flag=CLIENT.MULTI_STATEMENTS,
            autocommit=True,
            connect_timeout=10,
            defer_connect=True,
        )
        connection.connect(way_to(state))
    except pymysql.MySQLError as error:
        raise DatabaseError("lab sql", str(error.args[-1]), "rdsrestore lab status shows what is up") from error
    with connection, connection.cursor() as cursor:
        try:
            cursor.execute(statements)
            more: bool | None = True
            while more:
                yield from lines(cursor)
                more = cursor.nextset()
        except pymysql.MySQLError as error:
            raise DatabaseError("lab sql", str(error.args[-1])) from error


def way_to(state: State) -> socket.socket | None:
    """Connect from where the lab's databases are reached; None where that is this machine itself."""
    if state.ssh_config:
        return ssh.through(state.ssh_config, state.host, state.port)
    return session_manager.through(state.host, state.port) if state.node else None


def lines(cursor: pymysql.cursors.Cursor) -> Iterator[str]:
    """Write one result."""
    if not cursor.description:
        yield f"{cursor.rowcount} rows affected"
        return
    yield "\t".join(column[0] for column in cursor.description)
    for row in cursor.fetchall():
        yield "\t".join(cell(value) for value in row)


def cell(value: object) -> str:
    """Write one value on one line."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
