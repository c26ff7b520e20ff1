"""Taking back what was restored to tables without a key, on real servers: so many copies of each row, and no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mysql.site import Site
from rdsrestore.domain.outcome.load_result import SavedTable
from rdsrestore.domain.tables.rows import Act

SEED = "CREATE TABLE log (at DATETIME, text VARCHAR(40), f DOUBLE)"
ROWS = "INSERT INTO log VALUES (NULL, 'twice', 0.1), (NULL, 'twice', 0.1), ('2017-06-01', 'once', NULL), (NULL, 'é', 3)"
ALL = "SELECT at, text, CONVERT(f, CHAR), COUNT(*) FROM log GROUP BY 1, 2, 3 ORDER BY 2, 1"


@pytest.fixture
def restored(family: Site) -> tuple[Site, SavedTable]:
    """A table that kept one of two equal rows, was given rows of its own, and has the lost ones again."""
    family.both(f"{SEED}; {ROWS}")
    family.now(
        "DELETE FROM log WHERE text <> 'twice'; DELETE FROM log LIMIT 1; INSERT INTO log VALUES (NULL, 'new', 1)"
    )
    family.prepare("log")
    family.compare("log")
    saved = family.save("log")
    assert family.load("log").inserted == 3
    return family, replace(saved, acts=(Act.INSERT,), all_there=True)


def test_as_many_copies_go_as_the_run_added(restored: tuple[Site, SavedTable]) -> None:
    site, saved = restored

    difference, load = site.undo(saved)

    assert (load.deleted, load.conflicts, difference.writes) == (3, (), 3)
    assert [(text, copies) for _at, text, _f, copies in site.now(ALL)] == [("new", 1), ("twice", 1)]


def test_a_row_that_only_looks_the_same_stays(restored: tuple[Site, SavedTable]) -> None:
    site, saved = restored
    site.now("INSERT INTO log VALUES (NULL, 'TWICE', 0.1), (NULL, 'twice ', 0.1), ('2017-06-01', 'once', 0)")

    assert site.undo(saved)[1].deleted == 3

    assert sum(copies for *_rest, copies in site.now(ALL)) == 5


def test_what_others_changed_since_is_left_and_named(restored: tuple[Site, SavedTable]) -> None:
    site, saved = restored
    site.now("UPDATE log SET text = 'mine' WHERE text = 'once'")

    difference, load = site.undo(saved)

    assert (load.deleted, [each.rows for each in difference.conflicts]) == (2, [1])
    assert site.now("SELECT COUNT(*) FROM log WHERE text = 'mine'") == [(1,)]


def test_copies_that_others_took_away_are_not_made_up_for(restored: tuple[Site, SavedTable]) -> None:
    site, saved = restored
    site.now("DELETE FROM log WHERE text = 'twice' LIMIT 1")

    assert site.undo(saved)[1].deleted == 3

    assert site.now("SELECT COUNT(*) FROM log WHERE text = 'twice'") == [(0,)]


def test_an_undo_that_is_done_again_takes_no_row_that_was_there_before(restored: tuple[Site, SavedTable]) -> None:
    site, saved = restored
    site.undo(saved)

    difference, load = site.undo(replace(saved, all_there=False))

    assert (difference.writes, load.deleted, load.conflicts) == (0, 0, ())
    assert site.now("SELECT COUNT(*) FROM log WHERE text = 'twice'") == [(1,)]


def test_a_load_that_was_cut_off_is_taken_back_as_far_as_it_came(restored: tuple[Site, SavedTable]) -> None:
    site, saved = restored
    site.now("DELETE FROM log WHERE text = 'twice' LIMIT 1")

    assert site.undo(replace(saved, all_there=False))[1].deleted == 2

    assert site.now("SELECT COUNT(*) FROM log WHERE text = 'twice'") == [(1,)]


def test_a_unique_key_over_first_letters_is_no_hindrance(family: Site) -> None:
    family.both("CREATE TABLE n (name VARCHAR(200) NOT NULL, v INT, UNIQUE KEY (name(10)))")
    family.both("INSERT INTO n VALUES ('abcdefghijk', 1), ('b', 2), ('c', 3)")
    family.now("DELETE FROM n WHERE name <> 'b'; INSERT INTO n VALUES ('abcdefghijX', 9)")
    family.prepare("n")
    family.compare("n")
    saved = family.save("n")
    load = family.load("n")
    assert (load.inserted, [each.rows for each in load.conflicts]) == (1, [1])

    assert family.undo(replace(saved, acts=(Act.INSERT,)))[1].deleted == 1

    assert family.now("SELECT name FROM n ORDER BY name") == [("abcdefghijX",), ("b",)]


def test_an_undo_can_be_undone(restored: tuple[Site, SavedTable]) -> None:
    site, saved = restored
    before = site.now(ALL)
    again = replace(site.undo_and_save(saved)[2], acts=(Act.DELETE,), all_there=True)
    assert site.now(ALL) != before

    site.folder /= "undo"
    load = site.undo(again)[1]

    assert (load.inserted, site.now(ALL)) == (3, before)
