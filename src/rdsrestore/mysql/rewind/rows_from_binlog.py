"""A table's rows as of a moment, from production's binlog alone: only the rows that were touched since.

They are dumped from a scratch server, as a copy's are, and believed once the same events, played forward again, have
led to what production holds now. What is changed on production meanwhile is read anew.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from rdsrestore.domain.tables.target import Located
from rdsrestore.mysql.binlog import fetch, history
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.checksum.key_conditions import batches, key_columns
from rdsrestore.mysql.checksum.key_ranges import table_rows
from rdsrestore.mysql.dump import lossless
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.dump.mysqldump import Source, dump
from rdsrestore.mysql.rewind.log_walk import HINT, UNPROVED, LogWalk
from rdsrestore.mysql.rewind.replay import Replay
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
class Production:
    """The server whose binlog it is."""

    session: Session
    login: Login


def rows_from_binlog(
    production: Production,
    definition: TableDefinition,
    moment: datetime,
    folder: Path,
    store: DumpStore,
    progress: Progress,
) -> tuple[DumpFile, Located]:
    """Dump the touched rows as of a moment, and name their keys in a file of the folder.

    Refused with code `binlog.unproved` where it is not certain that they are all and right, with `copy.empty` where
    there is none; ToolError where a program is missing or fails, or a file is torn.
    """
    session = production.session
    program = check(session, definition)
    (names,) = session.one("SELECT @@lower_case_table_names")
    with fetch.folder() as place, discarding(folder, store, definition):
        walk = walked(session, production.login, definition, moment, place, progress)
        refuse_untouched(walk, definition, moment)
        progress("starting a scratch server on this machine", None)
        with scratch_server(program, place, int(names)) as login, closing(connect(login, "the scratch server")) as own:
            for _try in range(TRIES):
                copy = Copy(own, login, definition, Replay(own, definition, walk.form_of_all))
                found = copy.rewound(walk, folder, store, progress)
                if copy.meets(session, walk, progress):
                    return found
                progress("production was changed meanwhile; reading on", None)
                walk = walked(session, production.login, definition, moment, place, progress)
    what = f"played forward again the rows of {definition.ref} are not what production holds"
    raise Refused("--rows-from", what, HINT, code=UNPROVED)


def check(session: Session, definition: TableDefinition) -> ServerProgram:
    """Refuse early what is known without the binlog's content; returns the program of the scratch server.

    Raises what `rows_from_binlog` raises.
    """
    refuse_unfit(session, definition)
    fetch.program(history.family(session))
    history.listing(session)
    (version,) = session.one("SELECT VERSION()")
    return server_program(history.family(session), str(version))


@contextmanager
def discarding(folder: Path, store: DumpStore, definition: TableDefinition) -> Iterator[None]:
    """Leave no rows behind that were not proved."""
    try:
        yield
    except BaseException:
        stem = definition.ref.stem
        for name in (f"{stem}.part", f"{stem}.sql"):
            store.path(store.named(name)).unlink(missing_ok=True)
        keys_of(folder, definition).unlink(missing_ok=True)
        raise


def keys_of(folder: Path, definition: TableDefinition) -> Path:
    """Name the file of a table's touched keys."""
    return folder / f"slices-{definition.ref.stem}.jsonl"


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
        self._keys: list[Key] = []
        made = catalog.definition(session, definition.ref)
        if made is None or made.columns != definition.columns or made.key != definition.key:
            what = f"the scratch server makes another table of the definition of {definition.ref}"
            raise Refused("--rows-from", what, HINT, code=UNPROVED)

    def rewound(self, walk: LogWalk, folder: Path, store: DumpStore, progress: Progress) -> tuple[DumpFile, Located]:
        """Turn the rows back, and dump them."""
        definition = self._definition
        self._replay.back(walk.changes, progress)
        lossless.check(self._session, definition, [None])
        lossless.check_keys(self._session, definition, definition.key)
        self._keys = list(self._there())
        if not self._keys:
            what = f"no row that {definition.ref} had then was changed since: rows were only added"
            raise Refused("--rows-from", what, "choose a --before that lies before the incident", code="copy.empty")
        path = keys_of(folder, definition)
        written = chunk_file.write(path, chunks(self._keys))
        with closing(Logins(self._login, "the scratch server")) as logins:
            dumped = dump(Source(self._session, logins), definition, Selection(), store, progress)
        return dumped, Located(definition.ref, str(path), *written)

    def meets(self, production: Session, walk: LogWalk, progress: Progress) -> bool:
        """Bring the rows forward again, and say whether they are what production holds of all touched keys."""
        before, ref = self._replay.count(), self._definition.ref
        self._replay.forward(walk.changes, progress)
        if self._replay.count() != before + walk.added:
            what = f"played forward again {ref} has {self._replay.count():,} rows, not {before + walk.added:,}"
            raise Refused("--rows-from", what, HINT, code=UNPROVED)
        touched = chunks(list(dict.fromkeys((*self._keys, *self._there()))))
        columns = self._definition.columns
        index = self._definition.key_index
        return all(
            row_hash.fingerprint(self._session, catalog.qualified(ref), columns, condition, index=index)
            == row_hash.fingerprint(production, catalog.qualified(ref), columns, condition, index=index)
            for condition in batches(touched, key_columns(self._definition.key, columns, columns))
        )

    def _there(self) -> Iterator[Key]:
        """Yield the keys of the rows that are there."""
        rows = table_rows(self._session, self._definition, self._definition, Policy())
        return (key for key, _digest in rows.digests(EVERYTHING))


def chunks(keys: list[Key]) -> Iterator[Chunk]:
    """Name keys, some at a time."""
    return (Chunk(keys=tuple(keys[start : start + TOGETHER])) for start in range(0, len(keys), TOGETHER))
