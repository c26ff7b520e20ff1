"""Sessions: verified TLS, every setting that the result depends on set and read back."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pymysql
from pymysql.constants import CLIENT
from pymysql.cursors import DictCursor, SSCursor

from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.session.cut_off import Line
from rdsrestore.mysql.session.errors import PLUGIN, SILENT, number_of, translated
from rdsrestore.mysql.session.login.time_literal import clock
from rdsrestore.mysql.session.login.tls import how_to, trust
from rdsrestore.mysql.session.road.direct import Road, direct
from rdsrestore.mysql.session.road.local import to_file
from rdsrestore.mysql.session.settings import settle
from rdsrestore.mysql.session.timed_connection import TimedConnection

Row = tuple[Any, ...]
T = TypeVar("T")


LOST_INSIDE = 2013
REFUSED = 1045
HOW_IAM = (
    "the user has to log in by IAM (RDS user guide, IAM database authentication), which the instance has to allow,"
    " as has your policy: rdsrestore iam-policy --db-user NAME"
)
HUNG_UP = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""A server that goes away in the middle of a login says nothing about its certificate."""
IDLE = 1.0
"""Seconds after which an open connection may have been lost unnoticed."""


@dataclass(frozen=True)
class Login:
    """Where and as whom to log in; `ca` is a file of trusted certificates, None for the system's own.

    `patience` bounds the wait for each of the server's answers until one is logged in, in seconds; `line` is what
    connections go over. `renewed` is asked for another password where this one is refused; None where there is none.
    `token` makes a password for each connection in place of `password`, to be sent in clear text within TLS.
    `road` leads to the endpoint; whichever it is, the server has to prove the endpoint's own name. `socket` is a file
    on this machine that the server answers at in place of its endpoint; nobody reads along there.
    """

    endpoint: Endpoint
    user: str
    password: Secret
    ca: Path | None
    patience: float = USUAL.connect
    line: Line = field(default_factory=Line, compare=False)
    renewed: Callable[[Secret], Secret | None] = field(default=lambda _refused: None, compare=False, repr=False)
    road: Road = field(default=direct, compare=False, repr=False)
    socket: Path | None = None
    token: Callable[[], Secret] | None = field(default=None, compare=False, repr=False)

    @property
    def secret(self) -> Secret:
        """The password of the next connection."""
        return self.token() if self.token else self.password

    @property
    def straight(self) -> Endpoint | None:
        """The endpoint as this machine's own network leads to it; None where that is the bastion's."""
        return self.endpoint if self.road is direct else None


class Session:
    """A login that is made again where the connection was lost, with all settings.

    Every error that comes out is a DatabaseError that names `where`. A statement is never repeated here: what was
    under way when the connection was lost is known to the caller alone.
    """

    def __init__(self, dial: Callable[[], TimedConnection], where: str) -> None:
        self._dial = dial
        self._where = where
        self._inside = False
        self._used = time.monotonic()
        self.known: dict[Any, Any] = {}
        """What was read before, to be looked at again before it is taken to be true."""
        self._connection = dial()
        settle(self, where)

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Run a query and return all its rows: only for results that are small by nature."""
        with translated(self._where), self._ready().cursor() as cursor:
            cursor.execute(sql, tuple(values) or None)
            return list(cursor.fetchall())

    def one(self, sql: str, values: Sequence[object] = ()) -> Row:
        """Run a query that gives exactly one row."""
        (row,) = self.rows(sql, values)
        return row

    def named(self, sql: str) -> dict[str, Any]:
        """Run a query and return its first row by column; nothing where there is none."""
        with translated(self._where), self._ready().cursor(DictCursor) as cursor:
            cursor.execute(sql)
            return dict(cursor.fetchone() or {})

    def run(self, sql: str, values: Sequence[object] = ()) -> int:
        """Run a statement and return how many rows it affected."""
        with translated(self._where), self._ready().cursor() as cursor:
            return int(cursor.execute(sql, tuple(values) or None))

    def send(self, statement: bytes) -> int:
        """Run a statement that is written already, as a dump's are; returns how many rows it affected."""
        with translated(self._where):
            return int(self._ready().query(statement))

    def through(self, act: Callable[[pymysql.Connection[Any]], T]) -> T:
        """Do what the driver has no words for."""
        with translated(self._where):
            return act(self._ready())

    def stream(self, sql: str) -> Iterator[Row]:
        """Run a query and yield its rows without holding them."""
        with translated(self._where), self._ready().cursor(SSCursor) as cursor:
            cursor.execute(sql)
            yield from cursor

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, or roll back and let the error out."""
        self.run("START TRANSACTION")
        self._inside = True
        try:
            yield
            with translated(self._where):
                self._connection.commit()
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._inside = False

    def literal(self, value: object) -> str:
        """Write a value as this session's SQL would read it, bytes so that they are also a number where one is due."""
        if isinstance(value, bytes):
            return f"0x{value.hex()}" if value else "''"
        if isinstance(value, timedelta):
            return f"'{clock(value)}'"
        return str(self._connection.escape(value))

    @property
    def alive(self) -> bool:
        """Whether the connection is open; one that was idle for a while is asked."""
        if self._connection.open and time.monotonic() - self._used > IDLE:
            try:
                self._connection.ping(reconnect=False)
            except (pymysql.MySQLError, OSError):
                self.close()
        return bool(self._connection.open)

    def answers(self, within: float) -> bool:
        """Ask whether the connection is there, for so many seconds at the most; one that is not is closed."""
        self._used = time.monotonic()
        if not self._connection.there(within):
            self.close()
        return bool(self._connection.open)

    @property
    def greeted(self) -> str:
        """The version that the server named at the login."""
        return str(self._connection.get_server_info())  # type: ignore[no-untyped-call]  # the driver leaves it untyped

    def close(self) -> None:
        """Close, quietly: the server may be gone already."""
        with contextlib.suppress(pymysql.MySQLError, OSError):
            self._connection.close()

    def _ready(self) -> TimedConnection:
        self._used = time.monotonic()
        if not self._connection.open and self._inside:
            raise pymysql.OperationalError(LOST_INSIDE, "the connection was lost within a transaction")
        if not self._connection.open:
            self._connection = self._dial()
            settle(self, self._where)
        return self._connection

    def _roll_back(self) -> None:
        try:
            self._connection.rollback()
        except (pymysql.MySQLError, OSError):
            self.close()


