"""Transactions that are still open are seen, with what they changed."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime

from mysql.site import PASSWORD, USER, Site
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.session.login.connection import Login, connect


def test_an_open_transaction_is_seen_with_its_changes_until_it_ends(family: Site) -> None:
    family.production.sql(f"GRANT PROCESS ON *.* TO {USER}@'%'")
    family.now("CREATE TABLE w (id INT PRIMARY KEY); INSERT INTO w VALUES (1), (2), (3)")
    login = Login(family.production.endpoint, USER, Secret(PASSWORD), family.ca)
    with closing(connect(login, "the accident")) as other, family.live() as server:
        (number,) = other.one("SELECT CONNECTION_ID()")
        begun = datetime.now(UTC)
        other.run("START TRANSACTION")
        other.run(f"DELETE FROM `{family.database}`.w WHERE id < 3")

        (found,) = [each for each in server.server().open if each.connection == number]

        assert found.changes == 2
        assert abs((found.began - begun).total_seconds()) < 60
        other.run("ROLLBACK")
        deadline = time.monotonic() + 60  # InnoDB lists them from a cache that it renews where nobody asks for 0.1 s
        while number in [each.connection for each in server.server().open]:
            assert time.monotonic() < deadline
            time.sleep(0.2)
