"""One-time schedules of EventBridge Scheduler that delete temporary instances and clusters.

The schedule calls the service's own API as its role ("universal targets" in the user's guide of EventBridge Scheduler),
so that nothing of ours has to be running; it deletes itself once it has been carried out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from rdsrestore.aws.errors import translated
from rdsrestore.aws.retrying import persistently
from rdsrestore.aws.session import Clients
from rdsrestore.domain.cloud.instance import ExpirySpec, schedule_of_cluster

TARGET = "arn:{partition}:scheduler:::aws-sdk:rds:{action}"
LATER = timedelta(minutes=2)
"""A cluster is deleted once its instance is being deleted; a schedule is carried out within a minute of its time."""
DAY = 24 * 3600


class ExpiryScheduler:
    """The schedules, each named after what it deletes."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def arm(self, spec: ExpirySpec) -> None:
        """Set the schedules, or put off the ones that are set."""
        for wish in schedules(spec):
            persistently(partial(self._set, wish))

    def put_off(self, spec: ExpirySpec) -> None:
        """Put off the schedules that are set; never set one."""
        client = self._clients.scheduler()
        for wish in schedules(spec):
            with translated("switch"), suppress(client.exceptions.ResourceNotFoundException):
                client.update_schedule(**wish)

    def disarm(self, names: Sequence[str]) -> None:
        """Delete the schedules; gone already is fine."""
        for name in names:
            persistently(partial(self._delete, name))

    def armed(self, names: Sequence[str]) -> Sequence[str]:
        """Name the schedules that are set."""
        return [name for name in names if self._exists(name)]

    def _set(self, wish: dict[str, Any]) -> None:
        client = self._clients.scheduler()
        with translated("switch"):
            try:
                client.update_schedule(**wish)
            except client.exceptions.ResourceNotFoundException:
                with suppress(client.exceptions.ConflictException):  # made by a call whose answer was lost
                    client.create_schedule(**wish)

    def _delete(self, name: str) -> None:
        client = self._clients.scheduler()
        with translated("switch"):
            try:
                client.delete_schedule(Name=name)
            except client.exceptions.ResourceNotFoundException:
                return

    def _exists(self, name: str) -> bool:
        client = self._clients.scheduler()
        with translated("switch"):
            try:
                client.get_schedule(Name=name)
            except client.exceptions.ResourceNotFoundException:
                return False
        return True


def schedules(spec: ExpirySpec) -> Iterator[dict[str, Any]]:
    """Describe the schedules that delete each instance once, without a snapshot and with its backups, then clusters.

    The backups of a cluster's member are the cluster's.
    """
    for name in spec.instances:
        backups = {} if name in spec.clusters else {"DeleteAutomatedBackups": True}
        wish = {"DbInstanceIdentifier": name, "SkipFinalSnapshot": True, **backups}
        yield schedule(name, "deleteDBInstance", wish, spec.role, spec.at)
    for name in spec.clusters:
        wish = {"DbClusterIdentifier": name, "SkipFinalSnapshot": True, "DeleteAutomatedBackups": True}
        yield schedule(schedule_of_cluster(name), "deleteDBCluster", wish, spec.role, spec.at + LATER)


def schedule(name: str, action: str, wish: Mapping[str, object], role: str, at: datetime) -> dict[str, Any]:
    """Describe a schedule that asks RDS for one thing once."""
    return {
        "Name": name,
        "Description": "deletes a temporary instance of rdsrestore whose run has not ended in time",
        "ScheduleExpression": f"at({at.astimezone(UTC):%Y-%m-%dT%H:%M:%S})",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": TARGET.format(partition=role.split(":")[1], action=action),
            "RoleArn": role,
            "Input": json.dumps(wish),
            "RetryPolicy": {"MaximumEventAgeInSeconds": DAY, "MaximumRetryAttempts": 185},
        },
    }
