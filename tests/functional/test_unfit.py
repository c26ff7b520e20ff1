"""Several tables, one of which can't be restored: said at once, and the others may go."""

from __future__ import annotations

from tool import LabTool


def test_the_others_go_where_that_is_allowed(shop: LabTool) -> None:
    shop.sql("""
        USE shop; DROP TABLE IF EXISTS u_float, u_plain;
        CREATE TABLE u_float (a FLOAT); INSERT INTO u_float VALUES (1.1);
        CREATE TABLE u_plain (a INT PRIMARY KEY); INSERT INTO u_plain VALUES (1), (2)""")
    before = shop.moment()
    shop.sql("DELETE FROM shop.u_float; DELETE FROM shop.u_plain")

    refused = shop("table", "u_float", "u_plain", "--before", before, "--yes", check=3)
    assert "column a is FLOAT" in refused.stderr
    assert "--skip-unfit restores the other tables" in refused.stderr
    assert shop.number("SELECT COUNT(*) FROM shop.u_plain") == 0

    ended = shop("table", "u_float", "u_plain", "--before", before, "--yes", "--skip-unfit", check=8)
    assert "restored and verified: 2 rows put back; without shop.u_float" in ended.stdout
    assert "left out    shop.u_float: column a is FLOAT" in ended.stdout
    assert shop.number("SELECT COUNT(*) FROM shop.u_plain") == 2
    assert shop.ours() == []
    shop.sql("DROP TABLE shop.u_float, shop.u_plain")


def test_what_was_a_view_then_and_columns_that_are_gone_are_told(shop: LabTool) -> None:
    shop.sql("""
        USE shop; DROP TABLE IF EXISTS u_view, u_short; CREATE VIEW u_view AS SELECT 1 AS a;
        CREATE TABLE u_short (a INT PRIMARY KEY, b INT); INSERT INTO u_short VALUES (1, 2)""")
    before = shop.moment()
    shop.sql(
        "DROP VIEW shop.u_view; CREATE TABLE shop.u_view (a INT PRIMARY KEY); ALTER TABLE shop.u_short DROP COLUMN b"
    )

    view = shop("table", "u_view", "--before", before, "--yes", check=4)
    assert "shop.u_view was a view at that moment, which has no rows of its own" in view.stderr

    short = shop("table", "u_short", "--before", before, "--yes", check=8)
    assert "shop.u_short: column b was dropped since" in short.stdout
    assert "--into NEW_TABLE" in short.stdout
    shop.sql("DROP TABLE shop.u_view, shop.u_short")
