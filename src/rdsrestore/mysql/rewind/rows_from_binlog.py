"""A table's rows as of a moment, from production's binlog alone: only the rows that were touched since.

They are dumped from a scratch server, as a copy's are, and believed once the same events, played forward again, have
led to what production holds now. What is changed on production meanwhile is read anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rdsrestore.diff import chunk_file
from rdsrestore.domain.errors import Refused
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.dump_file import DumpFile
from rdsrestore.domain.tables.key_range import EVERYTHING, Chunk, Key
from rdsrestore.domain.tables.selection import Selection
from rdsrestore.domain.tables.target import AFTER, Located, TurnedBack
from rdsrestore.mysql.binlog import fetch, history
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.checksum.key_conditions import batches, key_columns
from rdsrestore.mysql.checksum.key_ranges import table_rows
from rdsrestore.mysql.dump import lossless
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.dump.mysqldump import Source, dump
from rdsrestore.mysql.rewind.log_walk import HINT, UNPROVED, LogWalk
from rdsrestore.mysql.rewind.replay import Replay
from rdsrestore.mysql.rewind.row_changes import RowChange
from rdsrestore.mysql.rewind.scratch_server import ServerProgram, scratch_server, server_program
from rdsrestore.mysql.rewind.whole_log import refuse_unfit, walked
from rdsrestore.mysql.schema import catalog
from rdsrestore.mysql.session.login.connection import Login, Session, connect
from rdsrestore.mysql.session.login.pool import Logins
from rdsrestore.ports.progress import Progress

TRIES = 3
"""How often the binlog is read anew where production was changed while the rows were proved."""
TOGETHER = 1000
"""Keys in a line of the file that names them."""


@dataclass(frozen=True)
class Server:
    """A server that we are logged in to."""

    session: Session
    login: Login


def rows_from_binlog(
    production: Server,
    definition: TableDefinition,
    moment: datetime,
    store: DumpStore,
    progress: Progress,
) -> TurnedBack:
    """Dump the touched rows as of a moment, and name in files beside the dump their keys, and all that were touched.

    Refused with code `binlog.unproved` where it is not certain that they are all and right, with `copy.empty` where
    there is none; ToolError where a program is missing or fails, or a file is torn.
    """
    session = production.session
    program = check(session, definition)
    (names,) = session.one("SELECT @@lower_case_table_names")
    with fetch.folder() as place, discarding(store, definition):
        walk = walked(session, production.login, definition, moment, place, progress)
        refuse_untouched(walk, definition, moment)
        progress("starting a scratch server on this machine", None)
        with scratch_server(program, place, int(names)) as login, closing(connect(login, "the scratch server")) as own:
            for _try in range(TRIES):
                if found := played(production, definition, walk, Server(own, login), store, progress):
                    return found
                progress("production was changed meanwhile; reading on", None)
                walk = walked(session, production.login, definition, moment, place, progress)
        what = f"played forward again the rows of {definition.ref} are not what production holds"
        raise Refused("--rows-from", what, HINT, code=UNPROVED)


def played(
    production: Server,
    definition: TableDefinition,
    walk: LogWalk,
    scratch: Server,
    store: DumpStore,
    progress: Progress,
) -> TurnedBack | None:
    """Play what was gathered on a scratch server; None where the rows, played forward again, are not production's."""
    copy = Copy(scratch.session, scratch.login, definition, Replay(scratch.session, definition, walk.form_of_all))
    dumped, located = copy.rewound(walk, store.folder, store, progress)
    touched = copy.touched(walk, store.folder, progress)
    return TurnedBack(dumped, located, touched) if copy.meets(production.session, touched) else None


def check(session: Session, definition: TableDefinition) -> ServerProgram:
    """Refuse early what is known without the binlog's content; returns the program of the scratch server.

    Raises what `rows_from_binlog` raises.
    """
    refuse_unfit(session.greeted, definition)
    fetch.program(history.family(session))
    history.listing(session)
    (version,) = session.one("SELECT VERSION()")
    return server_program(history.family(session), str(version))


@contextmanager
def discarding(store: DumpStore, definition: TableDefinition) -> Iterator[None]:
    """Leave no rows behind that were not proved."""
    try:
        yield
    except BaseException:
        stem = definition.ref.stem
        for name in (f"{stem}.part", f"{stem}.sql"):
            store.path(store.named(name)).unlink(missing_ok=True)
            store.at(AFTER).path(store.named(name)).unlink(missing_ok=True)
        for path in (keys_of(store.folder, definition), touched_of(store.folder, definition)):
            path.unlink(missing_ok=True)
        raise


