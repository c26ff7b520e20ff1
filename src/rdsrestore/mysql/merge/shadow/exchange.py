"""What is exchanged, and the statements that this takes. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.tables.definition import Column, TableDefinition
from rdsrestore.domain.tables.in_place import HELD_UP
from rdsrestore.mysql.checksum import row_hash
from rdsrestore.mysql.merge.shadow.places import Places
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.schema.compared_types import APPROXIMATE, AS_SHOWN, BYTES, TEXT, WHOLE
from rdsrestore.mysql.session.login.connection import quoted


@dataclass(frozen=True)
class Exchange:
    """What is exchanged: `live` as the live table is defined, on which family's server.

    `held_up` are the seconds for which the application may wait.
    """

    places: Places
    live: TableDefinition
    mariadb: bool
    held_up: float = HELD_UP

    @property
    def patience(self) -> float:
        """Seconds after which a lock is given up that does not come, or under which there is more to carry over."""
        return self.held_up * 3 / 4

    @property
    def enough(self) -> float:
        """Seconds for which rows may be carried over under the lock; the rest is for the lock and the RENAME."""
        return self.held_up / 2

    @property
    def columns(self) -> str:
        """The names of the columns that are carried over."""
        return self.of("")

    @property
    def counting(self) -> str:
        """The name of the column that counts; empty where none does."""
        return next((quoted(each.name) for each in self.live.columns if each.auto_increment), "")

    def lock(self, seen: TableRef) -> str:
        """The statement that keeps everybody else out; `seen` is what was carried over before."""
        places = self.places
        own = (places.former,) if self.mariadb else (places.whole, places.filled)
        names = [f"{qualified(each)} WRITE" for each in (places.live, places.shadow, *own)]
        return f"LOCK TABLES {', '.join(names)}, {qualified(seen)} READ{' NOWAIT' if self.mariadb else ''}"

    @property
    def last(self) -> str:
        """The query for the largest number that a row of the live table has."""
        return f"SELECT MAX({self.counting}) FROM {qualified(self.places.live)}"

    def looked(self, now: TableRef) -> str:
        """The statement that keeps what the live table's rows are at one moment; no writer waits for it."""
        return f"INSERT INTO {qualified(now)} ({self.columns}) SELECT {self.columns} FROM {qualified(self.places.live)}"

    def gone(self, seen: TableRef, now: TableRef) -> str:
        """The statement that takes out of the shadow what was carried over and is not there, or otherwise, now.

        The order of the tables, and their key, are forced: the shadow is large, and nobody knows the others' sizes.
        """
        shadow = qualified(self.places.shadow)
        return (
            f"DELETE {shadow} FROM {qualified(seen)} LEFT JOIN {self.by_key(now, seen)}"
            f" STRAIGHT_JOIN {self.by_key(self.places.shadow, seen)} WHERE {self.differs(now, seen)}"
        )

    def come(self, seen: TableRef, now: TableRef) -> str:
        """The statement that carries over what is there now and was not, or was otherwise.

        A key, or a unique value, that a restored row has is an error.
        """
        return (
            f"INSERT INTO {qualified(self.places.shadow)} ({self.columns}) SELECT {self.of(qualified(now) + '.')}"
            f" FROM {qualified(now)} LEFT JOIN {self.by_key(seen, now)} WHERE {self.differs(seen, now)}"
        )

    def of(self, place: str) -> str:
        """The columns of one table."""
        return ", ".join(f"{place}{quoted(column.name)}" for column in self.live.base_columns)

    def by_key(self, table: TableRef, other: TableRef) -> str:
        """Join a table by its primary key to one that is read before."""
        one, two = qualified(table), qualified(other)
        same = " AND ".join(f"{one}.{quoted(name)} = {two}.{quoted(name)}" for name in self.live.key)
        return f"{one} FORCE INDEX (PRIMARY) ON {same}"

    def differs(self, joined: TableRef, table: TableRef) -> str:
        """The condition that a left joined table lacks a row, or has it otherwise."""
        one, two = qualified(joined), qualified(table)
        same = [
            same_value(each, *(f"{side}.{quoted(each.name)}" for side in (one, two))) for each in self.live.base_columns
        ]
        return f"({one}.{quoted(self.live.key[0])} IS NULL OR NOT ({' AND '.join(same)}))"


def same_value(column: Column, one: str, other: str) -> str:
    """The condition that two values of a column are the same, texts to the last byte."""
    if column.kind in WHOLE | APPROXIMATE | AS_SHOWN:
        return f"{one} <=> {other}"
    if column.kind in BYTES | TEXT - {"json"}:
        return f"{row_hash.bare(one)} <=> {row_hash.bare(other)}"
    return f"{row_hash.one(column, one)} = {row_hash.one(column, other)}"
