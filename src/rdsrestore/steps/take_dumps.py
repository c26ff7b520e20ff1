"""Take over what an earlier run dumped, so that its rows come back without another restore."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Self

from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import ToolError
from rdsrestore.domain.facts import Differing, Dumped, Fact
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.domain.tables.definition import triggers_file
from rdsrestore.domain.tables.dump_file import DumpFile
from rdsrestore.domain.tables.target import AFTER
from rdsrestore.steps.sessions import counted
from rdsrestore.workflow.step import Impact, Run, Step


@written("TakeDifferences")
@dataclass(frozen=True)
class TakeDifferences(Step):
    """Copy where the tables differed: the dumps hold no other rows."""

    name: ClassVar[str] = "take-differences"
    impact: ClassVar[Impact] = Impact.LOCAL

    run: str
    folder: str
    differing: Differing

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Wanted where the earlier run compared before it dumped."""
        del run
        earlier = survey.earlier
        if not earlier or not earlier.differing or not request.taken_from:
            return None
        return cls(request.taken_from, earlier.folder, earlier.differing)

    def describe(self) -> str:
        """Name the run."""
        return f"copy from run {self.run} which rows differed"

    def apply(self, run: Run) -> Fact:
        """Copy each file."""
        copied = (replace(each, path=kept(Path(each.path), run.folder)) for each in self.differing.tables)
        return Differing(tuple(copied)).later()


def kept(file: Path, folder: Path) -> str:
    """Copy a file into a folder under its own name; ToolError where it is gone."""
    copy(file, folder / file.name)
    return str(folder / file.name)


@written("TakeDumps")
@dataclass(frozen=True)
class TakeDumps(Step):
    """Copy the dumps, each to the last byte what was checked."""

    name: ClassVar[str] = "take-dumps"
    impact: ClassVar[Impact] = Impact.LOCAL
    usual: ClassVar[timedelta] = timedelta(seconds=5)

    run: str
    folder: str
    dumped: Dumped

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Wanted where an earlier run's dumps are given."""
        del run
        earlier = survey.earlier
        return cls(request.taken_from, earlier.folder, earlier.dumped) if earlier and request.taken_from else None

    def describe(self) -> str:
        """Name the run and its tables."""
        return (
            f"copy the dumps of {', '.join(dump.definition.ref.table for dump in self.dumped.dumps)} of run {self.run}"
        )

    def apply(self, run: Run) -> Fact:
        """Copy and check each file."""
        (run.folder / AFTER).mkdir(mode=0o700, exist_ok=True)
        for dump, place in files(self.dumped):
            for name in filter(None, (dump.path, dump.floats)):
                copy(Path(self.folder) / place / name, run.folder / place / name)
            if not intact(run.folder / place, dump):
                raise missing(Path(self.folder) / place / dump.path, "is not what was dumped")
        for dump in self.dumped.dumps:
            triggers = triggers_file(dump.definition.ref)
            if (Path(self.folder) / triggers).exists():
                copy(Path(self.folder) / triggers, run.folder / triggers)
        return self.dumped

    def result(self, fact: Fact | None) -> str:
        """Count rows and bytes."""
        del fact
        rows, size = (sum(getattr(dump, name) for dump in self.dumped.dumps) for name in ("rows", "bytes"))
        return f"{counted(rows, 'row')}, {size / 1e6:,.1f} MB, as they were checked then"


def files(dumped: Dumped) -> Iterator[tuple[DumpFile, str]]:
    """Name all dumps with the folder, within a run's, that each lies in."""
    yield from ((dump, "") for dump in dumped.dumps)
    yield from ((dump, AFTER) for dump in dumped.afters)


def sound(dumped: Dumped, folder: Path) -> bool:
    """Whether all of a run's dumps are still what was checked, to the last byte."""
    return all(intact(folder / place, dump) for dump, place in files(dumped))


def intact(folder: Path, dump: DumpFile) -> bool:
    """Whether a dump is still what was checked, to its last byte."""
    if dump.floats and not (folder / dump.floats).exists():
        return False
    try:
        with (folder / dump.path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == dump.sha256
    except OSError:
        return False


def copy(source: Path, target: Path) -> None:
    """Copy a file that nobody else may read; ToolError where that can't be done."""
    try:
        target.touch(mode=0o600)
        shutil.copyfile(source, target)
    except OSError as error:
        raise missing(source, f"can't be copied: {error.strerror}") from error


def missing(file: Path, why: str) -> ToolError:
    """Say that an earlier run's file is of no use any more."""
    return ToolError(
        "--from",
        f"{file} {why}",
        "run the command with --before, or free some space if the disk is full",
        code="from.dump",
    )
