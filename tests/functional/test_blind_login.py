"""A login that is not shown every table: it may put back what is missing, and nothing that could reach further."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from rdsrestore.lab.servers.programs import choose
from tool import LabTool, given_server

WANTED = {"mariadb": "SELECT and REFERENCES", "mysql": "SELECT"}[choose(given_server()).engine]
"""What shows a login every table and its keys."""


@pytest.fixture
def blind(shop: LabTool) -> Iterator[dict[str, str]]:
    """A login to one of two databases alone."""
    shop.sql(r"""
        CREATE DATABASE near; CREATE TABLE near.p (id INT PRIMARY KEY, n INT); INSERT INTO near.p VALUES (1, 1), (2, 2);
        CREATE DATABASE far;
        CREATE USER blind@'%' IDENTIFIED BY 'x';
        GRANT SELECT, INSERT, UPDATE, DELETE, TRIGGER ON near.* TO blind@'%';
        GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX ON `rdsrestore\_%`.* TO blind@'%'""")
    yield {"RDSRESTORE_USER": "blind", "RDSRESTORE_PASSWORD": "x"}
    shop.sql("DROP DATABASE IF EXISTS far; DROP DATABASE near; DROP USER blind@'%'")


def test_it_may_put_back_what_is_missing_and_not_take_anything_away(shop: LabTool, blind: dict[str, str]) -> None:
    words = ("table", "p", "--database", "near", "--before", shop.moment(), "--yes")
    shop.sql("CREATE TABLE far.k (p INT, FOREIGN KEY (p) REFERENCES near.p (id) ON DELETE CASCADE)")
    shop.sql("DELETE FROM near.p WHERE id = 1; INSERT INTO near.p VALUES (9, 9); INSERT INTO far.k VALUES (9)")

    for merge in (["--merge", "exact", "--confirm", "p"], ["--merge", "overwrite"]):
        refused = shop(*words, *merge, check=3, **blind)
        assert f"the login lacks {WANTED} on *.*" in refused.stderr + refused.stdout
    assert shop.sql("SELECT p FROM far.k") == [["9"]]

    done = shop(*words, check=0, **blind)
    assert shop.sql("SELECT id FROM near.p ORDER BY id") == [["1"], ["2"], ["9"]]
    run = re.search(r"rdsrestore undo (\d{6}-\d{6}-\w{4})", done.stderr + done.stdout)
    assert run

    refused = shop("undo", run[1], "--yes", check=3, **blind)

    assert f"the login lacks {WANTED} on *.*" in refused.stderr + refused.stdout
    assert shop.number("SELECT COUNT(*) FROM near.p") == 3
    shop.sql("GRANT SELECT, REFERENCES ON *.* TO blind@'%'")
    shop("undo", run[1], "--yes", check=0, **blind)
    assert shop.number("SELECT COUNT(*) FROM near.p") == 2
