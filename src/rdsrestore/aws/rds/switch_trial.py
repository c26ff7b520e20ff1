"""The switch tried out: a schedule asks RDS to delete what does not exist, and CloudTrail tells what RDS answered.

The schedule itself tells nobody what came of its call. CloudTrail keeps each call to RDS, a refused one too, in every
account without being set up, and shows it within minutes (CloudTrail user guide, "Working with CloudTrail event
history").
"""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from rdsrestore.aws.errors import translated
from rdsrestore.aws.rds.expiry_schedule import ExpiryScheduler
from rdsrestore.aws.retrying import until
from rdsrestore.aws.session import Clients
from rdsrestore.domain.cloud.instance import ExpirySpec
from rdsrestore.domain.cloud.switch_call import NOBODY, SwitchCall
from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import CloudError
from rdsrestore.ports.progress import Progress

AHEAD = timedelta(seconds=20)
"""When the schedule's time comes: once it is set, wherever clocks are a little apart."""
EARLIER = timedelta(minutes=1)
CALL = {"AttributeKey": "EventName", "AttributeValue": "DeleteDBInstance"}


def try_out(clients: Clients, role: str, poll: float, progress: Progress) -> SwitchCall:
    """Have a schedule call as `role`, in the words of a run's own, and wait until CloudTrail shows the call.

    Nothing is left, and what a kill leaves asks for nothing that exists. CloudError where the schedule can't be set,
    where CloudTrail may not be read, and with code `aws.timeout` where no call was seen.
    """
    name, scheduler, since = f"{NOBODY}{secrets.token_hex(4)}", ExpiryScheduler(clients), datetime.now(UTC) - EARLIER
    call(clients, name, since)  # what may not be read is not waited for
    late = CloudError(
        "switch",
        f"CloudTrail showed no call of the schedule within {USUAL.trail / 60:.0f} minutes",
        "see that the role trusts the scheduler (rdsrestore iam-policy --trust), and try again",
        code="aws.timeout",
    )
    try:
        scheduler.arm(ExpirySpec((name,), role, datetime.now(UTC) + AHEAD))
        progress("waiting until CloudTrail shows what the schedule asked for, which takes some minutes", None)
        return until(lambda: call(clients, name, since), poll, USUAL.trail, late)
    finally:
        scheduler.disarm((name,))


def call(clients: Clients, name: str, since: datetime) -> SwitchCall | None:
    """Look for the call that was to delete that name; None while there is none to be seen."""
    with translated("switch"):
        pages = clients.trail().get_paginator("lookup_events").paginate(LookupAttributes=[CALL], StartTime=since)
        for page in pages:
            for each in page["Events"]:
                if name in each.get("CloudTrailEvent", ""):
                    told: dict[str, Any] = json.loads(each["CloudTrailEvent"])
                    return SwitchCall(name, told.get("errorCode", ""), told.get("errorMessage", ""))
    return None
