"""A bastion: a real sshd of this machine that passes connections on; databases know it by an address of its own."""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from collections import Counter
from pathlib import Path

from rdsrestore.child_process import die_with
from rdsrestore.domain.errors import ToolError, UsageError

NAME = "bastion"
"""How ssh's settings of a lab call it."""
ADDRESS = "10.7.0.10"
"""As which databases see who comes from it."""
ANNOUNCED = re.compile(r"direct_tcpip: originator .* target \S+ port (\d+)")
"""What sshd says, with LogLevel DEBUG1, before it connects to a database."""
LISTENING = "Server listening on"
COMES = 1.0
"""Seconds within which a connection follows what sshd has said, or the other way round."""
STARTS = 20.0
PRIVILEGED = Path("/run/sshd")
"""A folder that sshd wants where it is root's (sshd(8))."""
PASSING: list[subprocess.Popen[bytes]] = []
"""What passes connections of the lab's own on; each ends with its connection."""
SERVER = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/login.pub
AllowUsers {user}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowTcpForwarding local
X11Forwarding no
PermitTTY no
ForceCommand /bin/false
LogLevel DEBUG1
"""
CLIENT = """\
Host {name}
  HostName 127.0.0.1
  Port {port}
  User {user}
  IdentityFile {folder}/login
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
  StrictHostKeyChecking yes
  LogLevel ERROR
"""


class Bastion:
    """A bastion with keys of its own in a folder; `config` is a file of ssh's settings that leads there."""

    address = ADDRESS

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self.config = folder / "ssh_config"
        self._announced: Counter[int] = Counter()
        self._heard = threading.Condition()
        self._ready = threading.Event()
        values = {"name": NAME, "folder": folder, "port": free_port(), "user": getpass.getuser()}
        for key in ("host", "login"):
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", NAME, "-f", str(folder / key)]
            subprocess.run(words, check=True, stdin=subprocess.DEVNULL, timeout=STARTS)
        host = (folder / "host.pub").read_text()
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{values['port']} {host}")
        (folder / "sshd_config").write_text(SERVER.format(**values))
        self.config.write_text(CLIENT.format(**values))
        if os.geteuid() == 0:
            PRIVILEGED.mkdir(mode=0o755, exist_ok=True)
        words = [program(), "-D", "-e", "-f", str(folder / "sshd_config")]
        parent = os.getpid()
        self._server = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: die_with(parent),  # noqa: PLW1509 - nothing here holds a lock across the fork
        )
        threading.Thread(target=self._listen, args=(folder / "sshd.log",), daemon=True, name=NAME).start()
        if not self._ready.wait(STARTS) or self._server.poll() is not None:
            raise ToolError("lab up", "sshd did not start", f"see {folder / 'sshd.log'}")

    def sees(self, caller: str, port: int) -> str:
        """Tell as which address a caller of a port is known: what sshd has announced comes from the bastion."""
        with self._heard:
            if not self._heard.wait_for(lambda: self._announced[port] > 0, COMES):
                return caller
            self._announced[port] -= 1
            return ADDRESS

    def close(self) -> None:
        """End it, with the connections that it has passed on."""
        pid = self._server.pid
        listed = Path(f"/proc/{pid}/task/{pid}/children")
        children = listed.read_text().split() if listed.exists() else []
        self._server.terminate()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGTERM)
        self._server.wait(STARTS)

    def _listen(self, log: Path) -> None:
        """Read what it says."""
        assert self._server.stderr is not None  # noqa: S101 - for the type checker: it was opened as a pipe
        with log.open("w", encoding="utf-8") as out:
            for line in self._server.stderr:
                text = line.decode("utf-8", "replace")
                out.write(text)
                out.flush()
                if LISTENING in text:
                    self._ready.set()
                if found := ANNOUNCED.search(text):
                    with self._heard:
                        self._announced[int(found[1])] += 1
                        self._heard.notify_all()
        self._ready.set()


def program() -> str:
    """Find sshd by its whole path, without which it does not start; UsageError where there is none."""
    found = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    if not found:
        raise UsageError("--bastion", "sshd is not installed", "install openssh-server")
    return found


def free_port() -> int:
    """Find a port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def through(config: str, host: str, port: int) -> socket.socket:
    """Connect from the bastion: ssh gets the other end."""
    ours, its = socket.socketpair()
    with its:
        words = ["ssh", "-F", config, "-o", "BatchMode=yes", "-W", f"{host}:{port}", NAME]
        PASSING.append(subprocess.Popen(words, stdin=its.fileno(), stdout=its.fileno(), stderr=subprocess.DEVNULL))
    return ours
