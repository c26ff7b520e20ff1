"""Database servers as child processes, each with a data directory of its own."""

from __future__ import annotations

import contextlib
import itertools
import random
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from rdsrestore.child_process import start
from rdsrestore.domain.errors import ToolError
from rdsrestore.lab.servers import retention
from rdsrestore.lab.servers.binlog import Position, last_position, spans, stop_position
from rdsrestore.lab.servers.datadir import History, copy_tree
from rdsrestore.lab.servers.programs import MariaDb, Programs
from rdsrestore.lab.servers.servers import SEEDED, Address, State, Tls

PORTS = (10_240, 32_000)
"""Below those that the kernel gives to connections."""
HOST = "127.0.0.2"
"""Servers listen where no advertised endpoint points, so that the gateway is the only obvious way in."""
STARTS_WITHIN = 180.0
"""Seconds; a busy disk takes long over a new data directory."""
STOPS_WITHIN = 30.0
PACKET = 64 << 20
WIDE = f"SET GLOBAL max_allowed_packet = {1 << 30}"
NARROW = f"SET GLOBAL max_allowed_packet = {PACKET}"
SMALL = (
    "--innodb-buffer-pool-size=64M",
    "--innodb-flush-log-at-trx-commit=2",
    "--sync-binlog=0",
    "--performance-schema=OFF",
    f"--max-allowed-packet={PACKET}",
    "--default-time-zone=+00:00",
    "--character-set-server=utf8mb4",
    "--skip-name-resolve",
    "--lower-case-table-names=0",
)
MARIADB = MariaDb()


def free_port(host: str) -> int:
    """Find a free port that the kernel gives to nobody, so that it is still free when a server wants it."""
    while True:
        port = random.randrange(*PORTS)  # noqa: S311 - no secret
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((host, port))
            return port


@dataclass
class LocalServer:
    """One server; `folder` holds its data, socket and log."""

    folder: Path
    port: int
    words: list[str]
    process: subprocess.Popen[bytes]
    programs: Programs

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address(HOST, self.port, proxied=self.programs.proxied)

    def sql(self, text: str) -> str:
        """Run statements as root over the socket; ToolError with the server's words where one fails."""
        ended = subprocess.run(
            self.client("--default-character-set=utf8mb4", "--batch"),
            input=text.encode(),
            capture_output=True,
            check=False,
            env=self.programs.environment,
        )
        if ended.returncode:
            raise ToolError("lab", ended.stderr.decode(errors="replace").strip()[:300])
        return ended.stdout.decode()

    def client(self, *options: str) -> list[str]:
        """Make the command line of a client that is root on this server."""
        return self.programs.client(self.folder / "s", *options)

    def position(self) -> Position:
        """Return the end of the binlog."""
        return last_position(self.sql)

    def halt(self) -> None:
        """Stop the process and keep the files; a signal may be lost on a server that is still starting."""
        deadline = time.monotonic() + STOPS_WITHIN
        while self.process.poll() is None and time.monotonic() < deadline:
            self.process.terminate()
            try:
                self.process.wait(1.0)
            except subprocess.TimeoutExpired:
                continue
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def crash(self, down: float) -> None:
        """Kill the process, and start it again after so many seconds."""
        self.process.kill()
        self.process.wait()
        time.sleep(down)
        self.process = start(self.words)
        await_start(self)

    def stop(self) -> None:
        """Stop the process and delete the files."""
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)


