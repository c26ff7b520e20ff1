"""The road through AWS Systems Manager: its session-manager-plugin as a child, one for each server.

A session forwards one port of this machine to one address behind the node (document
AWS-StartPortForwardingSessionToRemoteHost). That port is open to others of this machine, as it is wherever this plugin
runs: they get as far as the node does, to a server that asks them who they are.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import dataclass

from rdsrestore.domain.cloud.bastion import Forwarding
from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import DatabaseError, RdsRestoreError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.mysql.session.road.direct import direct
from rdsrestore.mysql.session.road.guarded import Guarded, last, private
from rdsrestore.mysql.session.road.ssh import ALONE, ASKED, LOOK
from rdsrestore.ports.databases import Sessions

PLUGIN = "session-manager-plugin"
TOKEN = "AWS_SSM_START_SESSION_RESPONSE"  # noqa: S105 - the name of the variable that has it
"""Where the plugin takes a session with its token from, so that it is in no command line (its source, session.go)."""
SINCE = (1, 2, 497, 0)
"""Newer ones than that do (AWS CLI, customizations/sessionmanager.py)."""
OPENED = re.compile(r"Port (\d+) opened for sessionId")
"""What it says once it listens (its source, muxportforwarding.go and basicportforwarding.go)."""
VERSION = re.compile(r"\d+(?:\.\d+){0,3}")
INSTALL = "install AWS's Session Manager plugin: docs.aws.amazon.com/console/systems-manager/session-manager-plugin"


@dataclass(frozen=True)
class Opened:
    """A session at work, and the port of this machine that it forwards."""

    id: str
    plugin: Guarded
    port: int


class SessionTunnel:
    """A road through Systems Manager, opened for each server at its first use, and again where it was lost."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._lock = threading.RLock()
        self._opened: dict[Endpoint, Opened] = {}
        self._known = self._closed = False

    def __call__(self, endpoint: Endpoint, patience: float) -> socket.socket:
        """Connect to a server from the node; DatabaseError where no session leads there."""
        way = self._way(endpoint)
        try:
            return direct(Endpoint("127.0.0.1", way.port), patience)
        except ConnectionRefusedError:  # the plugin died just now
            self._leave(endpoint, way)
            return direct(Endpoint("127.0.0.1", self._way(endpoint).port), patience)

    def close(self) -> None:
        """End all sessions for good."""
        with self._lock:
            self._closed = True
            for endpoint in list(self._opened):
                self._end(endpoint)

    def _way(self, endpoint: Endpoint) -> Opened:
        with self._lock:
            found = self._opened.get(endpoint)
            if found is None or found.plugin.ended is not None:
                self._end(endpoint)
                self._opened[endpoint] = self._open(endpoint)
                self._known = True
            return self._opened[endpoint]

    def _leave(self, endpoint: Endpoint, way: Opened) -> None:
        """Give up a session that leads nowhere, unless another thread has done that."""
        with self._lock:
            if self._opened.get(endpoint) is way:
                self._end(endpoint)

    def _open(self, endpoint: Endpoint) -> Opened:
        if self._closed:
            raise DatabaseError("--via", "the run ends, so nothing is begun any more", code="db.cut")
        if trouble := unusable():
            raise DatabaseError("--via", trouble, INSTALL, code=ALONE)
        try:
            session = self._sessions.start(endpoint)
        except RdsRestoreError as error:
            raise self._failed(error.what, error.hint) from error
        return Opened(session.id, *self._carried(session))

    def _carried(self, session: Forwarding) -> tuple[Guarded, int]:
        """Have the plugin carry a session, and say at which port of this machine."""
        folder = private("ssm")
        plugin = Guarded(
            [PLUGIN, TOKEN, *session.words],
            folder,
            signal="INT",  # which it tells the service, so that the session ends there too
            environment={**os.environ, TOKEN: session.token.reveal(), "TMPDIR": str(folder)},
            apart=True,
        )
        try:
            return plugin, self._port(plugin)
        except BaseException:
            plugin.end()
            self._sessions.end(session.id)
            raise

    def _port(self, plugin: Guarded) -> int:
        """Wait until the plugin listens."""
        end = time.monotonic() + USUAL.bastion
        while True:
            if found := OPENED.search(plugin.said()):
                return int(found[1])
            if plugin.ended is not None:
                raise self._failed(last(plugin.said()) or f"{PLUGIN} ended with {plugin.ended}")
            if time.monotonic() > end:
                raise self._failed("the node does not answer")
            time.sleep(LOOK)

    def _failed(self, words: str, hint: str = "") -> DatabaseError:
        """Say that there is no way; once there was one it may come back."""
        hint = hint or "see that its agent is connected and may forward: aws ssm describe-instance-information"
        code = ASKED if self._known else ALONE
        return DatabaseError("--via", f"no way through {self._sessions.target}: {words}", hint, code=code)

    def _end(self, endpoint: Endpoint) -> None:
        found = self._opened.pop(endpoint, None)
        if found:
            found.plugin.end()
            self._sessions.end(found.id)


def unusable() -> str:
    """Say why the plugin can't be used; empty where it can."""
    if shutil.which(PLUGIN) is None:
        return f"{PLUGIN} is not installed"
    said = ""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        asked = subprocess.run(
            [PLUGIN, "--version"],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=USUAL.program_words,
            check=False,
        )
        said = asked.stdout.decode("utf-8", "replace").strip()
    numbers = tuple(int(each) for each in said.split(".")) if VERSION.fullmatch(said) else ()
    if numbers > SINCE:
        return ""
    found = f"{PLUGIN} {said}" if numbers else f"{PLUGIN}, which does not say its version,"
    return f"{found} takes a session's token on its command line, where others of this machine read it"
