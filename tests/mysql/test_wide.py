"""Rows as wide as a row may be: compared, overwritten and taken back like any other."""

from __future__ import annotations

import pytest

from mysql.site import Site
from rdsrestore.domain.request.merge_policy import Merge, Policy

WIDE = {
    "one text": "a VARCHAR(21842) CHARACTER SET utf8mb3 NOT NULL, k TINYINT NOT NULL PRIMARY KEY",
    "many texts": ", ".join(f"a{n} VARCHAR(255) NOT NULL" for n in range(63)) + ", k TINYINT NOT NULL PRIMARY KEY",
    "bytes": "a VARBINARY(65530) NOT NULL, k TINYINT NOT NULL PRIMARY KEY",
    "optional": "a VARCHAR(65528) CHARACTER SET latin1, k TINYINT NOT NULL PRIMARY KEY",
    "wide chars": ", ".join(f"a{n} CHAR(255)" for n in range(64)) + ", k TINYINT NOT NULL PRIMARY KEY",
}
OVERWRITE = Policy(Merge.OVERWRITE)


@pytest.mark.parametrize("shape", WIDE)
def test_they_come_back_and_can_be_taken_back(family: Site, shape: str) -> None:
    columns = WIDE[shape]
    first = columns.split()[0]
    family.both(f"CREATE TABLE t ({columns})")
    family.both(f"INSERT IGNORE INTO t ({first}, k) VALUES ('x', 1), (REPEAT('y', 9000), 2), ('z  ', 3), ('', 4)")
    family.now(f"UPDATE t SET {first} = 'changed' WHERE k < 3; DELETE FROM t WHERE k = 3")
    damaged = family.now("SELECT * FROM t ORDER BY k")

    family.prepare("t")
    family.compare("t", policy=OVERWRITE)
    saved = family.save("t", policy=OVERWRITE)
    load = family.load("t", policy=OVERWRITE)

    assert (load.inserted, load.updated, load.conflicts) == (1, 2, ())
    assert family.now("SELECT * FROM t ORDER BY k") == family.then("SELECT * FROM t ORDER BY k")
    taken = family.undo(saved)[1]
    assert (taken.deleted, taken.updated, taken.conflicts) == (1, 2, ())
    assert family.now("SELECT * FROM t ORDER BY k") == damaged


def test_rows_without_a_key_are_no_exception(family: Site) -> None:
    family.both(
        "CREATE TABLE t (a VARCHAR(65530) CHARACTER SET latin1 NOT NULL); INSERT INTO t VALUES ('x'), ('x'), ('y')"
    )
    family.now("DELETE FROM t WHERE a = 'x'")

    family.restore("t")

    assert sorted(family.now("SELECT a FROM t")) == [("x",), ("x",), ("y",)]
