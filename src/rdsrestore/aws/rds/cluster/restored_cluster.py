"""The temporary cluster: made with every attribute given, waited for, and surely deleted once it is empty."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from rdsrestore.aws.errors import FAILURES, NO_CLUSTER, code_of, translate, translated, unanswered
from rdsrestore.aws.rds.cluster import described
from rdsrestore.aws.rds.cluster.parameters import FULL, given
from rdsrestore.aws.retrying import persistently, twice, until
from rdsrestore.aws.session import Clients
from rdsrestore.aws.tags import as_mapping, is_owned
from rdsrestore.domain.cloud.instance import Leftover, RestoreSpec
from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import CloudError
from rdsrestore.domain.ids import PREFIX, Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.ports.progress import Progress

if TYPE_CHECKING:
    from mypy_boto3_rds.type_defs import DBClusterTypeDef

USABLE = frozenset({"available", "backing-up", "storage-optimization", "scaling-compute", "scaling-storage"})
"""In which a cluster takes an instance, or answers (Aurora user guide, "Viewing DB cluster status")."""
ENDED_BADLY = frozenset(
    {"cloning-failed", "migration-failed", "failed", "gone", "deleting", "stopping", "stopped"}
    | {"inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable"}
)
INCOMPATIBLE = "incompatible-"
WHERE = "restore-instance"


class Clusters:
    """Clusters, the temporary ones known as ours by their tags; `poll` is the pause between looks, in seconds."""

    def __init__(self, clients: Clients, poll: float) -> None:
        self._clients = clients
        self._poll = poll

    def find(self, name: str) -> DBClusterTypeDef | None:
        """Describe a cluster; None where there is none."""
        try:
            with translated("cluster"):
                shown = self._clients.rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
        except CloudError as error:
            if error.code == NO_CLUSTER.code:
                return None
            raise
        return self._with_tags(shown)

    def leftovers(self, run: str | None) -> Sequence[Leftover]:
        """Find clusters of ours; one run's are none where they may not be listed, since it could not make any."""
        try:
            with translated("clusters"):
                pages = self._clients.rds.get_paginator("describe_db_clusters").paginate()
                found = [self._with_tags(each) for page in pages for each in page["DBClusters"]]
        except CloudError as error:
            if run is not None and error.code == "aws.denied":
                return ()
            raise
        return [described.leftover(each) for each in found if is_ours(each, run)]

    def _with_tags(self, shown: DBClusterTypeDef) -> DBClusterTypeDef:
        """Ask for the tags of a cluster of our name where its description has none, as in some partitions."""
        if shown.get("TagList") or not shown["DBClusterIdentifier"].startswith(f"{PREFIX}-"):
            return shown
        try:
            tags = self._clients.rds.list_tags_for_resource(ResourceName=shown["DBClusterArn"])["TagList"]
        except FAILURES:
            return shown
        return {**shown, "TagList": tags}

    def restore(self, spec: RestoreSpec, run: str) -> str:
        """Start the restore; where the answer is lost or the name exists, adopt the cluster if it is this run's.

        Returns its resource id once the cloud shows it.
        """

        def make() -> str:
            try:
                return self._start(spec, run)["DbClusterResourceId"]
            except FAILURES as error:
                if code_of(error) == "DBClusterAlreadyExistsFault" or unanswered(error):
                    found = self.find(spec.name)
                    if found:
                        return require_ours(found, run)["DbClusterResourceId"]
                raise translate(WHERE, error) from error

        made = persistently(make)
        late = CloudError(WHERE, f"{spec.name} does not appear", "rdsrestore cleanup", code="aws.timeout")
        until(lambda: self.find(spec.name), min(self._poll, 1.0), USUAL.cloud_settles, late)
        return made

    def _start(self, spec: RestoreSpec, run: str) -> DBClusterTypeDef:
        source = spec.source.member_of
        if source is None:
            raise CloudError(WHERE, f"{spec.source.id} is in no cluster any more", "run again", code=NO_CLUSTER.code)
        settings = given(spec, source, run)
        if spec.moment:
            own, other = {"SourceDBClusterIdentifier": source.id}, spec.backups
            settings |= {"SourceDbClusterResourceId": other.resource_id} if other else own
            return self._clients.rds_writes.restore_db_cluster_to_point_in_time(
                RestoreType=FULL,
                RestoreToTime=spec.moment.astimezone(UTC).replace(microsecond=0),
                **settings,
            )["DBCluster"]
        return self._clients.rds_writes.restore_db_cluster_from_snapshot(
            SnapshotIdentifier=str(spec.snapshot),
            Engine=spec.source.engine,
            EngineVersion=spec.version or spec.source.version,
            **settings,
        )["DBCluster"]

    def await_available(self, name: str, timeout: float, progress: Progress) -> Endpoint:
        """Wait until a cluster is settled; CloudError as of an instance where it never is."""

        def ready() -> Endpoint | None:
            shown = self.find(name)
            status = shown["Status"] if shown else "gone"
            if shown is None or status in ENDED_BADLY or status.startswith(INCOMPATIBLE):
                raise CloudError(
                    WHERE,
                    f"cluster {name} ended as {status}",
                    "try an earlier --before; the cluster's events in RDS say what the cloud did not like",
                    code="aws.restore-failed",
                )
            progress(f"cluster {status}", None)
            return described.endpoint(shown) if is_settled(shown) else None

        what = f"cluster {name} was not available after {timeout:,.0f} seconds"
        late = CloudError(WHERE, what, "give it longer with --wait SECONDS", code="aws.restore-timeout")
        return until(twice(ready), self._poll, timeout, late)

    def reset_password(self, name: str, password: Secret, progress: Progress) -> None:
        """Set the master password of a cluster of ours, which is that of its instances; wait until it is taken up."""

        def change() -> None:
            require_found(self.find(name), name)
            with translated("own-password"):
                self._clients.rds_writes.modify_db_cluster(
                    DBClusterIdentifier=name, MasterUserPassword=password.reveal(), ApplyImmediately=True
                )

        def taken() -> bool | None:
            shown = require_found(self.find(name), name)
            progress(f"cluster {shown['Status']}", None)
            return True if is_settled(shown) else None

        persistently(change, USUAL.password_taken)
        late = CloudError("own-password", f"{name} did not take the password", "run again", code="aws.password")
        until(twice(taken), self._poll, USUAL.password_taken, late)

    def delete(self, name: str, progress: Progress) -> None:
        """Delete a cluster of ours and wait until it is gone; CloudError `aws.name-taken` where it is not ours.

        Aurora's has to be empty by then; the members of a Multi-AZ DB cluster go with it. It is gone when two looks in
        a row say so: a restore that was cut short may still be on its way.
        """

        def gone() -> bool | None:
            shown = self.find(name)
            if shown is None:
                return True
            status = require_ours(shown)["Status"]
            told = f"cluster {status}" if status == "deleting" else f"waiting until it can be deleted: it is {status}"
            progress(told, None)
            if status != "deleting":
                self._ask_to_delete(name, protected=bool(shown.get("DeletionProtection")))
            return None

        late = CloudError(
            "delete", f"cluster {name} is still there", "wait, then rdsrestore cleanup", code="aws.delete-timeout"
        )
        until(twice(gone), self._poll, USUAL.instance_gone, late)

    def _ask_to_delete(self, name: str, *, protected: bool) -> None:
        """Ask once; a refusal that may pass, as while it is being made, is left to the next look."""
        try:
            if protected:
                self._clients.rds_writes.modify_db_cluster(DBClusterIdentifier=name, DeletionProtection=False)
            self._clients.rds_writes.delete_db_cluster(
                DBClusterIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
            )
        except FAILURES as error:
            trouble = translate("delete", error)
            # protection may come back, by a rule of the account, between our look and our call
            if isinstance(trouble, CloudError) and code_of(error) == "InvalidParameterCombination":
                trouble.retryable = True
            if code_of(error) != "DBClusterNotFoundFault":
                raise trouble from error


