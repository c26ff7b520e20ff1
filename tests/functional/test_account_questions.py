"""scripts/first-contact asks its questions of the lab: what it says of a real account can be relied on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tool import LabTool

TESTS = Path(__file__).parent.parent


COMMAND = (sys.executable, "-m", "first_contact")
"""What scripts/first-contact runs."""


def environment(lab: LabTool) -> dict[str, str]:
    return {**lab.env, "PYTHONPATH": f"{TESTS}:{TESTS.parent / 'src'}"}


def contact(lab: LabTool, *words: str, given: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end with the lab's settings."""
    return subprocess.run(
        [*COMMAND, *words],
        env=environment(lab) | env,
        input=given,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def kept(file: Path) -> dict[str, dict[str, Any]]:
    """Read what was found, by what was asked."""
    return {each["asked"]: each for each in map(json.loads, file.read_text("utf-8").splitlines())}


def test_an_account_is_asked_and_what_is_otherwise_is_told(own: LabTool, tmp_path: Path) -> None:
    own.up("--rows", "30")
    own.lab("snapshot", "rds:production-2026-11-23-05-00", "--kind", "automated")
    ended = contact(own, "--json", str(tmp_path / "found.jsonl"))
    found = kept(tmp_path / "found.jsonl")
    assert [each for each in found.values() if each["judgement"] == "otherwise"] == []
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert found["rules by a tag of ours"]["requests"][0].startswith("DescribeSecurityGroupRules 200 ")
    assert "IDENTIFIED" not in ended.stdout
    assert own.env["RDSRESTORE_PASSWORD"] not in ended.stdout + (tmp_path / "found.jsonl").read_text("utf-8")
    assert found["an automated snapshot by its name"]["judgement"] == "as supposed"
    assert found["doctor: account"]["judgement"] == "as supposed"
    assert own.ours() == []

    refused = contact(own, "--json", str(tmp_path / "refused.jsonl"), RDSRESTORE_PASSWORD="wrong")
    told = kept(tmp_path / "refused.jsonl")
    assert refused.returncode == 1
    assert told["the login's grants"]["judgement"] == "otherwise"
    assert told["the window of its automated backups"]["judgement"] == "as supposed"
    assert contact(own, RDSRESTORE_INSTANCE="").returncode == 2


def test_what_is_restored_for_a_trial_is_removed(own: LabTool, tmp_path: Path) -> None:
    own.up("--rows", "30", "--restore-delay", "1")
    declined = contact(own, "--restore", given="no\n")
    assert (declined.returncode, own.ours()) == (2, [])
    assert "nothing was made" in declined.stderr

    ended = contact(own, "--restore", "--json", str(tmp_path / "found.jsonl"), given="yes\n")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = kept(tmp_path / "found.jsonl")
    assert "creating 0 s" in found["its statuses until it is available"]["came"] + found[EARLY]["came"]
    assert found["the first login"]["judgement"] == "as supposed"
    assert found["nothing of it is left"]["came"] == "nothing"
    assert own.ours() == []


EARLY = "deleting an instance that is being made"


@pytest.mark.parametrize("kind", ["aurora", "multi-az-cluster"])
def test_of_a_cluster_a_cluster_is_made_for_a_trial_and_removed_with_its_instances(
    own: LabTool, tmp_path: Path, kind: str
) -> None:
    own.up("--rows", "30", "--restore-delay", "1", "--server", "mysql", "--kind", kind)
    ended = contact(own, "--restore", "--json", str(tmp_path / "found.jsonl"), given="yes\n")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = kept(tmp_path / "found.jsonl")
    assert "two clusters of" in ended.stdout
    assert "cluster creating 0 s" in found["deleting a cluster that is being made"]["came"] + str(found)
    assert found["the first login"]["judgement"] == "as supposed"
    assert ("asking for its instance" in found) is (kind == "aurora")
    assert found["nothing of it is left"]["came"] == "nothing"
    assert own.ours() == []


@pytest.mark.parametrize(
    ("kind", "until"), [("instance", "asking for instance"), ("aurora", "asking for its instance")]
)
def test_a_trial_that_is_stopped_is_removed_too(own: LabTool, kind: str, until: str) -> None:
    clustered = ["--server", "mysql"] if kind == "aurora" else []
    own.up("--rows", "30", "--restore-delay", "3", "--kind", kind, *clustered)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*COMMAND, "--restore"], env=environment(own), stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("yes\n")
        process.stdin.flush()
        assert any(until in line for line in process.stdout)
        assert own.ours() != []
        process.send_signal(signal.SIGTERM)
        said = process.stdout.read()
        assert process.wait(120) == 130
    assert "nothing of it is left: nothing" in said
    assert own.ours() == []


@pytest.mark.long
@pytest.mark.timeout(700)  # the cluster's schedule is two minutes after its instance's
@pytest.mark.parametrize(("kind", "what"), [("instance", "an instance"), ("aurora", "a cluster")])
def test_the_scheduler_deletes_what_a_trial_has_made(own: LabTool, kind: str, what: str) -> None:
    clustered = ["--server", "mysql"] if kind == "aurora" else []
    own.up("--rows", "30", "--restore-delay", "0.5", "--kind", kind, *clustered)
    role = "arn:aws:iam::123456789012:role/rdsrestore-switch"
    ended = contact(own, "--restore", given="yes\n", RDSRESTORE_SWITCH_ROLE=role)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "✓ what CloudTrail shows of the switch's trial: DBInstanceNotFound after " in ended.stdout
    assert f"✓ the scheduler deletes {what} by itself" in ended.stdout
    assert own.ours() == []
