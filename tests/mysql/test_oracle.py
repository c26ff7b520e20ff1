"""Random tables, random histories, each policy: what production has afterwards is what plain Python says, and undo undoes it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mysql.oracle import Oracle, Row
from mysql.site import Site, numbers
from rdsrestore.domain.request.merge_policy import Merge, OnConflict, Policy
from rdsrestore.domain.tables.target import AFTER
from tiers import amount

EXAMPLES = amount(15, long=500)


@dataclass(frozen=True)
class Kind:
    """A column's type, values that are near each other, and the expression that tells them apart to the last byte."""

    type: str
    values: tuple[str, ...]
    exact: str = "{}"


TEXT = "HEX(CONVERT({} USING utf8mb4))"
WORDS = ("NULL", "''", "'0'", "'a'", "'A'", "'a '", "'é'", "'e'", "'#~,'", "'\\\\'''")
KINDS = (
    Kind("INT", ("NULL", "0", "1", "-1", "2147483647")),
    Kind("BIGINT UNSIGNED", ("NULL", "0", "18446744073709551615")),
    Kind("SMALLINT(5) ZEROFILL", ("NULL", "0", "7")),
    Kind("BIT(9)", ("NULL", "0", "1", "511"), "{} + 0"),
    Kind("DECIMAL(12,3)", ("NULL", "0", "1.5", "-0.001", "999999999.999")),
    Kind("FLOAT", ("NULL", "0", "16777216", "16777218", "0.1"), "{} + 0e0"),
    Kind("DOUBLE", ("NULL", "0", "0.1", "1e300", "1.0000000000000002"), "{} + 0e0"),
    Kind("CHAR(5)", WORDS, TEXT),
    Kind("VARCHAR(9) COLLATE utf8mb4_general_ci", (*WORDS, "'🙈'"), TEXT),
    Kind("VARCHAR(9) COLLATE utf8mb4_bin", (*WORDS, "'🙈'"), TEXT),
    Kind("VARCHAR(9) CHARACTER SET latin1", WORDS, TEXT),
    Kind("VARCHAR(9) CHARACTER SET utf8mb3", WORDS, TEXT),
    Kind("TEXT", (*WORDS, "REPEAT('x', 3000)", "REPEAT('y', 3000)"), TEXT),
    Kind("VARBINARY(9)", ("NULL", "''", "0x00", "0x0000", "0xFF27"), "HEX({})"),
    Kind("BINARY(3)", ("NULL", "0x00", "0x2000FF"), "HEX({})"),
    Kind("BLOB", ("NULL", "''", "0x00FF", "0x275C"), "HEX({})"),
    Kind("DATE", ("NULL", "'0000-00-00'", "'2017-06-01'", "'2024-02-29'")),
    Kind("TIME(2)", ("NULL", "'-12:00:00.25'", "'838:59:59'", "'00:00:00'")),
    Kind("DATETIME(6)", ("NULL", "'2017-06-01 10:14:00.000001'", "'2017-06-01 10:14:00'", "'0000-00-00 00:00:00'")),
    Kind("TIMESTAMP(3) NULL", ("NULL", "'2017-10-29 00:30:00'", "'2017-10-29 01:30:00'")),
    Kind("YEAR", ("NULL", "0", "1901", "2017")),
    Kind("ENUM('a','b','')", ("NULL", "'a'", "'b'", "''"), TEXT),
    Kind("SET('x','y')", ("NULL", "''", "'x'", "'x,y'"), TEXT),
    Kind("JSON", ("NULL", '\'{"a": 1, "b": 2}\'', '\'{"b": 2, "a": 1}\'', "'[]'"), TEXT),
    Kind("POINT", ("NULL", "ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POINT(2 1)', 4326)"), "HEX({})"),
)
KEYS = (
    Kind("INT", tuple(map(str, range(-3, 12)))),
    Kind("VARCHAR(9) COLLATE utf8mb4_general_ci", ("'a'", "'B'", "'c'", "'ä,'", "'\\\\'''", "'🙈'", "''", "'0'"), TEXT),
    Kind("VARCHAR(9) COLLATE utf8mb4_bin", ("'a'", "'A'", "'c'", "'ä,'", "''", "'0'"), TEXT),
    Kind("VARBINARY(9)", ("0x00", "0x0000", "''", "0xFF", "0x2041"), "HEX({})"),
    Kind("DATETIME(3)", ("'2017-06-01 10:14:00'", "'2017-06-01 10:14:00.001'", "'1000-01-01'")),
    Kind("DECIMAL(20,5)", ("0", "1.5", "-1.5", "99999999999.99999")),
    Kind("BIT(20)", ("0", "1", "1048575"), "{} + 0"),
)


