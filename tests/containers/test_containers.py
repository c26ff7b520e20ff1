"""The same job on servers in containers."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import docker
import pymysql
import pytest

from tool import LabTool

IMAGE = os.environ.get("RDSRESTORE_TEST_IMAGE", "rdsrestore-server:local")
MYSQL = os.environ.get("RDSRESTORE_TEST_MYSQL_IMAGE", "rdsrestore-mysql:local")
"""Made by `need_image` in scripts/lib.sh."""

pytestmark = [pytest.mark.container, pytest.mark.xdist_group("containers")]


def containers(lab: LabTool) -> list[str]:
    label = f"rdsrestore.lab={lab.folder / 'servers'}"
    return [str(each.name) for each in docker.from_env().containers.list(all=True, filters={"label": label})]


@pytest.fixture(scope="module", params=[IMAGE, MYSQL])
def boxed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabTool]:
    """A lab whose servers are containers."""
    folder: Path = tmp_path_factory.mktemp("boxed")
    lab = LabTool(folder / "lab", folder / "state")
    try:
        lab.up("--image", request.param, "--restore-delay", "0.4", "--lag", "0", "--deny", "reset", "--rows", "200")
        yield lab
    finally:
        lab.lab("down")


def test_the_job_is_done_on_servers_in_containers(boxed: LabTool) -> None:
    rows = boxed.number("SELECT COUNT(*) FROM shop.billing_lines")
    before = boxed.moment()
    boxed.sql("DELETE FROM shop.billing")
    boxed.sql(
        "INSERT INTO shop.billing (customer_id, invoice_no, amount, currency, status, issued_on)"
        " VALUES (1, 'SINCE', 1, 'EUR', 'open', CURRENT_DATE)"
    )
    boxed("table", "billing", "billing_lines", "--before", before, "--yes", check=0)
    assert boxed.number("SELECT COUNT(*) FROM shop.billing") == 201
    assert boxed.number("SELECT COUNT(*) FROM shop.billing_lines") == rows
    assert boxed.ours() == []
    assert len(containers(boxed)) == 1


def test_a_binlog_is_replayed_up_to_the_second(boxed: LabTool) -> None:
    boxed.sql("CREATE TABLE shop.late (id INT PRIMARY KEY)")
    boxed.sql("INSERT INTO shop.late VALUES (1), (2)")
    before = boxed.moment()
    boxed.sql("INSERT INTO shop.late VALUES (3)")
    boxed.sql("DELETE FROM shop.late")
    boxed("table", "late", "--before", before, "--yes", check=0)
    assert boxed.sql("SELECT id FROM shop.late ORDER BY id") == [["1"], ["2"]]


def test_a_container_takes_no_plain_text_connection(boxed: LabTool) -> None:
    state = boxed.place.running()
    with pytest.raises(pymysql.MySQLError):
        pymysql.connect(host=state.host, port=state.port, user=state.user, password=state.password, ssl_disabled=True)


def test_containers_of_a_crashed_lab_are_removed(tmp_path: Path) -> None:
    lab = LabTool(tmp_path / "lab", tmp_path / "state")
    lab.up("--image", IMAGE, "--empty")
    try:
        os.kill(lab.place.running().pid, signal.SIGKILL)
        assert containers(lab)
    finally:
        lab.lab("down")
    assert containers(lab) == []
    assert not lab.folder.exists()


def test_an_image_that_is_not_there_is_said(tmp_path: Path) -> None:
    lab = LabTool(tmp_path / "lab", tmp_path / "state")
    with pytest.raises(AssertionError, match="there is no image nowhere:1"):
        lab.up("--image", "nowhere:1")
    lab.lab("down")
