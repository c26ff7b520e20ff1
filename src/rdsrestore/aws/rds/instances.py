"""RDS instances: reading a source, restoring it to a temporary one, and removing that again."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from rdsrestore.aws import free_storage
from rdsrestore.aws.errors import NO_INSTANCE, cloud_error, translated
from rdsrestore.aws.iam import permissions, simulation
from rdsrestore.aws.network import caller_address, references, subnets
from rdsrestore.aws.network.security_group import Firewall
from rdsrestore.aws.rds import audit_log, describe, pricing, restored_instance, switch_trial
from rdsrestore.aws.rds.automated_backups import AutomatedBackups
from rdsrestore.aws.rds.cluster import described
from rdsrestore.aws.rds.cluster.restored_cluster import Clusters
from rdsrestore.aws.rds.expiry_schedule import ExpiryScheduler
from rdsrestore.aws.rds.snapshots import Snapshots
from rdsrestore.aws.retrying import persistently, until
from rdsrestore.aws.session import CallLog, Clients
from rdsrestore.domain.cloud.admission import Reference
from rdsrestore.domain.cloud.audit_log import AuditEntry
from rdsrestore.domain.cloud.engine import ENGINES, engine
from rdsrestore.domain.cloud.instance import (
    ApiCall,
    Backups,
    ExpirySpec,
    GroupSpec,
    Identity,
    Leftover,
    RestoreSpec,
    SnapshotInfo,
    SourceInstance,
    Subnets,
)
from rdsrestore.domain.cloud.switch_call import SwitchCall
from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import CloudError
from rdsrestore.domain.ids import PREFIX, Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.ports.progress import Progress

if TYPE_CHECKING:
    from mypy_boto3_rds.type_defs import DBClusterTypeDef, DBInstanceTypeDef

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9-]*|arn:\S+")
"""What can name an instance at all: to ask for anything else is an error of its own kind."""
INSTANCE = re.compile(r"(?!db-[A-Z0-9]+$)[A-Za-z][A-Za-z0-9-]*")
"""An instance's name, which is no resource id of backups (`db-`, and capitals) and no ARN of them."""


