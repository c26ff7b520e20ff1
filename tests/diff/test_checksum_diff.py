from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdsrestore.diff.checksum_diff import Differ
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.tables.dump_file import Fingerprint
from rdsrestore.domain.tables.key_range import Chunk, Key, KeyRange, walk

MANY = 100_000
Table = Mapping[int, str]


def forwards(key: int) -> int:
    return key


def backwards(key: int) -> int:
    return -key


def shuffled(key: int) -> int:
    return key * 37 % 101


def number(key: Key) -> int:
    return int(key[0])


@dataclass
class ListRows:
    """Rows of a list in the order of their server; `hashed` counts the rows that fingerprints were taken of."""

    table: Table
    order: Callable[[int], int] = forwards
    hashed: int = 0
    meeting: Barrier | None = None
    together: int = 0
    keys: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.keys = sorted(self.table, key=self.order)

    def within(self, key_range: KeyRange) -> list[int]:
        low = bisect_right(self.keys, self.order(number(key_range.low)), key=self.order) if key_range.low else 0
        high = (
            bisect_right(self.keys, self.order(number(key_range.high)), key=self.order)
            if key_range.high
            else len(self.keys)
        )
        return self.keys[low:high]

    def cut(self, key_range: KeyRange, rows: int) -> Key | None:
        keys = self.within(key_range)
        return (str(keys[rows - 1]),) if len(keys) > rows else None

    def key_ranges(self, key_range: KeyRange, rows: int) -> Iterator[KeyRange]:
        return walk(self, key_range, rows)

    def fingerprint(self, key_range: KeyRange) -> Fingerprint:
        if self.meeting:
            self.meeting.wait(60)
        keys = self.within(key_range)
        self.hashed += len(keys)
        return Fingerprint(len(keys), sum(digest(key, self.table[key]) for key in keys))

    def digests(self, key_range: KeyRange, parts: Sequence[int] = ()) -> Iterator[tuple[Key, str]]:
        for key in self.within(key_range):
            if not parts or key // self.together in parts:
                yield (str(key),), self.table[key]

    def parts(self, key_range: KeyRange) -> Mapping[int, tuple[int, int]]:
        keys = self.within(key_range) if self.together else []
        self.hashed += len(keys)
        found: dict[int, tuple[int, int]] = {}
        for key in keys:
            number = key // self.together
            rows, total = found.get(number, (0, 0))
            found[number] = rows + 1, total + digest(key, self.table[key])
        return found


class BrokenRows(ListRows):
    def digests(self, key_range: KeyRange, parts: Sequence[int] = ()) -> Iterator[tuple[Key, str]]:
        raise DatabaseError("compare", f"lost in {key_range} {parts}", code="db.gone")


@cache
def digest(key: int, content: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{key} {content}".encode()).digest()[:8])


def silent(text: str, share: float | None) -> None:
    del text, share


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def covered(parts: Iterable[Chunk], rows: ListRows) -> Counter[int]:
    """Count how often each of a side's keys is in a slice."""
    found: Counter[int] = Counter()
    for part in parts:
        assert bool(part.key_range) != bool(part.keys or part.others)
        found.update(rows.within(part.key_range) if part.key_range else map(number, {*part.keys, *part.others}))
    return found


def differing(restored: Table, live: Table) -> set[int]:
    return {key for key in {*restored, *live} if restored.get(key) != live.get(key)}


tables = st.dictionaries(st.integers(0, 100), st.sampled_from("ab"), max_size=80)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Table, Table]:
    """Two tables that have most of their rows in common."""
    restored = draw(tables)
    lost = draw(st.sets(st.sampled_from(sorted(restored)))) if restored else set()
    news = draw(st.dictionaries(st.integers(0, 120), st.sampled_from("abc"), max_size=10))
    live = {key: content for key, content in restored.items() if key not in lost}
    return restored, draw(st.sampled_from([restored, live, {**live, **news}, {**restored, **news}]))


