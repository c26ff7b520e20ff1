"""Which session-manager-plugin is taken, and what a session's road says where there is none."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rdsrestore.domain.cloud.bastion import Forwarding, Managed, Node
from rdsrestore.domain.errors import CloudError, DatabaseError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.lab.network.session_manager import DOCUMENT, SessionManager
from rdsrestore.mysql.session.road.ssm import SessionTunnel, unusable

SERVER = Endpoint("db.example", 3306)


class Closed:
    """Sessions to a node that is not connected."""

    target: Managed = Node("i-0123456789abcdef0")

    def start(self, endpoint: Endpoint) -> Forwarding:
        """Refuse."""
        raise CloudError("--via", f"{self.target} is not connected, so nobody gets to {endpoint}", "start its agent")

    def end(self, session: str) -> None:
        """Have none to end."""
        raise AssertionError(session)


class Open(Closed):
    """Sessions that begin; keeps which were ended."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    def start(self, endpoint: Endpoint) -> Forwarding:
        """Begin one."""
        return Forwarding("s-1", Secret("a token"), ("us-east-1", "StartSession", "", "{}", f"to {endpoint}"))

    def end(self, session: str) -> None:
        """Note it."""
        self.ended.append(session)


def plugin(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program of that name before all others."""
    program = folder / "session-manager-plugin"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ("1.2.707.0", ""),
        ("1.2.497.0", "1.2.497.0 takes a session's token on its command line"),
        ("1.2.54.0", "takes a session's token on its command line"),
        ("The Session Manager plugin was installed", "does not say its version"),
    ],
)
def test_a_plugin_that_would_show_a_token_to_others_is_not_used(
    says: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin(tmp_path, f"echo '{says}'", monkeypatch)
    assert words in unusable()
    assert bool(words) == bool(unusable())


def test_without_a_plugin_the_way_to_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DatabaseError, match="not installed") as refused:
        SessionTunnel(Closed())(SERVER, 1.0)
    assert refused.value.code == "via.closed"
    assert "session-manager-plugin" in refused.value.hint


def test_what_aws_refuses_is_said_in_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin(tmp_path, "echo 1.2.707.0", monkeypatch)
    with pytest.raises(DatabaseError, match=r"no way through i-0123456789abcdef0: .* is not connected") as refused:
        SessionTunnel(Closed())(SERVER, 1.0)
    assert (refused.value.code, refused.value.hint) == ("via.closed", "start its agent")


def test_a_plugin_that_gives_up_is_quoted_and_its_session_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = 'test "$1" = --version && exec echo 1.2.707.0; echo no data channel'
    plugin(tmp_path, script, monkeypatch)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    sessions = Open()
    with pytest.raises(DatabaseError, match="no data channel"):
        SessionTunnel(sessions)(SERVER, 1.0)
    assert sessions.ended == ["s-1"]


class OfLab(Closed):
    """Sessions of the lab, asked without HTTP."""

    def __init__(self, manager: SessionManager) -> None:
        self.manager = manager

    def start(self, endpoint: Endpoint) -> Forwarding:
        """Begin one, as AWS's own command line would."""
        parameters = {"host": [endpoint.host], "portNumber": [str(endpoint.port)]}
        wish = {"Target": str(self.target), "DocumentName": DOCUMENT, "Parameters": parameters}
        begun = self.manager.answer("ssm", "StartSession", wish)
        words = ("us-east-1", "StartSession", "", json.dumps(wish), "the lab")
        return Forwarding(begun["SessionId"], Secret(json.dumps(begun)), words)

    def end(self, session: str) -> None:
        """End one."""
        self.manager.answer("ssm", "TerminateSession", {"SessionId": session})


def test_a_session_leads_to_a_server_is_begun_again_where_it_was_lost_and_ends_with_the_road(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = SessionManager(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    road = SessionTunnel(OfLab(manager))
    with socket.create_server(("127.0.0.1", 0)) as server:
        there = Endpoint("127.0.0.1", server.getsockname()[1])
        first = ""
        for _time in range(2):
            with road(there, 20.0) as ours:
                its, seen = server.accept()
                with its:
                    its.sendall(b"who are you")
                    assert ours.recv(20) == b"who are you"
            assert manager.sees(seen[0], there.port) == "10.7.0.11"
            (first,) = manager.open()
            manager.terminate({"SessionId": first})  # as an administrator, or the longest duration, would
            wait_until(lambda: road._opened[there].plugin.ended is not None)  # noqa: SLF001 - nobody else knows
        with road(there, 20.0):
            (last,) = manager.open()
    road.close()
    assert last != first
    assert manager.open() == {}


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + 30.0
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_road_that_is_closed_is_not_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin(tmp_path, "echo 1.2.707.0", monkeypatch)
    road = SessionTunnel(Open())
    road.close()
    with pytest.raises(DatabaseError, match="the run ends"):
        road(SERVER, 1.0)
