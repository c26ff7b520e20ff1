"""One DB cluster of the lab: what Describe says of it, and the server that all its members lead to."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from typing import Any

from rdsrestore.domain.cloud.engine import is_aurora
from rdsrestore.lab.servers.servers import Server


def resource_id() -> str:
    """Make a cluster's resource id."""
    return "cluster-" + secrets.token_hex(13).upper()


@dataclass
class Cluster:
    """`shown` is the answer of DescribeDBClusters; `server` appears when the copy has been made.

    `writer` names the member that takes writes, `of` the instance whose backups are the cluster's. `changing` is held
    while a new password is taken up.
    """

    shown: dict[str, Any]
    server: Server | None = None
    writer: str = ""
    of: str = ""
    gone: threading.Event = field(default_factory=threading.Event)
    changing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        """Its identifier."""
        return str(self.shown["DBClusterIdentifier"])

    @property
    def status(self) -> str:
        """Its status now."""
        return str(self.shown["Status"])

    @property
    def is_aurora(self) -> bool:
        """Whether its members are made one by one."""
        return is_aurora(self.shown["Engine"])

    @property
    def groups(self) -> list[str]:
        """Its security groups' ids."""
        return [each["VpcSecurityGroupId"] for each in self.shown["VpcSecurityGroups"]]

    def turn(self, status: str) -> None:
        """Take another status."""
        self.shown["Status"] = status

    def close(self) -> None:
        """Stop the server and delete its files."""
        if self.server:
            self.server.stop()
