"""A machine from which databases are reached, where this one can't reach them itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.secret import Secret

KIND = "ssh:"
FORM = re.compile(r"(?P<host>(?:[\w.+-]+@)?(?:[A-Za-z0-9_][\w.-]*|\[[0-9A-Fa-f:.]+\]))(?::(?P<port>\d{1,5}))?")
"""What `ssh` takes for a host, or its name in ssh's own settings; none that `ssh` would read as an option."""
MANAGED = re.compile(r"ssm:(?P<node>m?i-[0-9a-f]{8,17})")
"""An instance of EC2, or a machine elsewhere that Systems Manager has taken in (API reference, StartSession)."""
IN_TASK = re.compile(r"(?:ssm:)?ecs:(?P<cluster>[\w-]+)/(?P<task>[0-9a-f]{32}|[0-9a-f-]{36})/(?P<name>[\w-]+)")
MOST = 65535


@dataclass(frozen=True)
class Bastion:
    """`host` as `ssh` takes it, with the user where one was given; without a port ssh's own settings say which."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


@dataclass(frozen=True)
class Node:
    """A machine that AWS Systems Manager opens sessions to, by its id."""

    id: str

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True)
class Container:
    """A container of a running task of ECS, which sessions are opened to as ECS Exec does."""

    cluster: str
    task: str
    name: str

    def __str__(self) -> str:
        return f"{self.cluster}/{self.task}/{self.name}"


Managed: TypeAlias = Node | Container
"""What a session of Systems Manager leads to."""
Way: TypeAlias = Bastion | Managed


@dataclass(frozen=True)
class Forwarding:
    """A session that was begun: `token` is what its plugin carries it with, `words` what that is told beside."""

    id: str
    token: Secret
    words: tuple[str, ...]


def read(text: str) -> Way:
    """Read what `--via` takes; UsageError for what names none of the ways."""
    if found := MANAGED.fullmatch(text):
        return Node(found["node"])
    if found := IN_TASK.fullmatch(text):
        return Container(found["cluster"], found["task"], found["name"])
    found = FORM.fullmatch(text.removeprefix(KIND)) if text.startswith(KIND) else None
    port = int(found["port"]) if found and found["port"] else None
    if found is None or (port is not None and not 0 < port <= MOST):
        what = f"{text!r} names no way to the database"
        hint = "give ssh:user@bastion (a name of ~/.ssh/config does), ssm:i-INSTANCE, or ssm:ecs:cluster/task/container"
        raise UsageError("--via", what, hint)
    return Bastion(found["host"].replace("[", "").replace("]", ""), port)


def described(text: str) -> str:
    """Say in the plan by what servers are reached."""
    way = read(text)
    return f"through {way}, by {'ssh' if isinstance(way, Bastion) else 'sessions of Systems Manager'}"