@given(pair=pairs(), chunk=st.integers(1, 30), leaf=st.integers(1, 9), together=st.sampled_from([0, 1, 4, 50]))
def test_each_row_that_differs_is_in_exactly_one_slice(
    pool: ThreadPoolExecutor, pair: tuple[Table, Table], chunk: int, leaf: int, together: int
) -> None:
    restored, live = (ListRows(table, together=together) for table in pair)
    differ = Differ(restored, live, pool, silent, chunk, leaf)

    parts = list(differ.chunks())

    found = covered(parts, restored) | covered(parts, live)
    assert differing(*pair) <= set(found)
    assert all(times == 1 for times in found.values())
    assert all(set(covered([part], restored) | covered([part], live)) & differing(*pair) for part in parts)
    assert (differ.restored_rows, differ.live_rows) == (len(restored.table), len(live.table))


@given(
    pair=pairs(),
    orders=st.tuples(*[st.sampled_from([forwards, backwards, shuffled])] * 2),
    chunk=st.integers(1, 30),
    leaf=st.integers(1, 9),
    together=st.sampled_from([0, 4]),
)
def test_no_row_is_missed_where_the_servers_order_keys_differently(
    pool: ThreadPoolExecutor,
    pair: tuple[Table, Table],
    orders: tuple[Callable[[int], int], Callable[[int], int]],
    chunk: int,
    leaf: int,
    together: int,
) -> None:
    restored, live = (ListRows(table, order, together=together) for table, order in zip(pair, orders, strict=True))

    parts = list(Differ(restored, live, pool, silent, chunk, leaf).chunks())

    assert {key for key in differing(*pair) if key in restored.table} <= set(covered(parts, restored))
    assert {key for key in differing(*pair) if key in live.table} <= set(covered(parts, live))


@pytest.mark.parametrize("changed", [0, 1023, 1024, 16_383, 16_384, 50_000, MANY - 1])
def test_one_changed_row_of_many_costs_few_checks(pool: ThreadPoolExecutor, changed: int) -> None:
    rows = dict.fromkeys(range(MANY), "a")
    restored = ListRows(rows)
    differ = Differ(restored, ListRows({**rows, changed: "b"}), pool, silent, clock=lambda: 0.0)

    assert list(differ.chunks()) == [Chunk(keys=((str(changed),),), others=((str(changed),),))]
    ranges, halvings = 4, 6
    assert differ.checks <= ranges + halvings + 1
    assert restored.hashed <= MANY + differ.chunk


@dataclass
class SlowClock:
    """A clock that says of each range that it took so many seconds for a row."""

    rows: ListRows
    seconds: float

    def __call__(self) -> float:
        return self.rows.hashed * self.seconds


def test_ranges_are_sized_by_how_long_the_last_one_took(pool: ThreadPoolExecutor) -> None:
    rows = dict.fromkeys(range(MANY), "a")

    def checks(seconds: float) -> int:
        restored = ListRows(rows)
        differ = Differ(restored, ListRows(rows), pool, silent, clock=SlowClock(restored, seconds))
        assert list(differ.chunks()) == []
        assert (differ.restored_rows, restored.hashed) == (MANY, MANY)
        return differ.checks

    assert checks(0) == 4
    assert MANY // 5_000 <= checks(0.0001) <= MANY // 2_000  # that many rows in 0.2 to 0.5 seconds
    assert checks(1) > MANY // 600


def test_scattered_damage_is_not_hashed_again_for_each_halving(pool: ThreadPoolExecutor) -> None:
    rows = dict.fromkeys(range(MANY), "a")
    damaged = set(range(0, MANY, 50))
    restored = ListRows(rows)
    differ = Differ(restored, ListRows({**rows, **dict.fromkeys(damaged, "b")}), pool, silent, 4_096, 128)

    found = covered(differ.chunks(), restored)

    assert found == Counter(damaged)
    assert restored.hashed <= MANY + 5 * differ.chunk


def test_the_search_halves_again_after_scattered_damage_has_ended(pool: ThreadPoolExecutor) -> None:
    rows = dict.fromkeys(range(MANY), "a")
    damaged = {*range(0, 8_192, 50), 40_000, 60_000, 80_000}
    restored = ListRows(rows)
    differ = Differ(restored, ListRows({**rows, **dict.fromkeys(damaged, "b")}), pool, silent, 4_096, 128)

    assert covered(differ.chunks(), restored) == Counter(damaged)
    halved, at_once = 2 * 6, 4_096 // 128
    assert differ.checks <= MANY // 4_096 + 1 + 2 * 2 * at_once + at_once + halved


