"""--in-place shadow: the rows of an emptied table come back by a table beside it, which takes its place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tool import LabTool, counted, events

ROWS = 20_000
BESIDE = "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'shop' AND TABLE_NAME LIKE 'emptied%'"


@pytest.fixture
def before(shop: LabTool) -> Iterator[str]:
    """Empty a table, write a row since, and give the moment before."""
    shop.sql("CREATE TABLE shop.emptied (id INT AUTO_INCREMENT PRIMARY KEY, a INT, b VARCHAR(300), UNIQUE KEY u (b))")
    shop.sql(f"USE shop; INSERT INTO emptied SELECT seq, seq % 9, CONCAT(seq, REPEAT('x', 200)) FROM {counted(ROWS)}")
    moment = shop.moment()
    shop.sql("DELETE FROM shop.emptied; INSERT INTO shop.emptied (b) VALUES ('since')")
    yield moment
    shop.sql("DROP TABLE shop.emptied")


def rows(shop: LabTool) -> int:
    return shop.number("SELECT COUNT(*) FROM shop.emptied")


def created(shop: LabTool) -> str:
    return str(shop.sql("SHOW CREATE TABLE shop.emptied")[0][1])


def test_an_emptied_table_is_exchanged_for_a_filled_one_and_undo_takes_the_rows_back(
    shop: LabTool, before: str
) -> None:
    definition = created(shop)

    said = shop("table", "emptied", "--before", before, "--yes", "--in-place", "shadow", check=0).stdout

    assert "emptied: where it has lost all rows, they go into a table beside it" in " ".join(said.split())
    assert "the rows go into a table beside it, checked there" in " ".join(said.split())
    assert "by way of a table beside it, which took its place" in " ".join(said.split())
    assert (rows(shop), created(shop)) == (ROWS + 1, definition)
    assert (shop.ours(), shop.sql(BESIDE)) == ([], [["emptied"]])

    shop("undo", max(path.name for path in (shop.home / "runs").iterdir()), "--yes", check=0)
    assert shop.sql("SELECT b FROM shop.emptied") == [["since"]]


@pytest.mark.parametrize("then", ["resume", "cleanup", "cleanup-elsewhere"])
def test_a_kill_while_the_shadow_is_filled_leaves_the_table_as_it_was(
    shop: LabTool, before: str, then: str, tmp_path: Path
) -> None:
    pause = tmp_path / "pause"
    pause.touch()
    words = ("table", "emptied", "--before", before, "--yes", "--in-place", "shadow", "--pause-file", str(pause))
    with shop.started(*words) as process:
        assert any("paused" in str(each.get("message")) for each in events(process))
        assert len(shop.sql(BESIDE)) == 2
        pause.unlink()
        process.kill()
        process.wait()
    assert rows(shop) == 1

    if then == "cleanup-elsewhere":
        shutil.rmtree(max((shop.home / "runs").iterdir()))
        shop("cleanup", "--all", "--yes", check=0)
    else:
        shop(then, *(["--yes"] if then == "resume" else []), check=0)

    assert rows(shop) == (ROWS + 1 if then == "resume" else 1)
    assert (shop.ours(), shop.sql(BESIDE)) == ([], [["emptied"]])


def test_a_dropped_table_that_is_made_again_is_exchanged_for_a_filled_one(shop: LabTool, before: str) -> None:
    shop.sql("DROP TABLE shop.emptied")
    words = ("table", "emptied", "--before", before, "--yes", "--recreate", "--in-place", "shadow")
    said = shop(*words, check=0).stdout
    assert "by way of a table beside it, which took its place" in " ".join(said.split())
    assert (rows(shop), shop.sql(BESIDE)) == (ROWS, [["emptied"]])
    assert [index[2] for index in shop.sql("SHOW INDEX FROM shop.emptied")] == ["PRIMARY", "u"]
    shop("undo", max(path.name for path in (shop.home / "runs").iterdir()), "--yes", check=0)
    assert (rows(shop), shop.sql(BESIDE)) == (0, [["emptied"]])


def test_a_tied_table_is_loaded_into_and_the_plan_says_why(shop: LabTool, before: str) -> None:
    shop.sql("CREATE TABLE shop.emptied_child (id INT, FOREIGN KEY (id) REFERENCES shop.emptied (id))")
    said = shop("table", "emptied", "--before", before, "--yes", "--in-place", "shadow", check=0).stdout
    shop.sql("DROP TABLE shop.emptied_child")
    assert "into the table itself, since shop.emptied_child points to it" in " ".join(said.split())
    assert rows(shop) == ROWS + 1
