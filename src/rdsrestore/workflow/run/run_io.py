"""Where the runner writes and speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rdsrestore.domain.codec import Json, encode
from rdsrestore.domain.errors import JournalError, RdsRestoreError, said_of
from rdsrestore.workflow import events
from rdsrestore.workflow.journal.journal import Journal, Kind, Record
from rdsrestore.workflow.step import Run


@dataclass(frozen=True)
class RunIO:
    """A journal and listeners; `expected` holds the usual seconds of each step, `stopping` hears of each signal."""

    journal: Journal
    announcer: events.Announcer
    expected: Mapping[str, float] = field(default_factory=dict)
    stopping: Callable[[], None] = lambda: None


def note(io: RunIO, kind: Kind, step: str, data: dict[str, Json]) -> Record | None:
    """Write a record that must not stop the cleanup: a full disk is told, not raised, and None is returned."""
    try:
        return io.journal.append(kind, step, data)
    except JournalError as error:
        io.announcer.tell(events.Notice(str(error)))
        return None


def calls(run: Run) -> Json:
    """Take the cloud requests answered since the last record."""
    return encode(tuple(run.world.account.take_calls()))


def our_bug(where: str, error: Exception) -> RdsRestoreError:
    """Name a failure that no step foresaw; the exception itself is kept as the cause, for --debug."""
    shown = RdsRestoreError(where, said_of(error), "run again with --debug", code="bug")
    shown.__cause__ = error
    return shown
