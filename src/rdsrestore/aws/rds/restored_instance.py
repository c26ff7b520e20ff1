"""The temporary instance.

Made with every attribute given, waited for without a ceiling of half an hour, and surely deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, TypedDict

from rdsrestore.aws.errors import FAILURES, code_of, translate, translated, unanswered
from rdsrestore.aws.rds.cluster.parameters import member
from rdsrestore.aws.rds.restore_parameters import given, named, named_snapshot
from rdsrestore.aws.retrying import persistently, twice, until
from rdsrestore.aws.session import Clients
from rdsrestore.aws.tags import as_mapping, expiry, is_owned
from rdsrestore.domain.cloud.instance import Leftover, RestoreSpec
from rdsrestore.domain.deadlines import USUAL
from rdsrestore.domain.errors import CloudError
from rdsrestore.domain.ids import PREFIX, Endpoint
from rdsrestore.domain.secret import Secret
from rdsrestore.ports.progress import Progress

if TYPE_CHECKING:
    from mypy_boto3_rds.type_defs import DBInstanceTypeDef

USABLE = frozenset(
    {"available", "backing-up", "storage-initialization", "storage-optimization", "storage-config-upgrade"}
    | {"configuring-enhanced-monitoring", "configuring-iam-database-auth", "configuring-log-exports"}
)
"""In which an instance answers (RDS user guide, "Viewing Amazon RDS DB instance status").