def is_ours(shown: DBClusterTypeDef, run: str | None = None) -> bool:
    """Whether a cluster carries our tags, of that run where one is given."""
    return is_owned(shown["DBClusterIdentifier"], as_mapping(shown.get("TagList", [])), run)


def require_ours(shown: DBClusterTypeDef, run: str | None = None) -> DBClusterTypeDef:
    """Return a cluster of ours, of that run where one is given; else CloudError `aws.name-taken`."""
    name = shown["DBClusterIdentifier"]
    if not is_ours(shown, run):
        raise CloudError(
            "cluster",
            f"{name} does not carry our tags, so it is left alone",
            f"if nobody needs it: aws rds delete-db-cluster --db-cluster-identifier {name} --skip-final-snapshot",
            code="aws.name-taken",
        )
    return shown


def require_found(shown: DBClusterTypeDef | None, name: str) -> DBClusterTypeDef:
    """Return a cluster of ours that has to be there; CloudError `aws.no-cluster` where it is not."""
    if shown is None:
        raise CloudError("cluster", f"{name} is gone", "somebody deleted it; run again", code=NO_CLUSTER.code)
    return require_ours(shown)


def is_settled(shown: DBClusterTypeDef) -> bool:
    """Whether a cluster is available, has an endpoint and nothing pending."""
    groups = [group.get("Status") for group in shown.get("VpcSecurityGroups", [])]
    return (
        shown["Status"] in USABLE
        and bool(shown.get("Endpoint"))
        and not shown.get("PendingModifiedValues")
        and all(status == "active" for status in groups)
    )
