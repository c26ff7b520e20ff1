"""A table as the catalogue describes it."""

from __future__ import annotations

from dataclasses import dataclass

from rdsrestore.domain.codec import written
from rdsrestore.domain.ids import TableRef


@written("Column", former={"invisible"})
@dataclass(frozen=True)
class Column:
    """One column as the catalogue describes it.

    `type` is the full type (`decimal(12,2)`), `kind` the bare one (`decimal`). `charset` and `collation` are None for
    columns without text.
    """

    name: str
    type: str
    kind: str
    nullable: bool
    charset: str | None = None
    collation: str | None = None
    generated: bool = False
    auto_increment: bool = False
    on_update: bool = False
    required: bool = False


TAKES_CHILDREN = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})
"""What a foreign key's rule may say where a change of a parent changes its children too."""


@written("ForeignKey")
@dataclass(frozen=True)
class ForeignKey:
    """`child` (columns) references `parent` (columns); `on_delete` and `on_update` are the rules' names, upper case."""

    name: str
    child: TableRef
    columns: tuple[str, ...]
    parent: TableRef
    parent_columns: tuple[str, ...]
    on_delete: str
    on_update: str = "NO ACTION"


@written("Trigger")
@dataclass(frozen=True)
class Trigger:
    """A trigger on the table, e.g. BEFORE INSERT."""

    name: str
    timing: str
    event: str


@written("UniqueKey")
@dataclass(frozen=True)
class UniqueKey:
    """A unique key; `columns` in key order, `nullable` when one of them may be NULL."""

    name: str
    columns: tuple[str, ...]
    nullable: bool


@written("TableDefinition", former={"partitioned"})
@dataclass(frozen=True)
class TableDefinition:
    """A base table's definition as read from a server.

    `kind` is the catalogue's table type (BASE TABLE, VIEW, …). `key` holds the columns that identify a row: the
    primary key, else the shortest unique key without NULL, else nothing. `rows` is the server's estimate and `bytes`
    its size on disk. `create_sql` is the server's own statement, empty where there is none that is text throughout.
    `hindrances` say in words why rows of it can't be carried at all, and `in_database` which character set and
    collation its database gives to tables that name none. `key_index` names the key's index, where statements may.
    """

    ref: TableRef
    kind: str
    engine: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    unique_keys: tuple[UniqueKey, ...] = ()
    references: tuple[ForeignKey, ...] = ()
    referenced_by: tuple[ForeignKey, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    versioned: bool = False
    rows: int = 0
    bytes: int = 0
    create_sql: str = ""
    hindrances: tuple[str, ...] = ()
    in_database: tuple[str, ...] = ()
    key_index: str = ""

    @property
    def base_columns(self) -> tuple[Column, ...]:
        """The columns that hold data of their own."""
        return tuple(column for column in self.columns if not column.generated)


def lost_triggers(then: TableDefinition, live: TableDefinition) -> tuple[str, ...]:
    """Say which triggers the table had at the moment and has not now: they are not made again."""
    names = sorted({each.name for each in then.triggers} - {each.name for each in live.triggers})
    if not names or then.ref.table != live.ref.table:
        return ()
    return (f"triggers that the table had then and has not now are not made again: {', '.join(names)}",)
