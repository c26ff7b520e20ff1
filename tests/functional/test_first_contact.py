"""The first contact with a copy in an ordinary estate: private addresses, and rules and passwords that need seconds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rdsrestore.lab.status import client
from tool import LabTool, events


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabTool]:
    """Databases see another address of this machine than the outside; rules and passwords need seconds."""
    folder: Path = tmp_path_factory.mktemp("office")
    lab = LabTool(folder / "lab", folder / "state")
    lab.up("--restore-delay", "0.4", "--lag", "0", "--rows", "20", "--behind-nat", "--settle", "3")
    yield lab
    lab.lab("down")


def test_production_s_view_of_us_is_let_in_and_what_needs_seconds_is_waited_for(session: LabTool) -> None:
    before = session.moment()
    session.sql("DELETE FROM shop.billing_lines")

    with session.started("table", "billing_lines", "--before", before, "--yes") as process:
        told = [each for each in events(process) if each.get("step") == "open-rule"]

    assert process.returncode == 0
    assert "let 127.0.0.1/32, and nobody else" in str(told)
    assert any("waiting until the copy lets us in" in str(each.get("message")) for each in told)
    assert session.number("SELECT COUNT(*) FROM shop.billing_lines") == 40
    assert session.ours() == []


def test_the_user_that_a_secret_names_is_the_one_that_logs_in(session: LabTool) -> None:
    made = "CREATE USER dba2@'%' IDENTIFIED BY 'pass-of-dba2'; GRANT ALL ON *.* TO dba2@'%'"
    session.as_root(made)
    store = client(session.place.running(), "secretsmanager")
    login = json.dumps({"username": "dba2", "password": "pass-of-dba2"})
    secret = store.create_secret(Name="shop/dba2", SecretString=login)["ARN"]
    env = {"RDSRESTORE_PASSWORD": "", "RDSRESTORE_USER": "", "RDSRESTORE_PASSWORD_SECRET": secret}

    shown = session("table", "billing", "--before", session.moment(), "--dry-run", check=0, **env).stdout

    assert "dba2 on the server" in shown
    assert "pass-of-dba2" not in shown
