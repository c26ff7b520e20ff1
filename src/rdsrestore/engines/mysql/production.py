"""The server with the damaged table, as the steps see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rdsrestore.core.errors import DatabaseError
from rdsrestore.core.model import TableRef
from rdsrestore.core.ports import Progress
from rdsrestore.core.tables import (
    DumpFile,
    ServerFacts,
    TableCheck,
    TableDefinition,
    TableDifference,
    TableLoad,
)
from rdsrestore.engines.mysql import catalog, compare, ddl, load, staging, where
from rdsrestore.engines.mysql.connect import Login, Session, connect, quoted
from rdsrestore.engines.mysql.server import facts
from rdsrestore.engines.mysql.tally import Tally

WHERE = "production"


class MysqlProduction:
    """Logs in at the first call, and again where the connection was lost between two calls."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._session: Session | None = None

    def close(self) -> None:
        """Log out."""
        if self._session:
            self._session.close()
            self._session = None

    def server(self) -> ServerFacts:
        """Read what the server is and allows."""
        return facts(self._ready())

    def databases(self) -> Sequence[str]:
        """Name the users' databases."""
        return catalog.databases(self._ready())

    def tables(self, database: str) -> Sequence[str]:
        """Name a database's base tables."""
        return catalog.tables(self._ready(), database)

    def definition(self, ref: TableRef) -> TableDefinition | None:
        """Read a table's definition; None where it does not exist."""
        return catalog.definition(self._ready(), ref)

    def similar(self, ref: TableRef) -> Sequence[str]:
        """Name the tables of the same database that read like it."""
        return catalog.similar(self._ready(), ref)

    def count(self, ref: TableRef) -> int:
        """Count a table's rows exactly."""
        (number,) = self._ready().one(f"SELECT COUNT(*) FROM {catalog.qualified(ref)}")
        return int(number)

    def check_where(self, ref: TableRef, expression: str) -> str:
        """Say what is wrong with a row filter; empty where it is one expression over the table's own columns."""
        columns = frozenset(column.name for column in catalog.read_columns(self._ready(), ref))
        problem = where.problem(expression, columns)
        if problem:
            return problem
        try:
            self._ready().rows(f"EXPLAIN SELECT 1 FROM {catalog.qualified(ref)} WHERE ({expression})")
        except DatabaseError as error:
            return f"is not understood by the server: {error.what}"
        return ""

    def create_scratch(self, schema: str, run: str) -> None:
        """Make the run's scratch schema, marked as ours; ours already is fine."""
        staging.create(self._ready(), schema, run)

    def drop_scratch(self, schema: str) -> None:
        """Drop the scratch schema if it is ours; gone already is fine."""
        staging.drop(self._ready(), schema)

    def scratch_exists(self, schema: str) -> bool:
        """Say whether the scratch schema is still there."""
        return staging.exists(self._ready(), schema)

    def create_landing(self, schema: str, dump: DumpFile, landing: TableRef, *, with_foreign_keys: bool) -> None:
        """Create an empty table from the restored definition and note it in the scratch schema."""
        session = self._ready()
        if self.definition(landing):
            raise DatabaseError("landing", f"{landing} exists already", "choose another name", code="db.table-exists")
        statement = ddl.landing(dump.definition, landing, with_foreign_keys=with_foreign_keys)
        session.run(f"REPLACE INTO {quoted(schema)}.{staging.LANDINGS} VALUES (%s)", (str(landing),))
        session.run(f"USE {quoted(landing.database)}")
        session.run(statement)

    def drop_landing(self, schema: str, landing: TableRef) -> None:
        """Drop a table that `create_landing` made for this run and that is still empty; otherwise leave it."""
        session = self._ready()
        if not staging.exists(session, schema) or not self.definition(landing):
            return
        ours = session.rows(f"SELECT 1 FROM {quoted(schema)}.{staging.LANDINGS} WHERE name = %s", (str(landing),))
        if ours and not session.rows(f"SELECT 1 FROM {catalog.qualified(landing)} LIMIT 1"):
            session.run(f"DROP TABLE {catalog.qualified(landing)}")

    def stage(self, schema: str, dump: DumpFile, folder: Path, progress: Progress) -> None:
        """Load a dump into the scratch schema; VerifyError where it differs from the copy's fingerprint."""
        staging.stage(self._ready(), self._login, schema, dump, folder, progress)

    def compare(
        self, schema: str, dump: DumpFile, landing: TableRef, staged: Sequence[TableRef], progress: Progress
    ) -> TableDifference:
        """Class every staged row against the landing and keep the result in the scratch schema.

        Changes nothing else.
        """
        return compare.compare(self._ready(), self._board(schema, dump, landing), staged, progress)

    def load(self, schema: str, dump: DumpFile, landing: TableRef, progress: Progress) -> TableLoad:
        """Insert the rows classed as missing, in transactions of bounded size."""
        return load.load(self._ready(), self._board(schema, dump, landing), progress)

    def loaded(self, schema: str, dump: DumpFile, landing: TableRef) -> TableLoad:
        """Say what has been inserted so far."""
        return load.loaded(self._ready(), self._board(schema, dump, landing))

    def inserted(self, schema: str, dump: DumpFile, landing: TableRef) -> Iterator[str]:
        """Yield a SQL condition for each row that was inserted."""
        return load.inserted_keys(self._ready(), self._board(schema, dump, landing))

    def verify(self, schema: str, dump: DumpFile, landing: TableRef, before: int) -> TableCheck:
        """Count and compare what is in the landing now with what was planned."""
        return load.verify(self._ready(), self._board(schema, dump, landing), before)

    def _board(self, schema: str, dump: DumpFile, landing: TableRef) -> Tally:
        live = self.definition(landing)
        if live is None:
            raise DatabaseError(WHERE, f"{landing} is gone", "add --recreate to create it again", code="db.no-table")
        return Tally(schema, dump, live)

    def _ready(self) -> Session:
        if self._session is None or not self._session.alive:
            self.close()
            self._session = connect(self._login, WHERE)
        return self._session
