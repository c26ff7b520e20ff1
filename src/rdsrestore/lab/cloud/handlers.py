"""The RDS actions that the lab answers itself; all others are moto's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rdsrestore.domain.cloud.engine import is_aurora
from rdsrestore.lab.cloud.defaults import Network, restored
from rdsrestore.lab.cloud.instance import Instance, arn
from rdsrestore.lab.cloud.query_protocol import Fault
from rdsrestore.lab.cloud.rds import Rds
from rdsrestore.lab.cloud.stored.backups import AutomatedBackup
from rdsrestore.lab.cloud.stored.snapshots import Snapshot, visible
from rdsrestore.lab.servers.servers import State

Form = dict[str, Any]
READY = frozenset({"available", "backing-up", "storage-initialization", "storage-optimization", "modifying"})
PAGE = 100


class Handlers:
    """One method for each action; what a method raises as Fault is the service's error."""

    def __init__(self, rds: Rds, network: Network) -> None:
        self._rds = rds
        self._network = network
        self.actions: Mapping[str, Callable[[Form], Form]] = {
            "DescribeDBInstances": self.describe,
            "DescribeDBInstanceAutomatedBackups": self.backups,
            "RestoreDBInstanceToPointInTime": self.restore_to_point,
            "RestoreDBInstanceFromDBSnapshot": self.restore_snapshot,
            "CreateDBInstanceReadReplica": self.create_replica,
            "CreateDBSnapshot": self.create_snapshot,
            "DescribeDBSnapshots": self.snapshots,
            "CreateDBClusterSnapshot": self.create_cluster_snapshot,
            "DescribeDBClusterSnapshots": self.cluster_snapshots,
            "DeleteDBSnapshot": self.delete_snapshot,
            "ModifyDBInstance": self.modify,
            "RebootDBInstance": self.reboot,
            "DeleteDBInstance": self.delete,
            "AddTagsToResource": self.add_tags,
            "ListTagsForResource": self.list_tags,
            "DescribeEvents": self.events,
            "DescribeAccountAttributes": self.account,
        }

    def describe(self, form: Form) -> Form:
        """List instances, a page at a time; one may be named by its ARN, in this region alone."""
        name = str(form.get("DBInstanceIdentifier", "")).removeprefix(arn("db", ""))
        found = [self._rds.find(name)] if name else [self._rds.instances[each] for each in sorted(self._rds.instances)]
        return paged("DBInstances", [self._rds.show(each) for each in found], form)

    def backups(self, form: Form) -> Form:
        """Give the restore window of instances with backups."""
        wanted = {
            shown: form[asked]
            for asked, shown in (
                ("DBInstanceIdentifier", "DBInstanceIdentifier"),
                ("DbiResourceId", "DbiResourceId"),
                ("DBInstanceAutomatedBackupsArn", "DBInstanceAutomatedBackupsArn"),
            )
            if asked in form
        }
        if "DBInstanceIdentifier" in wanted:
            self._rds.find(wanted["DBInstanceIdentifier"])  # the reference: of an existing instance
        shown = [each.described(self._rds.latest()) for each in self._rds.own_backups()]
        found = [each for each in shown if all(each[key] == value for key, value in wanted.items())]
        return paged("DBInstanceAutomatedBackups", found, form)

    def restore_to_point(self, form: Form) -> Form:
        """Restore the source as it was before a second."""
        backup = self._backup(form)
        moment = form.get("RestoreTime")
        if bool(moment) == bool(form.get("UseLatestRestorableTime")):
            raise Fault("InvalidParameterCombination", "Give either RestoreTime or UseLatestRestorableTime.")
        latest = backup.ended or self._rds.latest()
        if moment and not backup.earliest <= moment <= latest:
            raise Fault("InvalidParameterValue", f"The specified time {moment} is outside the restore window.")
        name = str(form["TargetDBInstanceIdentifier"]).lower()
        shown = restored(backup.shown, name, form, self._network)
        made = self._restored(
            shown,
            State(int(moment.timestamp()) if moment else None, history=backup.history),
            f"Restored from DB instance {backup.shown['DBInstanceIdentifier']} to {name}.",
        )
        return {"DBInstance": self._rds.show(made)}

    def restore_snapshot(self, form: Form) -> Form:
        """Restore a stored snapshot."""
        named = form.get("DBSnapshotIdentifier"), form.get("DBClusterSnapshotIdentifier")
        if all(named) or not any(named):
            raise Fault("InvalidParameterCombination", "Give DBSnapshotIdentifier or DBClusterSnapshotIdentifier.")
        snapshot = self._snapshot(named[0]) if named[0] else self._cluster_snapshot(str(named[1]))
        if is_aurora(snapshot.shown["Engine"]):
            raise Fault("InvalidParameterCombination", "A snapshot of Aurora can't be restored to an instance.")
        name = str(form["DBInstanceIdentifier"]).lower()
        shown = restored(snapshot.instance, name, form, self._network)
        made = self._restored(shown, snapshot.state, f"Restored from snapshot {named[0] or named[1]}")
        return {"DBInstance": self._rds.show(made)}

    def _restored(self, shown: Form, state: State, message: str) -> Instance:
        name = str(shown["DBInstanceIdentifier"])
        begins = shown["DbiResourceId"] if shown["BackupRetentionPeriod"] else ""
        return self._rds.add(shown, lambda: self._rds.servers.restored(state, name, begins), message)

    def create_replica(self, form: Form) -> Form:
        """Make a read replica; it has what its primary had then, and follows it no further."""
        source = self._rds.find(form["SourceDBInstanceIdentifier"])
        name = str(form["DBInstanceIdentifier"]).lower()
        subnets = {"DBSubnetGroupName": source.shown["DBSubnetGroup"]["DBSubnetGroupName"]}
        shown = restored(source.shown, name, {**form, **subnets, "BackupRetentionPeriod": 0}, self._network)
        shown["ReadReplicaSourceDBInstanceIdentifier"] = source.name
        made = self._restored(shown, State(history=self._rds.history(source)), "Replication has started")
        return {"DBInstance": self._rds.show(made)}

    def reboot(self, form: Form) -> Form:
        """Let an instance's server go down and come back, with or without `ForceFailover`."""
        instance = self._rds.find(form["DBInstanceIdentifier"])
        if instance.status != "available":
            raise Fault("InvalidDBInstanceState", "Instance is not in available state.")
        self._rds.reboot(instance)
        return {"DBInstance": self._rds.show(instance)}

    def create_snapshot(self, form: Form) -> Form:
        """Keep the present state of an instance under a name."""
        made = self._rds.snap(self._rds.find(form["DBInstanceIdentifier"]), str(form["DBSnapshotIdentifier"]))
        return {"DBSnapshot": made.shown}

    def snapshots(self, form: Form) -> Form:
        """List snapshots, a page at a time."""
        name, instance = form.get("DBSnapshotIdentifier"), form.get("DBInstanceIdentifier")
        found = [self._snapshot(name)] if name else list(self._rds.snapshots.values())
        found = [each for each in found if visible(each, form.get("SnapshotType"), named=bool(name))]
        if name and not found:
            raise Fault("DBSnapshotNotFound", f"DBSnapshot {name} not found.", 404)
        shown = [each.shown for each in found if instance in (None, each.shown["DBInstanceIdentifier"])]
        return paged("DBSnapshots", shown, form)

    def create_cluster_snapshot(self, form: Form) -> Form:
        """Keep the present state of the cluster that production is a member of."""
        made = self._rds.snap_cluster(form["DBClusterIdentifier"], str(form["DBClusterSnapshotIdentifier"]))
        return {"DBClusterSnapshot": made.shown}

    def cluster_snapshots(self, form: Form) -> Form:
        """List snapshots of clusters, a page at a time."""
        name, kind = form.get("DBClusterSnapshotIdentifier"), form.get("SnapshotType")
        found = [self._cluster_snapshot(name)] if name else list(self._rds.cluster_snapshots.values())
        return paged("DBClusterSnapshots", [each.shown for each in found if kind in (None, each.kind)], form)

    def delete_snapshot(self, form: Form) -> Form:
        """Forget a snapshot."""
        snapshot = self._snapshot(form["DBSnapshotIdentifier"])
        del self._rds.snapshots[snapshot.shown["DBSnapshotIdentifier"]]
        return {"DBSnapshot": snapshot.shown}

    def modify(self, form: Form) -> Form:
        """Change what the lab can change: password, protection, retention, groups, which logs are exported."""
        instance = self._rds.find(form["DBInstanceIdentifier"])
        if instance.status not in READY:
            raise Fault("InvalidDBInstanceState", "Database instance is not in available state.")
        password = form.get("MasterUserPassword")
        if password and instance.cluster:
            raise Fault("InvalidParameterCombination", "The master user password of a member is its cluster's.")
        if password:
            check_password(password)
            self._rds.change_password(instance, password)
        for key in ("DeletionProtection", "BackupRetentionPeriod", "MultiAZ"):
            if key in form:
                instance.shown[key] = form[key]
        if "NewDBInstanceIdentifier" in form:
            self._rds.rename(instance, str(form["NewDBInstanceIdentifier"]).lower())
        if "VpcSecurityGroupIds" in form:
            instance.shown["VpcSecurityGroups"] = self._network.groups(form["VpcSecurityGroupIds"], "active")
        if wanted := form.get("CloudwatchLogsExportConfiguration"):
            held = {*instance.shown.get("EnabledCloudwatchLogsExports", ()), *wanted.get("EnableLogTypes", ())}
            instance.shown["EnabledCloudwatchLogsExports"] = sorted(held - {*wanted.get("DisableLogTypes", ())})
        return {"DBInstance": self._rds.show(instance)}

    def delete(self, form: Form) -> Form:
        """Begin a deletion, if everything says that it is meant."""
        instance = self._rds.find(form["DBInstanceIdentifier"])
        final, skip = form.get("FinalDBSnapshotIdentifier"), form.get("SkipFinalSnapshot", False)
        if bool(final) == bool(skip):
            raise Fault(
                "InvalidParameterCombination",
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
            )
        if instance.cluster and (final or not is_aurora(instance.shown["Engine"])):
            raise Fault("InvalidParameterCombination", "That is for the cluster to do.")
        if instance.shown["DeletionProtection"]:
            raise Fault(
                "InvalidParameterCombination", "Cannot delete protected DB Instance, disable deletion protection."
            )
        if instance.status == "deleting":
            raise Fault("InvalidDBInstanceState", f"Instance {instance.name} is already being deleted.")
        if instance.status == "creating" and self._rds.age(instance) < self._rds.pace.restore:
            raise Fault("InvalidDBInstanceState", f"Instance {instance.name} is currently creating - try again later.")
        if final:
            self.create_snapshot({"DBInstanceIdentifier": instance.name, "DBSnapshotIdentifier": final})
        self._rds.delete(instance, retain=not form.get("DeleteAutomatedBackups", True))
        return {"DBInstance": self._rds.show(instance)}

    def add_tags(self, form: Form) -> Form:
        """Add tags to an instance."""
        tags = self._tagged(form["ResourceName"]).shown["TagList"]
        new = {each["Key"]: each for each in form["Tags"]}
        tags[:] = [each for each in tags if each["Key"] not in new] + list(new.values())
        return {}

    def list_tags(self, form: Form) -> Form:
        """List an instance's tags."""
        return {"TagList": self._tagged(form["ResourceName"]).shown["TagList"]}

    def events(self, form: Form) -> Form:
        """List what happened."""
        wanted = form.get("SourceIdentifier")
        return paged("Events", [each.shown() for each in self._rds.events if wanted in (None, each.source)], form)

    def account(self, form: Form) -> Form:
        """Give the instance quota."""
        del form
        used = len(self._rds.instances)
        return {"AccountQuotas": [{"AccountQuotaName": "DBInstances", "Used": used, "Max": 40}]}

    def _backup(self, form: Form) -> AutomatedBackup:
        named = form.get("SourceDbiResourceId"), form.get("SourceDBInstanceAutomatedBackupsArn")
        if not any(named):
            source = self._rds.find(form.get("SourceDBInstanceIdentifier", ""))
            named = (source.shown["DbiResourceId"], None)
        for each in self._rds.own_backups():
            if each.shown["DbiResourceId"] == named[0] or each.arn == named[1]:
                return each
        raise Fault("PointInTimeRestoreNotEnabled", "Automated backups are not enabled for this instance.")

    def _snapshot(self, name: str) -> Snapshot:
        found = self._rds.snapshots.get(name)
        if not found:
            raise Fault("DBSnapshotNotFound", f"DBSnapshot {name} not found.", 404)
        return found

    def _cluster_snapshot(self, name: str) -> Snapshot:
        found = self._rds.cluster_snapshots.get(name)
        if not found:
            raise Fault("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot {name} not found.", 404)
        return found

    def _tagged(self, name: str) -> Instance:
        return self._rds.find(name.rsplit(":", 1)[-1])


def check_password(password: str) -> None:
    """Refuse what the service refuses in a master password."""
    if not 8 <= len(password) <= 41 or set(password) & set("/'\"@ ") or not password.isascii():  # noqa: PLR2004 - the service's limits
        raise Fault("InvalidParameterValue", "The parameter MasterUserPassword is not a valid password.")


def paged(name: str, found: list[Form], form: Form) -> Form:
    """Cut a page out of a list."""
    start, size = int(form.get("Marker") or 0), int(form.get("MaxRecords") or PAGE)
    answer: Form = {name: found[start : start + size]}
    if start + size < len(found):
        answer["Marker"] = str(start + size)
    return answer
