"""What is known about the cloud's side: instances, their windows, and what a run makes there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rdsrestore.domain.cloud.copy_attributes import CopyAttributes, Tags
from rdsrestore.domain.cloud.engine import family
from rdsrestore.domain.codec import written
from rdsrestore.domain.ids import Endpoint


@written("Identity")
@dataclass(frozen=True)
class Identity:
    """Who the cloud says we are; `ends` is when that ends by itself, in UTC, where it is known."""

    account: str
    arn: str
    ends: datetime | None = None


@written("SourceInstance", former={"iam_authentication"})
@dataclass(frozen=True)
class SourceInstance:
    """The instance that is restored from, with everything a restore does not carry over by itself.

    `earliest` and `latest` bound the restore window in UTC (None where backups are off); `storage` is in GiB, `iops`
    what is provisioned; `maintenance` is the weekly window as RDS writes it, in UTC. `managed_secret` is the ARN of the
    secret in which RDS keeps the master user's password, where it does. `tags` are its names and values,
    `security_groups` the ids of its own.
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

    Its `id` is its ARN where another account shares it. With `of_cluster` it is a Multi-AZ DB cluster's, which
    `instance` then names. Engine, version and master user are those of its instance then.
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


@written("SwitchSpec")
@dataclass(frozen=True)
class ExpirySpec:
    """Temporary instances that the cloud is to delete by itself at a moment, acting as `role`."""

    instances: tuple[str, ...]
    role: str
    at: datetime


@written("RestoreSpec")
@dataclass(frozen=True)
class RestoreSpec:
    """A temporary instance to restore, every attribute given; `moment` or `snapshot`, never both.

    `backups` are those that hold the moment where they are not the source's own. `version` is the engine's in what is
    restored, where known; `of_cluster` says that the snapshot is a Multi-AZ DB cluster's. `attributes` are those that
    were chosen otherwise than the source's. `group` is the run's own security group, `beside` are those that the copy
    gets too.
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

    @property
    def tags(self) -> Tags:
        """Those beside our own."""
        return self.attributes.all_tags(self.source.tags)

    @property
    def family(self) -> str:
        """Name the family of what is restored, where production's parameter and option groups do not fit it."""
        then = family(self.source.engine, self.version or self.source.version)
        return "" if then == family(self.source.engine, self.source.version) else then

    @property
    def origin(self) -> str:
        """Name whose backups these are."""
        return str(self.backups) if self.backups else self.source.id


@written("Leftover")
@dataclass(frozen=True)
class Leftover:
    """Something in the account that carries our tags: kind is `instance`, `group` or `rule`."""

    kind: str
    id: str
    run: str
    status: str
    expires: datetime | None = None

    @property
    def holds(self) -> bool:
        """Whether it is an instance that nobody deletes: its security group can't go before it does."""
        return self.kind == "instance" and self.status != "deleting"


@written("ApiCall")
@dataclass(frozen=True)
class ApiCall:
    """One answered request to the cloud, for joining the journal with the cloud's own trail."""

    service: str
    operation: str
    request_id: str
    status: int
