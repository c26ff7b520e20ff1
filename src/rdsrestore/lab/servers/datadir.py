"""Copies of data directories, and what a server's backups are made of them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from rdsrestore.lab.servers.binlog import Position, upload


@dataclass
class History:
    """A server's backups: the uploaded binlogs of its `data`, and copies of these by where in them they were taken."""

    data: Path
    binlogs: Path
    bases: dict[Position, Path] = field(default_factory=dict)

    def upload(self) -> None:
        """See that all that is in the binlogs now is uploaded."""
        upload(self.data, self.binlogs)


def copy_tree(source: Path, target: Path) -> None:
    """Copy a data directory, sharing blocks where the file system can; the copy makes its own server id."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.mkdir()
    subprocess.run(["cp", "-a", "--reflink=auto", f"{source}/.", f"{target}/"], check=True)
    (target / "auto.cnf").unlink(missing_ok=True)  # MySQL's: two servers would share a UUID
