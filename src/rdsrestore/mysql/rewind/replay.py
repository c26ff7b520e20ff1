"""Plays row events on a scratch server: backwards into an empty table, then forwards again as the proof of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rdsrestore.domain.errors import DatabaseError, Refused
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.mysql.binlog.log_events import LogEvent
from rdsrestore.mysql.rewind.log_walk import HINT, UNPROVED
from rdsrestore.mysql.rewind.row_changes import RowChange, again, back, opening, statement, together
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.errors import number_of
from rdsrestore.mysql.session.login.connection import Session, quoted
from rdsrestore.ports.progress import Progress

LENIENT, STRICT = "IDEMPOTENT", "STRICT"


class Replay:
    """One table on a scratch server, made as production has it; `form` is of the files that the changes come from."""

    def __init__(self, session: Session, definition: TableDefinition, form: LogEvent) -> None:
        self._session = session
        self._ref = definition.ref
        self._variable = (
            "GLOBAL slave_exec_mode" if "mariadb" in session.greeted.lower() else "SESSION rbr_exec_mode"
        )  # MariaDB's is for the whole server, which is ours alone
        charset, collation = definition.in_database
        database = quoted(self._ref.database)
        with refusing("the scratch server does not take the table's definition"):
            session.run(f"DROP DATABASE IF EXISTS {database}")
            session.run(f"CREATE DATABASE {database} CHARACTER SET {charset} COLLATE {collation}")
            session.run(f"USE {database}")
            session.run("SET SESSION foreign_key_checks = 0")
            session.run(definition.create_sql)
            session.send(statement([opening(form)]))

    def back(self, changes: Sequence[RowChange], progress: Progress) -> None:
        """Take changes back, the last one first: the table ends with the touched rows as they were."""
        self._mode(LENIENT)
        done = 0
        for run in reversed(list(together(changes))):
            progress(f"{self._ref.table}: rows are turned back", done / len(changes))
            with refusing("the binlog's rows can't be turned back"):
                self._session.send(statement(back(run)))
            done += len(run)

    def forward(self, changes: Sequence[RowChange], progress: Progress) -> None:
        """Do changes again; Refused where one does not find the rows that it found then."""
        self._mode(STRICT)
        done = 0
        for run in together(changes):
            progress(f"{self._ref.table}: the proof: rows are brought forward again", done / len(changes))
            with refusing("played forward again the binlog does not fit its own rows"):
                self._session.send(statement(again(run)))
            done += len(run)

    def count(self) -> int:
        """Count the table's rows."""
        (rows,) = self._session.one(f"SELECT COUNT(*) FROM {qualified(self._ref)}")
        return int(rows)

    def _mode(self, mode: str) -> None:
        self._session.run(f"SET {self._variable} = '{mode}'")


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Refuse where the scratch server does: by its number alone, for its words may hold a row."""
    try:
        yield
    except DatabaseError as error:
        raise Refused("--rows-from", f"{what} (error {number_of(error)})", HINT, code=UNPROVED) from error
