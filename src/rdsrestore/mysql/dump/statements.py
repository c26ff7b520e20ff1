"""A dump's statements one by one, and how the rows of one get into a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from rdsrestore.domain.errors import DatabaseError
from rdsrestore.mysql.dump import bulk, dump_scan
from rdsrestore.mysql.dump.dump_store import DumpStore
from rdsrestore.mysql.session.error_text import reason
from rdsrestore.mysql.session.errors import UNFIT, number_of, words_of
from rdsrestore.mysql.session.login.connection import Session

HEAD = re.compile(dump_scan.INSERT + rb"`(?:[^`]|``)*+` (\((?:`(?:[^`]|``)*+`(?:, )?)++\) VALUES)")

LONG_BYTES = re.compile(rb"'(?:[^'\\]++|\\.|'')*+'|0x((?:[0-9A-Fa-f]{2}){512,}+)", re.DOTALL)
"""A text, or the bytes of a long value in hexadecimal."""
SIGNIFICANT = re.compile(rb"['\\]")


def shortened(text: bytes) -> bytes:
    """Write long values as the bytes that they are, which takes half the room of hexadecimal.

    Sessions of ours are in UTF-8, in which neither a quote nor a backslash is ever part of another character.
    """

    def as_bytes(found: re.Match[bytes]) -> bytes:
        if found[1] is None:
            return found[0]
        return b"_binary'%b'" % SIGNIFICANT.sub(rb"\\\g<0>", bytes.fromhex(found[1].decode()))

    return LONG_BYTES.sub(as_bytes, text)


@dataclass(frozen=True)
class Statement:
    """One INSERT of a dump: where it begins in the file, and its text for the table that takes the rows.

    `bulk` is the LOAD DATA that may be tried first; empty where it may not.
    """

    place: int
    head: bytes
    values: bytes
    bulk: str = ""

    @cached_property
    def rows(self) -> Sequence[bytes]:
        """Its rows, each in brackets."""
        lines = self.values.strip()[1:-1].split(bulk.BETWEEN_ROWS)
        if len(lines) > 1:
            return [b"(%b)" % line for line in lines]
        return [row[:-1].lstrip() for row in dump_scan.rows(self.values + b";")]

    def after(self, behind: int, most: int | None) -> tuple[Statement, bool]:
        """Take up to `most` of the rows after so many, None for all; says also whether these are the last."""
        if not behind and most is None:
            return self, True
        end = len(self.rows) if most is None else behind + most
        return self.of(self.rows[behind:end]), end >= len(self.rows)

    def of(self, rows: Sequence[bytes]) -> Statement:
        """Make the same statement of some rows."""
        return replace(self, values=b",\n".join(rows))


Write = Callable[[Session, Statement], tuple[int, int, str]]
"""Returns how many rows were written, how many do not fit, and why the last of these does not."""


def statements(store: DumpStore, name: str, target: str, text: str = "") -> Iterator[Statement]:
    """Read a dump's statements one by one; `text` is the LOAD DATA that may be tried first."""
    with store.reading(name) as file:
        for place, part in dump_scan.parts(file):
            if head := HEAD.match(part):
                into = dump_scan.INSERT + target.encode() + b" " + head[1]
                yield Statement(place, into, part[head.end() :].rstrip().rstrip(b";"), text)


class Unlike(Exception):  # noqa: N818 - no error: it is written in another way
    """A row was left out or changed on the way."""


def feed(session: Session, statement: Statement) -> tuple[int, int, str]:
    """Give the server a statement's rows as they are; Unlike where it did not take each as it is."""
    rows, number = bulk.rows_of(statement.values)
    if not rows or session.through(lambda connection: bulk.feed(connection, statement.bulk, rows)) != (number, 0):
        raise Unlike
    return number, 0, ""


def insert(session: Session, statement: Statement) -> tuple[int, int, str]:
    """Insert a statement's rows, halving it down to those that do not fit."""
    try:
        return session.send(statement.head + statement.values), 0, ""
    except DatabaseError as error:
        if number_of(error) not in UNFIT:
            raise
        rows = statement.rows
        if len(rows) == 1:
            return 0, 1, reason(words_of(error))
    middle = len(rows) // 2
    first, second = (insert(session, statement.of(half)) for half in (rows[:middle], rows[middle:]))
    return first[0] + second[0], first[1] + second[1], second[2] or first[2]
