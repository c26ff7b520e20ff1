"""Put a new instance in production's place, as people do: restored after a deletion, or switched to."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rdsrestore.domain.errors import ToolError
from rdsrestore.lab.directory import State
from rdsrestore.lab.status import asked, client

NAME = "production"
OLD = f"{NAME}-old1"
"""As a blue/green deployment renames what it switches away from (RDS user guide, "Blue/green deployments")."""
WITHIN = 120.0


def replace(state: State, *, renamed: bool) -> str:
    """Delete production with its backups retained, or rename it, and restore it under its name.

    Returns the resource id of what was there before. UsageError with the cloud's words where it refuses.
    """
    rds = client(state, "rds")
    with asked():
        before = rds.describe_db_instances(DBInstanceIdentifier=NAME)["DBInstances"][0]
        old = str(before["DbiResourceId"])
        if renamed:
            rds.modify_db_instance(DBInstanceIdentifier=NAME, NewDBInstanceIdentifier=OLD, ApplyImmediately=True)
        else:
            delete(rds)
        await_true(lambda: NAME not in status_of(rds), "go")
        rds.restore_db_instance_to_point_in_time(
            SourceDbiResourceId=old,
            TargetDBInstanceIdentifier=NAME,
            UseLatestRestorableTime=True,
            DBSubnetGroupName=before["DBSubnetGroup"]["DBSubnetGroupName"],
            DBParameterGroupName=before["DBParameterGroups"][0]["DBParameterGroupName"],
            VpcSecurityGroupIds=[each["VpcSecurityGroupId"] for each in before["VpcSecurityGroups"]],
            BackupRetentionPeriod=7,
            DeletionProtection=True,
        )
        await_true(lambda: status_of(rds).get(NAME) == "available", "come back")
    return old


def delete(rds: Any) -> None:  # noqa: ANN401 - boto3 makes its clients at run time
    """Delete production and keep its backups."""
    rds.modify_db_instance(DBInstanceIdentifier=NAME, DeletionProtection=False)
    rds.delete_db_instance(DBInstanceIdentifier=NAME, SkipFinalSnapshot=True, DeleteAutomatedBackups=False)


def status_of(rds: Any) -> dict[str, str]:  # noqa: ANN401 - boto3 makes its clients at run time
    """Give each instance's status."""
    shown = rds.describe_db_instances()["DBInstances"]
    return {each["DBInstanceIdentifier"]: each["DBInstanceStatus"] for each in shown}


def await_true(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds; ToolError where it does not."""
    deadline = time.monotonic() + WITHIN
    while not holds():
        if time.monotonic() > deadline:
            raise ToolError("lab", f"{NAME} did not {what} within {WITHIN:.0f} s", "rdsrestore lab status")
        time.sleep(0.1)
