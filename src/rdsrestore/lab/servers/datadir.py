"""Data directories of servers: an empty one of this machine's version, and copies of any."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import platformdirs

from rdsrestore.domain.errors import ToolError


def tool(*names: str) -> str:
    """Find a program under any of its names; ToolError where there is none."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    for name in names:
        found = shutil.which(name, path=path)
        if found:
            return found
    raise ToolError("lab", f"{names[0]} is not on the PATH", "apt-get install mariadb-server-core mariadb-client")


def template() -> Path:
    """Return an empty data directory of this server's version, made once and kept in the user's cache."""
    version = subprocess.run([tool("mariadbd"), "--version"], capture_output=True, text=True, check=True).stdout
    name = re.sub(r"[^0-9A-Za-z.-]+", "-", version.strip())
    kept = Path(platformdirs.user_cache_dir("rdsrestore")) / "template" / name
    if not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_name(f"{name}.{os.getpid()}")
        words = [
            tool("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={fresh}",
            "--auth-root-authentication-method=normal",
        ]
        words += ["--skip-test-db", "--innodb-log-file-size=32M"] + (["--user=root"] if os.geteuid() == 0 else [])
        words.append("--force")  # or it gives up where this machine's own name can't be looked up
        ended = subprocess.run(words, check=False, capture_output=True, text=True, errors="replace")
        if ended.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            raise ToolError("lab", f"{words[0]} failed: {(ended.stderr + ended.stdout).strip()[:300]}")
        try:
            fresh.rename(kept)
        except OSError:
            shutil.rmtree(fresh)
    return kept


def copy_tree(source: Path, target: Path) -> None:
    """Copy a data directory, sharing blocks where the file system can."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.mkdir()
    subprocess.run(["cp", "-a", "--reflink=auto", f"{source}/.", f"{target}/"], check=True)
