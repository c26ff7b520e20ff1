"""One side's rows, to be compared by their digests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from rdsrestore.domain.tables.dump_file import Fingerprint
from rdsrestore.domain.tables.key_range import Key, KeyRange, Ordered


class Rows(Ordered, Protocol):
    """One side's rows.

    The two sides are asked from two threads at the same time, so each has a login of its own. Every method may raise
    DatabaseError.
    """

    def fingerprint(self, key_range: KeyRange) -> Fingerprint:
        """Take the fingerprint of a range's rows."""
        ...

    def parts(self, key_range: KeyRange) -> Mapping[int, tuple[int, int]]:
        """Take rows and total, as a fingerprint has them, of parts of few keys, the same keys in a part of either side.

        Empty where the key is none that can be divided so.
        """
        ...

    def digests(self, key_range: KeyRange, parts: Sequence[int] = ()) -> Iterable[tuple[Key, str]]:
        """Yield key and digest of each row of a small range, or only of these parts of it."""
        ...
