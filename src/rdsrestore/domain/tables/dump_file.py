"""A table's rows in a file, and what proves that they are all."""

from __future__ import annotations

from dataclasses import dataclass

from rdsrestore.domain.codec import written
from rdsrestore.domain.ids import TableRef
from rdsrestore.domain.tables.definition import TableDefinition


@written("Fingerprint")
@dataclass(frozen=True)
class Fingerprint:
    """Content of a set of rows: how many, and the sum of 60 bits of each row's digest."""

    rows: int
    total: int

    def __add__(self, part: Fingerprint) -> Fingerprint:
        """Two sets of rows together."""
        return Fingerprint(self.rows + part.rows, self.total + part.total)

    def __sub__(self, part: Fingerprint) -> Fingerprint:
        """What is left of a set of rows without some of them."""
        return Fingerprint(self.rows - part.rows, self.total - part.total)


@written("DumpFile")
@dataclass(frozen=True)
class DumpFile:
    """A complete, checked dump of one table, in the run's folder.

    `path` is relative to the run's folder, `bytes` and `sha256` are the file's, `span` says between which of its bytes
    the rows' statements stand, the longest of `longest` bytes. `top` is the largest key, as a literal, where a single
    column is the key. `rows` were counted in the file and
    on the server, `content` is the server's fingerprint of the same rows, `floats` the file with exact FLOAT values
    where the table has such columns. `children` counts, on the copy, the rows of tables that reference this one with
    a cascading rule and were not asked for. `unlabelled` says that rows hold an ENUM's number 0, which an INSERT of
    texts does not write, `unchecked` that rows break a check of the table itself.
    """

    definition: TableDefinition
    path: str
    bytes: int
    sha256: str
    rows: int
    content: Fingerprint
    span: tuple[int, int] = (0, 0)
    longest: int = 0
    top: str | None = None
    floats: str | None = None
    children: tuple[tuple[TableRef, int], ...] = ()
    unlabelled: bool = False
    unchecked: bool = False
