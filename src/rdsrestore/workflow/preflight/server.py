"""Whether production takes writes from us."""

from __future__ import annotations

from collections.abc import Iterator

from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.preflight.finding import Finding, blocks, warns

CLOCKS_APART = 10.0
"""Seconds by which two clocks may differ before it is said."""


def binlog(survey: Survey) -> Iterator[Finding]:
    """Whether production notes what is done to its rows."""
    if survey.server.globals.get("log_bin") != "ON":
        yield warns(
            "binlog.off",
            "production writes no binlog: rdsrestore find can't tell what was done, and when",
            "set binlog_format=ROW in the cluster's parameter group, and reboot the writer: Aurora restores without it"
            if survey.source.is_aurora
            else "switch on automated backups: with them RDS writes one",
        )


def server(survey: Survey) -> Iterator[Finding]:
    """Whether production takes writes from us."""
    if survey.server.read_only:
        yield blocks("db.read-only", "production is read-only", "use --instance with the writer")
    for privilege in survey.server.privileges_missing:
        yield blocks("db.privilege", f"the login lacks {privilege}", "use the master user, or grant it")
    if abs(survey.server.ahead) > CLOCKS_APART:
        side = "behind" if survey.server.ahead > 0 else "ahead of"
        yield warns(
            "clock.off",
            f"this machine's clock is {abs(survey.server.ahead):,.0f} seconds {side} production's",
            "give --before as a time from production's own logs: '10 minutes ago' goes by this machine's clock",
        )
    if survey.server.event_scheduler:
        yield warns(
            "db.events",
            "events are enabled; they run on the copy too while it lives",
            "if an event deletes rows of these tables, disable it before the restore point",
        )
