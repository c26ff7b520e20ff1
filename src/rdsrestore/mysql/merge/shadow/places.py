"""The names of an exchange, and what is seen of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from rdsrestore.domain.ids import PREFIX, TableRef
from rdsrestore.mysql.merge.merge_context import plan_of
from rdsrestore.mysql.schema.catalog import qualified
from rdsrestore.mysql.session.login.connection import quoted

SENTRY = "rr_sentry"
"""The only column of the table that keeps the former one's name from being taken too early."""


@dataclass(frozen=True)
class Places:
    """A live table, the shadow that is to have its name, and the name that the former table gets.

    Both begin with the live table's own name: a server takes the locks of a RENAME in the order of names, the live
    table's first (MariaDB, `MDL_context::acquire_locks`), and nothing gets between once that one is waited for.

    `whole` notes which of the dump's statements are in the live table; it is exchanged in the same RENAME, so that at
    any moment it says what is so: before that it is empty, and `filled` notes what is in the shadow.
    """

    schema: str
    live: TableRef

    @property
    def shadow(self) -> TableRef:
        """The table that is filled."""
        return TableRef(self.live.database, f"{self.live.table}_restored{self._run}")

    @property
    def former(self) -> TableRef:
        """What the live table is called once it is not live any more."""
        return TableRef(self.live.database, f"{self.live.table}_former{self._run}")

    @property
    def _run(self) -> str:
        return self.schema.removeprefix(PREFIX)

    def notes(self, ending: str) -> TableRef:
        """Name a table of notes in the scratch schema."""
        return TableRef(self.schema, f"{plan_of('', self.live).rpartition('.')[2].strip('`')}_{ending}")

    @property
    def whole(self) -> TableRef:
        """What is written to the live table."""
        return self.notes("whole")

    @property
    def filled(self) -> TableRef:
        """What is written to the shadow."""
        return self.notes("filled")

    @property
    def before(self) -> TableRef:
        """What `whole` becomes: it is there once the exchange was made."""
        return self.notes("before")

    @property
    def looks(self) -> tuple[TableRef, TableRef]:
        """Two tables for the live table's rows as they were at one moment and another."""
        return self.notes("look"), self.notes("next")

    @property
    def rename(self) -> str:
        """The statement that makes the exchange, and notes it."""
        return (
            f"RENAME TABLE {self._moved(self.live, self.former)}, {self._moved(self.shadow, self.live)}, {self.noted}"
        )

    @property
    def noted(self) -> str:
        """The part of it that notes it."""
        return f"{self._moved(self.whole, self.before)}, {self._moved(self.filled, self.whole)}"

    @property
    def give_back(self) -> str:
        """The statement that gives the live table its name again where the server died between two renames."""
        return f"RENAME TABLE {self._moved(self.former, self.live)}"

    @property
    def sentry(self) -> str:
        """The statement that takes the former table's name, so that no RENAME can be made yet."""
        return f"CREATE TABLE {qualified(self.former)} ({quoted(SENTRY)} INT NOT NULL PRIMARY KEY) ENGINE=InnoDB"

    def _moved(self, one: TableRef, other: TableRef) -> str:
        return f"{qualified(one)} TO {qualified(other)}"


class Seen(NamedTuple):
    """Which of the tables are there; `sentry`: the former one's name is taken by our sentry; `noted` as exchanged."""

    live: bool
    shadow: bool
    former: bool
    sentry: bool
    noted: bool


class State(StrEnum):
    """How far an exchange is."""

    NOTHING = "nothing"
    """No table of it is there: it was not begun, or it was ended."""
    FILLING = "filling"
    """The live table is in its place, and the shadow beside it."""
    OVER = "over"
    """The shadow has taken its place; the former table is there, or was dropped."""
    TORN = "torn"
    """The live table has the former one's name and nobody its own: the server died within the statement."""


def state(seen: Seen) -> State:
    """Say how far an exchange is."""
    moved = seen.former and not seen.sentry
    if not seen.live and moved and seen.shadow:
        return State.TORN
    if seen.noted or (moved and not seen.shadow):
        return State.OVER
    return State.FILLING if seen.shadow or seen.sentry else State.NOTHING
