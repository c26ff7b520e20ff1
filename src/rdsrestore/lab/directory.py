"""Where a lab lives: a private directory, what is in it, and who runs it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from rdsrestore.domain.errors import UsageError

MARK = "lab.marker"
STATE = "lab.json"
CONTAINERS = "containers.marker"
"""Is there when the servers run in containers."""
STOPS_WITHIN = 30.0


KINDS = ("instance", "multi-az", "multi-az-cluster", "aurora", "serverless")
"""What production may be."""


@dataclass(frozen=True)
class Options:
    """How a lab is to be: see `lab up --help`."""

    rows: int = 20000
    restore_delay: float = 3.0
    lag: float = 2.0
    history: int = 3600
    deny: str = "drop"
    image: str | None = None
    server: str = "mariadb"
    behind_nat: bool = False
    settle: float = 0.0
    binlog_kept: float = 0.0
    kind: str = "multi-az"
    managed: bool = False
    bastion: bool = False
    session_manager: bool = False
    iam: bool = False
    customer_key: bool = False


@dataclass(frozen=True)
class State:
    """A running lab: everything that reaching it takes."""

    pid: int
    endpoint: str
    host: str
    port: int
    user: str
    password: str
    access_key: str
    secret_key: str
    region: str
    secret_arn: str
    slack_token: str
    slack_channel: str
    slack_hook: str
    engine: str
    ssh_config: str = ""
    node: str = ""


def default_folder() -> Path:
    """Where the lab lives unless `--dir` says otherwise."""
    return Path(os.environ.get("RDSRESTORE_LAB_DIR") or Path(platformdirs.user_state_dir("rdsrestore")) / "lab")


@dataclass(frozen=True)
class LabDirectory:
    """A lab's directory."""

    folder: Path

    @property
    def home(self) -> Path:
        """Where the tool keeps its runs of this lab, apart from those of real databases."""
        return self.folder / "home"

    @property
    def bin(self) -> Path:
        """Programs that this machine has not; none where it has them all."""
        return self.folder / "bin"

    @property
    def ca(self) -> Path:
        """The certificate of the lab's CA."""
        return self.folder / "tls" / "ca.pem"

    def claim(self) -> None:
        """Make the directory and mark it as a lab's; UsageError where it holds something else."""
        try:
            if self.folder.is_dir() and any(self.folder.iterdir()) and not (self.folder / MARK).exists():
                raise UsageError("--dir", f"{self.folder} is not empty and not a lab's", "choose another --dir")
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            (self.folder / MARK).touch()
        except OSError as error:
            raise UsageError("--dir", f"{self.folder}: {error.strerror}", "choose another --dir") from error

    def write(self, state: State) -> None:
        """Keep a running lab's state, at once and for the owner alone."""
        fresh = self.folder / f"{STATE}.new"
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(asdict(state)))
        fresh.rename(self.folder / STATE)

    def state(self) -> State | None:
        """Return the state of a lab that is running here, None where none is."""
        try:
            state = State(**json.loads((self.folder / STATE).read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return state if runs_here(state.pid, self.folder) else None

    def running(self) -> State:
        """Return the state of the lab here; UsageError where none is running."""
        state = self.state()
        if state is None:
            raise UsageError("lab", f"no lab is running in {self.folder}", "rdsrestore lab up starts one")
        return state

    def clear(self) -> bool:
        """Stop what runs here and remove all that a lab made; returns whether there was anything."""
        if not (self.folder / MARK).exists():
            return False
        pids = [pid for path in (self.folder / "servers").glob("*/pid") if (pid := number(path))]
        state = self.state()
        if state:
            end(state.pid, self.folder)
        for pid in pids:
            end(pid, self.folder)
        if (self.folder / CONTAINERS).exists():
            from rdsrestore.lab.servers.containers import remove_all  # noqa: PLC0415 - Docker is needed only here

            remove_all(self.folder / "servers")
        shutil.rmtree(self.folder, ignore_errors=True)
        return True


def number(path: Path) -> int:
    """Read a process id; 0 where there is none."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def runs_here(pid: int, folder: Path) -> bool:
    """Say whether a process lives and was started for this directory; a stranger may have a reused id."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return os.fsencode(str(folder)) in words


def end(pid: int, folder: Path) -> None:
    """End a process of this directory: politely first, then at once."""
    for number_, patience in ((signal.SIGTERM, STOPS_WITHIN), (signal.SIGKILL, 5.0)):
        if not runs_here(pid, folder):
            return
        os.kill(pid, number_)
        deadline = time.monotonic() + patience
        while runs_here(pid, folder) and time.monotonic() < deadline:
            time.sleep(0.02)
