"""One RDS instance of the lab: what Describe says of it, the server behind it, and how its status walks."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rdsrestore.lab.network.gateway import Gateway
from rdsrestore.lab.servers.servers import Server

REGION = "eu-central-1"
ACCOUNT = "123456789012"
ENDINGS = (
    "available",
    "failed",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "incompatible-create",
    "incompatible-credentials",
    "incompatible-network",
    "incompatible-option-group",
    "incompatible-parameters",
    "incompatible-restore",
    "insufficient-capacity",
    "restore-error",
    "storage-full",
    "storage-initialization",
    "stuck",
)
"""Statuses in which a restore can end, as the service names them; `stuck` is none of its own."""


def arn(kind: str, name: str) -> str:
    """Name a resource of the lab's account."""
    return f"arn:aws:rds:{REGION}:{ACCOUNT}:{kind}:{name}"


def resource_id() -> str:
    """Make a resource id as unique as the service's own."""
    return "db-" + secrets.token_hex(13).upper()


@dataclass
class Instance:
    """`shown` is the answer of DescribeDBInstances; `server` and `gateway` appear when the copy has been made.

    `changing` is held while a new password is taken up: one at a time.
    """

    shown: dict[str, Any]
    server: Server | None = None
    gateway: Gateway | None = None
    gone: threading.Event = field(default_factory=threading.Event)
    settles: float = 0.0
    called: float | None = None
    changing: threading.Lock = field(default_factory=threading.Lock)

    def settled(self) -> bool:
        """Whether its rules hold: not in the first `settles` seconds after its first caller."""
        self.called = self.called or time.monotonic()
        return time.monotonic() - self.called >= self.settles

    @property
    def name(self) -> str:
        """Its identifier."""
        return str(self.shown["DBInstanceIdentifier"])

    @property
    def status(self) -> str:
        """Its status now."""
        return str(self.shown["DBInstanceStatus"])

    @property
    def cluster(self) -> str:
        """The cluster that it is a member of; empty where it is by itself."""
        return str(self.shown.get("DBClusterIdentifier", ""))

    def turn(self, status: str) -> None:
        """Take another status."""
        self.shown["DBInstanceStatus"] = status

    @property
    def groups(self) -> list[str]:
        """Its security groups' ids."""
        return [each["VpcSecurityGroupId"] for each in self.shown["VpcSecurityGroups"]]

    def close(self, *, keep: bool = False) -> None:
        """Shut the way in, stop the server, and delete its files unless they are its backups that stay.

        A cluster's server is stopped with the cluster.
        """
        if self.gateway:
            self.gateway.close()
        if self.server and not self.cluster:
            self.server.halt() if keep else self.server.stop()


@dataclass(frozen=True)
class Event:
    """A line of DescribeEvents."""

    source: str
    kind: str
    message: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def shown(self) -> dict[str, Any]:
        """Return it in the shape of the answer."""
        return {
            "SourceIdentifier": self.source,
            "SourceType": self.kind,
            "Message": self.message,
            "EventCategories": ["restoration"],
            "Date": self.at,
            "SourceArn": arn("db", self.source),
        }