@dataclass(frozen=True)
class History:
    """A table's definition and its rows, as SQL literals, at three times."""

    keys: tuple[Kind, ...]
    columns: tuple[Kind, ...]
    then: tuple[tuple[str, ...], ...]
    left: tuple[tuple[str, ...], ...]
    now: tuple[tuple[str, ...], ...]

    @property
    def exact(self) -> str:
        shown = [kind.exact.format(f"k{place}") for place, kind in enumerate(self.keys)]
        return ", ".join(shown + [kind.exact.format(f"c{place}") for place, kind in enumerate(self.columns)])

    @property
    def create(self) -> str:
        keys = [f"k{place} {kind.type} NOT NULL" for place, kind in enumerate(self.keys)]
        columns = [f"c{place} {kind.type}" for place, kind in enumerate(self.columns)]
        names = ", ".join(f"k{place}" for place in range(len(self.keys)))
        return f"CREATE TABLE t ({', '.join([*keys, *columns])}, PRIMARY KEY ({names}))"


@st.composite
def histories(draw: st.DrawFn) -> History:
    keys = tuple(draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=2)))
    columns = tuple(draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=5)))
    key = st.tuples(*(st.sampled_from(kind.values) for kind in keys))
    content = st.tuples(*(st.sampled_from(kind.values) for kind in columns))
    then = draw(st.dictionaries(key, content, min_size=1, max_size=14))

    def later(rows: dict[tuple[str, ...], tuple[str, ...]]) -> dict[tuple[str, ...], tuple[str, ...]]:
        known = st.sampled_from(sorted(rows)) if rows else key
        gone = draw(st.sets(known, max_size=6))
        changed = draw(st.dictionaries(st.one_of(known, key), content, max_size=6))
        return {**{each: row for each, row in rows.items() if each not in gone}, **changed}

    left = later(then)
    now = later(left)
    texts = (tuple((*each, *row) for each, row in rows.items()) for rows in (then, left, now))
    return History(keys, columns, *texts)


def fill(rows: tuple[tuple[str, ...], ...]) -> str:
    values = ", ".join(f"({', '.join(row)})" for row in rows)
    return f"DELETE FROM t; {f'INSERT INTO t VALUES {values}' if values else ''}"


policies = st.builds(
    Policy,
    merge=st.sampled_from([Merge.MISSING, Merge.OVERWRITE, Merge.EXACT]),
    on_conflict=st.sampled_from([OnConflict.KEEP, OnConflict.RESTORE]),
    columns=st.sampled_from([(), ("c0",)]),
    three_way=st.booleans(),
)


@pytest.mark.timeout(120 + 10 * EXAMPLES)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories(), policy=policies, keys=st.booleans())
def test_production_is_afterwards_what_plain_python_says(
    family: Site, history: History, policy: Policy, *, keys: bool
) -> None:
    site = replace(family, database=f"shop{next(numbers)}", dumps={}, afters={}, located={}, whole=set())
    for server in (site.production, site.copy):
        server.sql(f"CREATE DATABASE {site.database} CHARACTER SET utf8mb4")
    try:
        check(site, history, policy, keys=keys)
    finally:
        site.drop()


def check(site: Site, history: History, policy: Policy, *, keys: bool) -> None:
    """Compare by content, or where that is all the policy needs by `keys` alone."""
    query = f"SELECT {history.exact} FROM t"
    site.both(history.create)
    site.then(fill(history.left))
    left = rows(history, site.then(query))
    (site.folder / AFTER).mkdir(exist_ok=True)
    made = site.dump("t")
    (site.folder / made.path).replace(site.folder / AFTER / made.path)
    if made.floats:
        (site.folder / made.floats).replace(site.folder / AFTER / made.floats)
    if policy.three_way:
        site.afters["t"] = made
    site.then(fill(history.then))
    site.now(fill(history.now))
    then, now = rows(history, site.then(query)), rows(history, site.now(query))
    places = range(len(history.keys) + len(history.columns)) if not policy.columns else [len(history.keys)]
    plain = Oracle(policy.merge.value, policy.on_conflict.value, places)
    wanted = plain.after(then, left if policy.three_way else None, now)

    if policy.three_way:
        site.dump("t")
    elif keys and policy.merge is Merge.MISSING and not policy.columns:
        site.locate_keys("t", policy)
    else:
        site.locate("t", policy)
    site.stage("t")
    difference = site.compare("t", policy=policy)
    saved = site.save("t", policy=policy)
    with site.live() as server:
        untouched = server.untouched_rows("rdsrestore_260101_000000_abcd", site.target("t", policy=policy))
    load = site.load("t", policy=policy)
    ledger = site.ledger("t", difference.live, policy=policy, untouched=untouched)

    assert rows(history, site.now(query)) == wanted
    assert (load.rows, ledger.matching, ledger.others) == (difference.writes, load.rows, 0)
    assert ledger.untouched is not False  # said only where it was looked at
    site.undo(saved)
    assert rows(history, site.now(query)) == now


def rows(history: History, found: list[tuple[object, ...]]) -> dict[object, Row]:
    """Know rows by their keys; 'a' and 'A' are one in a key that takes them for the same."""
    folded = [kind.type.endswith("general_ci") for kind in history.keys]
    return {
        tuple(str(value).upper() if fold else value for value, fold in zip(row, folded, strict=False)): row
        for row in found
    }
