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
    """A trigger on the table, e.g. BEFORE INSERT, which does its work with the rights of `definer`."""

    name: str
    timing: str
    event: str
    definer: str = ""


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


def lost_triggers(then: TableDefinition, live: TableDefinition | None) -> tuple[Trigger, ...]:
    """Name the triggers that the table had at the moment and has not now, or that a table beside has not."""
    there = {each.name for each in live.triggers} if live else set()
    return tuple(sorted((each for each in then.triggers if each.name not in there), key=lambda each: each.name))


def triggers_file(ref: TableRef) -> str:
    """Name the file in the run's folder that has the statements of the triggers that are not made again."""
    return f"{ref.stem}.triggers"


def trigger_notes(then: TableDefinition, live: TableDefinition) -> tuple[str, ...]:
    """Say which triggers are not made again, who they work as, and where their statements are."""
    names = [f"{each.name} (of {each.definer})" if each.definer else each.name for each in lost_triggers(then, live)]
    kept = f"their statements are in the run's folder, {triggers_file(then.ref)}"
    if not names:
        return ()
    if then.ref.table != live.ref.table:
        return (f"{live.ref.table} has no triggers, the table had then: {', '.join(names)}; {kept}",)
    return (f"triggers that the table had then and has not now are not made again: {', '.join(names)}; {kept}",)
