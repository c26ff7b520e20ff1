"""Databases that are reached from a bastion alone, over a real ssh."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tool import COMMAND, PATIENCE, LabTool, awaited, events, processes

pytestmark = pytest.mark.only("mariadb", "MySQL does not hear from the lab's proxy where a caller comes from")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabTool]:
    """Databases that only the bastion reaches."""
    folder: Path = tmp_path_factory.mktemp("bastion")
    lab = LabTool(folder / "lab", folder / "state")
    lab.up("--restore-delay", "0.4", "--lag", "0", "--rows", "20", "--bastion", "--deny", "reset")
    yield lab
    lab.lab("down")


def tunnels(session: LabTool) -> list[int]:
    """Find the ssh processes that lead to this lab's bastion for a run."""
    config = str(session.folder / "bastion" / "ssh_config")
    return processes(lambda words: words[0] == "ssh" and config in words and "-M" in words)


def test_a_run_goes_through_the_bastion_and_lets_in_the_bastion_alone(session: LabTool) -> None:
    before = session.moment()
    session.sql("DELETE FROM shop.billing_lines")

    ended = session("table", "billing_lines", "--before", before, "--yes", check=0)

    shown = " ".join(ended.stdout.split())
    assert "through bastion, by ssh" in shown
    assert "let 10.7.0.10/32, and nobody else" in shown
    assert session.number("SELECT COUNT(*) FROM shop.billing_lines") == 40
    assert session.ours() == []
    assert tunnels(session) == []


def test_without_the_bastion_nobody_gets_to_production(session: LabTool) -> None:
    ended = session("table", "billing", "--before", session.moment(), "--yes", RDSRESTORE_VIA="")
    assert ended.returncode != 0
    assert "does not answer" in ended.stderr


def test_a_bastion_that_does_not_let_us_in_is_said_in_ssh_s_words_before_anything_is_made(session: LabTool) -> None:
    ended = session("table", "billing", "--before", session.moment(), "--yes", "--via", "ssh:nobody@bastion")
    assert ended.returncode != 0
    assert "no way through nobody@bastion" in ended.stderr
    assert "Permission denied" in ended.stderr
    assert session.ours() == []


def test_an_ssh_that_dies_under_way_is_opened_again(session: LabTool) -> None:
    before = session.moment()
    session.sql("DELETE FROM shop.billing_lines")

    killed: list[int] = []
    with session.started("table", "billing_lines", "--before", before, "--yes") as process:
        for each in events(process):
            if each.get("event") == "step-done" and each.get("step") in {"restore-instance", "dump", "compare"}:
                for number in tunnels(session):
                    os.kill(number, signal.SIGKILL)
                    killed.append(number)

    assert process.returncode == 0
    assert len(set(killed)) >= 2
    assert session.number("SELECT COUNT(*) FROM shop.billing_lines") == 40
    assert session.ours() == []


def test_after_a_kill_nothing_of_ssh_is_left_and_resume_finds_the_way_by_itself(session: LabTool) -> None:
    before = session.moment()
    session.sql("DELETE FROM shop.billing_lines")
    with session.started("table", "billing_lines", "--before", before, "--yes") as process:
        next(each for each in events(process) if each.get("step") == "restore-instance")
        assert len(tunnels(session)) == 1
        process.kill()
    awaited(lambda: not tunnels(session))
    awaited(lambda: not list(Path(tempfile.gettempdir()).glob("rdsrestore-ssh-*")) or tunnels(session))

    session("resume", "--yes", check=0, RDSRESTORE_VIA="")

    assert session.number("SELECT COUNT(*) FROM shop.billing_lines") == 40
    assert session.ours() == []


def test_ctrl_c_which_ssh_hears_too_leaves_the_way_open_until_all_is_removed(session: LabTool) -> None:
    before = session.moment()
    with subprocess.Popen(
        [*COMMAND, "table", "billing", "--before", before, "--merge", "overwrite", "--yes", "--json"],
        env=session.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        scratch = (each for each in map(json.loads, process.stdout) if each.get("step") == "scratch")
        next(scratch)
        os.killpg(process.pid, signal.SIGINT)
        for _line in process.stdout:
            pass
        process.wait(PATIENCE)
    assert process.returncode != 0
    assert session.ours() == []
    awaited(lambda: not tunnels(session))
