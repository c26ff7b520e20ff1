"""CloudTrail's history of events, as far as the lab needs it: what schedules have called, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rdsrestore.lab.cloud.query_protocol import Fault

SERVICE = "cloudtrail"
NAME = "EventName"


@dataclass
class Trail:
    """The calls that were made by roles; each event is told as the service does, most of it as JSON in a text."""

    events: list[dict[str, Any]] = field(default_factory=list)

    def note(self, role: str, action: str, form: Mapping[str, object], refused: Fault | None) -> None:
        """Keep a call."""
        now = datetime.now(UTC)
        told: dict[str, Any] = {
            "eventName": action,
            "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": role}}},
            "requestParameters": {f"{key[0].lower()}{key[1:]}": value for key, value in form.items()},
        }
        told |= {"errorCode": refused.code, "errorMessage": refused.message} if refused else {}
        event = {"EventName": action, "EventTime": now.timestamp(), "CloudTrailEvent": json.dumps(told)}
        self.events.append(event)

    def answer(self, service: str, action: str, form: Mapping[str, Any]) -> dict[str, Any]:
        """Answer LookupEvents, which takes one attribute; Fault for anything else."""
        asked = {each["AttributeKey"]: each["AttributeValue"] for each in form.get("LookupAttributes", ())}
        if action != "LookupEvents" or [*asked] != [NAME]:
            raise Fault("InvalidAction", f"the lab does not know {service}:{action} by {[*asked]}", 501)
        since, wanted = float(form.get("StartTime", 0)), asked[NAME]
        found = [each for each in self.events if each["EventName"] == wanted and each["EventTime"] >= since]
        return {"Events": found}
