"""Automated backups of instances that are, and of those that were: what can be restored, from when to when."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rdsrestore.lab.cloud.instance import REGION, arn
from rdsrestore.lab.servers.servers import SEEDED

SHOWN = ("DBInstanceIdentifier", "DbiResourceId", "DBInstanceArn", "Engine", "EngineVersion", "MasterUsername")


@dataclass
class AutomatedBackup:
    """The backups of one instance; `shown` is its description as Describe last had it.

    `history` names its binlogs. `ended` is when the instance was deleted with its backups retained, None while it is.
    """

    shown: dict[str, Any]
    earliest: datetime
    history: str = SEEDED
    ended: datetime | None = None
    arn: str = field(default_factory=lambda: arn("auto-backup", f"ab-{secrets.token_hex(12).upper()}"))

    def described(self, latest: datetime) -> dict[str, Any]:
        """Write an entry of DescribeDBInstanceAutomatedBackups."""
        window = {"EarliestTime": self.earliest, "LatestTime": self.ended or latest}
        return {
            **{key: self.shown[key] for key in SHOWN},
            "Region": REGION,
            "DBInstanceAutomatedBackupsArn": self.arn,
            "Status": "retained" if self.ended else "active",
            "RestoreWindow": window,
        }
