"""scripts/first-contact asks its questions of the lab: what it says of a real account can be relied on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tool import LabTool

TESTS = Path(__file__).parent.parent


def contact(lab: LabTool, *words: str, given: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/first-contact's program with the lab's settings."""
    return subprocess.run(
        [sys.executable, "-m", "first_contact", *words],
        env={**lab.env, "PYTHONPATH": f"{TESTS}:{TESTS.parent / 'src'}", **env},
        input=given,
        capture_output=True,
        text=True,
        timeout=200,
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
