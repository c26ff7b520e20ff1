"""One transaction of production's binlog: how it is named, what it did to which tables, and what was done after it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rdsrestore.domain.codec import written
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.ids import TableRef

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ONE = re.compile(rf"(?P<mysql>{UUID}:(?:[a-z_]\w*:)?[1-9]\d*)|(?P<mariadb>\d+-\d+-\d+)", re.ASCII | re.IGNORECASE)
"""A GTID: MySQL's source, tag (8.3 and newer) and number; MariaDB's domain, server and sequence."""
PLACE = re.compile(r"(?P<file>[^:/\\\s]+\.\d+):(?P<position>\d+)", re.ASCII)
SEVERAL = re.compile(rf"{UUID}:.*[-:,].*|.*,.*", re.ASCII | re.IGNORECASE)
FORMS = "a GTID (uuid:number on MySQL, domain-server-sequence on MariaDB) or FILE:POSITION, as rdsrestore find shows"
LISTED = 100
"""Later transactions that are listed; the others are counted."""
SHOWN = 5
"""Changes that are named in a sentence; the others are counted."""


class Form(StrEnum):
    """In which way a transaction is named."""

    MYSQL = "mysql"
    MARIADB = "mariadb"
    PLACE = "place"


@dataclass(frozen=True)
class TransactionName:
    """How somebody names a transaction: by a family's GTID, or by where one of its events begins in a file."""

    form: Form
    text: str
    file: str = ""
    position: int = 0

    @classmethod
    def read(cls, text: str) -> TransactionName:
        """Read it; UsageError where it is no name, or one of several."""
        text = text.strip()
        if found := ONE.fullmatch(text):
            return cls(Form.MYSQL, text.lower()) if found["mysql"] else cls(Form.MARIADB, text)
        if found := PLACE.fullmatch(text):
            return cls(Form.PLACE, text, found["file"], int(found["position"]))
        if SEVERAL.fullmatch(text):
            what = f"{text} names several transactions, and one is taken back at a time"
            raise UsageError("--transaction", what, "give one, or take the time with --before and --incident-end back")
        raise UsageError("--transaction", f"{text!r} names no transaction", f"give {FORMS}")


@written("TouchedTable")
@dataclass(frozen=True)
class TouchedTable:
    """How many rows a transaction added, changed and deleted in one table, as its events count them."""

    ref: TableRef
    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    def __str__(self) -> str:
        kinds = (("deleted", self.deleted), ("changed", self.updated), ("added", self.inserted))
        return f"{self.ref}: {', '.join(f'{rows:,} {name}' for name, rows in kinds if rows) or 'no row'}"


@written("LoggedTransaction")
@dataclass(frozen=True)
class LoggedTransaction:
    """A transaction as the binlog has it: where its first event stands, when it began, and which tables it touched.

    `gtid` is empty where the server gives none.
    """

    file: str
    position: int
    at: datetime
    gtid: str = ""
    tables: tuple[TouchedTable, ...] = ()

    def __str__(self) -> str:
        place = f"{self.file}:{self.position}"
        return f"{self.gtid} ({place})" if self.gtid else place

    def of(self, ref: TableRef) -> TouchedTable:
        """Say what it did to a table."""
        return next((each for each in self.tables if each.ref == ref), TouchedTable(ref))


@written("LaterChange")
@dataclass(frozen=True)
class LaterChange:
    """What a later transaction did to rows of the one that is taken back: when, which, and to how many of them."""

    ref: TableRef
    rows: int
    file: str
    position: int
    at: datetime
    gtid: str = ""

    def __str__(self) -> str:
        name = f"GTID {self.gtid}, " if self.gtid else ""
        rows = f"{self.rows:,} row{'' if self.rows == 1 else 's'}"
        return f"{self.at:%Y-%m-%d %H:%M:%S} UTC, {name}{self.file}:{self.position}, {rows} of {self.ref}"


@written("LaterChanges")
@dataclass(frozen=True)
class LaterChanges:
    """The transactions since that changed the same rows again: the first of them, and how many `more` there are."""

    listed: tuple[LaterChange, ...] = ()
    more: int = 0

    def __len__(self) -> int:
        return len(self.listed) + self.more

    def __str__(self) -> str:
        left = len(self) - len(self.listed[:SHOWN])
        return "; ".join([*map(str, self.listed[:SHOWN]), *([f"and {left:,} more"] if left else [])])


def gathered(each: Sequence[LaterChanges]) -> LaterChanges:
    """Put the later changes of several tables together, in the order of time."""
    found = sorted((change for one in each for change in one.listed), key=lambda change: (change.at, change.position))
    return LaterChanges(tuple(found[:LISTED]), sum(one.more for one in each) + len(found[LISTED:]))
