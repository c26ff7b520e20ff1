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
            f"use --instance {found.replica_of} to load into the writer",
        )
    for action in survey.denied:
        yield blocks(
            "aws.denied", f"{survey.identity.arn} may not {action}", "ask for the permission, or use --profile"
        )
