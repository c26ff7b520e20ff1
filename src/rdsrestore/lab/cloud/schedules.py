"""EventBridge Scheduler, as far as the lab needs it: one-time schedules that really delete instances and clusters."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from rdsrestore.lab.clients import Cloud
from rdsrestore.lab.cloud.access.requests import Account
from rdsrestore.lab.cloud.access.role import refuse_denied
from rdsrestore.lab.cloud.access.trail import Trail
from rdsrestore.lab.cloud.query_protocol import Fault

PASSING = frozenset({"InvalidDBInstanceState", "InvalidDBClusterStateFault"})
"""What is asked again, as the schedule's retry policy says."""
EVERY = 0.5
"""Seconds between two looks at the clock."""


log = logging.getLogger(__name__)


def as_api(key: str) -> str:
    """Spell a parameter as RDS does: `DbInstanceIdentifier` is how the scheduler takes `DBInstanceIdentifier`."""
    return f"DB{key[2:]}" if key.startswith("Db") else key


class Schedules:
    """Looks at moto's schedules and carries out those whose time has come.

    Each does what its role may do `there`, and `trail` is told of it.
    """

    def __init__(
        self,
        cloud: Cloud,
        targets: Mapping[str, Callable[[dict[str, Any]], object]],
        there: Account,
        trail: Trail,
    ) -> None:
        self._client = cloud.client("scheduler")
        self._targets = targets
        self._there = there
        self._note = trail.note
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
        target, role = shown["Target"], str(shown["Target"]["RoleArn"])
        action = str(target["Arn"]).rpartition(":")[2]
        name = f"{action[0].upper()}{action[1:]}"
        given = {as_api(key): value for key, value in json.loads(target["Input"]).items()}
        refused = None
        try:
            refuse_denied(role, name, given, self._there)
            self._targets[action](given)
        except Fault as error:
            log.warning("schedule %s: %s", shown["Name"], error)
            refused = error
        self._note(role, name, given, refused)
        if refused and refused.code in PASSING:
            return
        if shown.get("ActionAfterCompletion", "DELETE") == "DELETE":
            self._client.delete_schedule(Name=shown["Name"])
