"""What sets restored rows and production's apart, what becomes of each, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rdsrestore.core.codec import WRITTEN
from rdsrestore.core.model import Policy, TableRef
from rdsrestore.core.tables import DumpFile


class Relation(StrEnum):
    """A restored row against production's row of the same key."""

    SAME = "same"
    MISSING = "missing"
    """Production does not have it."""
    CHANGED = "changed"
    """Both have it, with different content."""
    EXTRA = "extra"
    """Production alone has it."""


class Story(StrEnum):
    """How a difference came about, which only the state after the incident can tell."""

    UNKNOWN = "unknown"
    """There is no second moment to tell it by."""
    TAKEN = "taken"
    """The incident did it, and nobody touched the row since."""
    MERGED = "merged"
    """The incident changed some columns, and somebody since only others."""
    EDITED = "edited"
    """The incident changed the row, and somebody since changed, re-created or deleted it too."""
    LATER = "later"
    """The incident left the row alone; what differs was done later."""


class Act(StrEnum):
    """What is done to one row of production."""

    KEEP = "keep"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


AFTER = "after"
"""The folder, within a run's, of the dumps of the second copy."""


@dataclass(frozen=True)
class PlanLine:
    """What the plan says of one row: its key as SQL literals, its class, what is done, whether it is, and why not."""

    key: tuple[str, ...]
    relation: Relation
    story: Story
    act: Act
    state: str
    why: str


@dataclass(frozen=True)
class Conflict:
    """Rows that are left alone, and why: `reason` is a sentence, `sample` a few keys as text."""

    reason: str
    rows: int
    sample: tuple[str, ...] = ()


@dataclass(frozen=True)
class LostChildren:
    """Rows of a table that references a restored one: how many the copy has, how many production has now."""

    child: TableRef
    rule: str
    restored: int
    live: int


@dataclass(frozen=True)
class Cell:
    """One value of a sample row, as text: `now` is production's, `then` what it becomes; None where there is no row."""

    column: str
    now: str | None
    then: str | None


@dataclass(frozen=True)
class Group:
    """Rows of one class: what sets them apart, how that came about, and what is done with them.

    `sample` holds a few of them, each as its cells, to be shown and never to be kept; `touched` counts how often each
    column differs.
    """

    relation: Relation
    story: Story
    act: Act
    rows: int
    sample: tuple[tuple[Cell, ...], ...] = field(default=(), metadata={WRITTEN: False})
    touched: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class TableDifference:
    """One table's restored rows against production's.

    `restored` and `live` count both sides' rows that came into question, `groups` hold those that differ; rows in
    `conflicts` are left alone. `unlike` says in words what columns were added, dropped or retyped since, and `notes`
    what else has to be known. `unseen` rows
    are on both sides and were not compared, since nothing would be done with those that differ. `print` is the plan's
    own digest: the same plan, approved and loaded, has the same.
    """

    ref: TableRef
    landing: TableRef
    restored: int
    live: int
    groups: tuple[Group, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    children: tuple[LostChildren, ...] = ()
    unlike: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unseen: int = 0
    print: str = ""

    def rows(self, relation: Relation) -> int:
        """Count the rows of one relation, whatever is done with them."""
        return sum(group.rows for group in self.groups if group.relation is relation)

    @property
    def missing(self) -> int:
        """Count the restored rows that production does not have."""
        return self.rows(Relation.MISSING)

    @property
    def changed(self) -> int:
        """Count the rows that both have with different content."""
        return self.rows(Relation.CHANGED)

    @property
    def newer(self) -> int:
        """Count the rows that production alone has."""
        return self.rows(Relation.EXTRA)

    def planned(self, act: Act) -> int:
        """Count the rows of one act."""
        return sum(group.rows for group in self.groups if group.act is act)

    @property
    def writes(self) -> int:
        """Count the rows of production that would change."""
        return sum(self.planned(act) for act in Act if act is not Act.KEEP)

    @property
    def unfit(self) -> int:
        """Count the rows that are left alone although they are wanted back."""
        return sum(conflict.rows for conflict in self.conflicts)


@dataclass(frozen=True)
class TableLoad:
    """What the load did to one table; the acts + the conflicts' rows = the rows planned."""

    landing: TableRef
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    statements: int = 0
    conflicts: tuple[Conflict, ...] = ()

    @property
    def rows(self) -> int:
        """Count the rows written."""
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True)
class SavedTable:
    """What a table's rows were before the load touched them: the undo file.

    `columns` are those by which a row is recognised, `key` the ones that identify it; `dump` holds the images, or,
    where `whole`, the restored rows themselves, all of them new to production.
    """

    landing: TableRef
    key: tuple[str, ...]
    columns: tuple[str, ...]
    dump: DumpFile
    whole: bool = False


class Role(StrEnum):
    """Why a table is part of a run."""

    ASKED = "asked"
    CHILD = "child"
    """Only for rows that went with restored ones, by ON DELETE CASCADE or SET NULL."""
    PARENT = "parent"
    """Only for rows that restored ones point to."""


@dataclass(frozen=True)
class Relative:
    """A table that comes along with the ones asked for."""

    ref: TableRef
    role: Role


@dataclass(frozen=True)
class Located:
    """Where one table's sides differ: the file of slices, how many there are, and how many single keys they name.

    `restored` and `live` count the rows that were compared on both sides; None where keys were given instead.
    `common` counts the keys that both sides have, where that is known. `lacking` counts the given keys that the copy
    has no rows of, and `lacks` names the first of them.
    """

    ref: TableRef
    path: str
    slices: int
    keys: int
    restored: int | None = None
    live: int | None = None
    common: int | None = None
    lacking: int = 0
    lacks: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Name the given keys that the table did not have."""
        if not self.lacking:
            return ()
        more = f" and {self.lacking - len(self.lacks):,} more" if self.lacking > len(self.lacks) else ""
        return (f"of the keys given, not there at that moment: {'; '.join(self.lacks)}{more}",)


@dataclass(frozen=True)
class Target:
    """One table of a run: its restored rows, the table that takes them, the rules, and why it takes part.

    `located` says where the sides differ, None for everywhere. `after` holds the rows as the incident left them, where
    a second moment was given; `back` is an earlier restore's undo file, where that restore is to be taken back. `whole`
    says that the landing has none of these rows and takes them as they are.
    """

    dump: DumpFile
    landing: TableRef
    policy: Policy = Policy()
    after: DumpFile | None = None
    back: SavedTable | None = None
    role: Role = Role.ASKED
    located: Located | None = None
    whole: bool = False


ALONE: Mapping[bool | None, str] = {True: "no other row changed", None: "no statement changed any other row"}
"""What can be said of the rows that a plan does not name, by `Ledger.rest`."""


@dataclass(frozen=True)
class Ledger:
    """One table's books after the load: `before` + `inserted` - `deleted` + `others` = `after`.

    `planned` and `done` count rows to write and rows written, `unfit` those left alone; `matching` of the `done` rows
    still are as planned, the other ones were written again since. `others` is what the application added or
    removed meanwhile, and `rest` says whether the rows that the plan does not name are what they were; None where
    nothing but its own statements could reach them, each of which changed as many rows as it named.
    """

    landing: TableRef
    before: int
    after: int
    inserted: int
    deleted: int
    planned: int
    done: int
    unfit: int
    matching: int
    rest: bool | None = None

    @property
    def others(self) -> int:
        """Count by how many rows the table grew or shrank through others."""
        return self.after - self.before - self.inserted + self.deleted