class LocalServers:
    """Servers of one kind under one folder; a replay of more than `long` seconds leaves a base backup for the next.

    The source purges what is older than `kept` seconds of its binlog, as RDS does; with 0 it keeps all.
    """

    def __init__(
        self, folder: Path, tls: Tls, programs: Programs = MARIADB, *, long: float = 1.0, kept: float = 0.0
    ) -> None:
        self._folder = folder
        self._programs = programs
        self._tls = tls
        self._long = long
        self._kept = kept
        self._histories: dict[str, History] = {}
        self._keeping = threading.Lock()

    def describe(self) -> tuple[str, str]:
        """Return engine and version."""
        return self._programs.engine, self._programs.version()

    def source(self, name: str, seed: str) -> LocalServer:
        """Start a server, seed it, keep a cold copy as base backup, and start it again with binlogs."""
        folder = self._folder / name
        copy_tree(self._programs.template(), folder / "data")
        server = self._launch(folder, "--skip-log-bin", "--skip-networking")
        server.sql(seed)
        server.halt()
        return self._begin(SEEDED, folder, self._folder / "base")

    def _begin(self, history: str, folder: Path, base: Path) -> LocalServer:
        """Keep a halted server's data as base backup, and start it again with binlogs."""
        copy_tree(folder / "data", base)
        server = self._launch(
            folder,
            "--log-bin=binlog",
            "--binlog-format=ROW",
            "--server-id=1",
            "--sync-binlog=0",
            "--log-bin-trust-function-creators=1",
            *self._network(),
        )
        backups = History(folder / "data", self._fresh("uploads"), {server.position(): base})
        self._histories[history] = backups
        if self._kept:
            retention.purging(server, backups.binlogs, self._kept)
        return server

    def restored(self, state: State, name: str, begins: str = "") -> LocalServer:
        """Copy a base backup and replay the binlog up to the state wanted; no gateway leads there yet."""
        folder = self._fresh(name)
        history = self._histories[state.history]
        history.upload()
        known = sorted(list(history.bases))  # noqa: C414 - another restore may add one while these are compared
        stop = state.position or stop_position(history.binlogs, known[0], state.second or int(time.time()) + 1)
        start = max(each for each in known if each <= stop)
        copy_tree(history.bases[start], folder / "data")
        server = self._launch(folder, "--skip-log-bin", *self._network())
        begun = time.monotonic()
        self._replay(server, history.binlogs, start, stop)
        if begins:
            server.halt()
            return self._begin(begins, folder, self._fresh(f"{name}-base"))
        if time.monotonic() - begun < self._long or stop in history.bases:
            return server
        server.halt()
        self._keep(folder / "data", stop, history)
        return self._launch(folder, "--skip-log-bin", *self._network())

    def _fresh(self, name: str) -> Path:
        """Choose a folder that nothing lies in: what a server of that name has left is another one's backups."""
        names = (name if number == 1 else f"{name}-{number}" for number in itertools.count(1))
        return next(path for each in names if not (path := self._folder / each).exists())

    def _keep(self, data: Path, at: Position, history: History) -> None:
        with self._keeping:
            if at not in history.bases:
                base = self._fresh(f"base-{at.file}-{at.offset}")
                copy_tree(data, base)
                history.bases[at] = base

    def _replay(self, server: LocalServer, binlogs: Path, start: Position, stop: Position) -> None:
        if start >= stop:
            return
        server.sql(WIDE)  # all rows of a statement come back as one
        for path, first, last in spans(binlogs, start, stop):
            self._play(server, f"--start-position={first}", f"--stop-position={last}", str(path))
        server.sql(NARROW)

    def _play(self, server: LocalServer, *words: str) -> None:
        """Let a server do what one file says; what a transaction without an end did is gone with the connection."""
        reading = self._programs.reader(*words)
        with subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"TZ": "UTC"}) as reader:
            command = server.client("--binary-mode", "--max-allowed-packet=1G")
            environment = self._programs.environment
            ended = subprocess.run(command, stdin=reader.stdout, check=False, capture_output=True, env=environment)
            if reader.stdout:
                reader.stdout.close()  # a reader that is not heard out has to end, too
            said = reader.stderr.read() if reader.stderr else b""
        for code, said_of in ((ended.returncode, ended.stderr), (reader.returncode, said)):
            if code:
                raise ToolError("lab", f"the replay failed: {said_of.decode(errors='replace')[-300:]}")

    def _network(self) -> tuple[str, ...]:
        return (
            f"--bind-address={HOST}",
            f"--port={free_port(HOST)}",
            *self._programs.network,
            "--require-secure-transport=ON",
            f"--ssl-ca={self._tls.ca}",
            f"--ssl-cert={self._tls.certificate}",
            f"--ssl-key={self._tls.key}",
        )

    def _launch(self, folder: Path, *options: str) -> LocalServer:
        (folder / "tmp").mkdir(mode=0o700, exist_ok=True)  # a shared one loses its files when another server starts
        words = [
            *self._programs.server(folder / "data"),
            f"--socket={folder / 's'}",
            f"--tmpdir={folder / 'tmp'}",
            f"--pid-file={folder / 'pid'}",
            f"--log-error={folder / 'log'}",
            *SMALL,
            *self._programs.options,
            *options,
        ]
        port = next((int(word.split("=")[1]) for word in options if word.startswith("--port=")), 0)
        server = LocalServer(folder, port, words, start(words), self._programs)
        await_start(server)
        return server


def await_start(server: LocalServer) -> None:
    """Wait until the server answers on its socket; ToolError with the end of its log where it does not."""
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        if answers(server.folder / "s"):
            return
        time.sleep(0.02)
    status = server.process.poll()
    ended = f"gave no answer within {STARTS_WITHIN:.0f} s" if status is None else f"ended at once with {status}"
    log = server.folder / "log"
    tail = log.read_text(errors="replace").splitlines()[-3:] if log.exists() else []
    raise ToolError("lab", f"the server {ended}{': ' if tail else ''}{' / '.join(tail)}", f"see {log}")


def answers(path: Path) -> bool:
    """Say whether somebody listens on a socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
