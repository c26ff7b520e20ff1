"""Database servers in containers of an image that the user names, through testcontainers."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path

os.environ["TESTCONTAINERS_RYUK_DISABLED"] = (
    "true"  # its helper would be one more image to fetch; the lab tidies up itself
)

import docker
from docker.errors import DockerException, ImageNotFound
from testcontainers.core.container import DockerContainer

from rdsrestore.domain.errors import ToolError
from rdsrestore.lab.servers.binlog import Position, last_position, spans, stop_position
from rdsrestore.lab.servers.datadir import copy_tree
from rdsrestore.lab.servers.servers import SEEDED, Address, State, Tls

LABEL = "rdsrestore.lab"
PORT = 3306
STARTS_WITHIN = 120.0
DATA, EXCHANGE, TLS, SOURCE = "/var/lib/mysql", "/exchange", "/tls", "/source"
CLIENT = '"$(command -v mariadb || command -v mysql)" --user=root --default-character-set=utf8mb4'
BINLOG = '"$(command -v mariadb-binlog || command -v mysqlbinlog)" --no-defaults --disable-log-bin'


@dataclass
class ContainerServer:
    """One server in a container; its data lies in `folder`, where the next container can take it up."""

    folder: Path
    container: DockerContainer
    port: int
    password: str

    @property
    def address(self) -> Address:
        """Where it listens on this machine."""
        return Address("127.0.0.1", self.port, proxied=False)

    def sql(self, text: str) -> str:
        """Run statements as root, inside the container; ToolError with the server's words where one fails."""
        (self.folder / "exchange" / "in.sql").write_text(text, "utf-8")
        return self.shell(f"{CLIENT} --batch < {EXCHANGE}/in.sql")

    def shell(self, command: str) -> str:
        """Run a command inside the container; ToolError where it fails."""
        ended = self.container.get_wrapped_container().exec_run(
            ["sh", "-c", command], environment={"MYSQL_PWD": self.password, "TZ": "UTC"}, demux=True
        )
        said, complaints = (bytes(part or b"").decode("utf-8", "replace") for part in ended.output)
        if ended.exit_code:
            raise ToolError("lab", complaints.strip()[:300])
        return said

    def position(self) -> Position:
        """Return the end of the binlog."""
        return last_position(self.sql)

    def halt(self) -> None:
        """Stop the container and keep the data; a clean stop leaves files that can be copied."""
        self.container.get_wrapped_container().stop(timeout=30)
        self.container.stop()

    def crash(self, down: float) -> None:
        """Kill the container, and start it again after so many seconds; its port may be another one then."""
        wrapped = self.container.get_wrapped_container()
        wrapped.kill()
        time.sleep(down)
        wrapped.start()
        self.port = int(self.container.get_exposed_port(PORT))
        await_start(self)

    def stop(self) -> None:
        """Stop the container and delete the data."""
        self.container.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class ContainerServers:
    """Servers of one image under one folder; ToolError where Docker or the image is not there."""

    def __init__(self, folder: Path, tls: Tls, image: str) -> None:
        self._folder = folder
        self._image = image
        self._base = folder / "base"
        self._start = Position("", 0)
        self._password = secrets.token_hex(16)
        self._tls = readable(tls, folder / "tls")
        try:
            docker.from_env().images.get(image)
        except ImageNotFound as error:
            raise ToolError("--image", f"there is no image {image} here", f"docker pull {image}") from error
        except DockerException as error:
            raise ToolError("--image", "no Docker engine answers", "start Docker, or leave --image out") from error

    def describe(self) -> tuple[str, str]:
        """Return engine and version, as the image's server says them."""
        asked = ["-c", "mariadbd --version 2>/dev/null || mysqld --version"]
        said = docker.from_env().containers.run(self._image, asked, entrypoint="sh", remove=True).decode()
        found = re.search(r"(\d+\.\d+\.\d+)", said)
        return "mariadb" if "mariadb" in said.lower() else "mysql", found.group(1) if found else ""

    def source(self, name: str, seed: str) -> ContainerServer:
        """Start a server, seed it, keep a cold copy as base backup, and start it again with binlogs."""
        server = self._launch(name, "--skip-log-bin")
        server.sql(seed)
        server.halt()
        copy_tree(server.folder / "data", self._base)
        options = ("--log-bin=binlog", "--binlog-format=ROW", "--server-id=1", "--log-bin-trust-function-creators=1")
        server = self._launch(name, *options)
        self._start = server.position()
        return server

    def restored(self, state: State, name: str, begins: str = "") -> ContainerServer:
        """Copy the base backup and replay the binlog; ToolError where another server is to have backups too."""
        if begins or state.history != SEEDED:
            raise ToolError("lab", "servers in containers keep the backups of production alone")
        copy_tree(self._base, self._folder / name / "data")
        server = self._launch(name, "--skip-log-bin")
        binlogs = self._folder / "production" / "data"
        stop = state.position or stop_position(binlogs, self._start, state.second or int(time.time()) + 1)
        if self._start < stop:
            wide = f"{CLIENT} -e 'SET GLOBAL max_allowed_packet = {1 << 30}'"  # a statement's rows come back as one
            into = f"{CLIENT} --binary-mode --max-allowed-packet=1G"
            plays = [
                f"{BINLOG} --start-position={first} --stop-position={last} {SOURCE}/{path.name} | {into}"
                for path, first, last in spans(binlogs, self._start, stop)
            ]
            server.shell(" && ".join([wide, *plays]))
        return server

    def _launch(self, name: str, *options: str) -> ContainerServer:
        folder = self._folder / name
        for part in ("data", "exchange"):
            (folder / part).mkdir(mode=0o755, parents=True, exist_ok=True)
        network = [f"--ssl-ca={TLS}/ca.pem", f"--ssl-cert={TLS}/server.pem", f"--ssl-key={TLS}/server.key"]
        words = [*network, "--require-secure-transport=ON", "--default-time-zone=+00:00", *options]
        container = (
            DockerContainer(self._image)
            .with_env("MARIADB_ROOT_PASSWORD", self._password)
            .with_env("MYSQL_ROOT_PASSWORD", self._password)
            .with_exposed_ports(PORT)
            .with_volume_mapping(str(folder / "data"), DATA, "rw")
            .with_volume_mapping(str(folder / "exchange"), EXCHANGE, "ro")
            .with_volume_mapping(str(self._tls), TLS, "ro")
            .with_kwargs(labels={LABEL: str(self._folder)}, user=own_user())
            .with_command(words)
        )
        binlogs = self._folder / "production" / "data"
        if binlogs != folder / "data":  # a folder can be mounted once only
            container = container.with_volume_mapping(str(binlogs), SOURCE, "ro")
        container.start()
        server = ContainerServer(folder, container, int(container.get_exposed_port(PORT)), self._password)
        await_start(server)
        return server


