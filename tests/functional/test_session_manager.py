"""Databases that are reached over sessions of Systems Manager alone, which a plugin carries."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rdsrestore.lab.launch import control
from rdsrestore.lab.network.session_manager import CLUSTER, CONTAINER, TASK
from tool import LabTool, awaited, events, processes

pytestmark = pytest.mark.only("mariadb", "MySQL does not hear from the lab's proxy where a caller comes from")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabTool]:
    """Databases that only the machine behind Systems Manager reaches."""
    folder: Path = tmp_path_factory.mktemp("sessions")
    lab = LabTool(folder / "lab", folder / "state")
    lab.up("--restore-delay", "0.4", "--lag", "0", "--rows", "20", "--session-manager", "--deny", "reset")
    yield lab
    lab.lab("down")


def plugins(session: LabTool) -> list[int]:
    """Find the processes of the plugin that carry sessions for a run of this lab."""
    endpoint = session.place.running().endpoint
    return processes(lambda words: "StartSession" in words and endpoint in words and "-I" in words)


def sessions(session: LabTool) -> dict[str, int]:
    """Name the sessions that the lab has open."""
    return dict(control(session.place.running(), "sessions"))


def test_a_run_goes_over_sessions_and_lets_in_their_machine_alone(session: LabTool) -> None:
    before = session.moment()
    session.sql("DELETE FROM shop.billing_lines")

    ended = session("table", "billing_lines", "--before", before, "--yes", check=0)

    shown = " ".join(ended.stdout.split())
    assert "through i-0123456789abcdef0, by sessions of Systems Manager" in shown
    assert "let 10.7.0.11/32, and nobody else" in shown
    assert session.number("SELECT COUNT(*) FROM shop.billing_lines") == 40
    assert session.ours() == []
    assert plugins(session) == []
    assert sessions(session) == {}


def test_a_container_of_a_task_is_as_good(session: LabTool) -> None:
    way = f"ssm:ecs:{CLUSTER}/{TASK}/{CONTAINER}"
    ended = session("table", "billing", "--before", session.moment(), "--dry-run", "--via", way, check=0)
    assert f"through {CLUSTER}/{TASK}/{CONTAINER}" in " ".join(ended.stdout.split())


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("", "does not answer"),
        ("ssm:i-00000000000000000", "i-00000000000000000 is not connected"),
        (f"ssm:ecs:{CLUSTER}/{TASK}/web", f"its containers are {CONTAINER}"),
    ],
)
def test_a_way_that_leads_nowhere_is_said_before_anything_is_made(session: LabTool, way: str, words: str) -> None:
    ended = session("table", "billing", "--before", session.moment(), "--yes", RDSRESTORE_VIA=way)
    assert ended.returncode != 0
    assert words in " ".join(ended.stderr.split())
    assert session.ours() == []


def test_a_session_that_ends_under_way_is_begun_again(session: LabTool) -> None:
    before = session.moment()
    session.sql("DELETE FROM shop.billing_lines")

    killed: list[int] = []
    with session.started("table", "billing_lines", "--before", before, "--yes") as process:
        for each in events(process):
            if each.get("event") == "step-done" and each.get("step") in {"restore-instance", "dump", "compare"}:
                for number in plugins(session):
                    os.kill(number, signal.SIGKILL)
                    killed.append(number)

    assert process.returncode == 0
    assert len(set(killed)) >= 2
    assert session.number("SELECT COUNT(*) FROM shop.billing_lines") == 40
    assert session.ours() == []
    assert sessions(session) == {}


def test_after_a_kill_no_plugin_and_no_session_is_left_and_no_token_was_in_a_command_line(session: LabTool) -> None:
    before = session.moment()
    session.sql("DELETE FROM shop.billing_lines")
    with session.started("table", "billing_lines", "--before", before, "--yes") as process:
        next(each for each in events(process) if each.get("step") == "restore-instance")
        (number,) = plugins(session)
        words = Path(f"/proc/{number}/cmdline").read_bytes().decode()
        assert sessions(session)
        process.kill()
    assert "TokenValue" not in words
    awaited(lambda: not plugins(session))
    awaited(lambda: not sessions(session))
    awaited(lambda: not list(Path(tempfile.gettempdir()).glob("rdsrestore-ssm-*")) or plugins(session))

    session("resume", "--yes", check=0, RDSRESTORE_VIA="")

    assert session.number("SELECT COUNT(*) FROM shop.billing_lines") == 40
    assert session.ours() == []


def test_the_doctor_misses_a_plugin_that_is_not_there(session: LabTool) -> None:
    ended = session("doctor", "--json", check=0)
    assert '"the way"' in ended.stdout

    only = os.pathsep.join(each for each in session.env["PATH"].split(os.pathsep) if each != str(session.place.bin))
    missing = session("doctor", "--json", PATH=only)
    assert missing.returncode != 0
    assert "session-manager-plugin is not installed" in missing.stdout
