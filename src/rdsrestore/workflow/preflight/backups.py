"""Whether the state asked for can be restored at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.preflight.finding import Finding, blocks, warns

LATE = timedelta(minutes=20)
"""RDS uploads its logs every five minutes (RDS user guide, "Restoring a DB instance to a specified time")."""


def kept(survey: Survey) -> Iterator[Finding]:
    """Whether there are backups, and whether they go on."""
    found = survey.source
    if not found.retention_days:
        yield blocks(
            "window.off",
            f"automated backups of {found.id} are switched off",
            f"aws rds modify-db-instance --db-instance-identifier {found.id} --backup-retention-period 7",
        )
    elif found.latest is None:
        yield warns(
            "window.late",
            f"{found.id} has no backup yet that a moment could be restored from",
            "look again once the first backup is done; its events in RDS tell more",
        )
    elif survey.at - found.latest > LATE:
        yield warns(
            "window.late",
            f"backups of {found.id} reach {found.latest:%Y-%m-%d %H:%M} UTC and no further",
            "what was written since can't be restored: look at the instance's events in RDS",
        )


def point(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether the state asked for can be restored at all."""
    if not isinstance(request.point, Moment):
        yield from snapshot(request, survey)
        return
    moment, found = request.point.utc, survey.source
    if not found.retention_days:
        yield blocks(
            "window.off", f"automated backups of {found.id} are switched off", "use --snapshot ID to restore a snapshot"
        )
    elif found.earliest and moment < found.earliest:
        yield blocks(
            "window.too-old",
            f"{request.point} lies before the oldest backup of {found.id} ({found.earliest:%Y-%m-%dT%H:%M:%SZ})",
            "choose a later --before, or --snapshot ID if a snapshot of that time was kept",
        )
    elif found.latest and moment > found.latest:
        yield warns(
            "window.not-yet",
            f"backups of {found.id} reach {found.latest:%H:%M:%SZ}; {moment:%H:%M:%SZ} follows within minutes",
            "nothing to do: the run waits for it",
        )


def second_point(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether the state after the incident can be restored too."""
    end, latest = request.incident_end, survey.source.latest
    if end and latest and end.utc > latest:
        yield warns(
            "window.not-yet",
            f"backups of {survey.source.id} reach {latest:%H:%M:%SZ}; {end.utc:%H:%M:%SZ} follows within minutes",
            "nothing to do: the run waits for it",
        )


def snapshot(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether the snapshot can be restored."""
    found = survey.snapshot
    if found and found.status != "available":
        yield blocks("snapshot.not-ready", f"{request.point} is {found.status}", "wait until it is available")
    if found and found.instance != request.instance:
        yield warns(
            "snapshot.other-instance",
            f"{request.point} was taken of {found.instance}, not of {request.instance}",
            "go on only if that is what you mean",
        )
