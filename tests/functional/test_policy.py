"""The whole job under the printed policy alone, of which resources and conditions count, with a customer's own key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tool import LabTool

ROLE = "arn:aws:iam::123456789012:role/switch"
NOTHING_SET = {"RDSRESTORE_PASSWORD": "", "RDSRESTORE_USER": "", "RDSRESTORE_SWITCH_ROLE": ROLE}

KINDS = ("instance", "multi-az", "multi-az-cluster", "aurora", "serverless")
CLUSTERED = frozenset(KINDS[2:])
ALIKE = frozenset({"instance", "serverless"})
"""Those of which another kind says most."""
UP = ("--restore-delay", "0.4", "--lag", "0", "--rows", "20", "--deny", "reset", "--managed", "--customer-key")


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabTool]:
    """A lab whose production has a key of the customer's own, and its password kept by RDS."""
    folder: Path = tmp_path_factory.mktemp("strict")
    lab = LabTool(folder / "lab", folder / "state")
    lab.up(*UP)
    lab.env |= NOTHING_SET
    yield lab
    lab.lab("down")


def limited(lab: LabTool, folder: Path, without: str = "") -> None:
    """Allow what is printed, but for one of its statements."""
    printed = json.loads(lab("iam-policy", "--switch-role", ROLE, check=0).stdout)
    kept = [each for each in printed["Statement"] if each["Sid"] != without]
    assert bool(without) == (len(kept) < len(printed["Statement"]))
    file = folder / "policy.json"
    file.write_text(json.dumps({**printed, "Statement": kept}))
    lab.lab("policy", str(file))


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.long] if kind in ALIKE else []) for kind in KINDS]
)
def test_the_printed_policy_alone_is_enough_from_the_restore_to_the_proof_that_nothing_is_left(
    own: LabTool, tmp_path: Path, kind: str
) -> None:
    clustered = kind in CLUSTERED
    own.up(*UP, "--kind", kind, *(["--server", "mysql"] if clustered else []))
    own.env |= NOTHING_SET
    own.lab("snapshot", "before-release", *(["--kind", "cluster"] if clustered else []))
    moment = own.moment()
    limited(own, tmp_path)
    comes_back(own, "--before", moment)
    comes_back(own, "--snapshot", "before-release")
    own.lab("rotate")  # the copy has the password of before, and is given one of its own
    comes_back(own, "--before", moment)


def comes_back(lab: LabTool, *point: str) -> None:
    """Delete a table's rows and restore them; nothing is left of that."""
    lab.sql("DELETE FROM shop.billing_lines")
    lab("table", "billing_lines", *point, "--yes", check=0)
    assert lab.number("SELECT COUNT(*) FROM shop.billing_lines") == 40
    assert lab.ours() == []
    assert lab.status()["schedules"] == []


def test_without_the_use_of_the_key_the_restore_is_refused_and_nothing_is_left(strict: LabTool, tmp_path: Path) -> None:
    limited(strict, tmp_path, without="UseTheKey")
    ended = strict("table", "billing", "--before", strict.moment(), "--yes")
    strict.lab("policy")
    assert ended.returncode != 0
    assert "KMS key" in " ".join(ended.stderr.split())
    assert strict.ours() == []
