"""Dumps that runs have left in their folders: how large they are, until when they stay, and their end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rdsrestore.domain.errors import JournalError
from rdsrestore.domain.facts import Dumped, Saved
from rdsrestore.domain.incident import BINLOG
from rdsrestore.domain.tables.target import AFTER
from rdsrestore.store.runs import Runs, StoredRun
from rdsrestore.store.shredder import shred
from rdsrestore.workflow.journal.replay import replay_facts
from rdsrestore.workflow.step import Facts

DUMPED = frozenset({"dump", "rewind-binlog", "take-dumps", "save"})
"""The steps whose facts name dumps, and which of them an undo needs."""


@dataclass(frozen=True)
class KeptDumps:
    """The dumps in a run's folder and its copy of the binlog, `bytes` in all, that nothing has used since `since`."""

    files: tuple[Path, ...]
    bytes: int
    since: datetime

    def until(self, seconds: int) -> datetime:
        """Say when their time is up, where they are kept for so many seconds."""
        return self.since + timedelta(seconds=seconds)


def dump_files(facts: Facts, folder: Path) -> Iterator[Path]:
    """Name the files that hold what a run dumped, but for a dump that is the undo file as well."""
    dumped, saved = facts.find(Dumped), facts.find(Saved)
    undoes = {table.dump.path for table in saved.tables if table.direct} if saved else set()
    if dumped:
        for place, files in ((folder, dumped.dumps), (folder / AFTER, dumped.afters)):
            for each in files:
                if place != folder or each.path not in undoes:
                    yield place / each.path
                if each.floats:
                    yield place / each.floats


def kept_dumps(run: StoredRun) -> KeptDumps | None:
    """Find what a run's folder holds of its dumps; None where that is nothing, or its journal can't be read."""
    try:
        facts = replay_facts([record for record in run.records() if record.step in DUMPED])
        dumps = (file for file in dump_files(facts, run.folder) if file.exists())
        files = (*dumps, *sorted((run.folder / BINLOG).glob("*")))
        size, since = sum(file.stat().st_size for file in files), run.journal.stat().st_mtime
    except (JournalError, OSError, KeyError, TypeError, ValueError):
        return None
    return KeptDumps(files, size, datetime.fromtimestamp(since, UTC)) if files else None


def holds_rows(run: StoredRun) -> bool:
    """Say whether a run's folder has dumps, undo files or a copy of the binlog."""
    return any(run.folder.rglob("*.sql*")) or any((run.folder / BINLOG).glob("*"))


def shred_old_dumps(runs: Runs, keep_for: int, now: datetime) -> Iterator[str]:
    """Overwrite and remove the dumps that were kept for so many seconds; says of each run what became of them.

    A run that a process works on is left alone, and so are undo files.
    """
    for run in runs.all():
        with contextlib.suppress(OSError):  # gone meanwhile
            if run.journal.stat().st_mtime + keep_for > now.timestamp() or not holds_rows(run):
                continue
            with contextlib.suppress(JournalError), run.locked():
                found = kept_dumps(run)
                if found and found.until(keep_for) <= now:
                    problems = shred(found.files)
                    when = f"{found.until(keep_for):%Y-%m-%d %H:%M} UTC"
                    copied = any(each.parent.name == BINLOG for each in found.files)
                    what = "dumps and the copied binlog" if copied else "dumps"
                    gone = f"the {what} of run {run.id}, {found.bytes / 1e6:,.1f} MB, were kept until {when}"
                    yield "; ".join((f"{gone} and are removed now (setting keep_dumps_for)", *problems))
