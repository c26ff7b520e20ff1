"""The data path of a run in this process, step by step as the recipe has them, each with a login of its own to ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mysql.site import PASSWORD, RUN, SCHEMA, USER, Site, silent
from rdsrestore.diff.parallel import WARMERS
from rdsrestore.domain.request.merge_policy import Merge, Policy
from rdsrestore.domain.request.throttle_rules import Limits, ThrottleRules
from rdsrestore.domain.secret import Secret
from rdsrestore.domain.tables.selection import Selection
from rdsrestore.domain.tables.target import Located, Relative, Role, Target
from rdsrestore.mysql.adapter import MysqlDatabases
from rdsrestore.mysql.production import MysqlProduction
from rdsrestore.mysql.restored_database import MysqlRestoredDatabase
from rdsrestore.steps.locate import LOOKERS, Sides


@dataclass(frozen=True)
class Repair:
    """What is to be put right, and whether it was."""

    tables: Sequence[str]
    policy: Policy
    right: Callable[[Site], bool]


@dataclass
class Steps:
    """One run's logins."""

    site: Site
    databases: MysqlDatabases

    @contextmanager
    def live(self) -> Iterator[MysqlProduction]:
        with self.databases.production(self.site.production.endpoint, USER) as server:
            yield server

    @contextmanager
    def then(self) -> Iterator[MysqlRestoredDatabase]:
        with self.databases.copy(self.site.copy.endpoint, USER, Secret(PASSWORD)) as server:
            yield server

    def survey(self, case: Repair) -> list[str]:
        """Read each table as the survey does; names those that have rows."""
        with self.live() as now:
            for table in case.tables:
                now.definition(self.site.ref(table))
            return [table for table in case.tables if now.count(self.site.ref(table))]

    def locate(self, case: Repair, there: Sequence[str]) -> dict[str, Located]:
        """Compare both sides of each table that has rows."""
        found: dict[str, Located] = {}
        content = case.policy.merge is not Merge.MISSING
        with self.live() as now, self.then() as then, ThreadPoolExecutor(LOOKERS + WARMERS) as pool:
            for table in there:
                asked = Relative(self.site.ref(table), Role.ASKED)
                looked = Sides(then, now, None, pool, content).look(self.site.folder, asked, case.policy, silent)
                assert looked
                found[table] = looked
        return found

    def dump(self, case: Repair, located: dict[str, Located]) -> list[Target]:
        """Dump what differs, or all where nothing was compared."""
        made = []
        with self.then() as then:
            for table in case.tables:
                definition = then.definition(self.site.ref(table))
                assert definition
                found = located.get(table)
                selection = Selection(None, Path(found.path) if found else None)
                dump = then.dump(definition, selection, self.site.folder, silent)
                made.append(Target(dump, self.site.ref(table), case.policy, located=found))
        return made

    def write(self, targets: list[Target]) -> None:
        """Stage, compare, save, load and verify."""
        folder = self.site.folder
        with self.live() as server:
            server.create_scratch(SCHEMA, RUN)
        with self.live() as server:
            targets = [replace(each, direct=server.takes_directly(each)) for each in targets]
            for each in targets:
                server.stage(SCHEMA, each, folder, silent)
        with self.live() as server:
            found = server.compare(SCHEMA, targets, folder, silent)
        with self.live() as server:
            for each in targets:
                server.save(SCHEMA, each, folder, silent)
        with self.live() as server:
            untouched = [server.untouched_rows(SCHEMA, each) for each in targets]
            server.load(SCHEMA, targets, folder, ThrottleRules(Limits(fast=True)), silent)
        with self.live() as server:
            for each, difference, before in zip(targets, found, untouched, strict=True):
                ledger = server.ledger(SCHEMA, each, folder, difference.live, before, silent)
                assert ledger.matching == ledger.done, (ledger, each.ref)
        with self.live() as server:
            server.drop_scratch(SCHEMA)


def repair(site: Site, case: Repair) -> None:
    """Put right what is wrong."""
    databases = site.databases
    steps = Steps(site, databases)
    try:
        with databases.alone(site.production.endpoint, USER, RUN, [site.ref(table) for table in case.tables]):
            there = steps.survey(case)
            steps.write(steps.dump(case, steps.locate(case, there)))
    finally:
        databases.close()
