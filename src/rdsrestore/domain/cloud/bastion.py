"""A machine from which databases are reached, where this one can't reach them itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rdsrestore.domain.errors import UsageError

KIND = "ssh:"
FORM = re.compile(r"(?P<host>(?:[\w.+-]+@)?(?:[A-Za-z0-9_][\w.-]*|\[[0-9A-Fa-f:.]+\]))(?::(?P<port>\d{1,5}))?")
"""What `ssh` takes for a host, or its name in ssh's own settings; none that `ssh` would read as an option."""
MOST = 65535


@dataclass(frozen=True)
class Bastion:
    """`host` as `ssh` takes it, with the user where one was given; without a port ssh's own settings say which."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


def read(text: str) -> Bastion:
    """Read what `--via` takes, `ssh:[user@]host[:port]`; UsageError for anything else."""
    found = FORM.fullmatch(text.removeprefix(KIND)) if text.startswith(KIND) else None
    port = int(found["port"]) if found and found["port"] else None
    if found is None or (port is not None and not 0 < port <= MOST):
        what = f"{text!r} names no way to the database"
        raise UsageError("--via", what, "give ssh:user@bastion or ssh:user@bastion:port; a name of ~/.ssh/config does")
    return Bastion(found["host"].replace("[", "").replace("]", ""), port)
