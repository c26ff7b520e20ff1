"""Production is logged in to by tokens of IAM: no password is there to be asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tool import LabTool

pytestmark = pytest.mark.only("mariadb", "the lab's check of tokens logs in with MariaDB's own plugin")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabTool]:
    """A lab with a user of IAM, and the tool as that user."""
    folder: Path = tmp_path_factory.mktemp("iam")
    made = LabTool(folder / "lab", folder / "state")
    made.up("--restore-delay", "0.4", "--lag", "0", "--rows", "20", "--deny", "reset", "--iam")
    made.env |= {"RDSRESTORE_PASSWORD": "", "RDSRESTORE_USER": "by_token", "RDSRESTORE_IAM_AUTH": "true"}
    yield made
    made.lab("down")


def test_a_whole_run_logs_in_by_tokens_and_no_file_of_it_has_one(lab: LabTool) -> None:
    before = lab.moment()
    lab.sql("DELETE FROM shop.billing_lines")

    ended = lab("table", "billing_lines", "--before", before, "--yes", check=0)

    assert "by_token on the server (password: a token of IAM for each login)" in " ".join(ended.stdout.split())
    assert lab.number("SELECT COUNT(*) FROM shop.billing_lines") == 40
    assert lab.ours() == []
    kept = [path for path in lab.home.rglob("*") if path.is_file()]
    assert kept
    assert not any(b"X-Amz-Signature" in path.read_bytes() for path in kept)
    assert "X-Amz" not in ended.stdout + ended.stderr


def test_a_user_that_is_none_of_iam_s_is_told_what_it_takes(lab: LabTool) -> None:
    ended = lab("table", "billing", "--before", lab.moment(), "--yes", RDSRESTORE_USER="admin")
    assert ended.returncode != 0
    assert "iam-policy --db-user" in " ".join(ended.stderr.split())
