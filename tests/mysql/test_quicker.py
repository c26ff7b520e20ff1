"""What may be quicker than a restore: open transactions are seen with what they changed, histories can be asked."""

from __future__ import annotations

import re
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fakes import request
from mysql.site import PASSWORD, USER, Site
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.session.login.connection import Login, connect
from rdsrestore.workflow.preflight.tables import history
from tool import pause_until_next_second


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


@pytest.mark.only("mariadb", "it alone keeps a table's history")
def test_the_statement_that_is_named_shows_a_versioned_tables_rows_of_the_moment(site: Site) -> None:
    site.now("CREATE TABLE w (id INT PRIMARY KEY, t VARCHAR(9)) WITH SYSTEM VERSIONING; INSERT INTO w VALUES (1, 'x')")
    moment = pause_until_next_second()
    site.now("DELETE FROM w")

    told = history(replace(request(), point=Moment(moment, "then")), site.ref("w"))

    setting, sql, _more = told.hint.split("; ")
    with closing(connect(Login(site.production.endpoint, USER, Secret(PASSWORD), site.ca), "it")) as session:
        session.run(setting)
        assert session.rows(sql) == [(1, "x")]

        session.run(f"USE `{site.database}`")
        session.run("INSERT INTO w VALUES (2, 'since')")
        session.run(in_the_runbook(moment))
        session.run("COMMIT")
    assert site.production.sql("SELECT * FROM w ORDER BY id", site.database) == [(1, "x"), (2, "since")]


def in_the_runbook(moment: datetime) -> str:
    """The statement of the runbook that puts missing rows back, for a table `w`."""
    text = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text("utf-8")
    (sql,) = re.findall(r"`(INSERT INTO billing SELECT [^`]*);`", text)
    return str(sql).replace("billing", "w").replace("2017-06-01 10:14:00", f"{moment:%Y-%m-%d %H:%M:%S}")
