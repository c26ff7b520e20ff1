"""The restored server, as the steps see it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.request.invariants import Invariant
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.dump_file import DumpFile, Fingerprint
from rdsrestore.domain.tables.key_range import Chunk
from rdsrestore.domain.tables.question import Take
from rdsrestore.domain.tables.selection import Selection
from rdsrestore.mysql.checksum import key_file, row_hash
from rdsrestore.mysql.checksum.key_ranges import TableRows, table_rows
from rdsrestore.mysql.dump import definition_check, lossless, triggers
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.dump.mysqldump import Source, chosen, dump, vetted
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.session.login.connection import connect
from rdsrestore.mysql.session.login.pool import Logins
from rdsrestore.mysql.session.remote import RemoteExecutor
from rdsrestore.mysql.verify import questions
from rdsrestore.mysql.verify.invariants import read
from rdsrestore.ports.progress import Progress


class MysqlRestoredDatabase:
    """A login to the temporary instance; nobody else writes to it.

    Dumps are encrypted for `key`; where there is a `remote`, it fetches them.
    """

    def __init__(self, logins: Logins, key: Secret | None, remote: RemoteExecutor | None = None) -> None:
        self._login = logins.login
        self._key = key
        self._team = remote
        self._session = logins.take()
        self._logins = logins
        self._checked = set[tuple[TableRef, Selection]]()
        self._renewed = set[TableRef]()

    def close(self) -> None:
        """Give the session back; whoever has the logins logs out."""
        self._logins.give(self._session)

    def drop(self) -> None:
        """Log out: nobody knows what the session was at."""
        self._session.close()

    def definition(self, ref: TableRef) -> TableDefinition | None:
        """Read a table's definition; None where it did not exist at that time."""
        return catalog.definition(self._session, ref)

    def similar(self, ref: TableRef) -> Sequence[str]:
        """Name the tables of the same database that read like it."""
        return catalog.similar(self._session, ref)

    def read(self, database: str, invariants: Sequence[Invariant]) -> Sequence[str]:
        """Read what has to be right."""
        return read(self._session, database, invariants)

    def ask(self, database: str, statement: str, most: int | None, take: Take) -> str:
        """Run one statement that only reads."""
        with closing(connect(self._login, "dump: the copy")) as session:  # it is set as the question needs it
            return questions.ask(session, database, statement, most, take)

    def rows(self, definition: TableDefinition, other: TableDefinition, policy: Policy) -> TableRows:
        """Give access to a table's rows by ranges."""
        given = self._team.admit(self._login, "the copy") if self._team else self._logins
        self._renew_statistics(definition.ref)
        return table_rows(self._session, definition, other, policy, given)

    def keys(
        self, definition: TableDefinition, other: TableDefinition | None, path: Path
    ) -> tuple[Sequence[Chunk], Sequence[str]]:
        """Look the keys of a file up."""
        return key_file.find(self._session, path, definition, other)

    def check(self, definition: TableDefinition, selection: Selection, *, made: bool) -> None:
        """Refuse rows that a dump would not bring back as they are, and where the table is to be made, a definition."""
        where = vetted(selection.where, definition) if selection.where else None
        given = chosen(self._session, definition, selection.chunks, where) if selection.chunks else [where]
        lossless.check(self._session, definition, given)
        if made:
            definition_check.check(self._session, definition)
        self._checked.add((definition.ref, selection))

    def _renew_statistics(self, ref: TableRef) -> None:
        """Renew what the server knows of a table: by what the backup had, it may read all of it for each range."""
        if ref not in self._renewed:
            self._renewed.add(ref)
            mariadb = "mariadb" in self._session.greeted.lower()  # which may be set to read the whole table for it
            brief = "SET STATEMENT use_stat_tables = 'never' FOR " if mariadb else ""
            with suppress(DatabaseError):  # a login that may not is only slower
                self._session.rows(f"{brief}ANALYZE NO_WRITE_TO_BINLOG TABLE {catalog.qualified(ref)}")

    def trigger_statements(self, definition: TableDefinition, names: Sequence[str]) -> str:
        """Write what makes these triggers of a table again."""
        return triggers.statements(self._session, definition, names)

    def check_key_values(self, definition: TableDefinition, key: Sequence[str]) -> None:
        """Refuse keys that no literal finds."""
        lossless.check_keys(self._session, definition, key)

    def fingerprint(self, definition: TableDefinition, chunks: Path) -> Fingerprint:
        """Take the fingerprint of the rows that a file of chunks names."""
        columns, table = definition.columns, catalog.qualified(definition.ref)
        parts = (
            row_hash.fingerprint(self._session, table, columns, condition, index=definition.key_index)
            for condition in chosen(self._session, definition, chunks, None)
        )
        return sum(parts, Fingerprint(0, 0))

    def dump(self, definition: TableDefinition, selection: Selection, folder: Path, progress: Progress) -> DumpFile:
        """Dump a table's rows into `folder`, check the file, and take the server's fingerprint of the same rows.

        Refuses what `check` refuses.
        """
        self._renew_statistics(definition.ref)
        if (definition.ref, selection) not in self._checked:
            self.check(definition, selection, made=False)
        source = Source(self._session, self._logins, self._team)
        return dump(source, definition, selection, DumpStore(folder, self._key), progress)
