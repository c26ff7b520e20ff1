"""Whether the state asked for can be restored at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from rdsrestore.domain.cloud.engine import family, is_aurora
from rdsrestore.domain.cloud.instance import Backups
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
    yield from another_engine(survey)
    if not isinstance(request.point, Moment):
        yield from snapshot(request, survey)
        return
    moment, found = request.point.utc, survey.backed_up
    if survey.backups is None and not survey.source.retention_days:
        yield blocks(
            "window.off",
            f"automated backups of {found.instance} are switched off",
            elsewhere(survey) or "use --snapshot ID to restore a snapshot",
        )
    elif found.earliest and moment < found.earliest:
        yield blocks(
            "window.too-old",
            f"{request.point} lies before the oldest backup of {found.instance} ({found.earliest:%Y-%m-%dT%H:%M:%SZ})",
            elsewhere(survey) or "choose a later --before, or --snapshot ID if a snapshot of that time was kept",
        )
    else:
        yield from reached(moment, found, "--before")


def elsewhere(survey: Survey) -> str:
    """Name the flag for other backups that hold the moment; empty where there are none."""
    ways = [f"--backups-of {each.name} ({each.instance}, {window(each)})" for each in survey.other_backups]
    return f"add {' or '.join(ways)}: these hold it" if ways else ""


def window(backups: Backups) -> str:
    """Write from when to when backups reach."""
    if backups.earliest is None or backups.latest is None:
        return "nothing yet"
    return f"{backups.earliest:%Y-%m-%dT%H:%M:%SZ} to {backups.latest:%Y-%m-%dT%H:%M:%SZ}"


def reached(moment: datetime, found: Backups, flag: str) -> Iterator[Finding]:
    """Whether backups reach a moment, or will."""
    if found.latest is None or moment <= found.latest:
        return
    if found.ended:
        yield blocks(
            "window.ended",
            f"the backups of {found} end at {found.latest:%Y-%m-%dT%H:%M:%SZ}, before {moment:%Y-%m-%dT%H:%M:%SZ}",
            f"choose an earlier {flag}; what was written later is in the backups of another instance",
        )
        return
    yield warns(
        "window.not-yet",
        f"backups of {found.instance} reach {found.latest:%H:%M:%SZ}; {moment:%H:%M:%SZ} follows within minutes",
        "nothing to do: the run waits for it",
    )


def another_engine(survey: Survey) -> Iterator[Finding]:
    """Whether the backup is of a server that keeps its tables as production does, and of the same release."""
    then, now = survey.copied, survey.source
    if storage(then.engine) != storage(now.engine):
        yield blocks(
            "backups.other-engine",
            f"{then.instance} was {then.engine}, and {now.id} is {now.engine}",
            "restore it by hand: rdsrestore help by hand",
        )
    elif family("", then.version) != family("", now.version):
        yield warns(
            "backups.other-version",
            f"the backup is of {then.engine} {then.version}, and {now.id} is {now.version}: the copy gets the default"
            " parameter and option groups of its own release",
            "go on; what only production's own groups set, as lower_case_table_names, may differ there",
        )


def storage(engine: str) -> str:
    """Name the family of engines that keep tables alike and restore to the same kind of copy."""
    return "aurora" if is_aurora(engine) else "mariadb" if engine == "mariadb" else "mysql"


def second_point(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether the state after the incident can be restored too."""
    if request.incident_end:
        yield from reached(request.incident_end.utc, survey.backed_up, "--incident-end")


def snapshot(request: Request, survey: Survey) -> Iterator[Finding]:
    """Whether the snapshot can be restored."""
    found = survey.snapshot
    if found and found.status != "available":
        yield blocks("snapshot.not-ready", f"{request.point} is {found.status}", "wait until it is available")
    own = survey.source.cluster if found and found.of_cluster else request.instance
    if found and found.instance != own:
        yield warns(
            "snapshot.other-instance",
            f"{request.point} was taken of {found.instance}, not of {own or request.instance}",
            "go on only if that is what you mean",
        )