class RdsInstances:
    """The port to the cloud for single RDS instances; `poll` is the pause between looks, in seconds."""

    def __init__(
        self,
        clients: Clients,
        log: CallLog,
        poll: float,
        checkip: str,
        seen: Callable[[SourceInstance], None] = lambda _source: None,
    ) -> None:
        self._seen = seen
        self._clients = clients
        self._log = log
        self._poll = poll
        self._checkip = checkip
        self._firewall = Firewall(clients, poll)
        self._switch = ExpiryScheduler(clients)
        self._copies = restored_instance.Copies(clients, poll)
        self._clusters = Clusters(clients, poll)
        self._snapshots = Snapshots(clients)
        self._backups = AutomatedBackups(clients)

    def identity(self) -> Identity:
        """Say who we are to the cloud."""
        with translated("AWS"):
            answer = self._clients.sts.get_caller_identity()
        return Identity(answer["Account"], answer["Arn"], self._clients.ends())

    def caller(self) -> str:
        """Find this machine's address as the outside sees it, as a /32 or /128."""
        return caller_address.caller(self._checkip)

    def instances(self) -> Sequence[str]:
        """Name the instances that could be a source, without our own temporary ones."""
        names = (each["DBInstanceIdentifier"] for each in self._copies.all() if each["Engine"] in ENGINES)
        return tuple(name for name in names if not name.startswith(f"{PREFIX}-"))

    def source(self, instance: str) -> SourceInstance:
        """Read an instance or a cluster's writer; code `aws.no-instance` where there is none, near ones in the hint."""
        if not (IDENTIFIER.fullmatch(instance) and (shown := self._shown(instance))):
            names = self.instances()
            near = difflib.get_close_matches(instance, names, n=3, cutoff=0.4) or list(names[:5])
            hint = f"--instance may be one of: {', '.join(near)}" if near else "check --region and --profile"
            raise CloudError("--instance", f"there is no instance {instance}", hint, code="aws.no-instance")
        engine(shown["Engine"])
        cluster = self._clusters.find(shown["DBClusterIdentifier"]) if shown.get("DBClusterIdentifier") else None
        found = describe.source(shown, () if cluster else self._backups.shown(shown["DbiResourceId"]))
        found = described.of_member(found, cluster) if cluster else found
        self._seen(found)
        return found

    def _shown(self, name: str) -> DBInstanceTypeDef | None:
        """Describe an instance, or the writer of the cluster of that name."""
        shown = self._copies.find(name)
        cluster = None if shown or name.startswith("arn:") else self._cluster(name)
        return self._copies.find(described.writer(cluster)) if cluster and described.writer(cluster) else shown

    def _cluster(self, name: str) -> DBClusterTypeDef | None:
        """Describe a cluster; None where there is none, or clusters may not be looked at."""
        try:
            return self._clusters.find(name)
        except CloudError as error:
            if error.code == "aws.denied":
                return None
            raise

    def replicas(self, instance: str) -> Mapping[str, Endpoint | None]:
        """Say where an instance's read replicas answer; None for one that can't be read from here."""
        return describe.replicas(self._copies.find, instance, self._clients.region)

    def backups(self, of: str) -> Sequence[Backups]:
        """Read automated backups by an instance's name, a resource id or their ARN."""
        return self._backups.named(of)

    def earlier_backups(self, instance: str) -> Sequence[Backups]:
        """List all automated backups of an instance's name, and of what a switch has renamed."""
        return self._backups.before(instance)

    def snapshots(self, instance: str) -> Sequence[SnapshotInfo]:
        """List an instance's snapshots, newest first."""
        return self._snapshots.of(instance)

    def snapshot(self, snapshot: str) -> SnapshotInfo:
        """Read one snapshot; code `aws.no-snapshot` where there is none."""
        return self._snapshots.named(snapshot, lambda: self.identity().account)

    def denied(self, vpc: str) -> Sequence[str]:
        """Name the actions the job needs that a trial without effect shows to be forbidden."""
        return tuple(self._firewall.denied(vpc))

    def doubted(self, *, switch: bool, clustered: bool = False) -> Sequence[str]:
        """Name the actions the job needs that the account's policy simulator does not think allowed."""
        return tuple(simulation.doubted(self._clients, self.identity(), switch=switch, clustered=clustered))

    def switch_doubts(self, role: str) -> Sequence[str]:
        """Say what seems to stop the switch's role."""
        return tuple(simulation.of_switch(self._clients, self.identity(), role))

    def subnets(self, source: SourceInstance) -> Subnets:
        """Look at the subnets that a copy of the source will lie in."""
        return subnets.look(self._clients, source)

    def hourly_cost(self, source: SourceInstance, instance_class: str) -> Decimal | None:
        """Look up what the temporary instance costs an hour, in USD; None where unknown."""
        return pricing.hourly(self._clients.session, self._clients.region, source, instance_class)

    def await_restorable(self, instance: str, moment: datetime, progress: Progress) -> datetime:
        """Wait until the restore window reaches `moment`; returns the window's end."""

        def reached() -> datetime | None:
            if (latest := self._latest(instance)) and latest >= moment:
                return latest
            progress(f"backups reach {latest:%H:%M:%SZ}" if latest else "no backup yet", None)
            return None

        late = CloudError(
            "reach-moment",
            f"the backups of {instance} did not reach {moment:%H:%M:%SZ}",
            "look at the instance's backups, or choose an earlier --before",
            code="aws.window",
        )
        return until(reached, self._poll, USUAL.backups_catch_up, late)

    def _latest(self, of: str) -> datetime | None:
        if not INSTANCE.fullmatch(of):
            return max((each.latest for each in self._backups.named(of) if each.latest), default=None)
        shown = self._copies.find(of)
        if shown is None:
            raise cloud_error("reach-moment", f"there is no instance {of} any more", NO_INSTANCE)
        cluster = self._clusters.find(shown["DBClusterIdentifier"]) if shown.get("DBClusterIdentifier") else None
        return cluster.get("LatestRestorableTime") if cluster else shown.get("LatestRestorableTime")

    def create_group(self, spec: GroupSpec, run: str) -> str:
        """Make the run's security group, or adopt it where the answer to an earlier call was lost; returns its id."""
        return self._firewall.create(spec, run)

    def delete_group(self, name: str, progress: Progress) -> None:
        """Delete the group of that name if it is ours, waiting while something still uses it; gone already is fine."""
        self._firewall.delete(name, progress)

    def references(self, names: Sequence[str], vpc: str) -> Sequence[Reference]:
        """Look up security groups and prefix lists that a rule is to name, for a group in that network."""
        return tuple(references.look_up(self._clients, names, vpc))

    def open_rule(self, group: str, cidr: str, port: int, run: str) -> str:
        """Let `cidr` reach `port` through the group; returns the rule's id."""
        return self._firewall.open(group, cidr, port, run)

    def close_rules(self, group: str) -> None:
        """Revoke all ingress rules of a group of ours and read back that they are gone; no group, no rule."""
        self._firewall.close(group)

    def find_group(self, name: str) -> str | None:
        """Return the id of the run's own group, None where there is none."""
        return self._firewall.find(name)

    def restore(self, spec: RestoreSpec, run: str) -> str:
        """Start the restore, or adopt the copy where the answer was lost; returns its resource id."""
        return self._clusters.restore(spec, run) if spec.as_cluster else self._copies.restore(spec, run)

    def create_instance(self, spec: RestoreSpec, run: str) -> str:
        """Make the instance of a restored cluster, or adopt it; returns its resource id."""
        return self._copies.create(spec, run)

    def await_available(self, name: str, timeout: float, progress: Progress) -> Endpoint:
        """Wait until the copy can be logged in to: the instance, or the cluster where there is no instance."""
        try:
            return self._copies.await_available(name, timeout, progress)
        except CloudError as error:
            if error.code != "aws.restore-failed" or self._copies.find(name) or not self._cluster(name):
                raise
        return self._clusters.await_available(name, timeout, progress)

    def reset_password(self, name: str, password: Secret, progress: Progress) -> None:
        """Give the temporary instance's master user a password of our own and wait until it holds."""
        shown = persistently(lambda: self._copies.find(name))
        if shown.get("DBClusterIdentifier") if shown else self._cluster(name):
            self._clusters.reset_password(name, password, progress)
            if shown:
                self._copies.await_password(name, progress)
        else:
            self._copies.reset_password(name, password, progress)

    def delete_instance(self, name: str, progress: Progress) -> None:
        """Delete the instance of that name if it is ours, without snapshot or backups, and wait until it is gone."""
        self._copies.delete(name, progress)

    def delete_cluster(self, name: str, progress: Progress) -> None:
        """Delete the cluster of that name if it is ours, and wait until it is gone."""
        self._clusters.delete(name, progress)

    def arm(self, spec: ExpirySpec) -> None:
        """Let the cloud delete copies at a moment, or put that off."""
        self._switch.arm(spec)

    def put_off(self, spec: ExpirySpec) -> None:
        """Put off what `arm` asked for."""
        self._switch.put_off(spec)

    def disarm(self, schedules: Sequence[str]) -> None:
        """Take back what `arm` asked for."""
        self._switch.disarm(schedules)

    def armed(self, schedules: Sequence[str]) -> Sequence[str]:
        """Name those of the schedules that are still set."""
        return self._switch.armed(schedules)

    def try_switch(self, role: str, progress: Progress) -> SwitchCall:
        """Have a schedule ask for the deletion of what does not exist, and say what came of it."""
        return switch_trial.try_out(self._clients, role, self._poll, progress)

    def audited(self, log: str, thread: int, since: datetime, until: datetime) -> Sequence[AuditEntry]:
        """Read what a connection did in a short time."""
        return audit_log.read(self._clients, log, thread, since, until)

    def free_storage(self, instance: str) -> int | None:
        """Read how many bytes of an instance's storage are free; None where that is not known."""
        return free_storage.read(self._clients, instance, datetime.now(UTC))

    def deposit(self, bucket: str, key: str, content: bytes) -> None:
        """Put a copy of a file into a bucket; a bucket with object lock wants the digest that is sent along."""
        with translated("audit copy"):
            self._clients.s3().put_object(Bucket=bucket, Key=key, Body=content, ChecksumAlgorithm="SHA256")

    def leftovers(self, run: str | None = None) -> Sequence[Leftover]:
        """Find what carries our tags, of one run or of all."""
        return (*self._copies.leftovers(run), *self._clusters.leftovers(run), *self._firewall.leftovers(run))

    def take_calls(self) -> Sequence[ApiCall]:
        """Return the requests answered since the last time, oldest first."""
        return self._log.take()

    def calls_of(self, step: str, *, clustered: bool = False) -> Sequence[str]:
        """Name what a step asks of the cloud, for the plan."""
        return permissions.calls_of(step, clustered=clustered)
