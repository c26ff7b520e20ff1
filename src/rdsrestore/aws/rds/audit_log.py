"""Audit logs that RDS exports to CloudWatch Logs: where they lie, and what their lines say."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from rdsrestore.aws.errors import code_of, translated
from rdsrestore.aws.session import Clients
from rdsrestore.domain.cloud.audit_log import AuditEntry

EXPORT = "audit"
"""What EnabledCloudwatchLogsExports names it."""
PAGES, LONGEST = 10, 10.0
"""Of one connection's lines so many pages are read, for so many seconds."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LINE = re.compile(
    r"""(?P<at>\d{8}\ \d\d:\d\d:\d\d|\d{16}),(?P<server>[^,]*),(?P<user>[^,]*),(?P<host>[^,]*),(?P<thread>\d+),\d+,
    (?P<operation>[A-Z_]+),[^,]*,(?:'(?:[^'\\]|\\.|'')*'|[^,']*),\d*\s*""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
"""timestamp, serverhost, username, host, connectionid, queryid, operation, database, object, retcode.

The MariaDB Audit Plugin of RDS for MySQL and MariaDB writes the time to the second, in UTC (MariaDB, "Audit Plugin Log
Format"), Aurora in microseconds (Aurora user guide, "Audit log details"), where tables have no retcode. Statements
stand in quotes, with a backslash before each of theirs; all else is as it is, so that a comma in it makes a line that
is not understood.
"""


def group(kind: str, name: str, exports: Sequence[str]) -> str | None:
    """Name the log group of an `instance` or `cluster` that exports its audit log; None for one that does not."""
    return f"/aws/rds/{kind}/{name}/{EXPORT}" if EXPORT in exports else None


def read(clients: Clients, log: str, thread: int, since: datetime, until: datetime) -> Sequence[AuditEntry]:
    """Read a connection's lines of a time, as many as come within `LONGEST`; none where there is no such group.

    Lines are picked where they lie, by the id between its commas (CloudWatch Logs user guide, "Filter pattern syntax").
    """
    found: list[AuditEntry | None] = []
    end = time.monotonic() + LONGEST
    with translated("CloudWatch Logs"):
        client = clients.logs()
        asked = {"startTime": milliseconds(since), "endTime": milliseconds(until), "filterPattern": f'",{thread},"'}
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=log, **asked)
        try:
            for number, page in enumerate(pages, 1):
                found += [parsed(each["message"]) for each in page["events"]]
                if number == PAGES or time.monotonic() > end:
                    break
        except client.exceptions.ClientError as error:
            if code_of(error) != "ResourceNotFoundException":  # nothing was exported yet
                raise
    return [each for each in found if each and each.thread == thread and since <= each.at <= until]


def parsed(line: str) -> AuditEntry | None:
    """Read a line; None for one that is not understood as a whole. The statement is left out."""
    found = LINE.fullmatch(line)
    at = moment(found["at"]) if found else None
    if found is None or at is None:
        return None
    return AuditEntry(at, found["server"], found["user"], found["host"], int(found["thread"]), found["operation"])


def moment(text: str) -> datetime | None:
    """Read a line's time; None where there is no such day or hour."""
    if " " not in text:
        return EPOCH + timedelta(microseconds=int(text))
    try:
        return datetime.strptime(text, "%Y%m%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def milliseconds(at: datetime) -> int:
    """Write a moment as CloudWatch Logs has it."""
    return (at - EPOCH) // timedelta(milliseconds=1)
