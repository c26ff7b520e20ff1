"""What is needed of the account that holds the instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from rdsrestore.domain.cloud.admission import Reference
from rdsrestore.domain.cloud.audit_log import AuditEntry
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
from rdsrestore.domain.ids import Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.ports.progress import Progress


class Account(Protocol):
    """Who we are, what we may do, and what was asked. Every method may raise CloudError."""

    def identity(self) -> Identity:
        """Say who we are to the cloud."""
        ...

    def caller(self) -> str:
        """Find this machine's address as the cloud sees it, as a /32 or /128."""
        ...

    def denied(self, vpc: str) -> Sequence[str]:
        """Name the actions the job needs that a trial without effect shows to be forbidden."""
        ...

    def doubted(self, *, switch: bool, clustered: bool = False) -> Sequence[str]:
        """Name the actions the job needs that a simulation does not think allowed; those of clusters too if asked."""
        ...

    def switch_doubts(self, role: str) -> Sequence[str]:
        """Say what seems to stop the switch's role from deleting a copy; CloudError where it may not be looked at."""
        ...

    def deposit(self, bucket: str, key: str, content: bytes) -> None:
        """Put a copy of a file into a bucket, whole or not at all."""
        ...

    def take_calls(self) -> Sequence[ApiCall]:
        """Return the requests answered since the last time, oldest first."""
        ...

    def calls_of(self, step: str, *, clustered: bool = False) -> Sequence[str]:
        """Name what a step asks of the cloud, for the plan; another thing where the copy is a cluster."""
        ...


class Sources(Protocol):
    """The instances that can be restored, and their backups. Every method may raise CloudError."""

    def instances(self) -> Sequence[str]:
        """Name the instances that could be a source, without our own temporary ones."""
        ...

    def source(self, instance: str) -> SourceInstance:
        """Read an instance or a cluster's writer; code `aws.no-instance` where there is none, near ones in the hint."""
        ...

    def backups(self, of: str) -> Sequence[Backups]:
        """Read automated backups by an instance's name, a resource id or their ARN, also of what was deleted.

        An instance that was recreated has several under its name. Code `aws.no-backups` where there are none.
        """
        ...

    def earlier_backups(self, instance: str) -> Sequence[Backups]:
        """List all automated backups of an instance's name and of what it was renamed to by a blue/green switch."""
        ...

    def snapshots(self, instance: str) -> Sequence[SnapshotInfo]:
        """List an instance's snapshots, newest first."""
        ...

    def snapshot(self, snapshot: str) -> SnapshotInfo:
        """Read one snapshot; code `aws.no-snapshot` where there is none."""
        ...

    def replicas(self, instance: str) -> Mapping[str, Endpoint | None]:
        """Say where an instance's read replicas answer; None for one that can't be read from here."""
        ...

    def subnets(self, source: SourceInstance) -> Subnets:
        """Look at the subnets that a copy of the source will lie in."""
        ...

    def hourly_cost(self, source: SourceInstance, instance_class: str) -> Decimal | None:
        """Look up what the temporary instance costs an hour, in USD; None where unknown."""
        ...

    def await_restorable(self, instance: str, moment: datetime, progress: Progress) -> datetime:
        """Wait until a restore window reaches `moment`; returns its end.

        The window is an instance's own by its name, or that of other backups by their resource id or ARN.
        """
        ...


class Firewall(Protocol):
    """The run's own security group and its rules. Every method may raise CloudError."""

    def create_group(self, spec: GroupSpec, run: str) -> str:
        """Make the run's security group, or adopt it where the answer to an earlier call was lost; returns its id."""
        ...

    def delete_group(self, name: str, progress: Progress) -> None:
        """Delete the group of that name if it is ours, waiting while something still uses it; gone already is fine."""
        ...

    def references(self, names: Sequence[str], vpc: str) -> Sequence[Reference]:
        """Look up security groups and prefix lists that a rule is to name, for a group in that network."""
        ...

    def open_rule(self, group: str, cidr: str, port: int, run: str) -> str:
        """Let `cidr`, a network, a group or a prefix list, reach `port` through the group; returns the rule's id."""
        ...

    def close_rules(self, group: str) -> None:
        """Revoke all ingress rules of a group of ours and read back that they are gone; no group, no rule."""
        ...

    def find_group(self, name: str) -> str | None:
        """Return the id of the run's own group, None where there is none."""
        ...


class Restores(Protocol):
    """The temporary instances, and whatever carries our tags. Every method may raise CloudError."""

    def restore(self, spec: RestoreSpec, run: str) -> str:
        """Start the restore, or adopt the copy where the answer was lost; returns its resource id."""
        ...

    def create_instance(self, spec: RestoreSpec, run: str) -> str:
        """Make the instance of a restored cluster that has none, or adopt it; returns its resource id."""
        ...

    def await_available(self, name: str, timeout: float, progress: Progress) -> Endpoint:
        """Wait until the copy can be logged in to: the instance, or the cluster where there is no instance of its name.

        Code `aws.restore-failed` or `aws.restore-timeout` where it never will.
        """
        ...

    def reset_password(self, name: str, password: Secret, progress: Progress) -> None:
        """Give the temporary instance's master user a password of our own and wait until it holds."""
        ...

    def delete_instance(self, name: str, progress: Progress) -> None:
        """Delete the instance of that name if it is ours, without snapshot or backups, and wait until it is gone."""
        ...

    def delete_cluster(self, name: str, progress: Progress) -> None:
        """Delete the cluster of that name if it is ours, with the members it came with, and wait until it is gone."""
        ...

    def leftovers(self, run: str | None = None) -> Sequence[Leftover]:
        """Find what carries our tags, of one run or of all."""
        ...


class ExpirySchedules(Protocol):
    """What deletes a copy when nobody puts it off any more. Every method may raise CloudError."""

    def arm(self, spec: ExpirySpec) -> None:
        """Let the cloud delete copies at a moment, or put that off; they need not exist yet."""
        ...

    def put_off(self, spec: ExpirySpec) -> None:
        """Put off what `arm` asked for; copies that nothing was asked for stay as they are."""
        ...

    def disarm(self, schedules: Sequence[str]) -> None:
        """Take back what `arm` asked for, by the names of its schedules; gone already is fine."""
        ...

    def armed(self, schedules: Sequence[str]) -> Sequence[str]:
        """Name those of the schedules that are still set."""
        ...

    def try_switch(self, role: str, progress: Progress) -> SwitchCall:
        """Have a schedule ask, as that role, for the deletion of what does not exist; say what came of it.

        Nothing is left of it. Code `aws.timeout` where nothing can be seen of the call for twenty minutes.
        """
        ...


class AuditLogs(Protocol):
    """What an instance's audit log says, where it is exported. Every method may raise CloudError."""

    def audited(self, log: str, thread: int, since: datetime, until: datetime) -> Sequence[AuditEntry]:
        """Read what a connection did in a short time, by the log that its source names; none where nothing is there."""
        ...


class Metrics(Protocol):
    """What an instance reports of itself; where that can't be read nothing is known, and no error is raised."""

    def free_storage(self, instance: str) -> int | None:
        """Read how many bytes of an instance's storage are free; None where that is not known, as on Aurora."""
        ...


class Cloud(Account, Sources, Firewall, Restores, ExpirySchedules, AuditLogs, Metrics, Protocol):
    """The account that holds the instance, in all its roles. Every method may raise CloudError."""
