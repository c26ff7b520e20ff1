"""The command line as a user runs it: a process of its own, with the lab's settings in its environment."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rdsrestore.lab.directory import LabDirectory
from rdsrestore.lab.servers import console
from rdsrestore.lab.servers.local import MARIADB
from rdsrestore.lab.servers.programs import choose
from rdsrestore.lab.servers.seed import numbers
from rdsrestore.lab.status import status

COMMAND = (sys.executable, "-m", "rdsrestore")
PATIENCE = 300
SERVER = "RDSRESTORE_TEST_SERVER"
"""Names the servers that labs have, as `lab up --server` takes it."""


def run(*words: str, env: Mapping[str, str], check: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command line to its end; with `check` its exit code has to be that."""
    ended = subprocess.run(
        [*COMMAND, *words],
        env=dict(env),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if check is not None:
        assert ended.returncode == check, f"{shlex.join(words)}: {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
    return ended


def processes(fits: Callable[[list[str]], bool]) -> list[int]:
    """Find this machine's processes whose command line fits."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            words = (each / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:  # it has ended
            continue
        if fits(words):
            found.append(int(each.name))
    return found


def awaited(what: Callable[[], object], within: float = 60.0) -> None:
    """Wait until something is so, for so many seconds at the most."""
    end = time.monotonic() + within
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


@dataclass
class LabTool:
    """A lab that is up in `folder`, and the tool pointed at it."""

    folder: Path
    home: Path
    env: dict[str, str] = field(default_factory=dict)

    def lab(self, *words: str) -> str:
        """Run a `lab` command and return what it printed."""
        command, *rest = words
        return run("lab", command, "--dir", str(self.folder), *rest, env=os.environ, check=0).stdout

    @property
    def place(self) -> LabDirectory:
        """The lab's directory, as the lab's own library sees it."""
        return LabDirectory(self.folder)

    def up(self, *options: str) -> None:
        """Bring the lab up and take over its exports."""
        self.lab("up", "--server", given_server(), *options)
        self.env = {
            **os.environ,
            **exports(self.lab("env")),
            "RDSRESTORE_HOME": str(self.home),
            "RDSRESTORE_POLL": "0.1",
        }

    def rotate(self) -> None:
        """Change production's password: copies of before have another one."""
        self.lab("rotate")
        self.env |= dict.fromkeys(("RDSRESTORE_PASSWORD", "MYSQL_PWD"), self.place.running().password)

    def sql(self, statements: str) -> list[list[str]]:
        """Run SQL on production; returns the last result's rows as text, without the heading."""
        lines = list(console.run(self.place.running(), self.place.ca, statements))
        return [line.split("\t") for line in lines[1:]]

    def as_root(self, statements: str | bytes) -> None:
        """Run SQL on production as its own root, over its socket."""
        programs = choose(given_server())
        given = statements if isinstance(statements, bytes) else statements.encode()
        command = programs.client(self.folder / "servers" / "production" / "s")
        subprocess.run(command, input=given, check=True, timeout=60, env=programs.environment)

    def number(self, query: str) -> int:
        """Run a query that returns one number."""
        return int(self.sql(query)[-1][0])

    def status(self) -> dict[str, Any]:
        """What `lab status --json` says, asked through the lab's own library."""
        return status(self.place.running())

    def __call__(self, *words: str, check: int | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        """Run the tool."""
        return run(*words, env=self.env | env, check=check)

    @contextmanager
    def started(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """Start the tool with its events as JSON lines on standard output; it is gone afterwards."""
        with subprocess.Popen(
            [*COMMAND, *words, "--json"],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            text=True,
        ) as process:
            yield process
            process.wait(PATIENCE)

    def moment(self) -> str:
        """Wait for the next second and return it: its restore has what was committed before, and nothing later."""
        return pause_until_next_second().strftime("%Y-%m-%dT%H:%M:%SZ")

    def ours(self) -> list[str]:
        """Name what the tool has left: instances, clusters, groups, scratch schemas."""
        state = self.status()
        names = [each["id"] for each in (*state["instances"], *state["clusters"])]
        names += [each["name"] for each in state["security_groups"]]
        schemas = [row[0] for row in self.sql("SHOW DATABASES")]
        return [name for name in (*names, *schemas) if name.startswith("rdsrestore")]


def given_server() -> str:
    """The servers that labs of these tests have."""
    return os.environ.get(SERVER, MARIADB.engine)


def counted(last: int, first: int = 1) -> str:
    """A table of SQL whose column `seq` counts up, for servers that have no sequence engine."""
    return f"(SELECT n + {first - 1} AS seq FROM ({numbers(last - first + 1)}) AS numbers) AS counted"


def pause_until_next_second() -> datetime:
    """Backups know whole seconds; there is no condition to await but the clock."""
    second = int(time.time())
    while int(time.time()) == second:
        time.sleep(0.01)
    return datetime.now(UTC)


def exports(text: str) -> dict[str, str]:
    """Read `export NAME=value` lines as a shell would."""
    pairs = (shlex.split(line)[1] for line in text.splitlines() if line.startswith("export "))
    return {name: value.replace("$PATH", os.environ["PATH"]) for name, value in (pair.split("=", 1) for pair in pairs)}


def events(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """Yield the events of a started tool as it prints them."""
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def kill_at(process: subprocess.Popen[str], event: str, step: str, number: signal.Signals = signal.SIGKILL) -> bool:
    """Send a signal when the tool reports that event of that step; False where it never did."""
    for each in events(process):
        if each.get("event") == event and each.get("step") == step:
            process.send_signal(number)
            return True
    return False
