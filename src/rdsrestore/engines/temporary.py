"""The temporary instance.

Made with every attribute given, waited for without a ceiling of half an hour, and surely deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from rdsrestore.aws.faults import code_of, translate, translated, unanswered
from rdsrestore.aws.marks import as_mapping, is_ours, marks
from rdsrestore.aws.session import Clients
from rdsrestore.aws.waiting import persistently, until
from rdsrestore.core.cloud import RestoreSpec
from rdsrestore.core.errors import CloudError
from rdsrestore.core.model import Endpoint, Secret
from rdsrestore.core.ports import Progress

if TYPE_CHECKING:
    from mypy_boto3_rds.type_defs import DBInstanceTypeDef

ENDED_BADLY = frozenset(
    {"failed", "restore-error", "insufficient-capacity", "storage-full", "deleting", "stopped"}
    | {"inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable"}
)
INCOMPATIBLE = "incompatible-"
IN_A_ROW = 2
"""Looks in a row that have to find an instance ready: it may go back to modifying after it was available."""
PASSWORD_WITHIN = 900.0
GONE_WITHIN = 3600.0
LAST_EVENTS = 3


class Copies:
    """Temporary instances, known as ours by their marks."""

    def __init__(self, clients: Clients, poll: float) -> None:
        self._reads = clients.rds
        self._writes = clients.rds_writes
        self._poll = poll

    def find(self, name: str) -> DBInstanceTypeDef | None:
        """Describe an instance; None where there is none."""
        try:
            return self._reads.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        except ClientError as error:
            if code_of(error) == "DBInstanceNotFound":
                return None
            raise translate("instance", error) from error
        except BotoCoreError as error:
            raise translate("instance", error) from error

    def restore(self, spec: RestoreSpec, run: str) -> str:
        """Start the restore.

        Where the answer is lost or the name exists, adopt the instance if it carries this run's marks.
        """

        def make() -> str:
            try:
                shown = self._start(spec, run)
            except (ClientError, BotoCoreError) as error:
                if code_of(error) != "DBInstanceAlreadyExists" and not unanswered(error):
                    raise translate("restore-instance", error) from error
                found = self.find(spec.name)
                if found is None or not is_ours(spec.name, as_mapping(found.get("TagList", [])), run):
                    raise translate("restore-instance", error) from error
                shown = found
            return shown["DbiResourceId"]

        return persistently(make)

    def _start(self, spec: RestoreSpec, run: str) -> DBInstanceTypeDef:
        settings = given(spec, run)
        if spec.snapshot:
            return self._writes.restore_db_instance_from_db_snapshot(
                DBInstanceIdentifier=spec.name, DBSnapshotIdentifier=spec.snapshot, **settings
            )["DBInstance"]
        return self._writes.restore_db_instance_to_point_in_time(
            SourceDbiResourceId=spec.source.resource_id,
            TargetDBInstanceIdentifier=spec.name,
            RestoreTime=spec.moment.replace(microsecond=0) if spec.moment else "",
            **settings,
        )["DBInstance"]

    def await_available(self, name: str, timeout: float, progress: Progress) -> Endpoint:
        """Wait until an instance is settled.

        CloudError `aws.restore-failed` or `aws.restore-timeout` where it never is.
        """
        settled = 0

        def ready() -> Endpoint | None:
            nonlocal settled
            shown = self.find(name)
            status = shown["DBInstanceStatus"] if shown else "gone"
            if shown is None or status in ENDED_BADLY or status.startswith(INCOMPATIBLE):
                raise self._failed(name, status)
            loaded = shown.get("StorageOperationPercentProgress")
            progress(status, loaded / 100 if isinstance(loaded, int) else None)
            settled = settled + 1 if is_settled(shown) else 0
            return endpoint(shown) if settled >= IN_A_ROW else None

        late = CloudError(
            "restore-instance",
            f"{name} was not available after {timeout:,.0f} seconds",
            "give it longer with --wait SECONDS",
            code="aws.restore-timeout",
        )
        return until(lambda: persistently(ready), self._poll, timeout, lambda: late)

    def _failed(self, name: str, status: str) -> CloudError:
        with translated("restore-instance"):
            events = self._reads.describe_events(SourceIdentifier=name, SourceType="db-instance", Duration=1440)[
                "Events"
            ]
        said = "; ".join(event["Message"] for event in events[-LAST_EVENTS:])
        return CloudError(
            "restore-instance",
            f"{name} ended as {status}" + (f" ({said})" if said else ""),
            "try another --class or an earlier --before; the message says what the cloud did not like",
            code="aws.restore-failed",
        )

    def reset_password(self, name: str, password: Secret, progress: Progress) -> None:
        """Set the master password and wait until it is taken up.

        The status stays `available` for a moment before it changes.
        """

        def change() -> bool:
            with translated("own-password"):
                self._writes.modify_db_instance(
                    DBInstanceIdentifier=name, MasterUserPassword=password.reveal(), ApplyImmediately=True
                )
            return True

        def taken() -> bool | None:
            shown = self.find(name)
            progress(shown["DBInstanceStatus"] if shown else "gone", None)
            return True if shown and is_settled(shown) else None

        late = CloudError("own-password", f"{name} did not take the password", "run again", code="aws.password")
        persistently(change)
        until(lambda: persistently(taken), self._poll, PASSWORD_WITHIN, lambda: late)

    def delete(self, name: str, progress: Progress) -> None:
        """Delete an instance of ours and wait until it is gone; CloudError `aws.name-taken` where it is not ours."""

        def gone() -> bool | None:
            shown = self.find(name)
            if shown is None:
                return True
            if not is_ours(name, as_mapping(shown.get("TagList", []))):
                raise CloudError("delete", f"{name} is not ours", "look at its tags", code="aws.name-taken")
            progress(shown["DBInstanceStatus"], None)
            if shown["DBInstanceStatus"] != "deleting":
                self._ask_to_delete(name, protected=bool(shown.get("DeletionProtection")))
            return None

        late = CloudError(
            "delete", f"{name} is still there", "wait, then rdsrestore cleanup", code="aws.delete-timeout"
        )
        until(lambda: persistently(gone), self._poll, GONE_WITHIN, lambda: late)

    def _ask_to_delete(self, name: str, *, protected: bool) -> None:
        try:
            if protected:
                self._writes.modify_db_instance(
                    DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True
                )
            self._writes.delete_db_instance(
                DBInstanceIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
            )
        except ClientError as error:
            if code_of(error) not in {"DBInstanceNotFound", "InvalidDBInstanceState", "InvalidParameterCombination"}:
                raise translate("delete", error) from error
        except BotoCoreError as error:
            raise translate("delete", error) from error


def given(spec: RestoreSpec, run: str) -> dict[str, Any]:
    """Write out every attribute of the copy: what is left out would be the service's choice, or production's."""
    source = spec.source
    optional = {
        "OptionGroupName": source.option_group,
        "CACertificateIdentifier": source.ca_certificate,
        "EngineLifecycleSupport": source.lifecycle_support,
        "NetworkType": source.network_type,
    }
    return {
        "DBInstanceClass": spec.instance_class,
        "DBSubnetGroupName": source.subnet_group,
        "DBParameterGroupName": source.parameter_group,
        "VpcSecurityGroupIds": [spec.group],
        "StorageType": source.storage_type,
        "MultiAZ": False,
        "PubliclyAccessible": source.publicly_accessible,
        "AutoMinorVersionUpgrade": False,
        "CopyTagsToSnapshot": False,
        "DeletionProtection": False,
        "BackupRetentionPeriod": 0,
        "EnableIAMDatabaseAuthentication": False,
        "Tags": [{"Key": key, "Value": value} for key, value in marks(spec.name, run, spec.expires).items()],
        **{key: value for key, value in optional.items() if value},
    }


def is_settled(shown: DBInstanceTypeDef) -> bool:
    """Whether an instance is available, reachable by name, and has nothing pending."""
    groups = [group.get("Status") for group in shown.get("VpcSecurityGroups", [])]
    return (
        shown["DBInstanceStatus"] == "available"
        and bool(shown.get("Endpoint"))
        and not shown.get("PendingModifiedValues")
        and all(status == "active" for status in groups)
    )


def endpoint(shown: DBInstanceTypeDef) -> Endpoint:
    """Where an instance answers."""
    return Endpoint(shown["Endpoint"]["Address"], shown["Endpoint"]["Port"])
