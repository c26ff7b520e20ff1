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
from rdsrestore.domain.tables.key_range import Chunk, Key, KeyRange, walk


@dataclass
class Side:
    """Keys in a set."""

    keys: set[int]
    numbered: bool = True

    def within(self, key_range: KeyRange) -> list[int]:
        low = int(key_range.low[0]) if key_range.low else None
        high = int(key_range.high[0]) if key_range.high else None
        return sorted(key for key in self.keys if (low is None or key > low) and (high is None or key <= high))

    def cut(self, key_range: KeyRange, rows: int) -> Key | None:
        found = self.within(key_range)
        return (str(found[rows - 1]),) if len(found) > rows else None

    def key_ranges(self, key_range: KeyRange, rows: int) -> Iterator[KeyRange]:
        return walk(self, key_range, rows)

    def present(self, key_range: KeyRange) -> dict[int, int]:
        found: dict[int, int] = defaultdict(int)
        for key in self.within(key_range):
            found[key >> 6] |= 1 << (key & 63)
        return found

    def count(self, key_range: KeyRange) -> int:
        return len(self.within(key_range))


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def silent(text: str, share: float | None) -> None:
    del text, share


def named(parts: Iterable[Chunk], side: Side) -> set[int]:
    """The keys of a side that slices name."""
    found: set[int] = set()
    for part in parts:
        found |= (
            set(side.within(part.key_range)) if part.key_range else {int(key) for (key,) in (*part.keys, *part.others)}
        )
    return found & side.keys


keys = st.sets(st.integers(-300, 300), max_size=120)


@given(keys, keys, st.integers(1, 50))
def test_what_one_side_alone_has_is_in_a_slice(
    pool: ThreadPoolExecutor, restored: set[int], live: set[int], chunk: int
) -> None:
    search = Presence(Side(restored), Side(live), pool, silent, chunk)
    parts = list(search.chunks())
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
    assert list(Presence(Side(restored), Side(restored), pool, silent, chunk).chunks()) == []


def test_what_was_deleted_together_is_named_by_its_ends(pool: ThreadPoolExecutor) -> None:
    restored = set(range(1000))
    live = (restored - set(range(120, 190)) - set(range(250, 350))) | {150}

    parts = list(Presence(Side(restored - {150}), Side(live), pool, silent, 99).chunks())

    assert Chunk(KeyRange(("119",), ("189",))) in parts
    assert Chunk(KeyRange(("249",), ("297",))) in parts
    assert sum(len(each.keys) for each in parts) < 60


def test_a_few_missing_keys_are_named_one_by_one(pool: ThreadPoolExecutor) -> None:
    restored = set(range(1000))
    live = (restored - {5, 700}) | {2000}
    assert list(Presence(Side(restored), Side(live), pool, silent, 100).chunks()) == [
        Chunk(keys=(("5",),)),
        Chunk(keys=(("700",),)),
        Chunk(KeyRange(("999",))),
    ]
