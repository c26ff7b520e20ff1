"""Bring a lab up and take it down, from another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

import urllib3

from rdsrestore.core.errors import ToolError
from rdsrestore.lab.place import Options, Place, State

COMES_UP_WITHIN = 300.0


def up(place: Place, options: Options) -> tuple[State, bool]:
    """Return the lab that runs here, started now where none did; a crashed one is removed first.

    The second value says whether it was started now. Raises ToolError with the reason where it does not come up.
    """
    state = place.state()
    if state:
        return state, False
    place.clear()
    place.claim()
    log = place.folder / "daemon.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "rdsrestore.lab.daemon", str(place.folder), json.dumps(asdict(options))],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    deadline = time.monotonic() + COMES_UP_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        state = place.state()
        if state:
            return state, True
        time.sleep(0.02)
    if process.poll() is None:
        process.kill()
    failed = place.folder / "failed"
    why = failed.read_text() if failed.exists() else log.read_text(errors="replace").strip().splitlines()[-1:]
    raise ToolError("lab up", f"the lab did not come up: {why}", f"see {log}; rdsrestore lab down removes it")


def control(state: State, name: str, wish: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
    """Ask the lab's own control interface."""
    answer = urllib3.request("POST", f"{state.endpoint}/_lab/{name}", json=wish or {}, timeout=30.0)
    if answer.status != HTTPStatus.OK:
        raise ToolError("lab", f"the lab answered {answer.status} to {name}", f"see {state.endpoint}")
    return answer.json()
