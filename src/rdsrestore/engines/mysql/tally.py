"""The names and joins that comparing, loading and verifying share.

Staging table, live table, and the plan between them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from rdsrestore.core.errors import DatabaseError
from rdsrestore.core.model import TableRef
from rdsrestore.core.tables import Column, DumpFile, ForeignKey, TableDefinition
from rdsrestore.engines.mysql import ddl, rowhash
from rdsrestore.engines.mysql.catalog import qualified
from rdsrestore.engines.mysql.connect import quoted


@dataclass(frozen=True)
class Tally:
    """One table's restored rows (s), production's (p) and the plan (l) that says what becomes of each.

    The plan has the key's columns as production spells them, `n` counting rows in key order, `act` (insert or
    present), `changed`, `st` (todo, done or conflict) and `why`. Without a key the rows are known by the staging
    table's own counter and `keyless` is true.
    """

    schema: str
    dump: DumpFile
    live: TableDefinition

    @property
    def keyless(self) -> bool:
        """Whether rows can't be told apart by a key."""
        return not self.dump.definition.key

    @property
    def key(self) -> tuple[str, ...]:
        """The key's columns in staging and plan."""
        return self.dump.definition.key or (ddl.ROW,)

    @property
    def staging(self) -> str:
        """The staging table."""
        return qualified(TableRef(self.schema, self.dump.definition.ref.table))

    @property
    def landing(self) -> str:
        """The table that takes the rows."""
        return qualified(self.live.ref)

    @property
    def plan(self) -> str:
        """The plan's table."""
        return plan_of(self.schema, self.dump.definition.ref)

    @property
    def probe(self) -> str:
        """A table like the landing, without its foreign keys and triggers."""
        return f"{self.plan[:-1]}_probe`"

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are loaded: those that hold data of their own on both sides, as production has them."""
        restored = {column.name for column in self.dump.definition.base_columns}
        return tuple(column for column in self.live.base_columns if column.name in restored)

    @property
    def names(self) -> str:
        """The loaded columns' names."""
        return ", ".join(quoted(column.name) for column in self.columns)

    def of(self, alias: str) -> str:
        """The loaded columns of one side."""
        return ", ".join(f"{alias}.{quoted(column.name)}" for column in self.columns)

    def keys(self, alias: str) -> str:
        """The key's columns of one side."""
        return ", ".join(f"{alias}.{quoted(name)}" for name in self.key)

    def meet(self, left: str, right: str) -> str:
        """The condition that two sides' keys are equal; the staging side is read in production's collation."""
        return " AND ".join(f"{self.read(name, left)} = {self.read(name, right)}" for name in self.key)

    def read(self, name: str, alias: str) -> str:
        """One column.

        Of the staging side in production's character set and collation, so that production's index is used.
        """
        place = f"{alias}.{quoted(name)}"
        there = next((column for column in self.live.columns if column.name == name), None)
        here = next((column for column in self.dump.definition.columns if column.name == name), None)
        if alias != "s" or not there or not here or not there.collation or there.collation == here.collation:
            return place
        return f"CONVERT({place} USING {there.charset}) COLLATE {there.collation}"

    def digest(self, alias: str) -> str:
        """The digest of a row's loaded columns; both sides are written by production's types."""
        return rowhash.row(self.columns, alias)

    @property
    def absent(self) -> str:
        """The condition that production (p, left joined) has no such row."""
        return f"p.{quoted(self.key[0])} IS NULL"


def plan_of(schema: str, ref: TableRef) -> str:
    """Name a table's plan in the scratch schema."""
    return f"{quoted(schema)}.{quoted(plan_name(ref))}"


def points_to(key: ForeignKey, alias: str) -> str:
    """The condition that a staged row's foreign key points to a row of `alias`."""
    return " AND ".join(
        f"{alias}.{quoted(theirs)} = s.{quoted(mine)}"
        for mine, theirs in zip(key.columns, key.parent_columns, strict=True)
    )


def plan_name(ref: TableRef) -> str:
    """Name a table's plan so that it can't be mistaken for a restored table."""
    return "rdsrestore_plan_" + hashlib.sha256(str(ref).encode()).hexdigest()[:12]


def check_drift(tally: Tally, lost: frozenset[str]) -> None:
    """Refuse a landing that would lose values or can't be filled.

    `lost` names restored columns with values that it lacks.
    """
    restored = {column.name for column in tally.dump.definition.base_columns}
    unfilled = [name for name in required(tally.live) if name not in restored]
    problem = ""
    if lost:
        problem = f"column {', '.join(sorted(lost))} is gone from production and its values would be lost"
    elif unfilled:
        problem = f"column {', '.join(unfilled)} was added since and has no default"
    elif not set(tally.dump.definition.key) <= {column.name for column in tally.live.columns}:
        problem = f"the key {', '.join(tally.key)} is gone from production"
    if problem:
        raise drift(tally, problem)


def drift(tally: Tally, problem: str) -> DatabaseError:
    """Say why restored rows can't be compared with the table as it is now."""
    return DatabaseError(
        f"compare {tally.live.ref}",
        f"the table was altered since: {problem}",
        "use --into NEW_TABLE to load beside, as the table was",
        code="db.schema-drift",
    )


def required(definition: TableDefinition) -> tuple[str, ...]:
    """The columns that an INSERT has to name."""
    return tuple(column.name for column in definition.base_columns if column.required)
