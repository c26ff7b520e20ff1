"""Stored snapshots of instances and of Multi-AZ DB clusters, whoever took them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from rdsrestore.aws.errors import NO_SNAPSHOT, cloud_error, translated
from rdsrestore.aws.rds import describe
from rdsrestore.aws.session import Clients
from rdsrestore.domain.cloud.instance import SnapshotInfo
from rdsrestore.domain.errors import CloudError

KINDS = ("", "automated", "shared", "awsbackup")
"""Of which kinds a snapshot may be: one that is not the account's own manual one is shown where its kind is asked for.

RDS API reference, DescribeDBSnapshots.
"""
OF_CLUSTERS = ("", "shared")
"""The same of a cluster's; AWS Backup's are told by no kind of their own (DescribeDBClusterSnapshots)."""
ARN = re.compile(r"arn:[^:]+:rds:([^:]+):(\d+):(?:cluster-)?snapshot:(.+)")
BEGINNING = datetime.min.replace(tzinfo=UTC)


class Snapshots:
    """What the account has, or is let see."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def of(self, instance: str) -> Sequence[SnapshotInfo]:
        """List an instance's snapshots, newest first."""
        with translated("snapshots"):
            pages = self._clients.rds.get_paginator("describe_db_snapshots").paginate(DBInstanceIdentifier=instance)
            found = [describe.snapshot(each) for page in pages for each in page["DBSnapshots"]]
        return tuple(sorted(found, key=lambda each: each.taken or BEGINNING, reverse=True))

    def named(self, snapshot: str, account: Callable[[], str]) -> SnapshotInfo:
        """Read one by its name or ARN; `account` says whose snapshots are the account's own.

        Code `aws.no-snapshot` where there is none.
        """
        arn = ARN.fullmatch(snapshot)
        name = self._named_here(snapshot, arn, account) if arn else snapshot
        found = self._of_instances(name) or self._of_clusters(name)
        if found is None:
            raise cloud_error("--snapshot", f"there is no snapshot {snapshot}", NO_SNAPSHOT)
        return found

    def _named_here(self, snapshot: str, arn: re.Match[str], account: Callable[[], str]) -> str:
        """Take the name out of the ARN of the account's own; CloudError for one of another region."""
        region, owner, name = arn.groups()
        if region != self._clients.region:
            here = "copy it to this region first: aws rds copy-db-snapshot --source-region"
            raise CloudError("--snapshot", f"{snapshot} lies in {region}", f"{here} {region}", code=NO_SNAPSHOT.code)
        return str(name) if owner == account() else snapshot

    def _of_instances(self, name: str) -> SnapshotInfo | None:
        def ask(kind: dict[str, Any]) -> Sequence[Any]:
            return self._clients.rds.describe_db_snapshots(DBSnapshotIdentifier=name, **kind)["DBSnapshots"]

        return first(ask, KINDS, describe.snapshot)

    def _of_clusters(self, name: str) -> SnapshotInfo | None:
        """Look for one of a cluster."""

        def ask(kind: dict[str, Any]) -> Sequence[Any]:
            shown = self._clients.rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name, **kind)
            return shown["DBClusterSnapshots"]

        return first(ask, OF_CLUSTERS, describe.cluster_snapshot)


def first(
    ask: Callable[[dict[str, Any]], Sequence[Any]], kinds: Sequence[str], described: Callable[[Any], SnapshotInfo]
) -> SnapshotInfo | None:
    """Ask for each kind in turn, until one is shown."""
    for kind in kinds:
        try:
            with translated("--snapshot"):
                found = ask({"SnapshotType": kind} if kind else {})
        except CloudError as error:
            if error.code != NO_SNAPSHOT.code:
                raise
            continue
        if found:
            return described(found[0])
    return None
