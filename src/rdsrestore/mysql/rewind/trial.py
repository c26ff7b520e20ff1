"""Rows that were turned back before a run begins, to know whether that can be done: the run takes them as they are."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rdsrestore.domain.errors import Refused
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.target import Located, TurnedBack
from rdsrestore.mysql.binlog import fetch
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.rewind.rows_from_binlog import Server, rows_from_binlog
from rdsrestore.mysql.rewind.whole_log import walked
from rdsrestore.ports.progress import Progress

CLOCK = "SELECT UNIX_TIMESTAMP()"


@dataclass(frozen=True)
class Trial:
    """What was turned back into a folder of ours; `begun` is when, by production's clock."""

    definition: TableDefinition
    moment: datetime
    begun: datetime
    folder: Path
    found: TurnedBack

    def into(
        self, folder: Path, production: Server, definition: TableDefinition, moment: datetime, progress: Progress
    ) -> TurnedBack | None:
        """Move the rows to another folder; None where others are asked for, or production has changed some since."""
        if (definition, moment) != (self.definition, self.moment) or not self.folder.exists():
            return None
        try:
            with fetch.folder() as place:
                since = walked(production.session, production.login, definition, self.begun, place, progress)
        except Refused:
            return None
        if since.changes:
            return None
        for path in self.folder.iterdir():
            shutil.move(path, folder / path.name)
        self.folder.rmdir()

        def moved(located: Located) -> Located:
            return replace(located, path=str(folder / Path(located.path).name))

        found = self.found
        return replace(found, located=moved(found.located), touched=moved(found.touched))


@contextmanager
def trial(
    production: Server, definition: TableDefinition, moment: datetime, key: Secret | None, progress: Progress
) -> Iterator[Trial]:
    """Turn the rows back into a folder that goes with the context; raises what `rows_from_binlog` raises."""
    (now,) = production.session.one(CLOCK)
    with fetch.folder() as place:
        folder = place / "rows"
        folder.mkdir(mode=0o700)
        found = rows_from_binlog(production, definition, moment, DumpStore(folder, key), progress)
        yield Trial(definition, moment, datetime.fromtimestamp(int(now), UTC), folder, found)
