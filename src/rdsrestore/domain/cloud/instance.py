"""What is known about the cloud's side: instances, their windows, and what a run makes there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rdsrestore.domain.cloud.copy_attributes import CopyAttributes, Tags
from rdsrestore.domain.cloud.engine import family, is_aurora
from rdsrestore.domain.codec import written
from rdsrestore.domain.ids import Endpoint


@written("Identity")
@dataclass(frozen=True)
class Identity:
    """Who the cloud says we are; `ends` is when that ends by itself, in UTC, where it is known."""

    account: str
    arn: str
    ends: datetime | None = None


@written("Capacity")
@dataclass(frozen=True)
class Capacity:
    """Between how many capacity units Serverless v2 may scale, and after how many idle seconds it pauses, if at all."""

    least: float
    most: float
    pause: int | None = None


@written("SourceCluster")
@dataclass(frozen=True)
class SourceCluster:
    """The cluster that a source is a member of, with what a restored one takes over from it.

    `writer` is the member that takes writes. `capacity` is given where it may have members of Serverless v2.
    """

    id: str
    resource_id: str
    writer: str
    parameter_group: str
    storage_type: str | None = None
    iops: int | None = None
    lifecycle_support: str | None = None
    network_type: str | None = None
    capacity: Capacity | None = None


@written("SourceInstance", former={"iam_authentication"})
@dataclass(frozen=True)
class SourceInstance:
    """The instance that is restored from, with everything a restore does not carry over by itself.

    `earliest` and `latest` bound the restore window in UTC (None where backups are off); `storage` is in GiB, `iops`
    what is provisioned. `cluster` is the name of the cluster it is a
    member of, whose then are window, backups and secret, and `member_of` the rest of that; `maintenance` is the weekly
    window as RDS writes it, in UTC. `managed_secret` is the ARN of the secret in which RDS keeps the master user's
    password, where it does. `tags` are its names and values, `security_groups` the ids of its own.
    `audit_log` is the log group that its audit log, or its cluster's, is exported to, where it is.
    """

    id: str
    resource_id: str
    engine: str
    version: str
    status: str
    endpoint: Endpoint
    instance_class: str
    storage: int
    storage_type: str
    vpc: str
    subnet_group: str
    parameter_group: str
    option_group: str | None
    ca_certificate: str | None
    publicly_accessible: bool
    master_user: str
    retention_days: int
    earliest: datetime | None
    latest: datetime | None
    lifecycle_support: str | None = None
    network_type: str | None = None
    iops: int | None = None
    cluster: str | None = None
    replica_of: str | None = None
    replicas: tuple[Endpoint, ...] = ()
    maintenance: str | None = None
    certificate_until: datetime | None = None
    managed_secret: str | None = None
    tags: Tags = ()
    security_groups: tuple[str, ...] = ()
    member_of: SourceCluster | None = None
    audit_log: str | None = None

    @property
    def is_aurora(self) -> bool:
        """Whether its rows lie in its cluster's volume."""
        return is_aurora(self.engine)

    @property
    def backed_up_as(self) -> str:
        """Name what its backups are of: itself, or its cluster."""
        return self.cluster or self.id


@dataclass(frozen=True)
class Subnets:
    """The subnets of a group: their network, empty where there is no such group, and those that nothing leads out of.

    `unseen` says why they could not be looked at.
    """

    vpc: str = ""
    closed: tuple[str, ...] = ()
    unseen: str = ""


@written("Backups")
@dataclass(frozen=True)
class Backups:
    """Automated backups that a copy is restored from: those of an instance that is, or of one that was.

    `instance` is its name, as it is or was; `earliest` and `latest` bound the restore window in UTC. `ended` where it
    gets no later any more. `arn` is given where they have to be named by it, as those replicated from another region.
    With `of_cluster` they are a DB cluster's, which `instance` then names.
    """

    instance: str
    resource_id: str
    engine: str
    version: str
    master_user: str
    earliest: datetime | None
    latest: datetime | None
    ended: bool = False
    arn: str | None = None
    of_cluster: bool = False

    @property
    def name(self) -> str:
        """What `--backups-of` takes for exactly these."""
        return self.arn or self.resource_id

    def hold(self, moment: datetime) -> bool:
        """Whether a moment can be restored from them."""
        return self.earliest is not None and self.latest is not None and self.earliest <= moment <= self.latest

    def __str__(self) -> str:
        return f"{self.instance} ({self.name})"