A restored one may load its blocks for hours as `storage-initialization`.
"""
ENDED_BADLY = frozenset(
    {"failed", "restore-error", "upgrade-failed", "insufficient-capacity", "storage-full", "gone"}
    | {"delete-precheck", "deleting", "stopping", "stopped"}
    | {"inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable"}
)
INCOMPATIBLE = "incompatible-"
LAST_EVENTS = 3
A_DAY = 1440


class Backups(TypedDict, total=False):
    """What a deletion says of backups."""

    DeleteAutomatedBackups: bool


class Copies:
    """Temporary instances, known as ours by their tags; `poll` is the pause between looks, in seconds."""

    def __init__(self, clients: Clients, poll: float) -> None:
        self._clients = clients
        self._poll = poll

    def find(self, name: str) -> DBInstanceTypeDef | None:
        """Describe an instance; None where there is none."""
        try:
            with translated("instance"):
                shown = self._clients.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        except CloudError as error:
            if error.code == "aws.no-instance":
                return None
            raise
        return self.with_tags(shown)

    def all(self) -> Sequence[DBInstanceTypeDef]:
        """Describe every instance of the account and region."""
        with translated("instances"):
            pages = self._clients.rds.get_paginator("describe_db_instances").paginate()
            return [each for page in pages for each in page["DBInstances"]]

    def leftovers(self, run: str | None) -> Sequence[Leftover]:
        """Find instances of ours."""
        return [leftover(each) for each in map(self.with_tags, self.all()) if is_ours(each, run)]

    def with_tags(self, shown: DBInstanceTypeDef) -> DBInstanceTypeDef:
        """Ask for the tags of an instance of our name where its description has none, as in some partitions."""
        if shown.get("TagList") or not shown["DBInstanceIdentifier"].startswith(f"{PREFIX}-"):
            return shown
        try:
            tags = self._clients.rds.list_tags_for_resource(ResourceName=shown["DBInstanceArn"])["TagList"]
        except FAILURES:
            return shown
        return {**shown, "TagList": tags}

    def restore(self, spec: RestoreSpec, run: str) -> str:
        """Start the restore, or adopt the instance; returns its resource id once the cloud shows it."""
        return self._made("restore-instance", spec.name, run, lambda: self._start(spec, run))

    def create(self, spec: RestoreSpec, run: str) -> str:
        """Make the instance of a restored cluster of Aurora, or adopt it; returns its resource id."""

        def start() -> DBInstanceTypeDef:
            return self._clients.rds_writes.create_db_instance(**member(spec, run))["DBInstance"]

        return self._made("make-instance", spec.name, run, start)

    def _made(self, where: str, name: str, run: str, start: Callable[[], DBInstanceTypeDef]) -> str:
        """Make an instance; where the answer is lost or the name exists, adopt the instance if it is this run's."""

        def make() -> str:
            try:
                return start()["DbiResourceId"]
            except FAILURES as error:
                if code_of(error) == "DBInstanceAlreadyExists" or unanswered(error):
                    found = self.find(name)
                    if found:
                        return require_ours(found, run)["DbiResourceId"]
                raise translate(where, error) from error

        made = persistently(make)
        late = CloudError(where, f"{name} does not appear", "rdsrestore cleanup", code="aws.timeout")
        until(lambda: self.find(name), min(self._poll, 1.0), USUAL.cloud_settles, late)
        return made

    def _start(self, spec: RestoreSpec, run: str) -> DBInstanceTypeDef:
        settings = given(spec, run)
        if spec.moment:
            return self._clients.rds_writes.restore_db_instance_to_point_in_time(
                **named(spec),
                TargetDBInstanceIdentifier=spec.name,
                RestoreTime=spec.moment.astimezone(UTC).replace(microsecond=0),
                **settings,
            )["DBInstance"]
        return self._clients.rds_writes.restore_db_instance_from_db_snapshot(
            DBInstanceIdentifier=spec.name, **named_snapshot(spec), **settings
        )["DBInstance"]

    def await_available(self, name: str, timeout: float, progress: Progress) -> Endpoint:
        """Wait until an instance is settled.

        CloudError `aws.restore-failed` or `aws.restore-timeout` where it never is.
        """

        def ready() -> Endpoint | None:
            shown = self.find(name)
            status = shown["DBInstanceStatus"] if shown else "gone"
            if shown is None or status in ENDED_BADLY or status.startswith(INCOMPATIBLE):
                raise self._failed(name, status)
            loaded = shown.get("StorageOperationPercentProgress")
            progress(status, loaded / 100 if isinstance(loaded, int) else None)
            return endpoint(shown) if is_settled(shown) else None

        late = CloudError(
            "restore-instance",
            f"{name} was not available after {timeout:,.0f} seconds",
            "give it longer with --wait SECONDS",
            code="aws.restore-timeout",
        )
        return until(twice(ready), self._poll, timeout, late)

    def _failed(self, name: str, status: str) -> CloudError:
        said = self._last_words(name)
        return CloudError(
            "restore-instance",
            f"{name} ended as {status}" + (f" ({said})" if said else ""),
            "try another --class or an earlier --before; the message says what the cloud did not like",
            code="aws.restore-failed",
        )

    def _last_words(self, name: str) -> str:
        try:
            events = self._clients.rds.describe_events(SourceIdentifier=name, SourceType="db-instance", Duration=A_DAY)
        except FAILURES:
            return ""  # the failure itself is what has to be told
        return "; ".join(event["Message"] for event in events["Events"][-LAST_EVENTS:])

    def reset_password(self, name: str, password: Secret, progress: Progress) -> None:
        """Set the master password of an instance of ours and wait until it is taken up.

        The status stays `available` for a moment before it changes.
        """

        def change() -> None:
            require_found(self.find(name), name)
            with translated("own-password"):
                self._clients.rds_writes.modify_db_instance(
                    DBInstanceIdentifier=name, MasterUserPassword=password.reveal(), ApplyImmediately=True
                )

        persistently(change, USUAL.password_taken)
        self.await_password(name, progress)

    def await_password(self, name: str, progress: Progress) -> None:
        """Wait until an instance of ours has taken up the password that it, or its cluster, was given."""

        def taken() -> bool | None:
            shown = require_found(self.find(name), name)
            progress(shown["DBInstanceStatus"], None)
            return True if is_settled(shown) else None

        late = CloudError("own-password", f"{name} did not take the password", "run again", code="aws.password")
        until(twice(taken), self._poll, USUAL.password_taken, late)

    def delete(self, name: str, progress: Progress) -> None:
        """Delete an instance of ours and wait until it is gone; CloudError `aws.name-taken` where it is not ours.

        It is gone when two looks in a row say so: a restore that was cut short may still be on its way.
        """

        def gone() -> bool | None:
            shown = self.find(name)
            if shown is None:
                return True
            require_ours(shown)
            status = shown["DBInstanceStatus"]
            progress(status if status == "deleting" else f"waiting until it can be deleted: it is {status}", None)
            if status != "deleting":
                self._ask_to_delete(shown)
            return None

        late = CloudError(
            "delete", f"{name} is still there", "wait, then rdsrestore cleanup", code="aws.delete-timeout"
        )
        until(twice(gone), self._poll, USUAL.instance_gone, late)

    def _ask_to_delete(self, shown: DBInstanceTypeDef) -> None:
        """Ask once; a refusal that may pass, as while the instance is being made, is left to the next look.

        The backups of a cluster's member are the cluster's.
        """
        name = shown["DBInstanceIdentifier"]
        backups: Backups = {} if shown.get("DBClusterIdentifier") else {"DeleteAutomatedBackups": True}
        try:
            if shown.get("DeletionProtection"):
                self._clients.rds_writes.modify_db_instance(
                    DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True
                )
            self._clients.rds_writes.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True, **backups)
        except FAILURES as error:
            trouble = translate("delete", error)
            # protection may come back, by a rule of the account, between our look and our call
            if isinstance(trouble, CloudError) and code_of(error) == "InvalidParameterCombination":
                trouble.retryable = True
            if code_of(error) != "DBInstanceNotFound":
                raise trouble from error


