"""What the user says has to be right after a restore: read then, before and after the load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tool import LabTool

SETTINGS = """
[[invariant]]
name = "revenue"
table = "sale"
value = "SUM(amount)"
expect = "restored"
[[invariant]]
name = "sales without a place"
query = "SELECT COUNT(*) FROM sale WHERE place IS NULL"
expect = "zero"
"""


@pytest.fixture
def settings(tmp_path: Path) -> str:
    """A configuration folder with invariants."""
    folder = tmp_path / "rdsrestore"
    folder.mkdir()
    (folder / "rdsrestore.toml").write_text(SETTINGS)
    return str(tmp_path)


@pytest.fixture
def before(shop: LabTool) -> str:
    shop.sql("""
        DROP DATABASE IF EXISTS sales; CREATE DATABASE sales; USE sales;
        CREATE TABLE sale (id INT PRIMARY KEY, amount INT, place VARCHAR(9));
        INSERT INTO sale VALUES (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c')""")
    moment = shop.moment()
    shop.sql("DELETE FROM sales.sale WHERE id > 1")
    return moment


def test_invariants_that_hold_are_told(shop: LabTool, settings: str, before: str) -> None:
    ended = shop("table", "sale", "--database", "sales", "--before", before, "--yes", check=0, XDG_CONFIG_HOME=settings)
    assert re.search(r"revenue.*60.*10.*60", ended.stdout)
    shop.sql("DROP DATABASE sales")


def test_a_broken_invariant_ends_with_5_both_numbers_and_the_way_back(
    shop: LabTool, settings: str, before: str
) -> None:
    shop.sql("INSERT INTO sales.sale VALUES (9, 5, NULL)")
    ended = shop("table", "sale", "--database", "sales", "--before", before, "--yes", check=5, XDG_CONFIG_HOME=settings)
    said = ended.stdout + ended.stderr
    assert re.search(r"revenue.*\b65\b", said)
    found = re.search(r"rdsrestore undo (\S{18})", said)
    assert found
    shop("undo", found[1], "--yes", check=0)
    assert shop.sql("SELECT id FROM sales.sale ORDER BY id") == [["1"], ["9"]]
    assert shop.ours() == []
    shop.sql("DROP DATABASE sales")
