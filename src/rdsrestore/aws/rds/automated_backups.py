"""Automated backups: of instances that are, of those that were deleted, and replicated from other regions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rdsrestore.aws.errors import NO_BACKUPS, cloud_error, translated
from rdsrestore.aws.session import Clients
from rdsrestore.domain.cloud.instance import Backups
from rdsrestore.domain.errors import CloudError

if TYPE_CHECKING:
    from mypy_boto3_rds.type_defs import DBClusterAutomatedBackupTypeDef, DBInstanceAutomatedBackupTypeDef

RETAINED = "retained"
"""Of a deleted instance, or of one whose replication was stopped (RDS API reference, DBInstanceAutomatedBackup)."""
SWITCHED = r"(-old\d+)?"
"""What a blue/green switch adds to the name of the instance before (RDS user guide, "Blue/green deployments")."""


class AutomatedBackups:
    """What the account keeps; an instance's name finds only one that is, so that others are looked for in the list."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def shown(self, resource_id: str) -> Sequence[DBInstanceAutomatedBackupTypeDef]:
        """Describe the backups of one instance; none where there are none."""
        try:
            return self._listed(resource_id)
        except CloudError as error:
            if error.code == NO_BACKUPS.code:
                return ()
            raise

    def named(self, of: str) -> Sequence[Backups]:
        """Read those of an instance's name, a resource id or an ARN; code `aws.no-backups` where there are none."""
        found = [each for each in self._all() if of.lower() in called(each)]
        found = found or [each for each in self._of_clusters() if of.lower() in called(each)]
        if not found:
            raise cloud_error("--backups-of", f"the account keeps no automated backups of {of}", NO_BACKUPS)
        return found

    def before(self, instance: str) -> Sequence[Backups]:
        """Read those of an instance's name, and of what a blue/green switch has renamed."""
        form = re.compile(re.escape(instance) + SWITCHED)
        found = [each for each in self._all() if form.fullmatch(each.instance)]
        return found or [each for each in self._of_clusters() if form.fullmatch(each.instance)]

    def _all(self) -> Sequence[Backups]:
        return [described(each, self._clients.region) for each in self._listed()]

    def _of_clusters(self) -> Sequence[Backups]:
        """List those of clusters, without what is replicated: a cluster is restored in its own region alone.

        RDS API reference, RestoreDBClusterToPointInTime: no ARN of backups is taken.
        """
        with translated("backups"):
            pages = self._clients.rds.get_paginator("describe_db_cluster_automated_backups").paginate()
            found = [each for page in pages for each in page["DBClusterAutomatedBackups"]]
        return [of_cluster(each) for each in found if f":rds:{self._clients.region}:" in each["DBClusterArn"]]

    def _listed(self, resource_id: str | None = None) -> Sequence[DBInstanceAutomatedBackupTypeDef]:
        lister = self._clients.rds.get_paginator("describe_db_instance_automated_backups")
        with translated("backups"):
            pages = lister.paginate(DbiResourceId=resource_id) if resource_id else lister.paginate()
            return [each for page in pages for each in page["DBInstanceAutomatedBackups"]]


def called(backups: Backups) -> Sequence[str]:
    """Give what backups may be asked for by, in lower case."""
    return [each.lower() for each in (backups.instance, backups.resource_id, backups.arn) if each]


def of_cluster(shown: DBClusterAutomatedBackupTypeDef) -> Backups:
    """Describe backups of a cluster."""
    window = shown.get("RestoreWindow", {})
    return Backups(
        instance=shown["DBClusterIdentifier"],
        resource_id=shown["DbClusterResourceId"],
        engine=shown["Engine"],
        version=shown.get("EngineVersion", ""),
        master_user=shown.get("MasterUsername", ""),
        earliest=window.get("EarliestTime"),
        latest=window.get("LatestTime"),
        ended=shown.get("Status") == RETAINED,
        of_cluster=True,
    )


def described(shown: DBInstanceAutomatedBackupTypeDef, region: str) -> Backups:
    """Describe backups; ones of an instance of another region are replicated here and known by their ARN."""
    window = shown.get("RestoreWindow", {})
    away = f":rds:{region}:" not in shown.get("DBInstanceArn", f":rds:{region}:")
    return Backups(
        instance=shown["DBInstanceIdentifier"],
        resource_id=shown["DbiResourceId"],
        engine=shown["Engine"],
        version=shown.get("EngineVersion", ""),
        master_user=shown.get("MasterUsername", ""),
        earliest=window.get("EarliestTime"),
        latest=window.get("LatestTime"),
        ended=shown.get("Status") == RETAINED,
        arn=shown.get("DBInstanceAutomatedBackupsArn") if away else None,
    )
