"""Two servers' rows as one side of a comparison, to find what differs from either."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rdsrestore.diff.checksum_diff import NONE
from rdsrestore.domain.tables.dump_file import Fingerprint
from rdsrestore.domain.tables.key_range import Key, Span
from rdsrestore.ports.row_digests import Rows


@dataclass(frozen=True)
class Together:
    """Two sides as one: what differs from it, taken twice, differs from one of them at least."""

    first: Rows
    second: Rows

    def cut(self, span: Span, rows: int) -> Key | None:
        """Cut by the first one's keys."""
        return self.first.cut(span, max(rows // 2, 1))

    def spans(self, span: Span, rows: int) -> Iterator[Span]:
        """Cut by the first one's keys."""
        return self.first.spans(span, max(rows // 2, 1))

    def fingerprint(self, span: Span) -> Fingerprint:
        """Take both sides' rows together."""
        return self.first.fingerprint(span) + self.second.fingerprint(span)

    def parts(self, span: Span) -> Mapping[int, Fingerprint]:
        """Take both sides' rows of each part together."""
        first, second = self.first.parts(span), self.second.parts(span)
        return {each: first.get(each, NONE) + second.get(each, NONE) for each in {*first, *second}}

    def digests(self, span: Span, parts: Sequence[int] = ()) -> Iterable[tuple[Key, str]]:
        """Yield one side's rows after the other's."""
        yield from self.first.digests(span, parts)
        yield from self.second.digests(span, parts)


@dataclass(frozen=True)
class Twice:
    """One side counted twice, to be compared with two others together."""

    rows: Rows

    def cut(self, span: Span, rows: int) -> Key | None:
        """Cut after half as many rows."""
        return self.rows.cut(span, max(rows // 2, 1))

    def spans(self, span: Span, rows: int) -> Iterator[Span]:
        """Cut after half as many rows."""
        return self.rows.spans(span, max(rows // 2, 1))

    def fingerprint(self, span: Span) -> Fingerprint:
        """Double it."""
        once = self.rows.fingerprint(span)
        return once + once

    def parts(self, span: Span) -> Mapping[int, Fingerprint]:
        """Double each part."""
        return {number: once + once for number, once in self.rows.parts(span).items()}

    def digests(self, span: Span, parts: Sequence[int] = ()) -> Iterable[tuple[Key, str]]:
        """Yield each row twice."""
        for each in self.rows.digests(span, parts):
            yield each
            yield each
