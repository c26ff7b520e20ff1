"""Find where the tables differ, by comparing checksums on both servers, so that only those rows are moved."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Self

from rdsrestore.diff import chunk_file
from rdsrestore.diff.checksum_diff import Differ
from rdsrestore.diff.parallel import WARMERS, Findings, searched
from rdsrestore.diff.resting import resting
from rdsrestore.diff.side_by_side import Together, Twice
from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import Refused, UsageError
from rdsrestore.domain.facts import Differing, Dumped, Fact
from rdsrestore.domain.ids import RunId, TableRef
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.survey import Survey
from rdsrestore.domain.tables.definition import TableDefinition
from rdsrestore.domain.tables.key_range import Chunk
from rdsrestore.domain.tables.target import Located, Relative, Role
from rdsrestore.ports.production import Production
from rdsrestore.ports.progress import Progress
from rdsrestore.ports.restored_database import RestoredDatabase
from rdsrestore.steps.sessions import after, copy, counted, production
from rdsrestore.workflow.step import Impact, Run, Step

LOOKERS = 2
"""Sections compared at a time: while one's answers are looked at here, both servers are busy with the other."""
NAMED = 5
"""Keys that the copy lacks which are named; the others are counted."""


@written("Locate")
@dataclass(frozen=True)
class Locate(Step):
    """Compare both sides range by range; what is equal is not looked at again."""

    name: ClassVar[str] = "locate"
    impact: ClassVar[Impact] = Impact.READS
    usual: ClassVar[timedelta] = timedelta(seconds=30)

    always: ClassVar[bool] = False
    """Whether rows that both sides have are compared also where the policy would leave them alone."""

    tables: tuple[Relative, ...]
    policy: Policy
    content: bool = True
    beside: bool = False

    @classmethod
    def decide(cls, request: Request, survey: Survey, run: RunId) -> Self | None:
        """Wanted for tables that are there, except where all rows go beside them, and wherever keys are given."""
        del run
        roles = {each.ref: each.role for each in survey.relatives}
        there = [table.ref for table in survey.tables if table.definition and table.definition.key and table.rows]
        named = request.refs if request.policy.keys else ()
        refs = named if request.into else tuple(dict.fromkeys((*named, *there)))
        tables = tuple(Relative(ref, roles.get(ref, Role.ASKED)) for ref in refs)
        policy = request.policy  # a filter would have to hold for production's row as it is now, too
        content = cls.always or policy.three_way or policy.merge is not Merge.MISSING or bool(policy.where)
        return cls(tables, request.policy, content, request.into is not None) if tables else None

    def describe(self) -> str:
        """Name the tables."""
        names = ", ".join(each.ref.table for each in self.tables)
        if self.policy.keys:
            return f"look up the keys of {self.policy.keys} in {names} on the copy"
        what = "compare checksums of" if self.content else "look which keys are missing in"
        return f"{what} {names} on both servers, range by range"

    def apply(self, run: Run) -> Fact:
        """Look at each table."""
        with ExitStack() as open_ones, ThreadPoolExecutor(LOOKERS + WARMERS) as pool:
            then, now = open_ones.enter_context(copy(run)), open_ones.enter_context(production(run))
            later = open_ones.enter_context(after(run)) if self.policy.three_way else None
            sides = Sides(then, now, later, pool, self.content, run.databases.workers, self.beside, rest(run.request))
            policy = replace(self.policy, keys=kept(run.folder, self.policy.keys)) if self.policy.keys else self.policy
            found = [sides.look(run.folder, each, policy, run.progress) for each in self.tables]
        return Differing(tuple(each for each in found if each))

    def result(self, fact: Fact | None) -> str:
        """Say how much differs."""
        return "; ".join(map(said, fact.tables)) if isinstance(fact, Differing) else "looked at"


def rest(request: Request) -> float:
    """Say how long production rests after each range that is compared, in times of what that took."""
    return 1.0 if request.limits.gentle else 0.0


def kept(folder: Path, given: str) -> str:
    """Keep the given keys with the run, which goes by them also where it is resumed and the file is another one."""
    own = folder / "given-keys.txt"
    if not own.exists():
        fresh = folder / "given-keys.part"
        try:
            fresh.touch(mode=0o600)
            shutil.copyfile(given, fresh)
            fresh.rename(own)
        except OSError as error:
            hint = "put the file back, then run the same command again"
            raise UsageError("--keys-from", f"{given} can't be kept: {error.strerror}", hint) from error
    return str(own)


