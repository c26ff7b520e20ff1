"""The actions on DB clusters that the lab answers itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from rdsrestore.domain.cloud.engine import family, is_aurora
from rdsrestore.lab.cloud.clusters import rules
from rdsrestore.lab.cloud.clusters.cluster import Cluster, resource_id
from rdsrestore.lab.cloud.clusters.members import member
from rdsrestore.lab.cloud.clusters.register import USABLE, Clusters
from rdsrestore.lab.cloud.defaults import NAME, Network
from rdsrestore.lab.cloud.handlers import check_password, paged
from rdsrestore.lab.cloud.instance import arn
from rdsrestore.lab.cloud.query_protocol import Fault
from rdsrestore.lab.servers.servers import State

Form = dict[str, Any]
COPIED = ("Engine", "EngineVersion", "MasterUsername", "StorageEncrypted", "KmsKeyId", "AllocatedStorage", "EngineMode")
FROM_SOURCE = ("StorageType", "Iops", "NetworkType", "EngineLifecycleSupport", "BackupRetentionPeriod")
TOLD = ("DBClusterInstanceClass", "ServerlessV2ScalingConfiguration")
OFF = ("DeletionProtection", "PubliclyAccessible", "CopyTagsToSnapshot")


class ClusterHandlers:
    """One method for each action; what a method raises as Fault is the service's error."""

    def __init__(self, clusters: Clusters, network: Network) -> None:
        self._clusters = clusters
        self._rds = clusters.rds
        self._network = network
        self.actions: Mapping[str, Callable[[Form], Form]] = {
            "DescribeDBClusters": self.describe,
            "DescribeDBClusterAutomatedBackups": self.backups,
            "RestoreDBClusterToPointInTime": self.restore_to_point,
            "RestoreDBClusterFromSnapshot": self.restore_snapshot,
            "CreateDBInstance": self.create_instance,
            "ModifyDBCluster": self.modify,
            "DeleteDBCluster": self.delete,
        }

    def describe(self, form: Form) -> Form:
        """List clusters, a page at a time; one may be named by its ARN."""
        name, known = str(form.get("DBClusterIdentifier", "")).removeprefix(arn("cluster", "")), self._clusters.clusters
        found = [self._clusters.find(name)] if name else [known[each] for each in sorted(known)]
        return paged("DBClusters", [self._clusters.show(each) for each in found], form)

    def backups(self, form: Form) -> Form:
        """Give the restore window of clusters with backups."""
        found = [each for each in self._clusters.clusters.values() if each.of]
        wanted = form.get("DbClusterResourceId")
        shown = [self._backup(each) for each in found if wanted in (None, each.shown["DbClusterResourceId"])]
        return paged("DBClusterAutomatedBackups", shown, form)

    def _backup(self, cluster: Cluster) -> Form:
        same = ("DBClusterIdentifier", "DbClusterResourceId", "DBClusterArn", *COPIED[:3])
        kept = self._rds.backups[self._rds.find(str(cluster.of)).shown["DbiResourceId"]]
        window = {"EarliestTime": kept.earliest, "LatestTime": kept.ended or self._rds.latest()}
        return {**{key: cluster.shown[key] for key in same}, "Status": "active", "RestoreWindow": window}

    def _source(self, form: Form) -> Cluster:
        """Find the cluster that is to be restored, by its name or its resource id, of which one has to be given."""
        name, resource = form.get("SourceDBClusterIdentifier"), form.get("SourceDbClusterResourceId")
        if bool(name) == bool(resource):
            raise Fault("InvalidParameterCombination", "Give SourceDBClusterIdentifier or SourceDbClusterResourceId.")
        if name:
            return self._clusters.find(name)
        for each in self._clusters.clusters.values():
            if each.shown["DbClusterResourceId"] == resource:
                return each
        raise Fault("DBClusterAutomatedBackupNotFoundFault", f"There are no backups of {resource}.", 404)

    def restore_to_point(self, form: Form) -> Form:
        """Restore a cluster as it was before a second, or clone it as it is."""
        source = self._source(form)
        if not source.of:
            raise Fault("DBClusterAutomatedBackupNotFoundFault", f"{source.name} has no backups yet.", 404)
        rules.check_time(form, is_aurora=source.is_aurora)
        moment, backup = form.get("RestoreToTime"), self._rds.backups[self._rds.find(source.of).shown["DbiResourceId"]]
        if moment and not backup.earliest <= moment <= self._rds.latest():
            raise Fault("InvalidParameterValue", f"The specified time {moment} is outside the restore window.")
        state = State(int(moment.timestamp()) if moment else None, history=backup.history)
        return self._restored(source.shown, form, state)

    def restore_snapshot(self, form: Form) -> Form:
        """Restore a stored snapshot of a cluster to a cluster."""
        snapshot = self._rds.cluster_snapshots.get(form["SnapshotIdentifier"].rsplit(":", 1)[-1])
        if not snapshot:
            raise Fault(
                "DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot {form['SnapshotIdentifier']} not found.", 404
            )
        if form["Engine"] != snapshot.shown["Engine"]:
            raise Fault("InvalidParameterCombination", "The engine must be that of the snapshot.")
        source = self._clusters.find(snapshot.shown["DBClusterIdentifier"])
        return self._restored({**source.shown, "EngineVersion": form.get("EngineVersion", "")}, form, snapshot.state)

    def _restored(self, source: Mapping[str, Any], form: Form, state: State) -> Form:
        rules.check_restore(form, is_aurora=is_aurora(source["Engine"]))
        name = str(form["DBClusterIdentifier"]).lower()
        if not NAME.fullmatch(name):
            raise Fault("InvalidParameterValue", f"The parameter DBClusterIdentifier is not a valid identifier: {name}")
        subnets = self._network.subnets(form.get("DBSubnetGroupName"))
        groups = form.get("VpcSecurityGroupIds") or [self._network.default_group(subnets["VpcId"])]
        several = {} if is_aurora(source["Engine"]) else {"DBClusterInstanceClass": source["DBClusterInstanceClass"]}
        shown = {
            **{key: source[key] for key in COPIED if key in source},
            **{key: form.get(key, source[key]) for key in FROM_SOURCE if key in source},
            **several,
            **{key: form[key] for key in TOLD if key in form},
            **{key: form.get(key, False) for key in OFF},
            "DBClusterIdentifier": name,
            "DBClusterArn": arn("cluster", name),
            "DbClusterResourceId": resource_id(),
            "Status": "creating",
            "ClusterCreateTime": datetime.now(UTC),
            "DBClusterParameterGroup": self._network.cluster_parameters(
                form.get("DBClusterParameterGroupName"), source
            ),
            "DBSubnetGroup": subnets["DBSubnetGroupName"],
            "VpcSecurityGroups": self._network.groups(groups, "adding"),
            "Endpoint": "127.0.0.1",
            "Port": form.get("Port", 3306),
            "TagList": [dict(each) for each in form.get("Tags", source["TagList"])],
        }
        made = self._clusters.add(shown, lambda: self._rds.servers.restored(state, name))
        return {"DBCluster": self._clusters.show(made)}

    def create_instance(self, form: Form) -> Form:
        """Make an instance in a cluster of Aurora; the lab makes no others."""
        if "DBClusterIdentifier" not in form:
            raise Fault("InvalidAction", "the lab makes instances in clusters alone", 501)
        cluster = self._clusters.find(form["DBClusterIdentifier"])
        rules.check_member(form, cluster)
        name = str(form["DBInstanceIdentifier"]).lower()
        shown = member(cluster.shown, name, form["DBInstanceClass"])
        shown["DBSubnetGroup"] = self._network.subnets(cluster.shown["DBSubnetGroup"])
        shown["DBParameterGroups"] = self._network.parameters(
            form.get("DBParameterGroupName"), family(shown["Engine"], shown["EngineVersion"])
        )
        shown["TagList"] = [dict(each) for each in form.get("Tags", [])]
        shown["PubliclyAccessible"] = form.get("PubliclyAccessible", False)
        shown["CACertificateIdentifier"] = form.get("CACertificateIdentifier", "rds-ca-rsa2048-g1")
        return {"DBInstance": self._rds.show(self._clusters.join(cluster, shown))}

    def modify(self, form: Form) -> Form:
        """Change what the lab can change: password and protection."""
        cluster = self._clusters.find(form["DBClusterIdentifier"])
        if cluster.status not in USABLE:
            raise Fault("InvalidDBClusterStateFault", f"DBCluster {cluster.name} is not in available state.")
        if "MasterUserPassword" in form:
            check_password(form["MasterUserPassword"])
            self._clusters.change_password(cluster, form["MasterUserPassword"])
        if "DeletionProtection" in form:
            cluster.shown["DeletionProtection"] = form["DeletionProtection"]
        return {"DBCluster": self._clusters.show(cluster)}

    def delete(self, form: Form) -> Form:
        """Begin a deletion, if everything says that it is meant and nothing is in the way."""
        cluster = self._clusters.find(form["DBClusterIdentifier"])
        living = [each for each in self._clusters.members(cluster) if each.status != "deleting"]
        made: datetime = cluster.shown["ClusterCreateTime"]
        young = (datetime.now(UTC) - made).total_seconds() < self._rds.pace.restore
        rules.check_deletion(
            form,
            cluster,
            inhabited=cluster.is_aurora and bool(living),
            creating=cluster.status == "creating" and young,
        )
        self._clusters.delete(cluster)
        return {"DBCluster": self._clusters.show(cluster)}