def connect(login: Login, where: str) -> Session:
    """Log in and settle the session.

    DatabaseError with code `db.unreachable`, `db.denied` or `db.tls` where that fails.
    """
    return Session(lambda: dial(login, where), where)


def dial(login: Login, where: str) -> TimedConnection:
    """Make one connection, over verified TLS or not at all; once more where the password was changed meanwhile."""
    try:
        return dial_once(login, where)
    except DatabaseError as error:
        fresh = login.renewed(login.password) if number_of(error) == REFUSED else None
        if fresh is None and login.token and number_of(error) == REFUSED:
            raise DatabaseError(where, error.what, HOW_IAM, code=error.code) from error
        if fresh is None:
            raise
    return dial_once(replace(login, password=fresh), where)


def dial_once(login: Login, where: str) -> TimedConnection:
    """Make one connection with this very password."""
    login.line.ready(where)
    context = None if login.socket else trust(login.ca)
    connection = TimedConnection(
        host=login.endpoint.host,
        port=login.endpoint.port,
        user=login.user,
        password=login.secret.reveal().encode(),
        ssl=context,
        ssl_disabled=context is None,
        charset="utf8mb4",
        autocommit=True,
        client_flag=CLIENT.LOCAL_FILES,  # without local_infile the driver refuses whatever file a server asks for
        defer_connect=True,
        max_allowed_packet=1 << 30,
        read_timeout=login.patience,
        write_timeout=login.patience,
    )
    with translated(where):
        opened = connect_socket(login, where)
        try:
            connection.connect(opened)
        except pymysql.MySQLError as error:
            opened.close()
            cause = error.__cause__ or error.__context__
            if isinstance(cause, ssl.SSLError) and not isinstance(cause, HUNG_UP):
                raise tls_failed(login, where, error) from error
            raise
        except RuntimeError as error:  # the driver's own word for a login that needs a library that is not there
            opened.close()
            raise DatabaseError(where, f"the login can't be made: {error}", PLUGIN.hint, code=PLUGIN.code) from error
    connection.where, connection.made = where, time.monotonic()
    connection.again = lambda: dial(aside(login), where)
    connection._read_timeout = login.line.patience  # noqa: SLF001 - has no other name
    connection._write_timeout = login.line.patience  # type: ignore[attr-defined]  # noqa: SLF001 - likewise
    login.line.take(connection, where)
    return connection


def aside(login: Login) -> Login:
    """Return a login whose every answer is bounded, for a question beside the work."""
    return replace(login, line=Line(login.patience))


def connect_socket(login: Login, where: str) -> socket.socket:
    """Connect and wait for the server to speak first, which a firewall that swallows packets never does.

    The handshake that follows is bound by the same patience; whoever reads or writes later sets a bound of its own.
    """
    endpoint = login.endpoint
    with contextlib.ExitStack() as unless_greeted:
        try:
            opened = to_file(login.socket, login.patience) if login.socket else login.road(endpoint, login.patience)
            unless_greeted.callback(opened.close)
            greeted = bool(opened.recv(1, socket.MSG_PEEK))
        except OSError as error:
            raise DatabaseError(where, f"{endpoint} does not answer: {error}", SILENT.hint, code=SILENT.code) from error
        if not greeted:
            raise DatabaseError(where, f"{endpoint} closed the connection", SILENT.hint, code=SILENT.code)
        unless_greeted.pop_all()
    return opened


def tls_failed(login: Login, where: str, error: pymysql.MySQLError) -> DatabaseError:
    """Say that the server could not prove who it is."""
    return DatabaseError(
        where,
        f"the server's certificate was not accepted: {error.args[-1]}",
        how_to(login.endpoint, error.__cause__ or error.__context__),
        code="db.tls",
    )


def quoted(name: str) -> str:
    """Quote an identifier, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"
