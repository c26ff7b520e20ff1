"""Rows that come from production's binlog alone, as the steps ask for them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path

from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.target import TurnedBack
from rdsrestore.domain.tables.transaction import LaterChanges, LoggedTransaction, TransactionName
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.rewind import named_transaction, rows_from_binlog, transaction_rows
from rdsrestore.mysql.rewind.rows_from_binlog import Server
from rdsrestore.mysql.rewind.trial import Trial, trial
from rdsrestore.mysql.session.login.connection import Login, connect
from rdsrestore.ports.progress import Progress


class BinlogRows:
    """Reads production's binlog over connections of its own; what a trial found is kept until `close`.

    Dumps are encrypted for `key`, an age identity, where it is given.
    """

    def __init__(self, key: Secret | None) -> None:
        self._sealed_for = key
        self._trials = ExitStack()
        self._trial: Trial | None = None

    @abstractmethod
    def _own(self, endpoint: Endpoint, user: str) -> Login:
        """Make a login to production."""

    def close(self) -> None:
        """Remove what was only tried."""
        self._trials.close()

    def check_rows_from_binlog(self, endpoint: Endpoint, user: str, definition: TableDefinition) -> None:
        """Refuse early what is known without the binlog's content."""
        with self._source(endpoint, user) as source:
            rows_from_binlog.check(source.session, definition)

    def try_rows_from_binlog(
        self, endpoint: Endpoint, user: str, definition: TableDefinition, moment: datetime, progress: Progress
    ) -> None:
        """Do what `rows_from_binlog` does, and keep what comes of it until that is asked for it."""
        with self._source(endpoint, user) as source:
            self._trial = self._trials.enter_context(trial(source, definition, moment, self._sealed_for, progress))

    def rows_from_binlog(
        self,
        endpoint: Endpoint,
        user: str,
        definition: TableDefinition,
        moment: datetime,
        folder: Path,
        progress: Progress,
    ) -> TurnedBack:
        """Dump what a table's rows were that were touched since a moment, from production's binlog alone."""
        with self._source(endpoint, user) as source:
            tried = self._trial.into(folder, source, definition, moment, progress) if self._trial else None
            if tried:
                return tried
            store = DumpStore(folder, self._sealed_for)
            return rows_from_binlog.rows_from_binlog(source, definition, moment, store, progress)

    def transaction(
        self, endpoint: Endpoint, user: str, name: TransactionName, since: datetime | None, progress: Progress
    ) -> LoggedTransaction:
        """Find a transaction in the binlog."""
        with self._source(endpoint, user) as source:
            return named_transaction.located(source.session, source.login, name, since, progress)

    def later_changes(
        self,
        endpoint: Endpoint,
        user: str,
        definitions: Sequence[TableDefinition],
        transaction: LoggedTransaction,
        progress: Progress,
    ) -> LaterChanges:
        """Name the later transactions that changed the same rows."""
        with self._source(endpoint, user) as source:
            return transaction_rows.later_changes(source, definitions, transaction, progress)

    def rows_of_transaction(
        self,
        endpoint: Endpoint,
        user: str,
        definitions: Sequence[TableDefinition],
        transaction: LoggedTransaction,
        folder: Path,
        progress: Progress,
    ) -> Sequence[TurnedBack]:
        """Dump what a transaction's rows were before it, and what it made of them."""
        store = DumpStore(folder, self._sealed_for)
        with self._source(endpoint, user) as source:
            return transaction_rows.rows_of_transaction(source, definitions, transaction, store, progress)

    @contextmanager
    def _source(self, endpoint: Endpoint, user: str) -> Iterator[Server]:
        login = self._own(endpoint, user)
        with closing(connect(login, "production")) as session:
            yield Server(session, login)
