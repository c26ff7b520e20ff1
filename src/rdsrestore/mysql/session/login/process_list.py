"""Who is logged in to a server, and what each connection is at."""

from __future__ import annotations

from typing import Any, NamedTuple

import pymysql

IDLE = "Sleep"


class Process(NamedTuple):
    """A connection: `command` is `IDLE` where it is idle, `statement` has question marks for what is not ASCII."""

    number: int
    user: str
    host: str
    command: str
    statement: str


def read(connection: pymysql.Connection[Any]) -> list[Process]:
    """List the connections that the login may see.

    Not from information_schema, where MySQL answers each question with error 3854 as long as anybody's statement has a
    character outside the basic plane; and in ASCII, since a statement's bytes need not be text.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION character_set_results = ascii")
        try:
            cursor.execute("SHOW FULL PROCESSLIST")
            found = cursor.fetchall()
        finally:
            cursor.execute("SET SESSION character_set_results = utf8mb4")
    return [
        Process(int(number), str(user), str(host), str(command), str(statement or ""))
        for number, user, host, _database, command, _seconds, _state, statement, *_progress in found
    ]
