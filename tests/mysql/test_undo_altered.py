"""Undo where a text column was given another character set, before the restore or since: rows are told by their texts."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from mysql.site import Site
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.tables.rows import Act

CHARSETS = ("latin1", "utf8mb4", "utf16", "gbk", "cp932")
KEYS = {"a key": "id INT PRIMARY KEY", "no key": "id INT"}
PAIRS = list(itertools.permutations(CHARSETS, 2))
TEXT = "SELECT id, CONVERT(v USING utf8mb4), CONVERT(w USING utf8mb4) FROM t ORDER BY 1"


def altered(site: Site, charset: str) -> None:
    site.now(f"ALTER TABLE t MODIFY v VARCHAR(50) CHARACTER SET {charset}, MODIFY w TEXT CHARACTER SET {charset}")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("altered_before_restore", [False, True])
@pytest.mark.parametrize(("then", "since"), PAIRS)
def test_rows_are_taken_back_whatever_their_texts_are_spelled_in(
    family: Site, then: str, since: str, key: str, *, altered_before_restore: bool
) -> None:
    keyed, odd = key == "a key", "" if "latin1" in {then, since} else "中"
    family.both(f"CREATE TABLE t ({KEYS[key]}, v VARCHAR(50) CHARACTER SET {then}, w TEXT CHARACTER SET {then})")
    family.both(f"INSERT INTO t VALUES (1, 'a{odd}', 'b'), (2, NULL, 'x'), (3, '', '')")
    policy = Policy(Merge.OVERWRITE if keyed else Merge.MISSING)
    family.now("DELETE FROM t WHERE id IN (1, 2)" + ("; UPDATE t SET v = 'other' WHERE id = 3" if keyed else ""))
    if altered_before_restore:
        altered(family, since)
    damaged = family.now(TEXT)
    family.prepare("t")
    family.compare("t", policy=policy)
    saved = replace(family.save("t", policy=policy), acts=tuple(Act), all_there=True)
    family.load("t", policy=policy)
    assert family.now(TEXT) == family.then(TEXT)
    if not altered_before_restore:
        altered(family, since)

    _difference, load = family.undo(saved)

    assert not load.conflicts
    assert family.now(TEXT) == damaged


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("then", CHARSETS)
def test_a_row_that_others_gave_a_text_that_the_former_character_set_lacks_is_left(
    family: Site, then: str, key: str
) -> None:
    family.both(f"CREATE TABLE t ({KEYS[key]}, v VARCHAR(50) CHARACTER SET {then}, w TEXT)")
    family.both("INSERT INTO t VALUES (1, '?', 'b'), (2, 'a', 'x')")
    family.now("DELETE FROM t")
    family.prepare("t")
    family.compare("t")
    saved = replace(family.save("t"), acts=tuple(Act), all_there=True)
    family.load("t")
    altered(family, "utf8mb4")
    family.now("UPDATE t SET v = '👍' WHERE id = 1" if then != "utf16" else "UPDATE t SET v = '!' WHERE id = 1")

    _difference, load = family.undo(saved)

    assert [conflict.rows for conflict in load.conflicts] == [1]
    assert [row[0] for row in family.now("SELECT id FROM t")] == [1]


def test_a_column_of_another_type_is_named_where_it_may_be_the_reason(family: Site) -> None:
    family.both("CREATE TABLE t (id INT PRIMARY KEY, v INT, f FLOAT); INSERT INTO t VALUES (1, 5, 0.5), (2, NULL, 1)")
    family.now("DELETE FROM t WHERE id = 1")
    family.prepare("t")
    family.compare("t")
    saved = replace(family.save("t"), acts=tuple(Act), all_there=True)
    family.load("t")
    family.now("ALTER TABLE t MODIFY v DECIMAL(10,2)")

    _difference, load = family.undo(saved)

    (conflict,) = load.conflicts
    assert "v is decimal(10,2) now" in conflict.reason
    assert "f is" not in conflict.reason