def keys_of(folder: Path, definition: TableDefinition) -> Path:
    """Name the file of the keys of a table's touched rows as they were."""
    return folder / f"slices-{definition.ref.stem}.jsonl"


def touched_of(folder: Path, definition: TableDefinition) -> Path:
    """Name the file of all touched keys of a table, of rows that came since, too."""
    return folder / f"touched-{definition.ref.stem}.jsonl"


def refuse_untouched(walk: LogWalk, definition: TableDefinition, moment: datetime) -> None:
    """Refuse where there is nothing to turn back."""
    if not walk.changes:
        what = f"the binlog has no change of {definition.ref} since {moment:%Y-%m-%dT%H:%M:%SZ}"
        raise Refused("--rows-from", what, "choose a --before that lies before the incident", code="copy.empty")


class Copy:
    """The table on the scratch server."""

    def __init__(self, session: Session, login: Login, definition: TableDefinition, replay: Replay) -> None:
        self._session, self._login = session, login
        self._definition = definition
        self._replay = replay
        self.keys: list[Key] = []
        made = catalog.definition(session, definition.ref)
        if made is None or made.columns != definition.columns or made.key != definition.key:
            what = f"the scratch server makes another table of the definition of {definition.ref}"
            raise Refused("--rows-from", what, HINT, code=UNPROVED)

    def rewound(self, walk: LogWalk, folder: Path, store: DumpStore, progress: Progress) -> tuple[DumpFile, Located]:
        """Turn the rows back, and dump them."""
        ref = self._definition.ref
        self.back(walk.changes, progress)
        if not self.keys:
            what = f"no row that {ref} had then was changed since: rows were only added"
            raise Refused("--rows-from", what, "choose a --before that lies before the incident", code="copy.empty")
        path = keys_of(folder, self._definition)
        written = chunk_file.write(path, chunks(self.keys))
        return self.dumped(Selection(), store, progress), Located(ref, str(path), *written)

    def back(self, changes: Sequence[RowChange], progress: Progress) -> None:
        """Turn changes back, and see which rows are there then."""
        self._replay.back(changes, progress)
        self.keys = list(self._there())

    def again(self, changes: Sequence[RowChange], progress: Progress) -> None:
        """Do changes again, and see which rows are there then."""
        self._replay.forward(changes, progress)
        self.keys = list(self._there())

    def dumped(self, selection: Selection, store: DumpStore, progress: Progress) -> DumpFile:
        """Dump rows that are there, where a dump brings them back as they are."""
        definition = self._definition
        lossless.check(self._session, definition, [None])
        lossless.check_keys(self._session, definition, definition.key)
        with closing(Logins(self._login, "the scratch server")) as logins:
            return dump(Source(self._session, logins), definition, selection, store, progress)

    def touched(self, walk: LogWalk, folder: Path, progress: Progress) -> Located:
        """Bring the rows forward again, and name all keys that either time had."""
        before, ref, keys = self._replay.count(), self._definition.ref, self.keys
        self.again(walk.changes, progress)
        if self._replay.count() != before + walk.added:
            what = f"played forward again {ref} has {self._replay.count():,} rows, not {before + walk.added:,}"
            raise Refused("--rows-from", what, HINT, code=UNPROVED)
        path = touched_of(folder, self._definition)
        touched = list(dict.fromkeys((*keys, *self.keys)))
        return Located(ref, str(path), *chunk_file.write(path, chunks(touched)))

    def meets(self, production: Session, touched: Located) -> bool:
        """Say whether the rows, brought forward again, are what production holds of all touched keys."""
        ref, columns = self._definition.ref, self._definition.columns
        index = self._definition.key_index
        return all(
            row_hash.fingerprint(self._session, catalog.qualified(ref), columns, condition, index=index)
            == row_hash.fingerprint(production, catalog.qualified(ref), columns, condition, index=index)
            for condition in batches(
                chunk_file.read(Path(touched.path)), key_columns(self._definition.key, columns, columns)
            )
        )

    def _there(self) -> Iterable[Key]:
        """Return the keys of the rows that are there."""
        return table_rows(self._session, self._definition, self._definition, Policy()).keys(EVERYTHING)


def chunks(keys: list[Key]) -> Iterator[Chunk]:
    """Name keys, some at a time."""
    return (Chunk(keys=tuple(keys[start : start + TOGETHER])) for start in range(0, len(keys), TOGETHER))
