"""Whether the instance can serve as a source, and whether we may do what the job needs."""

from __future__ import annotations

from collections.abc import Iterator

from rdsrestore.core.checks.finding import Finding, blocks, warns
from rdsrestore.core.survey import Survey

READY = frozenset({"available", "backing-up", "storage-optimization", "modifying", "configuring-enhanced-monitoring"})


def source(survey: Survey) -> Iterator[Finding]:
    """Whether the instance can serve as a source."""
    found = survey.source
    if found.cluster:
        yield blocks(
            "source.cluster",
            f"{found.id} belongs to cluster {found.cluster}; clusters can't be restored from yet",
            "restore the cluster by hand as the runbook describes",
        )
    if found.status not in READY:
        yield blocks("source.status", f"{found.id} is {found.status}", "wait until it is available")
    if found.replica_of:
        yield warns(
            "source.replica",
            f"{found.id} is a replica of {found.replica_of}",
            f"use {named(found.replica_of)} to load into the writer",
        )
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


def named(writer: str) -> str:
    """Write the flags that name an instance; one of another region is shown by its ARN (arn:partition:rds:region:…)."""
    parts = writer.split(":")
    return f"--region {parts[3]} --instance {parts[-1]}" if writer.startswith("arn:") else f"--instance {writer}"
