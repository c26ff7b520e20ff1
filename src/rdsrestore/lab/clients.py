"""Clients of the lab's own cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from rdsrestore.lab.cloud.instance import REGION

OWN = "rdsrestore-lab"
"""Marks the lab's own calls, which no fault hits."""


@dataclass(frozen=True)
class Cloud:
    """Where the lab's cloud answers, and with which keys."""

    endpoint: str
    access_key: str
    secret_key: str

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """Make a client of one service."""
        return boto3.client(
            service,  # type: ignore[call-overload]  # any service
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(user_agent_extra=OWN),
        )