@written("SnapshotInfo")
@dataclass(frozen=True)
class SnapshotInfo:
    """A stored snapshot; `taken` is the moment of its data in UTC.

    Its `id` is its ARN where another account shares it. With `of_cluster` it is a DB cluster's, which `instance` then
    names. Engine, version and master user are those of its instance then.
    """

    id: str
    instance: str
    status: str
    taken: datetime | None
    engine: str = ""
    version: str = ""
    master_user: str = ""
    of_cluster: bool = False


@written("GroupSpec")
@dataclass(frozen=True)
class GroupSpec:
    """A security group to make: its name is the run's resource name; `tags` are those beside our own."""

    name: str
    vpc: str
    expires: datetime
    tags: Tags = ()


def schedule_of_cluster(name: str) -> str:
    """Name the schedule that deletes a cluster."""
    return f"{name}-cluster"


@written("SwitchSpec")
@dataclass(frozen=True)
class ExpirySpec:
    """Temporary instances and clusters that the cloud is to delete by itself at a moment, acting as `role`."""

    instances: tuple[str, ...]
    role: str
    at: datetime
    clusters: tuple[str, ...] = ()

    @property
    def schedules(self) -> tuple[str, ...]:
        """Name what is set for it: a schedule for each, as a cluster may have an instance of its name."""
        return (*self.instances, *map(schedule_of_cluster, self.clusters))

    def __str__(self) -> str:
        alone = [f"cluster {name}" for name in self.clusters if name not in self.instances]
        with_cluster = [f"{name}, then its cluster" if name in self.clusters else name for name in self.instances]
        return " and ".join([*with_cluster, *alone])


@written("RestoreSpec")
@dataclass(frozen=True)
class RestoreSpec:
    """A temporary copy to restore, every attribute given; `moment` or `snapshot`, never both.

    `backups` are those that hold the moment where they are not the source's own. `version` is the engine's in what is
    restored, where known; `of_cluster` says that the snapshot is a DB cluster's. With `as_cluster` the copy is
    a cluster: Aurora's has no instance until one of the same name is made in it, a Multi-AZ DB cluster has its own.
    `attributes` are those that were chosen otherwise than the source's. `group` is the run's own security group,
    `beside` are those that the copy gets too.
    """

    name: str
    source: SourceInstance
    group: str
    expires: datetime
    instance_class: str
    moment: datetime | None = None
    snapshot: str | None = None
    backups: Backups | None = None
    version: str = ""
    of_cluster: bool = False
    attributes: CopyAttributes = CopyAttributes()
    beside: tuple[str, ...] = ()
    as_cluster: bool = False

    @property
    def tags(self) -> Tags:
        """Those beside our own."""
        return self.attributes.all_tags(self.source.tags)

    @property
    def comes_empty(self) -> bool:
        """Whether it is a cluster without instances."""
        return self.as_cluster and self.source.is_aurora

    @property
    def kind(self) -> str:
        """What the copy is, as leftovers are."""
        return "cluster" if self.as_cluster else "instance"

    @property
    def family(self) -> str:
        """Name the family of what is restored, where production's parameter and option groups do not fit it."""
        then = family(self.source.engine, self.version or self.source.version)
        return "" if then == family(self.source.engine, self.source.version) else then

    @property
    def origin(self) -> str:
        """Name whose backups these are."""
        if self.backups:
            return str(self.backups)
        return self.source.backed_up_as if self.as_cluster else self.source.id


@written("Leftover")
@dataclass(frozen=True)
class Leftover:
    """Something in the account that carries our tags: kind is `instance`, `cluster`, `group` or `rule`."""

    kind: str
    id: str
    run: str
    status: str
    expires: datetime | None = None

    @property
    def holds(self) -> bool:
        """Whether it is a copy that nobody deletes: its security group can't go before it does."""
        return self.is_copy and self.status != "deleting"

    @property
    def is_copy(self) -> bool:
        """Whether it costs money by the hour."""
        return self.kind in {"instance", "cluster"}


@written("ApiCall")
@dataclass(frozen=True)
class ApiCall:
    """One answered request to the cloud, for joining the journal with the cloud's own trail."""

    service: str
    operation: str
    request_id: str
    status: int
