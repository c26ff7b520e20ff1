"""What each role of production's port promises, held against the fake and against real servers alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from fakes import FakeServer
from mysql.site import PASSWORD, RUN, SCHEMA, USER, Site
from rdsrestore.domain.ids import Endpoint, TableRef
from rdsrestore.domain.request.merge_policy import Policy
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.key_range import EVERYTHING
from rdsrestore.ports.databases import Databases
from rdsrestore.ports.production import Production
from rdsrestore.ports.restored_database import RestoredDatabase

NOWHERE = Endpoint("nowhere.example", 3306)


@dataclass(frozen=True)
class Subject:
    """Two servers with a table `billing` of three rows on the copy and one on production."""

    databases: Databases
    database: str
    ends: tuple[Endpoint, Endpoint] = field(default=(NOWHERE, NOWHERE))

    @property
    def billing(self) -> TableRef:
        return self.ref("billing")

    def ref(self, table: str) -> TableRef:
        return TableRef(self.database, table)

    @contextmanager
    def production(self) -> Iterator[Production]:
        with self.databases.production(self.ends[0], USER) as server:
            yield server

    @contextmanager
    def copy(self) -> Iterator[RestoredDatabase]:
        with self.databases.copy(self.ends[1], USER, Secret(PASSWORD)) as server:
            yield server


@pytest.fixture(params=["fake", "site", "mysql_site"])
def subject(request: pytest.FixtureRequest) -> Subject:
    """The fake, then the adapter on each family's servers."""
    if request.param == "fake":
        fake = FakeServer()
        fake.live[TableRef("shop", "billing")] = {1: "a"}
        return Subject(fake, "shop")
    site: Site = request.getfixturevalue(request.param)
    site.both("CREATE TABLE billing (id BIGINT PRIMARY KEY, amount DECIMAL(12,2))")
    site.now("INSERT INTO billing VALUES (1, 1)")
    site.copy.sql("INSERT INTO billing VALUES (1, 1), (2, 2), (3, 3)", site.database)
    return Subject(site.databases, site.database, (site.production.endpoint, site.copy.endpoint))


def test_the_catalog_names_what_is_there_and_nothing_else(subject: Subject) -> None:
    with subject.production() as server:
        assert subject.database in server.databases()
        assert list(server.tables(subject.database)) == ["billing"]
        found = server.definition(subject.billing)
        assert found
        assert (found.ref, tuple(found.key), found.kind) == (subject.billing, ("id",), "BASE TABLE")
        assert server.definition(subject.ref("nothing")) is None
        assert list(server.similar(subject.ref("biling"))) == ["billing"]
        assert server.count(subject.billing) == 1


def test_a_filter_of_two_statements_is_none(subject: Subject) -> None:
    with subject.production() as server:
        assert server.check_where(subject.billing, "id > 1") == ""
        assert server.check_where(subject.billing, "id > 1; DROP TABLE billing")


def test_a_scratch_schema_is_made_listed_and_dropped_and_each_again_is_fine(subject: Subject) -> None:
    with subject.production() as server:
        assert not server.scratch_exists(SCHEMA)
        for _time in range(2):
            server.create_scratch(SCHEMA, RUN)
            assert server.scratch_exists(SCHEMA)
        assert list(server.scratches()) == [RUN]
        for _time in range(2):
            server.drop_scratch(SCHEMA)
            assert not server.scratch_exists(SCHEMA)
        assert list(server.scratches()) == []


def test_nobody_is_at_work_on_a_run_that_nobody_holds(subject: Subject) -> None:
    with subject.production() as server:
        assert server.at_work(RUN) == ""


def test_somebody_is_at_work_on_a_run_while_its_locks_are_held(subject: Subject) -> None:
    with subject.databases.alone(subject.ends[0], USER, RUN, [subject.billing]), subject.production() as server:
        assert server.at_work(RUN)


def test_each_side_has_its_own_rows(subject: Subject) -> None:
    with subject.production() as live, subject.copy() as copy:
        here, there = live.definition(subject.billing), copy.definition(subject.billing)
        assert here
        assert there
        now, then = live.rows(here, there, Policy()), copy.rows(there, here, Policy())
        assert (now.numbered, then.numbered) == (True, True)
        assert (now.count(EVERYTHING), then.count(EVERYTHING)) == (1, 3)
        assert (dict(now.present(EVERYTHING)), dict(then.present(EVERYTHING))) == ({0: 0b10}, {0: 0b1110})
        assert [key for key, _digest in then.digests(EVERYTHING)] == [("1",), ("2",), ("3",)]
        assert now.fingerprint(EVERYTHING).rows == 1
        assert now.fingerprint(EVERYTHING) != then.fingerprint(EVERYTHING)
