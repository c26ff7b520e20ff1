"""EventBridge Scheduler, as far as the lab needs it: one-time schedules that really delete instances."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from rdsrestore.lab.clients import Cloud

EVERY = 0.5
"""Seconds between two looks at the clock."""


class Schedules:
    """Looks at moto's schedules and carries out those whose time has come."""

    def __init__(self, cloud: Cloud, delete: Callable[[str], None]) -> None:
        self._client = cloud.client("scheduler")
        self._delete = delete
        self._ended = threading.Event()
        self._awake = threading.Event()
        threading.Thread(target=self._run, daemon=True, name="schedules").start()

    def wake(self) -> None:
        """Look at the clock from now on: somebody has asked the scheduler for something."""
        self._awake.set()

    def close(self) -> None:
        """Carry out nothing more."""
        self._ended.set()
        self._awake.set()

    def _run(self) -> None:
        while self._awake.wait() and not self._ended.wait(EVERY):
            self._awake.clear()
            try:
                shown = self._client.list_schedules()["Schedules"]
                for each in shown:
                    self._look(self._client.get_schedule(Name=each["Name"]))
            except ClientError:
                shown = [{}]  # deleted between two looks
            if shown:
                self._awake.set()

    def _look(self, shown: dict[str, Any]) -> None:
        expression = shown["ScheduleExpression"]
        at = datetime.fromisoformat(expression.removeprefix("at(").removesuffix(")")).replace(tzinfo=UTC)
        if datetime.now(UTC) < at:
            return
        self._delete(json.loads(shown["Target"]["Input"])["DbInstanceIdentifier"])
        if shown.get("ActionAfterCompletion", "DELETE") == "DELETE":
            self._client.delete_schedule(Name=shown["Name"])
