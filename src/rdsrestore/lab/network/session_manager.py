"""Systems Manager's sessions to a machine in the network of production, and to a container there.

The machine is this process: it connects by an address of its own, by which the network knows who comes over a session.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shlex
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rdsrestore.lab.cloud.query_protocol import Fault
from rdsrestore.lab.network import plugin

NODE = "i-0123456789abcdef0"
CLUSTER, TASK, CONTAINER = "office", "0f9de17a6465404e8b1b2356dc13c2f8", "shell"
RUNTIME = f"{TASK}-3811061257"
TARGETS = (NODE, f"ecs:{CLUSTER}_{TASK}_{RUNTIME}")
DOCUMENT = "AWS-StartPortForwardingSessionToRemoteHost"
PARAMETERS = frozenset({"host", "portNumber", "localPortNumber"})
"""Those of the document (Systems Manager user guide, "Start a session")."""
ADDRESS = "10.7.0.11"
"""As which databases see who comes over a session."""
LOOPBACK = "127.0.0.2"
"""By which the machine connects."""
SERVICES = frozenset({"ssm", "ecs"})

Form = dict[str, Any]


@dataclass
class Session:
    """A session that was begun: what it forwards to, and the parts of its stream that are open."""

    token: str
    host: str
    port: int
    open: list[socket.socket] = field(default_factory=list)


class SessionManager:
    """Answers for both services, and listens for the plugins' streams; `folder` gets the plugin's stand-in."""

    address = ADDRESS

    def __init__(self, folder: Path) -> None:
        self.sessions: dict[str, Session] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self.actions: dict[tuple[str, str], Callable[[Form], Form]] = {
            ("ssm", "StartSession"): self.start,
            ("ssm", "TerminateSession"): self.terminate,
            ("ecs", "DescribeTasks"): self.tasks,
        }
        folder.mkdir(exist_ok=True)
        program = folder / "session-manager-plugin"
        words = shlex.join([sys.executable, "-I", str(plugin.__file__)])
        program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        program.chmod(0o755)
        threading.Thread(target=self._accept, daemon=True, name="sessions").start()

    def sees(self, caller: str, _port: int) -> str:
        """Tell as which address a caller is known."""
        return ADDRESS if caller == LOOPBACK else caller

    def open(self) -> dict[str, int]:
        """Count, for each session, the parts of its stream."""
        return {name: len(each.open) for name, each in self.sessions.items()}

    def answer(self, service: str, action: str, form: Form) -> Form:
        """Answer one request; Fault where it is refused."""
        act = self.actions.get((service, action))
        if act is None:
            raise Fault("InvalidAction", f"the lab does not know {service}:{action}", 501)
        return act(form)

    def start(self, form: Form) -> Form:
        """Begin a session."""
        if form["Target"] not in TARGETS:
            raise Fault("TargetNotConnected", f"{form['Target']} is not connected.")
        if form.get("DocumentName") != DOCUMENT:
            raise Fault("InvalidDocument", "The lab forwards ports to remote hosts alone.")
        given = form.get("Parameters", {})
        if not {"host", "portNumber"} <= set(given) <= PARAMETERS or any(len(each) != 1 for each in given.values()):
            raise Fault("ValidationException", f"The parameters of {DOCUMENT} are {', '.join(sorted(PARAMETERS))}.")
        name = f"lab-{secrets.token_hex(9)[:17]}"
        session = Session(secrets.token_urlsafe(60), given["host"][0], int(given["portNumber"][0]))
        self.sessions[name] = session
        url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/v1/data-channel/{name}?role=publish_subscribe"
        return {"SessionId": name, "TokenValue": session.token, "StreamUrl": url}

    def terminate(self, form: Form) -> Form:
        """End a session, and all that it forwards."""
        with self._lock:
            session = self.sessions.pop(form["SessionId"], None)
        for each in session.open if session else ():
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        return {"SessionId": form["SessionId"]}

    def tasks(self, form: Form) -> Form:
        """Describe the one task that there is."""
        if form.get("cluster") != CLUSTER:
            raise Fault("ClusterNotFoundException", "Cluster not found.")
        if form["tasks"] != [TASK]:
            return {"tasks": [], "failures": [{"arn": each, "reason": "MISSING"} for each in form["tasks"]]}
        containers = [{"name": CONTAINER, "runtimeId": RUNTIME, "lastStatus": "RUNNING"}]
        return {"tasks": [{"lastStatus": "RUNNING", "enableExecuteCommand": True, "containers": containers}]}

    def _accept(self) -> None:
        while True:
            stream, _address = self._listener.accept()
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream: socket.socket) -> None:
        """Serve one part of a session's stream."""
        with stream, contextlib.suppress(OSError, ValueError):
            said = json.loads(stream.makefile("rb", buffering=0).readline())
            session = self.sessions.get(said["session"])
            if session is None or not secrets.compare_digest(session.token, said["token"]):
                return
            session.open.append(stream)
            if said["kind"] == "control":
                stream.sendall(b"+")
                while stream.recv(1 << 10):
                    pass
                self.terminate({"SessionId": said["session"]})
                return
            with through(session.host, session.port) as server:
                stream.sendall(b"+")
                session.open.append(server)
                back = threading.Thread(target=plugin.copy, args=(server, stream), daemon=True)
                back.start()
                plugin.copy(stream, server)
                back.join()


def through(host: str, port: int) -> socket.socket:
    """Connect as the machine does that sessions lead to."""
    return socket.create_connection((host, port), timeout=10, source_address=(LOOPBACK, 0))
