"""The servers' error numbers: each that has a meaning here is one of the servers', and no value of a row is told."""

from __future__ import annotations

import subprocess

import pymysql
import pytest

from mysql.site import MARIADB, ORACLE, Site
from rdsrestore.mysql.session.errors import LOST, MADE_UP, MEANINGS, RETRYABLE, UNFIT, translate

OF_CLIENTS = range(2000, 3000)


@pytest.mark.parametrize("number", sorted({*MEANINGS, *UNFIT, *LOST, *RETRYABLE, *MADE_UP} - {*OF_CLIENTS}))
def test_every_number_is_one_that_a_server_knows(number: int) -> None:
    said = []
    for programs in (MARIADB, ORACLE):
        words = [*programs.program("perror"), str(number)]
        said.append(subprocess.run(words, capture_output=True, text=True, check=False, timeout=30).stdout)
    assert any("(ER_" in text or "(WARN_" in text for text in said), said


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (1690, "BIGINT value is out of range in '(`t`.`a` + 17)'", "error 1690: BIGINT value is out of range in …"),
        (1366, "Incorrect value: 'it's \"secret\"' for column 'a'", "error 1366: Incorrect value: …"),
        (1644, "card 4111 was refused", "error 1644"),
        (3819, "Check constraint 'positive' is violated.", "error 3819"),
    ],
)
def test_an_unknown_number_is_told_in_the_servers_words_without_values(number: int, words: str, said: str) -> None:
    error = translate("load", pymysql.OperationalError(number, words))
    assert error.what == f"the server answered {said}"


@pytest.mark.parametrize(
    ("number", "words", "code"),
    [
        (1290, "The MySQL server is running with the --super-read-only option", "db.read-only"),
        (1290, "The MariaDB server is running with the --max-session-mem-used=8192 option", "db.setting"),
        (
            1005,
            'Can\'t create table `a`.`b` (errno: 150 "Foreign key constraint is incorrectly formed")',
            "db.foreign-key",
        ),
        (1005, 'Can\'t create table `a`.`b` (errno: 140 "Wrong create options")', "db.definition"),
    ],
)
def test_a_number_that_means_several_things_is_told_by_its_words(number: int, words: str, code: str) -> None:
    assert translate("load", pymysql.OperationalError(number, words)).code == code


def test_a_check_that_refuses_a_row_is_called_by_its_own_name(family: Site) -> None:
    family.both(
        "CREATE TABLE t (id INT PRIMARY KEY, v INT, w INT); INSERT INTO t VALUES (1, -1, 1), (2, 2, -2), (3, 3, 3)"
    )
    family.now("""
        DELETE FROM t; INSERT INTO t VALUES (9, 9, 9);
        ALTER TABLE t ADD CONSTRAINT positive CHECK (v > 0), ADD CONSTRAINT upward CHECK (w > 0)""")
    family.prepare("t")
    found = family.compare("t")
    reasons = " ".join(conflict.reason for conflict in found.conflicts)
    assert sum(conflict.rows for conflict in found.conflicts) == 2
    assert "positive" in reasons
    assert "upward" in reasons
    assert "rdsrestore" not in reasons
