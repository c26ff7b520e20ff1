"""What RDS refuses of clusters, as its API reference says for each parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rdsrestore.lab.cloud.clusters.cluster import Cluster
from rdsrestore.lab.cloud.clusters.kinds import SERVERLESS
from rdsrestore.lab.cloud.clusters.register import USABLE
from rdsrestore.lab.cloud.query_protocol import Fault

Form = Mapping[str, Any]
CLONE = "copy-on-write"
ONLY_AURORA = ("ServerlessV2ScalingConfiguration", "NetworkType", "BacktrackWindow")
ONLY_SEVERAL = ("DBClusterInstanceClass", "Iops", "PubliclyAccessible")
THE_CLUSTERS = (
    *("MasterUsername", "MasterUserPassword", "AllocatedStorage", "StorageType", "BackupRetentionPeriod"),
    *("VpcSecurityGroupIds", "DeletionProtection", "EnableIAMDatabaseAuthentication"),
)
"""What is not an instance's of Aurora to say."""
LONGEST = 35


def check_time(form: Form, *, is_aurora: bool) -> None:
    """Refuse a moment beside a clone, none at all, and a clone of a Multi-AZ DB cluster."""
    moment, latest, clone = (
        form.get("RestoreToTime"),
        form.get("UseLatestRestorableTime"),
        form.get("RestoreType") == CLONE,
    )
    if clone and not is_aurora:
        raise Fault("InvalidParameterCombination", "Multi-AZ DB clusters can't be cloned.")
    if bool(moment) == bool(latest) or (clone and moment):
        raise Fault(
            "InvalidParameterCombination", "Give either RestoreToTime or UseLatestRestorableTime; a clone has no time."
        )


def check_restore(form: Form, *, is_aurora: bool) -> None:
    """Refuse what is for the other kind of cluster, and backups that would be switched off."""
    for key in ONLY_SEVERAL if is_aurora else ONLY_AURORA:
        if key in form:
            raise Fault("InvalidParameterCombination", f"{key} isn't supported for this kind of DB cluster.")
    if not is_aurora and "StorageType" in form and "Iops" not in form:
        raise Fault("InvalidParameterCombination", "Iops must be specified with StorageType.")
    if not 1 <= form.get("BackupRetentionPeriod", 1) <= LONGEST:
        raise Fault("InvalidParameterValue", "Retention period must be between 1 and 35.")


def check_member(form: Form, cluster: Cluster) -> None:
    """Refuse an instance that the cluster has no place for, or that says what is the cluster's to say."""
    if not cluster.is_aurora:
        raise Fault("InvalidParameterCombination", "The members of a Multi-AZ DB cluster are made with it.")
    if cluster.status not in USABLE:
        raise Fault("InvalidDBClusterStateFault", f"DBCluster {cluster.name} is not in available state.")
    if form.get("Engine") != cluster.shown["Engine"]:
        raise Fault("InvalidParameterCombination", "The engine requested for the instance isn't the cluster's.")
    for key in THE_CLUSTERS:
        if key in form:
            raise Fault("InvalidParameterCombination", f"{key} is set by the DB cluster.")
    if form["DBInstanceClass"] == SERVERLESS and "ServerlessV2ScalingConfiguration" not in cluster.shown:
        raise Fault(
            "InvalidParameterCombination", "Set the Serverless v2 scaling configuration on the DB cluster first."
        )


def check_deletion(form: Form, cluster: Cluster, *, inhabited: bool, creating: bool) -> None:
    """Refuse to delete what is protected, still being made, or has instances of its own."""
    if bool(form.get("FinalDBSnapshotIdentifier")) == bool(form.get("SkipFinalSnapshot", False)):
        what = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        raise Fault("InvalidParameterCombination", what)
    if cluster.shown["DeletionProtection"]:
        what = "Cannot delete protected Cluster, please disable deletion protection and try again."
        raise Fault("InvalidParameterCombination", what)
    if cluster.status == "deleting" or creating:
        raise Fault("InvalidDBClusterStateFault", f"DBCluster {cluster.name} is {cluster.status}.")
    if inhabited:
        what = "Cluster cannot be deleted, it still contains DB instances in non-deleting state."
        raise Fault("InvalidDBClusterStateFault", what)
