"""What sets restored rows and production apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rdsrestore.domain.codec import UNWRITTEN, written, written_as
from rdsrestore.domain.ids import TableRef


class Relation(StrEnum):
    """A restored row against production's row of the same key."""

    SAME = "same"
    MISSING = "missing"
    """Production does not have it."""
    CHANGED = "changed"
    """Both have it, with different content."""
    EXTRA = "extra"
    """Production alone has it."""


class Provenance(StrEnum):
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


BACK = {Act.INSERT: Act.DELETE, Act.UPDATE: Act.UPDATE, Act.DELETE: Act.INSERT}
"""The act that takes another one back."""


@dataclass(frozen=True)
class PlanLine:
    """What the plan says of one row: its key as SQL literals, its class, what is done, whether it is, and why not."""

    key: tuple[str, ...]
    relation: Relation
    provenance: Provenance = field(metadata=written_as("story"))
    act: Act
    state: str
    why: str


@written("Conflict")
@dataclass(frozen=True)
class Conflict:
    """Rows that are left alone, and why: `reason` is a sentence, `sample` a few keys as text."""

    reason: str
    rows: int
    sample: tuple[str, ...] = ()


@written("LostChildren")
@dataclass(frozen=True)
class LostChildren:
    """Rows of a table that references a restored one: how many the copy has, how many production has now."""

    child: TableRef
    rule: str
    restored: int
    live: int

    @property
    def lost(self) -> bool:
        """Whether rows of it went with the missing ones, and could be restored as well."""
        return not self.rule.startswith("SET") and self.restored > self.live


@dataclass(frozen=True)
class Cell:
    """One value of a sample row, as text: `now` is production's, `then` what it becomes; None where there is no row."""

    column: str
    now: str | None
    then: str | None


LOOKED_AT = 500
"""Changed rows of a class that are looked at to say which columns differ."""


@written("Group")
@dataclass(frozen=True)
class Group:
    """Rows of one class: what sets them apart, how that came about, and what is done with them.

    `sample` holds a few of them, each as its cells, to be shown and never to be kept; `touched` counts how often each
    column differs, in the first rows that are looked at.
    """

    relation: Relation
    provenance: Provenance = field(metadata=written_as("story"))
    act: Act
    rows: int
    sample: tuple[tuple[Cell, ...], ...] = field(default=(), metadata=UNWRITTEN)
    touched: tuple[tuple[str, int], ...] = ()


@written("TableDifference")
@dataclass(frozen=True)
class TableDifference:
    """One table's restored rows against production's.

    `restored` and `live` count both sides' rows that came into question, `groups` hold those that differ; rows in
    `conflicts` are left alone. `unlike` says in words what columns were added, dropped or retyped since, and `notes`
    what else has to be known. `unseen` rows
    are on both sides and were not compared, since nothing would be done with those that differ. `digest` is the plan's
    own digest: the same plan, approved and loaded, has the same. `undoes`: an earlier run is taken back.
    """

    ref: TableRef
    target: TableRef = field(metadata=written_as("landing"))
    restored: int
    live: int
    groups: tuple[Group, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    children: tuple[LostChildren, ...] = ()
    unlike: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unseen: int = 0
    digest: str = field(default="", metadata=written_as("print"))
    undoes: bool = False

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


def lost_child_tables(differences: Sequence[TableDifference], database: str) -> tuple[str, ...]:
    """Name the tables of a database whose rows went with the missing ones, and are not part of the run."""
    children = (child for difference in differences for child in difference.children if child.lost)
    return tuple(dict.fromkeys(child.child.table for child in children if child.child.database == database))
