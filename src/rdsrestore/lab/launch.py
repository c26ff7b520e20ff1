"""Bring a lab up and take it down, from another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from http import HTTPStatus
from importlib.util import find_spec
from typing import Any

import urllib3

from rdsrestore.domain.errors import ToolError, UsageError
from rdsrestore.lab.directory import LabDirectory, Options, State
from rdsrestore.lab.network import ssh
from rdsrestore.lab.servers.programs import choose

COMES_UP_WITHIN = 300.0
EXTRA = ("cryptography", "flask", "flask_cors", "moto", "werkzeug")
FOR_CONTAINERS = ("docker", "testcontainers")


def ready(modules: Iterable[str], system: str) -> None:
    """Say by a UsageError where a lab can't run: on another system than Linux, or without the extra's modules."""
    if system != "linux":
        raise UsageError(
            "lab up", f"a lab runs on Linux alone, and this is {system}", "use a virtual machine with Linux"
        )
    lacking = [name for name in modules if find_spec(name) is None]
    if lacking:
        what = f"the lab is not installed ({', '.join(lacking)} missing)"
        raise UsageError("lab up", what, "in a checkout of rdsrestore: pip install '.[lab]'")


def up(place: LabDirectory, options: Options) -> tuple[State, bool]:
    """Return the lab that runs here, started now where none did; a crashed one is removed first.

    The second value says whether it was started now. Raises ToolError with the reason where it does not come up.
    """
    state = place.state()
    if state:
        return state, False
    ready((*EXTRA, *(FOR_CONTAINERS if options.image else ())), sys.platform)
    if not options.image:
        servers = choose(options.server)
        refuse_way(options, proxied=servers.proxied)
    else:
        refuse_way(options, proxied=False)
    place.clear()
    place.claim()
    log = place.folder / "daemon.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "rdsrestore.lab", str(place.folder), json.dumps(asdict(options))],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        state = awaited(place, process)
    except KeyboardInterrupt:
        process.kill()
        place.clear()
        raise
    if state:
        return state, True
    failed = place.folder / "failed"
    why = failed.read_text() if failed.exists() else "".join(log.read_text(errors="replace").splitlines()[-1:])
    raise ToolError("lab up", f"the lab did not come up: {why}", f"see {log}; rdsrestore lab down removes it")


def refuse_way(options: Options, *, proxied: bool) -> None:
    """Refuse a way to the databases that can't be made: no sshd, or servers that don't hear who calls through it."""
    if options.bastion and options.session_manager:
        raise UsageError("--session-manager", "goes without --bastion", "use one of them")
    if options.bastion:
        ssh.program()
    if options.iam and not proxied:
        what = "only MariaDB's servers on this machine have a user for tokens"
        raise UsageError("--iam", what, "leave out --server and --image")
    if (options.bastion or options.session_manager) and not proxied:
        way = "--bastion" if options.bastion else "--session-manager"
        what = "only MariaDB's servers on this machine hear from where a caller comes"
        raise UsageError(way, what, "leave out --server and --image")


def awaited(place: LabDirectory, process: subprocess.Popen[bytes]) -> State | None:
    """Wait until a lab is up; None where its process ended, or had to be ended because it took too long."""
    deadline = time.monotonic() + COMES_UP_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        state = place.state()
        if state:
            return state
        time.sleep(0.02)
    process.kill()
    return None


def control(state: State, name: str, wish: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
    """Ask the lab's own control interface."""
    try:
        answer = urllib3.request("POST", f"{state.endpoint}/_lab/{name}", json=wish or {}, timeout=30.0)
    except urllib3.exceptions.HTTPError as error:
        raise ToolError("lab", f"the lab does not answer at {state.endpoint}", "rdsrestore lab down") from error
    if answer.status != HTTPStatus.OK:
        raise ToolError("lab", f"the lab answered {answer.status} to {name}", f"see {state.endpoint}")
    return answer.json()
