"""How much of an instance's storage is free, by what RDS reports to CloudWatch every minute."""

from __future__ import annotations

from datetime import datetime, timedelta

from rdsrestore.aws.errors import FAILURES
from rdsrestore.aws.session import Clients

SINCE = timedelta(minutes=15)
"""A metric may be some minutes late; what is older says nothing of now."""


def read(clients: Clients, instance: str, now: datetime) -> int | None:
    """Read it, in bytes; None where it is not reported, as for Aurora, or can't be read: a run goes on then.

    FreeStorageSpace is in bytes (RDS user guide, "Amazon CloudWatch metrics for Amazon RDS").
    """
    try:
        answer = clients.metrics().get_metric_statistics(
            Namespace="AWS/RDS",
            MetricName="FreeStorageSpace",
            Dimensions=[{"Name": "DBInstanceIdentifier", "Value": instance}],
            StartTime=now - SINCE,
            EndTime=now,
            Period=60,
            Statistics=["Minimum"],
        )
        newest = max(answer["Datapoints"], key=lambda each: each["Timestamp"])
        return int(newest["Minimum"])
    except (*FAILURES, KeyError, TypeError, ValueError):
        return None