def is_ours(shown: DBInstanceTypeDef, run: str | None = None) -> bool:
    """Whether an instance carries our tags, of that run where one is given."""
    return is_owned(shown["DBInstanceIdentifier"], as_mapping(shown.get("TagList", [])), run)


def leftover(shown: DBInstanceTypeDef) -> Leftover:
    """Describe an instance of ours."""
    tags = as_mapping(shown.get("TagList", []))
    run = tags.get(f"{PREFIX}:run", "")
    return Leftover("instance", shown["DBInstanceIdentifier"], run, shown["DBInstanceStatus"], expiry(tags))


def require_ours(shown: DBInstanceTypeDef, run: str | None = None) -> DBInstanceTypeDef:
    """Return an instance that carries our tags, of that run where one is given; else CloudError `aws.name-taken`."""
    name = shown["DBInstanceIdentifier"]
    if not is_ours(shown, run):
        raise CloudError(
            "instance",
            f"{name} does not carry our tags, so it is left alone",
            f"if nobody needs it: aws rds delete-db-instance --db-instance-identifier {name} --skip-final-snapshot",
            code="aws.name-taken",
        )
    return shown


def require_found(shown: DBInstanceTypeDef | None, name: str) -> DBInstanceTypeDef:
    """Return an instance of ours that has to be there; CloudError `aws.no-instance` where it is not."""
    if shown is None:
        raise CloudError("instance", f"{name} is gone", "somebody deleted it; run again", code="aws.no-instance")
    return require_ours(shown)


def is_settled(shown: DBInstanceTypeDef) -> bool:
    """Whether an instance is available, reachable by name, and has nothing pending."""
    groups = [group.get("Status") for group in shown.get("VpcSecurityGroups", [])]
    return (
        shown["DBInstanceStatus"] in USABLE
        and bool(shown.get("Endpoint"))
        and not shown.get("PendingModifiedValues")
        and all(status == "active" for status in groups)
    )


def endpoint(shown: DBInstanceTypeDef) -> Endpoint:
    """Where an instance answers."""
    return Endpoint(shown["Endpoint"]["Address"], shown["Endpoint"]["Port"])