@dataclass(frozen=True)
class Sides:
    """The servers that are compared; `later` is the second copy where there is one.

    Without `content` no more is asked than which keys are there, where the key allows it. Sections of a table are
    compared side by side, by `workers` elsewhere or by `pool`. With `beside` the rows go
    into tables made like the copy's. Production rests after each question as long as that took, times `rest`.
    """

    then: RestoredDatabase
    now: Production
    later: RestoredDatabase | None
    pool: ThreadPoolExecutor
    content: bool
    workers: tuple[Executor, int] | None = None
    beside: bool = False
    rest: float = 0

    def look(self, folder: Path, table: Relative, policy: Policy, progress: Progress) -> Located | None:
        """Look where one table differs; None where its sides can't be compared range by range."""
        then, now = self.then.definition(table.ref), self.now.definition(table.ref)
        path = folder / f"slices-{table.ref.stem}.jsonl"
        rules = policy if table.role is Role.ASKED else Policy(three_way=policy.three_way)
        if rules.keys and then:
            return self.look_up(then, None if self.beside else now, Path(rules.keys), path)
        if not then or not now or not comparable(then, now):
            return None
        self.then.check_key_values(then, then.key)
        self.now.check_key_values(now, then.key)
        restored, live = self.then.rows(then, now, rules), resting(self.now.rows(now, then, rules), self.rest)
        writer = DifferenceWriter(table.ref, path, progress)
        left = self.later.definition(then.ref) if self.later else None
        if self.later and left:
            both = Twice(restored), Together(live, self.later.rows(left, now, rules))
            found = writer.once(Differ(*both, self.pool, progress))
            return replace(found, restored=(found.restored or 0) // 2, live=(found.live or 0) // 2)
        numbered = restored.numbered and live.numbered
        if not self.workers and not numbered:  # to cut other keys into sections each has to be read
            return writer.once(Differ(restored, live, self.pool, progress))
        content = self.content or not numbered or table.role is not Role.ASKED
        found = writer.added_up(searched(*(self.workers or (self.pool, LOOKERS)), (restored, live), content))
        return replace(found, common=None) if content else found

    def look_up(self, then: TableDefinition, now: TableDefinition | None, given: Path, path: Path) -> Located:
        """Look the given keys up where one table had them; Refused where they would not mean the same rows now."""
        if not comparable(then, now or then):
            key = ", ".join(then.key)
            raise Refused(
                "--keys-from",
                f"{then.ref} had {f'the key ({key}), and production has not' if key else 'no key'} at that moment",
                "leave out --keys-from, or use --where",
                code="keys.no-key",
            )
        found, lacking = self.then.keys(then, now, given)
        written = chunk_file.write(path, found)
        return Located(then.ref, str(path), *written, lacking=len(lacking), lacks=tuple(lacking[:NAMED]))


@dataclass(frozen=True)
class DifferenceWriter:
    """Writes down where a table differs, and tells meanwhile how far it is."""

    ref: TableRef
    path: Path
    progress: Progress

    def once(self, differ: Differ) -> Located:
        """Write down what one comparison finds."""
        written = chunk_file.write(self.path, self.announced(differ))
        return Located(self.ref, str(self.path), *written, differ.restored_rows, differ.live_rows)

    def announced(self, differ: Differ) -> Iterator[Chunk]:
        """Say from time to time how far it is."""
        for part in differ.chunks():
            self.progress(f"{self.ref.table}: {differ.restored_rows:,} rows compared", None)
            yield part

    def added_up(self, found: Iterator[Findings]) -> Located:
        """Write down what is found section by section."""
        restored = live = common = 0

        def parts() -> Iterator[Chunk]:
            nonlocal restored, live, common
            for each in found:
                restored += each.restored
                live += each.live
                common += each.common or 0
                kind = "rows" if each.common is None else "keys"
                self.progress(f"{self.ref.table}: {restored:,} {kind} compared", None)
                yield from each.chunks

        written = chunk_file.write(self.path, parts())
        return Located(self.ref, str(self.path), *written, restored, live, common)


@written("LocateAll")
@dataclass(frozen=True)
class LocateAll(Locate):
    """The same where the difference is all that is asked for."""

    always: ClassVar[bool] = True


def comparable(then: TableDefinition, now: TableDefinition) -> bool:
    """Whether both sides have the restored key, so that ranges of it mean the same rows."""
    return bool(then.key) and set(then.key) <= {column.name for column in now.base_columns if not column.nullable}


def differing_tables(run: Run) -> dict[TableRef, Located]:
    """Say where the run's tables differ; one that is not named may differ everywhere."""
    found, dumped = run.facts.find(Differing), run.facts.find(Dumped)
    tables = found.tables if found else dumped.located if dumped else ()
    return {each.ref: each for each in tables}


def said(found: Located) -> str:
    """Say of one table how much differs."""
    if found.restored is None:
        return "; ".join((f"{found.ref.table}: {counted(found.keys, 'key')} given", *found.notes))
    compared = counted(found.restored, "row" if found.common is None else "key")
    if not found.chunks:
        return f"{found.ref.table}: {compared}, {'equal on both sides' if found.common is None else 'none is missing'}"
    ranges = f"{counted(found.chunks, 'range')} and {counted(found.keys, 'single key')}"
    return f"{found.ref.table}: {compared} compared, {ranges} differ"
