"""The lab refuses to delete an instance that is still being made, as the service does; ages are given, not waited for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rdsrestore.lab.clients import Cloud
from rdsrestore.lab.cloud.defaults import Network, seeded
from rdsrestore.lab.cloud.handlers import Handlers
from rdsrestore.lab.cloud.instance import Instance
from rdsrestore.lab.cloud.query_protocol import Fault
from rdsrestore.lab.cloud.rds import Pace, Rds
from rdsrestore.lab.servers.local import LocalServers
from rdsrestore.lab.servers.servers import Tls

HOUR = timedelta(hours=1)
WORDS = {"DBInstanceIdentifier": "copy", "SkipFinalSnapshot": True}
NOWHERE = Cloud("http://127.0.0.1:9", "key", "secret")


def account(folder: Path, status: str, age: timedelta) -> tuple[Handlers, Instance]:
    """Make an account in which a restore takes an hour, with an instance of that status and age."""
    servers = LocalServers(folder, Tls(folder, folder, folder))
    rds = Rds(servers, Pace(HOUR.total_seconds()), lambda *_: True, drop=False, earliest=datetime.now(UTC))
    made = datetime.now(UTC) - age
    own = {"DBInstanceIdentifier": "copy", "DBInstanceStatus": status, "InstanceCreateTime": made}
    copy = Instance(
        {**seeded("mariadb", "10.11", {}, []), "DeletionProtection": False, "BackupRetentionPeriod": 0, **own}
    )
    rds.instances["copy"] = copy
    return Handlers(rds, Network(NOWHERE)), copy


def test_an_instance_that_is_being_made_is_not_deleted(tmp_path: Path) -> None:
    handlers, copy = account(tmp_path, "creating", HOUR / 2)
    with pytest.raises(Fault) as refused:
        handlers.delete(WORDS)
    assert refused.value.code == "InvalidDBInstanceState"
    assert copy.status == "creating"


@pytest.mark.parametrize(("status", "age"), [("available", HOUR / 2), ("creating", HOUR * 2)])
def test_one_that_is_made_or_never_will_be_is(tmp_path: Path, status: str, age: timedelta) -> None:
    handlers, copy = account(tmp_path, status, age)
    assert handlers.delete(WORDS)["DBInstance"]["DBInstanceStatus"] == "deleting"
    assert copy.gone.is_set()
