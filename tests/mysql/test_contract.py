"""What each role of production's port promises, held against the fake and against real servers alike."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fakes import BILLING, FakeServer
from mysql.site import FAMILIES, PASSWORD, RUN, SCHEMA, USER, Site, silent
from rdsrestore.domain.errors import DatabaseError
from rdsrestore.domain.ids import Endpoint, TableRef
from rdsrestore.domain.outcome.load_result import TableLoad, Traces
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.request.throttle_rules import ThrottleRules
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.dump_file import DumpFile
from rdsrestore.domain.tables.key_range import EVERYTHING, KeyRange
from rdsrestore.domain.tables.rows import Act, TableDifference
from rdsrestore.domain.tables.selection import Selection
from rdsrestore.domain.tables.target import Target
from rdsrestore.ports.databases import Databases
from rdsrestore.ports.production import Production
from rdsrestore.ports.restored_database import RestoredDatabase

values = itertools.count(100)
NOWHERE = Endpoint("nowhere.example", 3306)


@dataclass(frozen=True)
class Subject:
    """Two servers with a table `billing` of three rows on the copy and one on production."""

    databases: Databases
    database: str
    write: Callable[[int], object]
    """Gives a row of production another value, each time another one."""
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


@pytest.fixture(params=["fake", *FAMILIES])
def subject(request: pytest.FixtureRequest) -> Subject:
    """The fake, then the adapter on each family's servers."""
    if request.param == "fake":
        fake = FakeServer()
        fake.live[BILLING] = {1: "a"}
        return Subject(fake, "shop", lambda key: fake.live[BILLING].update({key: f"v{next(values)}"}))
    site: Site = request.getfixturevalue(request.param)
    site.both("CREATE TABLE billing (id BIGINT PRIMARY KEY, amount DECIMAL(12,2))")
    site.now("INSERT INTO billing VALUES (1, 1)")
    site.copy.sql("INSERT INTO billing VALUES (1, 1), (2, 2), (3, 3)", site.database)

    def write(key: int) -> None:
        site.now(f"REPLACE INTO billing VALUES ({key}, {next(values)})")

    return Subject(site.databases, site.database, write, (site.production.endpoint, site.copy.endpoint))


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
        found = server.definition(subject.billing)
        assert found
        assert server.where_here(found, "id > 1") == ("id > 1", "")


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


def test_a_range_holds_what_is_above_its_low_end_up_to_its_high_one(subject: Subject) -> None:
    with subject.production() as live, subject.copy() as copy:
        here, there = live.definition(subject.billing), copy.definition(subject.billing)
        assert here
        assert there
        then = copy.rows(there, here, Policy())
        for low, high, keys in ((None, ("2",), [1, 2]), (("1",), ("2",), [2]), (("2",), None, [3]), (("3",), None, [])):
            part = KeyRange(low, high)
            assert then.count(part) == then.fingerprint(part).rows == len(keys)
            assert [int(key) for (key,), _digest in then.digests(part)] == keys


def dumped(subject: Subject, folder: Path) -> DumpFile:
    """The copy's three rows."""
    with subject.copy() as copy:
        there = copy.definition(subject.billing)
        assert there
        return copy.dump(there, Selection(None, None), folder, silent)


def test_a_dump_tells_its_rows_and_lies_in_the_folder(subject: Subject, tmp_path: Path) -> None:
    dump = dumped(subject, tmp_path)
    assert (dump.rows, dump.content.rows) == (3, 3)
    assert (tmp_path / dump.path).stat().st_size == dump.bytes
    assert hashlib.sha256((tmp_path / dump.path).read_bytes()).hexdigest() == dump.sha256


def test_a_table_is_made_once_and_only_what_was_made_and_is_empty_goes_again(subject: Subject, tmp_path: Path) -> None:
    dump, fresh = dumped(subject, tmp_path), subject.ref("fresh")
    with subject.production() as server:
        server.create_scratch(SCHEMA, RUN)
        server.create_target_table(SCHEMA, dump, fresh, with_foreign_keys=False)
        assert server.count(fresh) == 0
        assert server.traces(SCHEMA) == Traces(0, (str(fresh),))
        with pytest.raises(DatabaseError) as taken:
            server.create_target_table(SCHEMA, dump, fresh, with_foreign_keys=False)
        assert taken.value.code == "db.table-exists"
        for _time in range(2):
            server.drop_target_table(SCHEMA, fresh)
            assert server.definition(fresh) is None
        server.drop_target_table(SCHEMA, subject.billing)  # it was not made here
        assert server.count(subject.billing) == 1
        server.drop_scratch(SCHEMA)


