"""Whether the instance can serve as a source, and whether we may do what the job needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta

from rdsrestore.domain.cloud.instance import SourceInstance
from rdsrestore.domain.survey import Survey
from rdsrestore.workflow.preflight.finding import Finding, blocks, warns

READY = frozenset(
    {"available", "backing-up", "modifying", "storage-initialization", "storage-optimization"}
    | {"configuring-enhanced-monitoring", "configuring-iam-database-auth", "configuring-log-exports"}
    | {"storage-config-upgrade", "resetting-master-credentials"}
)
"""Ordinary business (RDS user guide, "Viewing Amazon RDS DB instance status")."""
DEAD = frozenset(
    {"creating", "failed", "restore-error", "storage-full", "insufficient-capacity", "delete-precheck", "deleting"}
    | {"inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable"}
)
"""In which no rows can be put back."""
LONG = timedelta(hours=2)
"""A run of a large instance may take that long."""
STOPPED = frozenset({"stopping", "stopped"})
INCOMPATIBLE = "incompatible-"


def source(survey: Survey) -> Iterator[Finding]:
    """Whether the instance can serve as a source."""
    found = survey.source
    if found.member_of and found.member_of.writer != found.id:
        yield blocks(
            "source.cluster",
            f"{found.id} is not the writer of cluster {found.cluster}"
            + (f": that is {found.member_of.writer}" if found.member_of.writer else ", which has none now"),
            f"use --instance {found.cluster}, which stands for whichever is the writer",
        )
    yield from status(found)
    if found.replica_of:
        yield warns(
            "source.replica",
            f"{found.id} is a replica of {found.replica_of}",
            f"use {named(found.replica_of)} to load into the writer",
        )
    yield from credentials(survey)
    for action in survey.denied:
        yield blocks(
            "aws.denied", f"{survey.identity.arn} may not {action}", "ask for the permission, or use --profile"
        )
    if survey.doubted:
        yield warns(
            "aws.doubted",
            f"{survey.identity.arn} may perhaps not {', '.join(survey.doubted)}: IAM's policy simulator thinks so",
            "look before you go on: rdsrestore iam-policy prints what is needed, also for removing the copy",
        )


def credentials(survey: Survey) -> Iterator[Finding]:
    """Whether the cloud may stop listening to us before the run is over."""
    ends = survey.identity.ends
    if ends and ends - survey.at < LONG:
        yield warns(
            "aws.expiring",
            f"the AWS credentials of this shell end at {ends.astimezone(UTC):%H:%M:%SZ}; "
            "a run that lasts longer can't delete its copy",
            "sign in and export them anew before you begin, or use --profile, which renews them; "
            "with switch_role AWS deletes the copy by itself",
        )


def status(found: SourceInstance) -> Iterator[Finding]:
    """Whether the instance is up, as far as the cloud tells; whether it answers, the login says."""
    if found.status in STOPPED:
        start = f"start it: aws rds start-db-instance --db-instance-identifier {found.id}"
        yield blocks("source.status", f"{found.id} is {found.status}", start)
    elif found.status in DEAD or found.status.startswith(INCOMPATIBLE):
        yield blocks("source.status", f"{found.id} is {found.status}", "see the instance's page and events in RDS")
    elif found.status not in READY:
        yield warns(
            "source.busy",
            f"{found.id} is {found.status}",
            "it may go away for a while; better wait until it is available",
        )


def named(writer: str) -> str:
    """Write the flags that name an instance; one of another region is shown by its ARN (arn:partition:rds:region:…)."""
    parts = writer.split(":")
    return f"--region {parts[3]} --instance {parts[-1]}" if writer.startswith("arn:") else f"--instance {writer}"