def test_rows_that_were_deleted_together_are_one_slice_for_each_chunk(pool: ThreadPoolExecutor) -> None:
    rows = dict.fromkeys(range(40), "a")
    left = {key: content for key, content in rows.items() if key < 20}

    parts = list(Differ(ListRows(rows), ListRows(left), pool, silent, 10, 5).chunks())

    assert parts == [Chunk(KeyRange(("19",), ("29",))), Chunk(KeyRange(("29",), None))]


def test_a_span_that_has_lost_more_than_half_of_its_rows_is_not_looked_into(pool: ThreadPoolExecutor) -> None:
    rows = dict.fromkeys(range(40), "a")

    def parts(left: int) -> list[Chunk]:
        live = ListRows(dict.fromkeys(range(left), "a"))
        return list(Differ(ListRows(rows), live, pool, silent, 40, 5).chunks())

    assert parts(20) == [Chunk(KeyRange(("19",), None))]
    assert parts(19) == [Chunk(KeyRange())]


def test_a_span_that_differs_in_more_than_a_quarter_is_given_as_a_whole(pool: ThreadPoolExecutor) -> None:
    rows = dict.fromkeys(range(8), "a")

    def parts(changed: int) -> list[Chunk]:
        live = ListRows({**rows, **dict.fromkeys(range(changed), "b")})
        return list(Differ(ListRows(rows), live, pool, silent).chunks())

    assert parts(2) == [Chunk(keys=(("0",), ("1",)), others=(("0",), ("1",)))]
    assert parts(3) == [Chunk(KeyRange())]


def test_rows_that_production_alone_has_are_named_however_many(pool: ThreadPoolExecutor) -> None:
    rows = dict.fromkeys(range(8), "a")
    live = {**rows, **dict.fromkeys(range(8, 15), "new")}
    assert list(Differ(ListRows(rows), ListRows(live), pool, silent).chunks()) == [
        Chunk(others=tuple((str(key),) for key in range(8, 15)))
    ]


def test_an_empty_side_makes_one_open_span(pool: ThreadPoolExecutor) -> None:
    rows = dict.fromkeys(range(100), "a")
    assert list(Differ(ListRows({}), ListRows(rows), pool, silent, 10, 5).chunks()) == [Chunk(KeyRange())]
    assert list(Differ(ListRows({}), ListRows({}), pool, silent, 10, 5).chunks()) == []


def test_rows_that_have_the_same_key_are_told_apart(pool: ThreadPoolExecutor) -> None:
    class Doubled(ListRows):
        def fingerprint(self, key_range: KeyRange) -> Fingerprint:
            return Fingerprint(len(self.keys) + 1, super().fingerprint(key_range).total + digest(1, "old"))

        def digests(self, key_range: KeyRange, parts: Sequence[int] = ()) -> Iterator[tuple[Key, str]]:
            yield ("1",), "old"
            yield from super().digests(key_range, parts)

    rows = dict.fromkeys(range(8), "a")
    assert list(Differ(ListRows(rows), Doubled(rows), pool, silent).chunks()) == [Chunk(others=(("1",),))]


def test_both_sides_are_asked_at_the_same_time(pool: ThreadPoolExecutor) -> None:
    meeting = Barrier(2)
    restored, live = (ListRows(dict.fromkeys(range(9), "a"), meeting=meeting) for _side in range(2))
    assert list(Differ(restored, live, pool, silent, 4, 2).chunks()) == []


def test_an_error_of_either_side_comes_out(pool: ThreadPoolExecutor) -> None:
    rows, others = (dict.fromkeys(range(9), content) for content in "ab")
    for restored, live in ((ListRows(rows), BrokenRows(others)), (BrokenRows(rows), ListRows(others))):
        with pytest.raises(DatabaseError) as failed:
            list(Differ(restored, live, pool, silent).chunks())
        assert failed.value.code == "db.gone"


def test_progress_tells_how_many_rows_were_compared(pool: ThreadPoolExecutor) -> None:
    told: list[str] = []
    rows = ListRows(dict.fromkeys(range(2_500), "a"))

    list(Differ(rows, rows, pool, lambda text, _share: told.append(text), 1_000).chunks())

    assert told == ["1,000 rows compared", "2,000 rows compared", "2,500 rows compared"]
