"""A new master password is taken up one at a time, however fast the requests come."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from rdsrestore.lab.cloud.instance import Instance
from rdsrestore.lab.cloud.rds import Pace, Rds
from rdsrestore.lab.servers.local import LocalServers
from rdsrestore.lab.servers.servers import Tls


def test_a_request_that_is_sent_twice_ends_in_the_status_before_the_first(tmp_path: Path) -> None:
    rds = Rds(
        LocalServers(tmp_path, Tls(tmp_path, tmp_path, tmp_path)),
        Pace(reset=0.02),
        lambda *_: True,
        drop=False,
        earliest=datetime.now(UTC),
    )
    copy = Instance({"DBInstanceIdentifier": "copy", "DBInstanceStatus": "available"})
    for password in ("first", "second", "third"):
        rds.change_password(copy, password)
    rds.pool.shutdown(wait=True)
    assert copy.status == "available"
    assert copy.shown["PendingModifiedValues"] == {}