def test_two_tables_change_places_and_each_again_is_fine(subject: Subject, tmp_path: Path) -> None:
    dump, fresh, former = dumped(subject, tmp_path), subject.ref("fresh"), subject.ref("former")
    with subject.production() as server:
        server.create_scratch(SCHEMA, RUN)
        server.create_target_table(SCHEMA, dump, fresh, with_foreign_keys=False)
        for _time in range(2):
            server.swap(subject.billing, fresh, former)
            assert (server.count(subject.billing), server.count(former)) == (0, 1)
            assert server.definition(fresh) is None
        server.drop_scratch(SCHEMA)


@dataclass
class Merging:
    """One table on its way from the dump to production."""

    server: Production
    target: Target
    folder: Path

    def compare(self) -> TableDifference:
        self.server.create_scratch(SCHEMA, RUN)
        self.server.stage(SCHEMA, self.target, self.folder, silent)
        return self.server.compare(SCHEMA, [self.target], self.folder, silent)[0]

    def load(self) -> TableLoad:
        self.server.load(SCHEMA, [self.target], self.folder, ThrottleRules(), silent)
        return self.server.loaded(SCHEMA, self.target)


@contextmanager
def merging(subject: Subject, folder: Path, policy: Policy = Policy()) -> Iterator[Merging]:
    dump = dumped(subject, folder)
    with subject.production() as server:
        yield Merging(server, Target(dump, subject.billing, policy), folder)
        server.drop_scratch(SCHEMA)


def test_missing_rows_are_planned_saved_loaded_once_and_balanced(subject: Subject, tmp_path: Path) -> None:
    with merging(subject, tmp_path) as merge:
        server, target = merge.server, merge.target
        assert not server.takes_directly(target)
        found = merge.compare()
        assert (found.restored, found.live, found.missing, found.planned(Act.INSERT)) == (3, 1, 2, 2)
        lines = [line for line in server.lines(SCHEMA, target) if line.act is Act.INSERT]
        assert [line.key for line in lines] == [("2",), ("3",)]
        assert found.digest == server.plan_digest(SCHEMA, target) != ""
        before = server.untouched_rows(SCHEMA, target)
        saved = server.save(SCHEMA, target, tmp_path, silent)
        assert (saved.target, tuple(saved.key)) == (subject.billing, ("id",))
        assert server.loaded(SCHEMA, target).rows == 0
        for _time in range(2):
            load = merge.load()
            assert (load.inserted, load.updated, load.deleted, load.conflicts) == (2, 0, 0, ())
            assert server.count(subject.billing) == 3
            assert server.traces(SCHEMA).rows == 2
        ledger = server.ledger(SCHEMA, target, tmp_path, 1, before, silent)
        assert (ledger.before, ledger.after, ledger.inserted, ledger.done, ledger.matching) == (1, 3, 2, 2, 2)


def test_rows_of_production_alone_go_under_exact_and_stay_else(subject: Subject, tmp_path: Path) -> None:
    subject.write(9)
    with merging(subject, tmp_path, Policy(Merge.EXACT)) as merge:
        assert merge.compare().planned(Act.DELETE) == 1
        merge.server.save(SCHEMA, merge.target, tmp_path, silent)
        load = merge.load()
        assert (load.inserted, load.deleted) == (2, 1)
        assert merge.server.count(subject.billing) == 3


def test_a_row_that_somebody_changed_since_is_left_alone_and_told(subject: Subject, tmp_path: Path) -> None:
    subject.write(1)
    with merging(subject, tmp_path, Policy(Merge.OVERWRITE)) as merge:
        assert merge.compare().planned(Act.UPDATE) == 1
        merge.server.save(SCHEMA, merge.target, tmp_path, silent)
        subject.write(1)
        load = merge.load()
        assert (load.inserted, load.updated) == (2, 0)
        assert sum(conflict.rows for conflict in load.conflicts) == 1
