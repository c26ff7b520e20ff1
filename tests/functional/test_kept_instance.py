"""Other tables, or other rows, come back from an instance that an earlier run has kept, without another restore."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator

import pytest

from tool import LabTool, counted, events

ROLE = "arn:aws:iam::123456789012:role/switch"
AGAIN = {"restore-instance", "own-group"}


@pytest.fixture
def damaged(shop: LabTool) -> Iterator[str]:
    """Two tables of which all rows are gone; gives the moment before."""
    for name in ("first", "second"):
        shop.sql(f"CREATE TABLE shop.kept_{name} (id INT PRIMARY KEY, note VARCHAR(40))")
        shop.sql(f"INSERT INTO shop.kept_{name} SELECT seq, CONCAT('n', seq) FROM {counted(200)}")
    before = shop.moment()
    shop.sql("DELETE FROM shop.kept_first; DELETE FROM shop.kept_second")
    yield before
    shop("cleanup", "--all", "--yes", check=0)
    shop.sql("DROP TABLE shop.kept_first, shop.kept_second")


def rows(shop: LabTool, name: str) -> int:
    return shop.number(f"SELECT COUNT(*) FROM shop.kept_{name}")


def newest(shop: LabTool) -> str:
    return str(json.loads(shop("runs", "--json", check=0).stdout.splitlines()[0])["run"])


def steps(shop: LabTool, run: str) -> set[str]:
    return {json.loads(line)["step"] for line in shop("audit", run, "--json", check=0).stdout.splitlines()}


def instances(shop: LabTool) -> list[str]:
    return [each["id"] for each in shop.status()["instances"] if each["id"].startswith("rdsrestore-")]


def closed(shop: LabTool) -> bool:
    groups = [each for each in shop.status()["security_groups"] if each["name"].startswith("rdsrestore-")]
    return len(groups) == 1 and groups[0]["rules"] == []


def keep(shop: LabTool, before: str) -> str:
    """Restore the first table and leave the instance to the schedule; returns the run."""
    words = ["table", "kept_first", "--before", before, "--keep", "2h", "--yes"]
    ended = shop(*words, check=0, RDSRESTORE_SWITCH_ROLE=ROLE)
    run = newest(shop)
    assert f"rdsrestore table OTHER --from {run} takes other tables from it" in ended.stdout
    return run


def test_another_table_and_then_fewer_rows_of_the_first(shop: LabTool, damaged: str) -> None:
    run = keep(shop, damaged)
    made = instances(shop)
    planned = shop("table", "kept_second", "--from", run, "--dry-run", check=0).stdout
    assert f"from the instance of run {run}" in planned
    assert rows(shop, "second") == 0

    shop("table", "kept_second", "--from", run, "--yes", check=0)
    assert rows(shop, "second") == 200
    assert not AGAIN & steps(shop, newest(shop))
    assert (instances(shop), closed(shop)) == (made, True)

    shop.sql("DELETE FROM shop.kept_first")
    shop("table", "kept_first", "--from", run, "--where", "id <= 5", "--yes", check=0)
    assert rows(shop, "first") == 5
    shop("undo", "--yes", check=0)
    assert rows(shop, "first") == 0
    assert (instances(shop), closed(shop)) == (made, True)

    shop("cleanup", run, check=0)
    assert shop.ours() == []
    gone = shop("table", "kept_second", "--from", run, "--yes", check=None)
    assert gone.returncode in {2, 3}
    assert "Traceback" not in gone.stderr


def test_what_the_instance_settles_is_refused(shop: LabTool, damaged: str) -> None:
    run = keep(shop, damaged)
    for flag, value in (("--before", damaged), ("--incident-end", damaged), ("--class", "db.r6g.large")):
        refused = shop("table", "kept_second", "--from", run, flag, value, "--yes", check=2)
        assert f"{flag}: is settled by the instance of run {run}" in refused.stderr
    assert (rows(shop, "second"), len(instances(shop))) == (0, 1)


def test_the_process_that_stays_waits_until_it_is_used_no_more(shop: LabTool, damaged: str) -> None:
    with shop.started("table", "kept_first", "--before", damaged, "--keep", "2h", "--yes") as process:
        try:
            assert any(each["event"] == "run-ended" for each in events(process))
            run = newest(shop)
            with shop.started("table", "kept_second", "--from", run, "--yes") as second:
                assert any(each.get("step") == "use-instance" for each in events(second))
                process.send_signal(signal.SIGINT)
                *_, last = events(second)
                assert second.wait(60) == 0, last
            assert rows(shop, "second") == 200
        finally:  # it would stay for two hours
            process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert shop.ours() == []


def test_a_run_that_was_killed_leaves_the_instance_and_cleanup_shuts_it(shop: LabTool, damaged: str) -> None:
    run = keep(shop, damaged)
    with shop.started("table", "kept_second", "--from", run, "--yes") as second:
        assert any(each["event"] == "step-done" and each.get("step") == "open-rule" for each in events(second))
        second.kill()
        second.wait(60)
    assert not closed(shop)
    shop("cleanup", newest(shop), check=0)
    assert closed(shop)
    assert len(instances(shop)) == 1

    shop("table", "kept_second", "--from", run, "--yes", check=0)
    assert rows(shop, "second") == 200
    shop("cleanup", run, check=0)
    assert shop.ours() == []
