"""The cloud's adapter on an account that a test can look into, and that is swept when the test is over."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from proxy import Proxy
from rdsrestore.aws.rds.instances import RdsInstances
from rdsrestore.aws.session import CallLog, Clients
from rdsrestore.domain.cloud.audit_log import AuditEntry
from rdsrestore.domain.cloud.instance import GroupSpec, RestoreSpec, SourceInstance
from rdsrestore.domain.ids import PREFIX, RunId
from rdsrestore.lab.directory import State
from rdsrestore.lab.launch import control
from rdsrestore.lab.status import client

EXPIRES = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
POLL = 0.1
GONE_WITHIN = 60.0
Tags = Sequence[Mapping[str, object]]
STRANGE: Tags = ({"Key": "team", "Value": "payments"},)


@dataclass
class Account:
    """The adapter, the wire it uses, and clients of the test's own that go straight to the cloud."""

    state: State
    ca: Path
    proxy: Proxy
    clients: Clients
    log: CallLog
    run: str = field(default_factory=lambda: RunId.new(datetime.now(UTC), secrets.token_hex(2)).value)
    said: list[tuple[str, float | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cloud = RdsInstances(self.clients, self.log, POLL, f"{self.proxy.url}/_lab/checkip")
        self.rds: Any = client(self.state, "rds")
        self.ec2: Any = client(self.state, "ec2")

    @property
    def name(self) -> str:
        """The name of what the run makes."""
        return RunId(self.run).resource

    def progress(self, text: str, share: float | None) -> None:
        self.said.append((text, share))

    def source(self) -> SourceInstance:
        return self.cloud.source("production")

    def group(self) -> str:
        """Make the run's group."""
        return self.cloud.create_group(GroupSpec(self.name, self.source().vpc, EXPIRES), self.run)

    def spec(self, group: str, **changes: object) -> RestoreSpec:
        moment = datetime.now(UTC) - timedelta(seconds=2)
        base = RestoreSpec(self.name, self.source(), group, EXPIRES, "db.t3.micro", moment)
        return replace(base, **changes)  # type: ignore[arg-type]  # a test names the fields it changes

    def restore(self, ending: str = "stuck") -> str:
        """Start a restore that ends in that status; without a server behind it unless that is `available`."""
        if ending != "available":
            control(self.state, "ending", {"status": ending})
        return self.cloud.restore(self.spec(self.group()), self.run)

    def stranger(self, name: str, tags: Tags = STRANGE) -> None:
        """Somebody else restores production under that name."""
        control(self.state, "ending", {"status": "stuck"})
        self.rds.restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier="production",
            TargetDBInstanceIdentifier=name,
            UseLatestRestorableTime=True,
            DBSubnetGroupName="production-subnets",
            Tags=list(tags),
        )

    def instances(self) -> dict[str, dict[str, Any]]:
        """Describe everything that is in the account."""
        return {each["DBInstanceIdentifier"]: each for each in self.rds.describe_db_instances()["DBInstances"]}

    def groups(self) -> dict[str, dict[str, Any]]:
        found = self.ec2.describe_security_groups()["SecurityGroups"]
        return {each["GroupName"]: each for each in found if each["GroupName"] != "default"}

    def export(self, log: str, entries: Sequence[AuditEntry]) -> None:
        """Have RDS write what an instance did to its audit log, as Aurora does; each statement names every thread."""
        logs: Any = client(self.state, "logs")
        logs.create_log_group(logGroupName=log)
        logs.create_log_stream(logGroupName=log, logStreamName="audit")
        texts = ",".join(str(each.thread) for each in entries)
        events: list[dict[str, Any]] = []
        for each in sorted(entries, key=lambda each: each.at):
            fields = f"{each.server},{each.user},{each.host},{each.thread},9,{each.operation},shop"
            line = f"{each.at.timestamp() * 1e6:.0f},{fields},'DELETE FROM t WHERE id IN (0,{texts},0)',0"
            events.append({"timestamp": int(each.at.timestamp() * 1000), "message": line})
        logs.put_log_events(logGroupName=log, logStreamName="audit", logEvents=events)

    def report(self, metric: str, instance: str, value: float, at: datetime) -> None:
        """Have RDS report a figure of an instance."""
        metrics: Any = client(self.state, "cloudwatch")
        named = [{"Name": "DBInstanceIdentifier", "Value": instance}]
        data = [{"MetricName": metric, "Dimensions": named, "Timestamp": at, "Value": value}]
        metrics.put_metric_data(Namespace="AWS/RDS", MetricData=data)

    def sweep(self) -> None:
        """Remove what the test has left, whoever made it."""
        strange = [name for name in self.instances() if name != "production"]
        deadline = time.monotonic() + GONE_WITHIN
        while strange:
            assert time.monotonic() < deadline, strange
            for name in strange:
                remove(self.rds, name)
            time.sleep(0.05)
            strange = [name for name in self.instances() if name != "production"]
        for name, group in self.groups().items():
            if name.startswith(PREFIX):
                self.ec2.delete_security_group(GroupId=group["GroupId"])


def remove(rds: Any, name: str) -> None:  # noqa: ANN401 - boto3 makes its clients at run time
    """Ask for an instance's deletion; being asked too early, or twice, is answered by the next time."""
    with suppress(rds.exceptions.ClientError):
        if rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["DeletionProtection"]:
            rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False)
        rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
