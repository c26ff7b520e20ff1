"""Every option wherever rows go: it does what it says, or the run is refused before anything is made.

The steps themselves, on two real servers; the cloud alone is played.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from fakes import BEFORE, FakeCloud, FakeEngines, FakeWorld, request
from mysql.site import PASSWORD, RUN, Site, silent
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.domain.facts import AfterInstance, Saved, TempInstance
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.request.merge_policy import Merge, Policy, Triggers
from rdsrestore.domain.request.option import Section, declared
from rdsrestore.domain.request.request import Request
from rdsrestore.domain.request.restore_point import Moment
from rdsrestore.domain.request.throttle_rules import Limits
from rdsrestore.domain.secret import Secret
from rdsrestore.steps.recipe import RECIPE
from rdsrestore.steps.reset_password import COPY
from rdsrestore.workflow.planner import make_plan
from rdsrestore.workflow.preflight import Severity, check
from rdsrestore.workflow.step import Run
from rdsrestore.workflow.surveyor import survey

Rows = dict[int, tuple[int, int]]
THEN: Rows = {number: (number, number) for number in range(1, 7)}
LATER: Rows = {1: (1, 1), 4: (0, 0), 5: (0, 0), 6: (6, 6), 9: (9, 9)}
"""2 and 3 were deleted, 4 and 5 changed; 9 is new."""
KEYS = "2\n4\n9\n77\n"
INCIDENT = "DELETE FROM w WHERE id IN (2, 3); UPDATE w SET n = 0, v = 0 WHERE id IN (4, 5)"
SINCE = "INSERT INTO w VALUES (9, 9, 9)"
PLAYED = {"reach-moment", "arm-switch", "own-group", "restore-instance", "restore-after", "await-after"}
PLAYED |= {"own-password", "open-rule", "close-rule"}
"""Steps of the cloud."""


@dataclass(frozen=True)
class Landing:
    """Where rows go: what becomes of the table before, the table they are then in, and the flags."""

    incident: str
    now: Rows | None
    into: str | None = None
    swap: bool = False

    @property
    def taking(self) -> str:
        return self.into if self.into and not self.swap else "w"


TARGETS = {
    "there": Landing(f"{INCIDENT}; {SINCE}", LATER),
    "emptied": Landing("DELETE FROM w", {}),
    "emptied, and alone": Landing("DROP TABLE c; ALTER TABLE w DROP FOREIGN KEY w_p; DELETE FROM w", {}),
    "dropped": Landing("DROP TABLE c; DROP TABLE w", None),
    "into": Landing(f"{INCIDENT}; {SINCE}", LATER, into="z"),
    "swap": Landing(f"DROP TABLE c; ALTER TABLE w DROP FOREIGN KEY w_p; {INCIDENT}; {SINCE}", LATER, "z", swap=True),
}
FILE = "the file of keys"
OPTIONS: dict[str, dict[str, object]] = {
    "nothing": {},
    "--where": {"policy": Policy(where="id <> 3")},
    "--where, exact": {"policy": Policy(Merge.EXACT, where="id <> 3")},
    "--keys-from": {"policy": Policy(keys=FILE)},
    "--keys-from, overwrite": {"policy": Policy(Merge.OVERWRITE, keys=FILE)},
    "--keys-from, exact": {"policy": Policy(Merge.EXACT, keys=FILE)},
    "--columns": {"policy": Policy(Merge.OVERWRITE, columns=("v",))},
    "--merge overwrite": {"policy": Policy(Merge.OVERWRITE)},
    "--merge exact": {"policy": Policy(Merge.EXACT)},
    "--merge none": {"policy": Policy(Merge.NONE)},
    "--with-children": {"with_children": True},
    "--with-children, where": {"with_children": True, "policy": Policy(where="n <> 3")},
    "--with-parents": {"with_parents": True},
    "--incident-end": {"policy": Policy(Merge.EXACT, three_way=True), "incident_end": Moment(BEFORE.utc, "later")},
    "--triggers": {"triggers": Triggers.FIRE},
    "--gentle": {"limits": Limits(gentle=True)},
    "--fast": {"limits": Limits(fast=True)},
}
REFUSED = {
    ("--where", "swap"): {"into.option"},
    ("--where, exact", "swap"): {"into.option"},
    ("--keys-from", "swap"): {"into.option"},
    ("--keys-from, overwrite", "swap"): {"into.option"},
    ("--keys-from, exact", "swap"): {"into.option"},
    ("--columns", "dropped"): {"into.option"},
    ("--columns", "into"): {"into.option"},
    ("--columns", "swap"): {"into.option"},
    ("--merge none", "there"): {"merge.not-empty"},
    ("--with-children", "dropped"): {"into.option"},
    ("--with-children", "into"): {"into.option"},
    ("--with-children", "swap"): {"into.option"},
    ("--with-children, where", "dropped"): {"into.option"},
    ("--with-children, where", "into"): {"into.option"},
    ("--with-children, where", "swap"): {"into.option"},
    ("--with-parents", "dropped"): {"into.option"},
    ("--with-parents", "into"): {"into.option"},
    ("--with-parents", "swap"): {"into.option"},
    ("--incident-end", "dropped"): {"into.incident-end"},
    ("--incident-end", "into"): {"into.incident-end"},
    ("--incident-end", "swap"): {"into.incident-end"},
}
SEED = (
    "CREATE TABLE p (id INT PRIMARY KEY); INSERT INTO p VALUES (0), (1), (2), (3), (4), (5), (6), (9);"
    " CREATE TABLE w (id INT PRIMARY KEY, n INT, v INT, CONSTRAINT w_p FOREIGN KEY (n) REFERENCES p (id));"
    " INSERT INTO w SELECT id, id, id FROM p WHERE id BETWEEN 1 AND 6;"
    " CREATE TABLE c (id INT PRIMARY KEY, w INT, FOREIGN KEY (w) REFERENCES w (id) ON DELETE CASCADE);"
    " INSERT INTO c VALUES (20, 2), (60, 6)"
)


def expected(given: Request, target: Landing) -> Rows:
    """Say by the rules, row by row, what is there afterwards."""
    policy = given.policy
    keys = {int(line) for line in KEYS.split()}

    def chosen(number: int) -> bool:
        return (not policy.where or number != 3) and (not policy.keys or number in keys)

    now = {} if given.into else dict(target.now or {})
    back = {number: row for number, row in THEN.items() if chosen(number) and number not in now}
    if policy.merge in {Merge.OVERWRITE, Merge.EXACT}:
        changed = {number: row for number, row in THEN.items() if chosen(number) and number in now}
        back |= {number: (now[number][0], row[1]) if policy.columns else row for number, row in changed.items()}
    later = {number: row for number, row in now.items() if number not in THEN}
    gone = {number for number in later if chosen(number)} if policy.merge is Merge.EXACT else set()
    return {number: row for number, row in sorted((now | back).items()) if number not in gone}


def rows(site: Site, table: str) -> Rows:
    return {number: (n, v) for number, n, v in site.now(f"SELECT id, n, v FROM {table} ORDER BY id")}


def carried_out(site: Site, given: Request) -> tuple[list[str], Run | None]:
    """Look, judge, and go through the steps; returns what stood in the way, and the run where nothing did."""
    run = RunId(RUN)
    source = replace(FakeCloud().held, endpoint=site.production.endpoint)
    world = replace(FakeWorld(cloud=FakeCloud(held=source)).world(), engines=FakeEngines(site.databases))
    read = survey(given, world, site.folder)
    blocked = [each.code for each in check(given, read) if each.severity is Severity.BLOCKS]
    if blocked:
        return blocked, None
    done = Run(run, given, read, world, site.folder, silent)
    done.secrets[COPY] = Secret(PASSWORD)
    done.facts.put(TempInstance("copy", "copy", site.copy.endpoint))
    done.facts.put(AfterInstance("after", site.production.endpoint))
    for step in make_plan(given, read, run, RECIPE).steps:
        if step.name not in PLAYED and (fact := step.apply(done)) is not None:
            done.facts.put(fact)
    return [], done


def asked(site: Site, target: Landing, option: dict[str, object]) -> Request:
    """Make the request as the command line would."""
    path = site.folder / "keys.txt"
    path.write_text(KEYS, "utf-8")
    given = request(database=site.database, tables=("w",), into=target.into, swap=target.swap, **option)
    policy = replace(given.policy, keys=str(path)) if given.policy.keys else given.policy
    return replace(given, policy=policy, recreate=target.now is None)


def everything(site: Site) -> list[tuple[object, ...]]:
    tables = [name for (name,) in site.now("SHOW TABLES")]
    return [(name, *row) for name in tables for row in site.now(f"SELECT * FROM {name} ORDER BY 1")]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_does_what_it_says_or_is_refused(family: Site, option: str, target: str) -> None:
    where, what = TARGETS[target], OPTIONS[option]
    family.both(SEED)
    family.now(where.incident)
    before = everything(family)
    given = asked(family, where, what)

    refused, run = carried_out(family, given)

    assert set(refused) == REFUSED.get((option, target), set())
    if run is None:
        assert everything(family) == before
        return
    assert rows(family, where.taking) == expected(given, where)
    if given.with_children and "DROP" not in where.incident:
        assert family.now("SELECT id FROM c ORDER BY id") == [(20,), (60,)]
    if where.into or where.now is None:
        return
    saved = run.facts.get(Saved)
    for table in reversed(saved.tables):
        family.undo(table)
    assert everything(family) == before


def test_the_command_line_has_no_option_on_rows_that_is_not_tried_here() -> None:
    tried = {name.partition(",")[0].removeprefix("--").replace("-", "_").partition(" ")[0] for name in OPTIONS}
    options = (each for kind in (CommandLine, Request) for each in declared(kind) if each.option.flag)
    on_rows = {each.name for each in options if each.option.section is Section.ROWS}
    assert on_rows - tried == {"on_conflict", "skip_unfit"}  # the one goes with incident_end, the other chooses tables
