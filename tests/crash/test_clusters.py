"""A cluster and its instance: killed anywhere, nothing of either is left, whoever removes it."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Iterator

import pytest

from tool import LabTool, events, kill_at

ROLE = "arn:aws:iam::123456789012:role/rdsrestore-switch"
WITHIN = 240
"""The cluster's schedule is two minutes after its instance's."""
WHOLE = [["1", "one"], ["2", "two"]]


@pytest.fixture(scope="module")
def aurora(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabTool]:
    """A lab whose production is the writer of a cluster of Aurora."""
    folder = tmp_path_factory.mktemp("aurora")
    lab = LabTool(folder / "lab", folder / "state")
    lab.up(
        "--restore-delay", "0.4", "--lag", "0", "--deny", "reset", "--empty", "--server", "mysql", "--kind", "aurora"
    )
    yield lab
    lab.lab("down")


@pytest.fixture
def damaged(aurora: LabTool) -> Iterator[list[str]]:
    """Delete a row of a table, and give the words of the command that brings it back."""
    aurora.sql("CREATE DATABASE IF NOT EXISTS shop; CREATE TABLE shop.kept (id INT PRIMARY KEY, text VARCHAR(20))")
    aurora.sql("INSERT INTO shop.kept VALUES (1, 'one'), (2, 'two')")
    before = aurora.moment()
    aurora.sql("DELETE FROM shop.kept WHERE id = 2")
    yield ["table", "kept", "--before", before, "--yes"]
    aurora.sql("DROP TABLE shop.kept")


def rows(lab: LabTool) -> list[list[str]]:
    return lab.sql("SELECT id, text FROM shop.kept ORDER BY id")


def copies(lab: LabTool) -> list[str]:
    """Name clusters and instances that are not production's."""
    state = lab.status()
    kinds = {"instance": state["instances"], "cluster": state["clusters"]}
    return [kind for kind, found in kinds.items() for each in found if each["id"].startswith("rdsrestore-")]


@pytest.mark.parametrize(
    ("event", "step", "left"),
    [
        ("step-done", "restore-instance", ["cluster"]),
        ("step-done", "make-instance", ["instance", "cluster"]),
        ("step-done", "own-password", ["instance", "cluster"]),
    ],
)
def test_after_a_kill_cleanup_leaves_nothing(
    aurora: LabTool, damaged: list[str], event: str, step: str, left: list[str]
) -> None:
    with aurora.started(*damaged) as process:
        assert kill_at(process, event, step)
    assert copies(aurora) == left
    ended = aurora("cleanup", check=0)
    assert copies(aurora) == []
    assert aurora.ours() == []
    assert "delete cluster rdsrestore-" in ended.stdout


@pytest.mark.parametrize("step", ["restore-instance", "make-instance"])
def test_after_a_kill_resume_completes_the_job(aurora: LabTool, damaged: list[str], step: str) -> None:
    with aurora.started(*damaged) as process:
        assert kill_at(process, "step-started", step)
    aurora("resume", "--yes", check=0)
    assert rows(aurora) == WHOLE
    assert aurora.ours() == []


def test_without_a_journal_cluster_and_instance_are_found_by_their_marks(aurora: LabTool, damaged: list[str]) -> None:
    with aurora.started(*damaged) as process:
        assert kill_at(process, "step-done", "make-instance")
    shutil.rmtree(aurora.home)
    ended = aurora("cleanup", "--all", "--yes", check=0)
    assert ended.stdout.index("instance rdsrestore-") < ended.stdout.index("cluster rdsrestore-")
    assert aurora.ours() == []


def test_the_schedules_delete_the_instance_and_then_the_cluster_of_a_run_that_died(
    aurora: LabTool, damaged: list[str]
) -> None:
    aurora.env |= {"RDSRESTORE_SWITCH_ROLE": ROLE, "RDSRESTORE_EXPIRES": "6"}
    try:
        with aurora.started(*damaged) as process:
            assert kill_at(process, "step-done", "make-instance")
        assert len(aurora.status()["schedules"]) == 2
        deadline = time.monotonic() + WITHIN
        while copies(aurora) or aurora.status()["schedules"]:
            assert time.monotonic() < deadline, (copies(aurora), aurora.status()["schedules"])
            time.sleep(0.5)
        aurora("cleanup", check=0)
        assert aurora.ours() == []
    finally:
        del aurora.env["RDSRESTORE_SWITCH_ROLE"], aurora.env["RDSRESTORE_EXPIRES"]


@pytest.mark.parametrize("action", ["RestoreDBClusterToPointInTime", "CreateDBInstance", "DeleteDBCluster"])
def test_an_answer_that_is_lost_makes_no_second_copy(aurora: LabTool, damaged: list[str], action: str) -> None:
    aurora.lab("fault", "lost", "--action", f"rds:{action}")
    aurora(*damaged, check=0)
    assert rows(aurora) == WHOLE
    assert aurora.ours() == []


@pytest.mark.parametrize("ends_as", [["inaccessible-encryption-credentials"], ["available", "incompatible-parameters"]])
def test_a_cluster_or_an_instance_that_never_gets_up_is_removed(
    aurora: LabTool, damaged: list[str], ends_as: list[str]
) -> None:
    for status in ends_as:
        aurora.lab("next-restore", status)
    ended = aurora(*damaged, check=4)
    assert f"ended as {ends_as[-1]}" in ended.stdout + ended.stderr
    assert aurora.ours() == []


def test_what_is_kept_is_used_again_and_removed_at_a_signal(aurora: LabTool, damaged: list[str]) -> None:
    with aurora.started(*damaged, "--keep", "2h") as process:
        try:
            ended = next(each for each in events(process) if each["event"] == "run-ended")
            assert copies(aurora) == ["instance", "cluster"]
            assert "cluster rdsrestore-" in ended["message"]
            aurora.sql("DELETE FROM shop.kept WHERE id = 1")
            run = max((aurora.home / "runs").iterdir()).name
            aurora("table", "kept", "--from", run, "--where", "id = 1", "--yes", check=0)
            assert copies(aurora) == ["instance", "cluster"]
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert rows(aurora) == WHOLE
    assert aurora.ours() == []


def test_a_second_copy_is_a_cluster_with_an_instance_too(aurora: LabTool, damaged: list[str]) -> None:
    end = aurora.moment()
    aurora.sql("INSERT INTO shop.kept VALUES (9, 'since')")
    done = aurora(*damaged, "--incident-end", end, check=0)
    assert "make-after" in done.stdout
    assert rows(aurora) == [*WHOLE, ["9", "since"]]
    assert aurora.ours() == []


def test_the_printed_policy_is_enough_and_without_clusters_it_is_doubted(
    aurora: LabTool, damaged: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("policy") / "policy.json"
    try:
        for words, code in ((("--no-clusters",), None), ((), 0)):
            printed = json.loads(aurora("iam-policy", "--switch-role", ROLE, *words, check=0).stdout)
            file.write_text(json.dumps(printed))
            aurora.lab("policy", str(file))
            if code is None:
                told = aurora(*damaged, "--dry-run")
                assert "rds:RestoreDBClusterToPointInTime" in told.stdout + told.stderr
            else:
                aurora(*damaged, check=code, RDSRESTORE_SWITCH_ROLE=ROLE)
    finally:
        aurora.lab("policy")
    assert rows(aurora) == WHOLE
    assert aurora.ours() == []
    assert aurora.status()["schedules"] == []
