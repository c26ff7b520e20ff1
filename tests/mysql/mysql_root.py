"""Oracle's MySQL as a plain child process: out of a root of Debian's packages, through that root's own loader."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

import platformdirs

from mysql.site import HOST, PASSWORD, PRIVILEGES, USER, Server
from rdsrestore.lab.servers import local
from rdsrestore.lab.servers.datadir import copy_tree

ROOT = Path(os.environ.get("RDSRESTORE_MYSQL_ROOT") or Path(platformdirs.user_cache_dir("rdsrestore")) / "mysql-root")
"""Made by `need_mysql` in scripts/lib.sh."""
LOADERS = {"x86_64": "ld-linux-x86-64.so.2", "aarch64": "ld-linux-aarch64.so.1"}
ROLES = "APPLICATION_PASSWORD_ADMIN, ROLE_ADMIN, SET_ANY_DEFINER, XA_RECOVER_ADMIN"
"""What a managed instance's master user has on MySQL besides the classic privileges."""


def program(path: str) -> list[str]:
    """Make the first words of a command line that runs a program of the root, as `usr/sbin/mysqld`."""
    machine = platform.machine()
    libraries = ROOT / "usr" / "lib" / f"{machine}-linux-gnu"
    place = str(ROOT / path)
    return [str(libraries / LOADERS[machine]), "--argv0", place, "--library-path", str(libraries), place]


def server_words(data: Path) -> list[str]:
    """Make the words that start mysqld on a data directory, whatever else it is told."""
    words = [*program("usr/sbin/mysqld"), "--no-defaults", f"--basedir={ROOT / 'usr'}"]
    words += [f"--lc-messages-dir={ROOT / 'usr/share/mysql'}", f"--plugin-dir={ROOT / 'usr/lib/mysql/plugin'}"]
    return [*words, "--secure-file-priv=", "--mysqlx=OFF", f"--datadir={data}", "--user=root"]


def template(cache: Path) -> Path:
    """Return an initialised data directory to copy, made at the first call."""
    made = cache / "mysql-template"
    if not made.exists():
        fresh = cache / "mysql-template.part"
        shutil.rmtree(fresh, ignore_errors=True)
        subprocess.run(
            [*server_words(fresh), "--initialize-insecure"], check=True, capture_output=True, timeout=120, cwd=cache
        )
        (fresh / "auto.cnf").unlink()  # each copy makes its own, or two servers share a UUID
        fresh.rename(made)
    return made


def launch(folder: Path, cache: Path, *options: str) -> Server:
    """Start MySQL with a new data directory, set as unlike the tool's own sessions as `site.launch` sets MariaDB."""
    port = local.free_port(HOST)
    copy_tree(template(cache), folder / "data")
    words = [*server_words(folder / "data"), f"--socket={folder / 's'}", f"--pid-file={folder / 'pid'}"]
    words += [f"--log-error={folder / 'log'}", f"--tmpdir={folder}", f"--bind-address={HOST}", f"--port={port}"]
    words += ["--innodb-buffer-pool-size=64M", "--innodb-redo-log-capacity=64M", "--innodb-flush-log-at-trx-commit=0"]
    words += ["--skip-name-resolve", "--max-allowed-packet=16M", "--performance-schema=OFF"]
    words += ["--default-time-zone=+05:30", "--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES"]
    words += options
    server = Server(folder, port, local.start(words), words)
    local.await_start(local.LocalServer(folder, port, words, server.process))
    with server.root() as root, root.cursor() as cursor:
        cursor.execute("SET sql_mode = ''")
        cursor.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", (USER, PASSWORD))
        cursor.execute(f"GRANT {PRIVILEGES}, REPLICATION CLIENT ON *.* TO %s@'%%'", (USER,))
        cursor.execute(f"GRANT {ROLES} ON *.* TO %s@'%%'", (USER,))
    return server
