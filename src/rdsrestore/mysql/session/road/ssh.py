"""The road through a bastion: the system's own `ssh`, with a way through it for each server.

One ssh is logged in for all servers (ssh(1), "-M", "-O forward"), so that a passphrase is asked for once. Its ways
begin at sockets in a folder of our own, not at ports: nobody else of this machine gets through.
"""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from pathlib import Path

from rdsrestore.domain.cloud.bastion import Bastion
from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import Endpoint
from rdsrestore.mysql.session.road.guarded import Guarded, last, private

OPTIONS = (
    "ControlPersist=no",
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "RemoteCommand=none",
    "PermitLocalCommand=no",
    "StreamLocalBindMask=0177",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
)
"""What ~/.ssh/config must not say otherwise (ssh_config(5)): a bastion that is silent for 45 seconds is gone."""
ALONE, ASKED = "via.closed", "db.unreachable"
LOOK = 0.05
"""Seconds between two looks at a login that is under way."""


class SshTunnel:
    """A road through a bastion, opened at its first use, and again where it was lost.

    With `asks` ssh may ask for a passphrase at the terminal; `config` is a file of settings in place of ssh's own.
    """

    def __init__(self, bastion: Bastion, *, asks: bool = False, config: Path | None = None) -> None:
        self._bastion = bastion
        self._asks = asks
        self._config = config
        self._lock = threading.RLock()
        self._ssh: Guarded | None = None
        self._folder = Path()
        self._ways: dict[Endpoint, Path] = {}
        self._known = self._closed = False

    def __call__(self, endpoint: Endpoint, patience: float) -> socket.socket:
        """Connect to a server from the bastion; DatabaseError where the bastion lets nobody through."""
        opened = socket.socket(socket.AF_UNIX)
        opened.settimeout(patience)
        try:
            way = self._way(endpoint)
            try:
                opened.connect(str(way))
            except (ConnectionRefusedError, FileNotFoundError):  # ssh died just now
                self._leave(way)
                opened.connect(str(self._way(endpoint)))
        except BaseException:
            opened.close()
            raise
        return opened

    def close(self) -> None:
        """End it for good."""
        self._closed = True
        self._end()

    def _way(self, endpoint: Endpoint) -> Path:
        with self._lock:
            if self._ssh is None or self._ssh.ended is not None:
                self._end()
                self._open()
            if endpoint not in self._ways:
                way = self._folder / str(len(self._ways))
                host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
                self._ask("forward", "-L", f"{way}:{host}:{endpoint.port}")
                self._ways[endpoint] = way
            return self._ways[endpoint]

    def _leave(self, way: Path) -> None:
        """Give up the ssh of a way that leads nowhere, unless another thread has done that."""
        with self._lock:
            if way.parent == self._folder:
                self._end()

    def _open(self) -> None:
        if self._closed:
            raise DatabaseError("--via", "the run ends, so nothing is begun any more", code="db.cut")
        self._folder = private("ssh")
        config = ["-F", str(self._config)] if self._config else []
        port = ["-p", str(self._bastion.port)] if self._bastion.port else []
        options = [*OPTIONS, f"ConnectTimeout={USUAL.connect:.0f}", *([] if self._asks else ["BatchMode=yes"])]
        said = [word for option in options for word in ("-o", option)]
        ssh = ["ssh", *config, *port, "-N", "-T", "-M", "-S", str(self._control), *said, "--", self._bastion.host]
        self._ssh = Guarded(ssh, self._folder)
        self._await()
        self._known = True

    def _await(self) -> None:
        """Wait until ssh is logged in."""
        assert self._ssh is not None  # noqa: S101 - for the type checker: callers have started it
        end = time.monotonic() + (USUAL.bastion_asks if self._asks else USUAL.bastion)
        while not self._control.exists():
            if self._ssh.ended is not None:
                raise self._failed(last(self._ssh.said()) or f"ssh ended with {self._ssh.ended}")
            if time.monotonic() > end:
                words = last(self._ssh.said()) or "it does not answer"
                self._end()
                raise self._failed(words)
            time.sleep(LOOK)

    def _ask(self, what: str, *words: str) -> None:
        """Ask the ssh that is logged in for something."""
        try:
            ended = subprocess.run(
                ["ssh", "-F", "none", "-S", str(self._control), "-O", what, *words, "--", "bastion"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=USUAL.bastion,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise self._failed("it does not answer") from error
        if ended.returncode:
            raise self._failed(last(ended.stderr.decode("utf-8", "replace")) or f"ssh ended with {ended.returncode}")

    @property
    def _control(self) -> Path:
        return self._folder / "c"

    def _failed(self, words: str) -> DatabaseError:
        """Say that there is no way; once there was one it may come back."""
        return DatabaseError(
            "--via",
            f"no way through {self._bastion}: {words}",
            f"see that ssh {self._bastion.host} lets you in; where ssh can't ask, ssh-add your key first",
            code=ASKED if self._known else ALONE,
        )

    def _end(self) -> None:
        with self._lock:
            ssh, self._ssh = self._ssh, None
            self._ways = {}
            if ssh:
                ssh.end()