def own_user() -> str | None:
    """Whom a server runs as in its container: this user, so that its data are ours; root leaves it to the image."""
    return f"{os.geteuid()}:{os.getegid()}" if os.geteuid() else None


def readable(tls: Tls, folder: Path) -> Path:
    """Copy the certificates to where the server's own user can read them; only the lab's folder keeps others out."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    for source, name in ((tls.ca, "ca.pem"), (tls.certificate, "server.pem"), (tls.key, "server.key")):
        shutil.copyfile(source, folder / name)
        (folder / name).chmod(0o644)
    return folder


def await_start(server: ContainerServer) -> None:
    """Wait until the server itself greets, not only Docker's port; ToolError with its last words where it does not."""
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        wrapped = server.container.get_wrapped_container()
        wrapped.reload()
        if wrapped.status == "exited":
            break
        if greets(server.port):
            return
        time.sleep(0.1)
    said = server.container.get_logs()
    raise ToolError("lab", f"the container did not start: {b''.join(said).decode('utf-8', 'replace')[-300:]}")


def greets(port: int) -> bool:
    """Whether a database server speaks first on a port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as door:
            return bool(door.recv(1))
    except OSError:
        return False


def remove_all(folder: Path) -> None:
    """Remove the containers that a lab of that folder left behind."""
    try:
        left = docker.from_env().containers.list(all=True, filters={"label": f"{LABEL}={folder}"})
        for container in left:
            container.remove(force=True, v=True)
    except DockerException as error:
        raise ToolError(
            "lab down", "no Docker engine answers", "start Docker, then rdsrestore lab down again"
        ) from error
