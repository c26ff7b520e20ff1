"""One-time schedules of EventBridge Scheduler that delete temporary instances.

The schedule calls the service's own API as its role ("universal targets" in the user's guide of EventBridge Scheduler),
so that nothing of ours has to be running; it deletes itself once it has been carried out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC
from functools import partial
from typing import Any

from rdsrestore.aws.errors import translated
from rdsrestore.aws.retrying import persistently
from rdsrestore.aws.session import Clients
from rdsrestore.domain.cloud.instance import ExpirySpec

TARGET = "arn:{partition}:scheduler:::aws-sdk:rds:deleteDBInstance"
DAY = 24 * 3600


class ExpiryScheduler:
    """The schedules, each named after its instance."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def arm(self, spec: ExpirySpec) -> None:
        """Set the schedules, or put off the ones that are set."""
        for instance in spec.instances:
            persistently(partial(self._set, instance, spec))

    def put_off(self, spec: ExpirySpec) -> None:
        """Put off the schedules that are set; never set one."""
        client = self._clients.scheduler()
        for instance in spec.instances:
            with translated("switch"), suppress(client.exceptions.ResourceNotFoundException):
                client.update_schedule(**schedule(instance, spec))

    def disarm(self, instances: Sequence[str]) -> None:
        """Delete the schedules; gone already is fine."""
        for instance in instances:
            persistently(partial(self._delete, instance))

    def armed(self, instances: Sequence[str]) -> Sequence[str]:
        """Name the schedules that are set."""
        return [instance for instance in instances if self._exists(instance)]

    def _set(self, instance: str, spec: ExpirySpec) -> None:
        client, wish = self._clients.scheduler(), schedule(instance, spec)
        with translated("switch"):
            try:
                client.update_schedule(**wish)
            except client.exceptions.ResourceNotFoundException:
                with suppress(client.exceptions.ConflictException):  # made by a call whose answer was lost
                    client.create_schedule(**wish)

    def _delete(self, instance: str) -> None:
        client = self._clients.scheduler()
        with translated("switch"):
            try:
                client.delete_schedule(Name=instance)
            except client.exceptions.ResourceNotFoundException:
                return

    def _exists(self, instance: str) -> bool:
        client = self._clients.scheduler()
        with translated("switch"):
            try:
                client.get_schedule(Name=instance)
            except client.exceptions.ResourceNotFoundException:
                return False
        return True


def schedule(instance: str, spec: ExpirySpec) -> dict[str, Any]:
    """Describe a schedule that deletes an instance once, without a snapshot and with its backups."""
    wish = {"DbInstanceIdentifier": instance, "SkipFinalSnapshot": True, "DeleteAutomatedBackups": True}
    return {
        "Name": instance,
        "Description": "deletes a temporary instance of rdsrestore whose run has not ended in time",
        "ScheduleExpression": f"at({spec.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S})",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": TARGET.format(partition=spec.role.split(":")[1]),
            "RoleArn": spec.role,
            "Input": json.dumps(wish),
            "RetryPolicy": {"MaximumEventAgeInSeconds": DAY, "MaximumRetryAttempts": 185},
        },
    }
