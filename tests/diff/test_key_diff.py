"""Every key that one side alone has is named, and no other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdsrestore.diff.key_diff import Presence
from rdsrestore.domain.tables.key_range import Key, Slice, Span, walk


@dataclass
class Side:
    """Keys in a set."""

    keys: set[int]
    numbered: bool = True

    def within(self, span: Span) -> list[int]:
        low = int(span.low[0]) if span.low else None
        high = int(span.high[0]) if span.high else None
        return sorted(key for key in self.keys if (low is None or key > low) and (high is None or key <= high))

    def cut(self, span: Span, rows: int) -> Key | None:
        found = self.within(span)
        return (str(found[rows - 1]),) if len(found) > rows else None

    def spans(self, span: Span, rows: int) -> Iterator[Span]:
        return walk(self, span, rows)

    def present(self, span: Span) -> dict[int, int]:
        found: dict[int, int] = defaultdict(int)
        for key in self.within(span):
            found[key >> 6] |= 1 << (key & 63)
        return found

    def count(self, span: Span) -> int:
        return len(self.within(span))


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def silent(text: str, share: float | None) -> None:
    del text, share


def named(parts: Iterable[Slice], side: Side) -> set[int]:
    """The keys of a side that slices name."""
    found: set[int] = set()
    for part in parts:
        found |= set(side.within(part.span)) if part.span else {int(key) for (key,) in (*part.keys, *part.others)}
    return found & side.keys


keys = st.sets(st.integers(-300, 300), max_size=120)


@given(keys, keys, st.integers(1, 50))
def test_what_one_side_alone_has_is_in_a_slice(
    pool: ThreadPoolExecutor, restored: set[int], live: set[int], chunk: int
) -> None:
    search = Presence(Side(restored), Side(live), pool, silent, chunk)
    parts = list(search.slices())
    assert named(parts, Side(restored)) >= restored - live
    assert named(parts, Side(live)) >= live - restored
    assert not named(parts, Side(restored)) & live
    assert not named(parts, Side(live)) & restored
    assert (search.restored_rows, search.live_rows) == (len(restored), len(live))
    assert search.common == len(restored & live)


@given(keys, st.integers(1, 50))
def test_nothing_is_named_where_both_sides_have_the_same_keys(
    pool: ThreadPoolExecutor, restored: set[int], chunk: int
) -> None:
    assert list(Presence(Side(restored), Side(restored), pool, silent, chunk).slices()) == []


def test_what_was_deleted_together_is_named_by_its_ends(pool: ThreadPoolExecutor) -> None:
    restored = set(range(1000))
    live = (restored - set(range(120, 190)) - set(range(250, 350))) | {150}

    parts = list(Presence(Side(restored - {150}), Side(live), pool, silent, 99).slices())

    assert Slice(Span(("119",), ("189",))) in parts
    assert Slice(Span(("249",), ("297",))) in parts
    assert sum(len(each.keys) for each in parts) < 60


def test_a_few_missing_keys_are_named_one_by_one(pool: ThreadPoolExecutor) -> None:
    restored = set(range(1000))
    live = (restored - {5, 700}) | {2000}
    assert list(Presence(Side(restored), Side(live), pool, silent, 100).slices()) == [
        Slice(keys=(("5",),)),
        Slice(keys=(("700",),)),
        Slice(Span(("999",))),
    ]
