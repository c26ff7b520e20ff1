"""RDS keeps production's password in Secrets Manager: it is found there, and taken anew where it is rotated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rdsrestore.lab.launch import control
from tool import LabTool, events

NOTHING_SET = {"RDSRESTORE_PASSWORD": "", "RDSRESTORE_USER": ""}


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabTool]:
    """A lab whose production has a managed password, and the tool without any."""
    folder: Path = tmp_path_factory.mktemp("managed")
    lab = LabTool(folder / "lab", folder / "state")
    lab.up("--restore-delay", "0.4", "--lag", "0", "--rows", "20", "--deny", "reset", "--managed")
    lab.env |= NOTHING_SET
    yield lab
    lab.lab("down")


def test_the_password_is_found_and_the_plan_says_so(managed: LabTool) -> None:
    shown = managed("table", "billing", "--before", managed.moment(), "--dry-run", check=0).stdout
    assert "admin on the server (password: the secret that RDS keeps of it)" in shown
    assert managed.place.running().password not in shown


def test_the_printed_policy_suffices_and_without_its_part_the_refusal_is_told(managed: LabTool, tmp_path: Path) -> None:
    printed = json.loads(managed("iam-policy", check=0).stdout)
    words = ("table", "billing", "--before", managed.moment(), "--dry-run")
    file = tmp_path / "policy.json"
    try:
        file.write_text(json.dumps(printed))
        managed.lab("policy", str(file))
        assert "the secret that RDS keeps of it" in managed(*words, check=0).stdout

        printed["Statement"] = [each for each in printed["Statement"] if each["Sid"] != "ReadTheManagedPassword"]
        file.write_text(json.dumps(printed))
        managed.lab("policy", str(file))
        assert "secretsmanager:GetSecretValue" in managed(*words, check=4).stderr
    finally:
        managed.lab("policy")


def test_an_option_file_that_is_named_goes_before_what_rds_keeps(managed: LabTool, tmp_path: Path) -> None:
    managed.as_root("CREATE USER clerk@'%' IDENTIFIED BY 'p#ss ;word'; GRANT ALL ON *.* TO clerk@'%'")
    file = tmp_path / "my.cnf"
    file.write_text('[client]\nuser=clerk\npassword="p#ss ;word"\n')
    file.chmod(0o600)
    words = ("table", "billing", "--before", managed.moment(), "--dry-run", "--defaults-file", str(file))

    shown = managed(*words, check=0).stdout

    assert "clerk on the server, " in shown
    assert "p#ss" not in shown

    file.chmod(0o644)
    refused = managed(*words, check=2)
    assert "chmod 600" in refused.stderr


def modified(managed: LabTool) -> int:
    """Count how often RDS was asked to change an instance."""
    return sum(each["action"] == "ModifyDBInstance" for each in control(managed.place.running(), "calls"))


def test_a_copy_keeps_production_s_password_unless_that_was_changed_since(managed: LabTool) -> None:
    before, asked = managed.moment(), modified(managed)
    managed("table", "billing", "--before", before, "--yes")
    assert modified(managed) == asked

    managed.lab("rotate")
    managed("table", "billing", "--before", before, "--yes")
    assert modified(managed) == asked + 1
    assert managed.ours() == []


def test_a_password_that_is_rotated_before_the_load_is_fetched_anew(managed: LabTool) -> None:
    before, first = managed.moment(), managed.place.running().password
    managed.sql("DELETE FROM shop.billing_lines")

    last = ""
    with managed.started("table", "billing_lines", "--before", before, "--yes") as process:
        for each in events(process):
            last = str(each)
            if (each["event"], each.get("step")) == ("step-done", "open-rule"):
                managed.lab("rotate")

    assert process.returncode == 0, last[-700:]
    assert managed.place.running().password != first
    assert managed.number("SELECT COUNT(*) FROM shop.billing_lines") == 40
    assert managed.ours() == []
