"""The programs of a database server: this machine's own, or those of a folder into which packages were unpacked.

A program of such a folder is started by the folder's own loader, with the libraries beside it: neither root nor a
chroot is needed, and it may be newer than this machine's C library (ld.so(8), `--argv0`, `--library-path`).
"""

from __future__ import annotations

import fcntl
import os
import platform
import re
import shlex
import shutil
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import platformdirs

from rdsrestore.domain.errors import ToolError, UsageError

LOADERS = {"x86_64": "ld-linux-x86-64.so.2", "aarch64": "ld-linux-aarch64.so.1"}
MADE_WITHIN = 300.0
"""Seconds."""
SYSTEM_TABLES = ("system_tables", "performance_tables", "system_tables_data", "sys_schema")
"""What MariaDB's own installation gives to its server, in this order."""


def tool(*names: str) -> str:
    """Find a program of this machine under any of its names; ToolError where there is none."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    for name in names:
        found = shutil.which(name, path=path)
        if found:
            return found
    raise ToolError("lab", f"{names[0]} is not on the PATH", "apt-get install mariadb-server-core mariadb-client")


@dataclass(frozen=True)
class Programs(ABC):
    """The programs of one kind of server, and how they like to be called; `root` is None for this machine's own."""

    root: Path | None = None

    engine: ClassVar[str]
    """As RDS names it."""
    proxied: ClassVar[bool]
    """Whether a connection may begin with a PROXY line."""
    server_names: ClassVar[tuple[str, ...]]
    client_names: ClassVar[tuple[str, ...]]
    reader_names: ClassVar[tuple[str, ...]]

    @property
    @abstractmethod
    def options(self) -> tuple[str, ...]:
        """The options of a small server that it alone knows."""

    @property
    def network(self) -> tuple[str, ...]:
        """The options of a server behind a gateway."""
        return ()

    @property
    def environment(self) -> dict[str, str]:
        """What its clients have beside this process's environment; none reads a login path of the user's."""
        return {**os.environ, "MYSQL_TEST_LOGIN_FILE": os.devnull}

    def program(self, *names: str) -> list[str]:
        """Make the first words of a command line that runs a program; ToolError where there is none of these names."""
        if self.root is None:
            return [tool(*names)]
        libraries = self.root / "usr" / "lib" / f"{platform.machine()}-linux-gnu"
        for path in (self.root / "usr" / folder / name for name in names for folder in ("sbin", "bin")):
            if path.exists():
                loader = str(libraries / LOADERS[platform.machine()])
                return [loader, "--argv0", str(path), "--library-path", str(libraries), str(path)]
        raise ToolError(
            "lab", f"there is no {names[0]} in {self.root}", "unpack the server's and the client's packages"
        )

    def server(self, data: Path) -> list[str]:
        """Make the words that start a server on a data directory, whatever else it is told."""
        words = [*self.program(*self.server_names), "--no-defaults", *self._home(), f"--datadir={data}"]
        return words + (["--user=root"] if os.geteuid() == 0 else [])

    def client(self, socket: Path, *options: str) -> list[str]:
        """Make the command line of a client that is root on a server's own socket."""
        return [*self.program(*self.client_names), "--no-defaults", f"--socket={socket}", "--user=root", *options]

    def reader(self, *options: str) -> list[str]:
        """Make the command line that reads binlogs."""
        return [*self.program(*self.reader_names), "--no-defaults", "--disable-log-bin", *options]

    def lend(self, folder: Path) -> None:
        """Make the server, and the reader of its binlogs, callable by name where they are not this machine's."""
        if self.root is None:
            return
        folder.mkdir(exist_ok=True)
        own = {name: value for name, value in self.environment.items() if os.environ.get(name) != value}
        settings = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in own.items())
        for names, more in ((self.reader_names, []), (self.server_names, self._home())):
            made = folder / names[0]
            made.write_text(f'#!/bin/sh\n{settings}exec {shlex.join(self.program(*names))} "$@" {shlex.join(more)}\n')
            made.chmod(0o755)

    def version(self) -> str:
        """Ask the server which version it is, as `10.11.14`."""
        command = [*self.program(*self.server_names), "--version"]
        printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
        found = re.search(r"(\d+\.\d+\.\d+)", printed)
        if not found:
            raise ToolError("lab", f"{command[-2]} --version says no version: {printed.strip()[:100]}")
        return found.group(1)

    def template(self) -> Path:
        """Return an empty data directory of this version, made once and kept in the user's cache."""
        kept = Path(platformdirs.user_cache_dir("rdsrestore")) / "template" / f"{self.engine}-{self.version()}"
        if not kept.is_dir():
            kept.parent.mkdir(parents=True, exist_ok=True)
            with kept.with_name(f"{kept.name}.lock").open("w") as lock:  # labs that come up at once make one
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not kept.is_dir():
                    self._keep(kept)
        return kept

    def _keep(self, kept: Path) -> None:
        fresh = kept.with_name(f"{kept.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)  # of one that was cut off
        ended = self._make(fresh)
        if ended.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            printed = (ended.stderr + ended.stdout).strip()
            why = next((line for line in printed.splitlines() if "ERROR" in line), printed)
            raise ToolError("lab", f"no data directory could be made: {why[:300]}")
        (fresh / "auto.cnf").unlink(missing_ok=True)  # each copy makes its own, or two servers share a UUID
        fresh.rename(kept)

    def _home(self) -> list[str]:
        """Name the folders that the server looks for where it was built to be."""
        if self.root is None:
            return []
        return [
            f"--basedir={self.root / 'usr'}",
            f"--lc-messages-dir={self._share()}",
            f"--plugin-dir={self.root / 'usr/lib/mysql/plugin'}",
        ]

    def _share(self) -> Path:
        assert self.root is not None  # noqa: S101 - for the type checker: asked for folders alone
        return next(self.root.glob("usr/share/*/english/errmsg.sys")).parent.parent

    @abstractmethod
    def _make(self, fresh: Path) -> subprocess.CompletedProcess[str]:
        """Make a data directory in which root has no password."""


class MariaDb(Programs):
    """MariaDB's."""

    engine = "mariadb"
    proxied = True
    server_names = ("mariadbd",)
    client_names = ("mariadb", "mysql")
    reader_names = ("mariadb-binlog", "mysqlbinlog")

    @property
    def options(self) -> tuple[str, ...]:
        """The options of a small server that it alone knows."""
        return ("--innodb-log-file-size=32M",)

    @property
    def network(self) -> tuple[str, ...]:
        """It hears of the caller's address in a PROXY line."""
        return ("--proxy-protocol-networks=127.0.0.0/8",)

    def _make(self, fresh: Path) -> subprocess.CompletedProcess[str]:
        return self._installed(fresh) if self.root is None else self._bootstrapped(fresh)

    def _installed(self, fresh: Path) -> subprocess.CompletedProcess[str]:
        words = [*self.program("mariadb-install-db"), "--no-defaults", f"--datadir={fresh}", "--skip-test-db"]
        words += ["--auth-root-authentication-method=normal", "--innodb-log-file-size=32M"]
        words += ["--user=root"] if os.geteuid() == 0 else []
        words.append("--force")  # or it gives up where this machine's own name can't be looked up
        return run(words)

    def _bootstrapped(self, fresh: Path) -> subprocess.CompletedProcess[str]:
        """Do what the installation's script does, which would call the folder's programs without their loader."""
        (fresh / "mysql").mkdir(parents=True)
        files = [next(self._share().glob(f"m*_{name}.sql")) for name in SYSTEM_TABLES]
        statements = "SET @auth_root_socket=NULL, @skip_auth_anonymous=1, @current_hostname='localhost';\nUSE mysql;\n"
        statements += "\n".join(path.read_text() for path in files)
        options = ("--bootstrap", "--innodb-log-file-size=32M", "--loose-skip-innodb-fast-shutdown")
        return run([*self.server(fresh), *options], statements)


class MySql(Programs):
    """Oracle's MySQL: it knows no PROXY line, and its clients look for plug-ins where they were built to be."""

    engine = "mysql"
    proxied = False
    server_names = ("mysqld",)
    client_names = ("mysql",)
    reader_names = ("mysqlbinlog",)

    @property
    def options(self) -> tuple[str, ...]:
        """The options of a small server that it alone knows."""
        return ("--innodb-redo-log-capacity=64M", "--mysqlx=OFF", "--secure-file-priv=")

    @property
    def environment(self) -> dict[str, str]:
        """Lead its clients to their plug-ins."""
        plugins = {} if self.root is None else {"LIBMYSQL_PLUGIN_DIR": str(self.root / "usr/lib/mysql/plugin")}
        return {**super().environment, **plugins}

    def _make(self, fresh: Path) -> subprocess.CompletedProcess[str]:
        return run([*self.server(fresh), "--initialize-insecure", *self.options])


def run(words: list[str], given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program to its end; its exit code is the caller's to look at."""
    return subprocess.run(
        words, input=given, check=False, capture_output=True, text=True, errors="replace", timeout=MADE_WITHIN
    )


def unpacked_mysql() -> Path:
    """Where the project's scripts unpack Oracle's MySQL, unless RDSRESTORE_MYSQL_ROOT says otherwise."""
    given = os.environ.get("RDSRESTORE_MYSQL_ROOT")
    return Path(given) if given else Path(platformdirs.user_cache_dir("rdsrestore")) / "mysql-root"


def choose(server: str) -> Programs:
    """Take the programs that `--server` names: `mariadb`, `mysql`, or a folder of unpacked packages.

    Raises UsageError where it is none of these, or there is no such server here.
    """
    if server == MariaDb.engine:
        return MariaDb()
    if server == MySql.engine:
        return oracle()
    root = Path(server).expanduser().resolve()
    for programs in (MariaDb(root), MySql(root)):  # MariaDB's packages bring the other's name too, as a link
        if (root / "usr" / "sbin" / programs.server_names[0]).exists():
            return programs
    raise UsageError(
        "--server",
        f"{server} is no folder with usr/sbin/mariadbd or usr/sbin/mysqld",
        "--server mariadb, --server mysql, or a folder into which a server's packages were unpacked",
    )


def oracle() -> Programs:
    """Oracle's MySQL: unpacked by the project's scripts, else this machine's own."""
    root = unpacked_mysql()
    if (root / "usr" / "sbin" / "mysqld").exists():
        return MySql(root)
    own = MySql()
    try:
        if "mariadb" not in run([*own.program("mysqld"), "--version"]).stdout.lower():
            return own
    except ToolError:
        pass
    raise UsageError(
        "--server", f"there is no MySQL of Oracle's in {root} or on the PATH", "scripts/demo --server mysql fetches it"
    )
